"""Commands that publish events: real ones from files, and a simulated province's."""

import signal
import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from opscentre.catalogue import open_catalogue
from opscentre.cli.output import Json, errors, print_json, say
from opscentre.errors import ConfigurationError
from opscentre.mapping import load_mapping
from opscentre.publisher import Publisher
from opscentre.publishing import Report, publish_csv, publish_lines
from opscentre.settings import settings
from opscentre.simulation.emissions import simulate as emissions_of
from opscentre.simulation.plan import Shares, Volumes, plan_for
from opscentre.simulation.play import play
from opscentre.simulation.truth import Truth

SHOWN = 20
Share = Annotated[float, typer.Option(min=0, max=1)]


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
    with _progress() as bar, Publisher(options.kafka) as publisher:
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


def simulate(
    days: Annotated[int, typer.Option(min=0, help="Days of history, published as fast as possible.")] = 30,
    rate: Annotated[float, typer.Option(min=0, help="New things a second from now on; 0 stops after the history.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed and start give the same events.")] = 1,
    start: Annotated[datetime | None, typer.Option(help="First day, instead of --days before now.")] = None,
    dossiers: Annotated[int, typer.Option(min=0, help="Dossiers received on a working day.")] = 1000,
    duplicates: Share = Shares.duplicates,
    late: Share = Shares.late,
    out_of_order: Share = Shares.out_of_order,
    broken: Share = Shares.broken,
    corrected: Share = Shares.corrected,
    retracted: Share = Shares.retracted,
    json: Json = False,
) -> None:
    """Publish a simulated province: days of history first, then live, with shares of everything that goes wrong."""
    options = settings()
    catalogue = open_catalogue(options.catalogue)
    now = datetime.now(catalogue.zone)
    begin = start.replace(tzinfo=catalogue.zone) if start else (now - timedelta(days=days)).replace(microsecond=0)
    shares = Shares(duplicates, late, out_of_order, broken, corrected, retracted)
    volumes = Volumes(dossiers=dossiers, signatures=dossiers * 3 // 2, workfiles=dossiers * 6 // 5)
    if not days and start is None:  # going on from the data there is: its stations stand already
        volumes = replace(volumes, stations_before=0)
    live = {"live_from": now, "live_rate": rate} if rate else {}
    end = now + timedelta(days=3650) if rate else now
    plan = plan_for(catalogue, seed, begin, end, volumes=volumes, shares=shares, **live)  # type: ignore[arg-type]
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    truth = Truth() if not rate else None  # of a simulation without end, everything ever sent would be kept
    with _progress() as bar, Publisher(options.kafka) as publisher:
        task = bar.add_task("published", total=None)

        def progress(count: int, at: float) -> None:
            moment = datetime.fromtimestamp(at, catalogue.zone)
            bar.update(task, completed=count, description=f"published, now at {moment:%d/%m/%Y %H:%M}")

        count = play(emissions_of(plan), publisher, truth=truth, stopped=lambda: stopping, progress=progress)
    if json:
        known = {"events": truth.events, "duplicates": truth.duplicates, "broken": truth.broken} if truth else {}
        print_json({"published": count, "start": begin, "seed": seed, **known})
    else:
        say(f"{count:,} records published")


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=errors, transient=True)


COMMANDS = (publish, simulate)
