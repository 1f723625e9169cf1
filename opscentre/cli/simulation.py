"""The command that publishes a simulated province, and verifies what came of it."""

import signal
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from core.catalogue import open_catalogue
from core.errors import ConfigurationError
from core.kafka import admin, end_offsets
from core.publisher import Publisher
from core.settings import Settings, settings
from opscentre.cli.output import Json, console, errors, print_json, say
from opscentre.cli.publishing import progress_bar
from opscentre.simulation.pacing import publish_when_due
from opscentre.simulation.plan import Plan, Shares, plan_for, volumes_for
from opscentre.simulation.record_stream import simulate as records_of
from opscentre.simulation.runs import EndOffsets, RunJournal, folder_of
from opscentre.simulation.verification import Verification
from opscentre.simulation.verification import verify as compare
from schemas.catalogue.load import Catalogue

Share = Annotated[float, typer.Option(min=0, max=1)]


def simulate(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=0, help="Days of history, published as fast as possible.")] = 30,
    rate: Annotated[float, typer.Option(min=0, help="New things a second from now on; 0 stops after the history.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed, start and day of publishing give the same events.")] = 1,
    start: Annotated[datetime | None, typer.Option(help="First day, instead of --days before now.")] = None,
    dossiers: Annotated[int, typer.Option(min=0, help="Dossiers received on a working day.")] = 1000,
    duplicates: Share = Shares.duplicates,
    late: Share = Shares.late,
    out_of_order: Share = Shares.out_of_order,
    broken: Share = Shares.broken,
    corrected: Share = Shares.corrected,
    retracted: Share = Shares.retracted,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Publish nothing: compare every figure with all that was published before."),
    ] = False,
    json: Json = False,
) -> None:
    """Publish a simulated province: days of history first, then live, with shares of everything that goes wrong.

    Tasks, procedures and readings lie around today: of the targets some have been met, some missed, and the last are
    ahead. They are told of a year, however few the days.

    Its plans stay in OPSCENTRE_DATA/simulation. `opscentre simulate --verify` makes from them once more what was
    published, counts it independently of the workers, and compares every figure of `opscentre status --json`; status
    2 if they differ. A simulation that runs meanwhile is held up for a moment. What was published otherwise shows as
    a difference, and so do dead letters that were replayed or discarded.
    """
    options = settings()
    catalogue = open_catalogue(options)
    if verify:
        _refuse_others(context)
        _verify(options, catalogue, json)
        return
    now = datetime.now(catalogue.zone)
    begin = start.replace(tzinfo=catalogue.zone) if start else (now - timedelta(days=days)).replace(microsecond=0)
    shares = Shares(duplicates, late, out_of_order, broken, corrected, retracted)
    volumes = volumes_for(dossiers)
    if not days and start is None:  # going on from the data there is: what it begins with is told already
        volumes = replace(volumes, stations_before=0, past=False)
    live = {"live_from": now, "live_rate": rate} if rate else {}
    end = now + timedelta(days=3650) if rate else now
    plan = plan_for(catalogue, seed, begin, end, volumes=volumes, shares=shares, **live)  # type: ignore[arg-type]
    count = _publish(options, catalogue, plan)
    if json:
        print_json({"published": count, "start": begin, "seed": seed})
    else:
        say(f"{count:,} records published")


def _publish(options: Settings, catalogue: Catalogue, plan: Plan) -> int:
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    def ends() -> EndOffsets:
        with admin(options.kafka) as client:
            return end_offsets(client, [system.topic for system in catalogue.systems.values()])

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    folder = folder_of(options.data)
    with progress_bar() as bar, Publisher(options.kafka) as publisher, RunJournal(folder, plan, ends) as journal:
        task = bar.add_task("published", total=None)

        def progress(count: int, at: float) -> None:
            moment = datetime.fromtimestamp(at, catalogue.zone)
            bar.update(task, completed=count, description=f"published, now at {moment:%d/%m/%Y %H:%M}")

        return publish_when_due(records_of(plan), publisher, journal, stopped=lambda: stopping, progress=progress)


def _refuse_others(context: typer.Context) -> None:
    """Somebody who says how much to publish does not expect that nothing is published."""
    for name in context.params.keys() - {"verify", "json"}:
        source = context.get_parameter_source(name)
        if source and source.name == "COMMANDLINE":
            raise ConfigurationError(f"--verify publishes nothing: leave out --{name.replace('_', '-')}")


def _verify(options: Settings, catalogue: Catalogue, json: bool) -> None:
    with errors.status("reading the status") as line:
        found = compare(options, catalogue, say, line.update)
    if json:
        print_json(
            {
                "as_of": found.moment,
                "runs": found.runs,
                "records": found.records,
                "figures": [one._asdict() for one in found.figures],
                "differences": [one.figure for one in found.differences],
            }
        )
    else:
        _tell(found)
    if found.differences:
        raise typer.Exit(2)


def _tell(found: Verification) -> None:
    table = Table("figure")
    table.add_column("truth", justify="right")
    table.add_column("found", justify="right")
    for one in found.figures:
        if not one.same or not one.figure.startswith("indicators "):  # these are thousands
            table.add_row(one.figure, _number(one.truth), _number(one.found), style="" if one.same else "bold red")
    console.print(table)
    say(f"{found.records:,} records, runs: {found.runs}, as of {found.moment:%d/%m/%Y %H:%M}")
    if found.differences:
        say(
            f"{len(found.differences)} of {len(found.figures)} figures differ. What was published otherwise, from "
            "another folder, or replayed from the dead letters shows here; "
            "`opscentre recount` tells whether the counters are what the archived events say"
        )
    else:
        indicators = sum(one.figure.startswith("indicators ") for one in found.figures)
        say(f"{len(found.figures):,} figures, {indicators:,} of them indicators of agencies: no difference")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,}"


COMMANDS = (simulate,)
