"""The command that publishes events from files."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from core.errors import ConfigurationError
from core.publisher import Publisher
from core.settings import settings
from opscentre.cli.output import Json, errors, print_json, say
from opscentre.publishing.files import Report, publish_csv, publish_lines
from opscentre.publishing.mapping import load_mapping

SHOWN = 20


def publish(
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines, each a CloudEvent; `-` reads standard input.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="A CSV export, instead of JSON lines.", exists=True)] = None,
    mapping: Annotated[Path | None, typer.Option(help="How its columns become events (TOML).", exists=True)] = None,
    validate: Annotated[bool, typer.Option(help="Check JSON lines against the schemas before sending.")] = False,
    json: Json = False,
) -> None:
    """Publish events to Kafka: JSON lines, or a CSV export through a mapping (see docs/publishing.md).

    What cannot be published is reported with its line number and left out; the rest goes on, and the status is 2.
    Publishing the same again is harmless: ids tell duplicates.
    """
    if (file is None) == (csv is None) or (csv is None) != (mapping is None):
        raise ConfigurationError("give either FILE (or `-`), or both --csv FILE and --mapping FILE.toml")
    options = settings()
    with progress_bar() as bar, Publisher(options.kafka) as publisher:
        task = bar.add_task("published", total=None)

        def progress(count: int) -> None:
            bar.update(task, completed=count)

        if csv is not None and mapping is not None:
            rules = load_mapping(mapping)
            state = options.data / "publish" / f"{rules.name}.sqlite"
            report = publish_csv(csv, rules, publisher, state=state, progress=progress)
        else:
            assert file is not None  # checked above
            source = nullcontext(sys.stdin.buffer) if str(file) == "-" else _open(file)
            with source as lines:
                report = publish_lines(lines, publisher, validate=validate, progress=progress)
    _tell(report, json)


def _open(file: Path):  # type: ignore[no-untyped-def]  # BufferedReader, which has no public name
    try:
        return file.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None


def _tell(report: Report, json: bool) -> None:
    if json:
        rejected = [{"line": line, "reason": reason} for line, reason in report.rejected]
        print_json({"published": report.published, "rejected": rejected})
    else:
        say(f"{report.published:,} events published, {len(report.rejected):,} lines rejected")
        for line, reason in report.rejected[:SHOWN]:
            say(f"  line {line}: {reason}")
        if len(report.rejected) > SHOWN:
            say(f"  … and {len(report.rejected) - SHOWN} more; --json lists all")
    if report.rejected:
        raise typer.Exit(2)


def progress_bar() -> Progress:
    """A line that tells how many have been published so far; gone when done."""
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=errors, transient=True)


COMMANDS = (publish,)
