"""The command that publishes events from files."""

import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from core.catalogue import open_catalogue
from core.errors import ConfigurationError
from core.kafka import admin
from core.publisher import Publisher
from core.settings import Settings, settings
from opscentre.cli.output import Json, errors, print_json, say
from opscentre.publishing.check import Check, centre_check, topics_check
from opscentre.publishing.files import Report, Tally, publish_csv, publish_lines
from opscentre.publishing.mapping import load_mapping

SHOWN = 20
LINES_SHOWN = 8


def publish(
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines, each a CloudEvent; `-` reads standard input.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="A CSV export, instead of JSON lines.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="How its columns become events (TOML).")] = None,
    validate: Annotated[
        bool,
        typer.Option(help="Of JSON lines send only what the centre will accept, by the catalogue and the schemas."),
    ] = False,
    json: Json = False,
) -> None:
    """Publish events to Kafka: JSON lines, or a CSV export through a mapping (see docs/publishing.md).

    What cannot be published is reported with its line number and left out; the rest goes on, and the status is 2.
    Publishing the same again is harmless: ids tell duplicates.
    """
    if (file is None) == (csv is None) or (csv is None) != (mapping is None):
        raise ConfigurationError("give either FILE (or `-`), or both --csv FILE and --mapping FILE.toml")
    options = settings()
    rules = load_mapping(mapping) if mapping is not None else None
    check = _check(options, validate or rules is not None)
    with progress_bar() as bar, Publisher(options.kafka) as publisher:
        task = bar.add_task("published", total=None)

        def progress(count: int) -> None:
            bar.update(task, completed=count)

        if csv is not None and rules is not None:
            state = options.data / "publish" / f"{rules.name}.sqlite"
            report = publish_csv(csv, rules, publisher, state=state, check=check, progress=progress)
        else:
            assert file is not None  # checked above
            source = nullcontext(sys.stdin.buffer) if str(file) == "-" else _open(file)
            with source as lines:
                report = publish_lines(lines, publisher, check=check, progress=progress)
    _tell(report, json)


def _open(file: Path):  # type: ignore[no-untyped-def]  # BufferedReader, which has no public name
    try:
        return file.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None


def _check(options: Settings, validate: bool) -> Check:
    with admin(options.kafka) as client:
        topics = set(client.list_topics())
    return centre_check(topics, open_catalogue(options)) if validate else topics_check(topics)


def _tell(report: Report, json: bool) -> None:
    if json:
        print_json(
            {
                "published": report.published,
                "retracted": report.retracted,
                "rejected": [{"line": line, "reason": reason} for line, reason in report.rejected],
                "rejected_unlisted": report.unlisted,
                "without_event": asdict(report.silent),
                "unknown": [
                    {"column": column, "value": value, **asdict(tally)}
                    for (column, value), tally in report.unknown.items()
                ],
            }
        )
    else:
        _say(report)
    if not report.complete():
        raise typer.Exit(2)


def _say(report: Report) -> None:
    rejected = len(report.rejected) + report.unlisted
    say(f"{report.published:,} events published, {rejected:,} lines rejected")
    if report.retracted:
        say(f"  {report.retracted:,} of the events take back what their rows give no longer")
    if report.silent.rows:
        say(f"  {_rows(report.silent)} gave no event: no `when` of the mapping holds")
    for (column, value), tally in list(report.unknown.items())[:SHOWN]:
        say(
            f'  {_rows(tally)}: an event is missing, for the mapping does not know "{value}" in column "{column}"; '
            "put it into `one_of` or, where it means that nothing has happened, into `others`"
        )
    for line, reason in report.rejected[:SHOWN]:
        say(f"  line {line}: {reason}")
    if rejected > SHOWN:
        say(f"  … and {rejected - SHOWN:,} more; --json lists {'them' if report.unlisted else 'all'}")


def _rows(tally: Tally) -> str:
    lines = ", ".join(map(str, tally.lines[:LINES_SHOWN])) + (", …" if tally.rows > LINES_SHOWN else "")
    return f"{tally.rows:,} rows (lines {lines})" if tally.rows > 1 else f"1 row (line {lines})"


def progress_bar() -> Progress:
    """A line that tells how many have been published so far; gone when done."""
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=errors, transient=True)


COMMANDS = (publish,)
