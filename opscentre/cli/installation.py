"""Commands that set up and run an installation."""

import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from consumers.recipients import recipients
from core.catalogue import open_catalogue
from core.database import migrate as migrate_database
from core.errors import ConfigurationError
from core.kafka import answers, topics
from core.readers import make_reader
from core.settings import DEMONSTRATION, settings
from core.topics import topic_differences, update_topics
from opscentre.cli.output import Json, console, print_json, say, warn
from opscentre.demonstration import run_demonstration, shift_targets
from opscentre.devservices import open_stack
from opscentre.documents import ROOT, stale, write_documents
from opscentre.reports.coverage import calendar_reach
from opscentre.supervisor import supervise, worker_processes
from streams.recount.rebuild import apply_catalogue, refuse_another_catalogue

CatalogueChanged = Annotated[
    bool,
    typer.Option(
        "--catalogue-changed",
        help="Bring it into force, even another province's, the one shipped in place of a folder's, or an old one.",
    ),
]


def up(catalogue_changed: CatalogueChanged = False) -> None:
    """Start Kafka and TimescaleDB on this machine, installing what is missing, and bring both up to date.

    Safe to run again: what runs is left alone, data stays. STACK=native or STACK=docker chooses the way.
    """
    open_stack(settings()).up(say)
    migrate(catalogue_changed)


def down() -> None:
    """Stop what `opscentre up` started. The data stays."""
    open_stack(settings()).down(say)


def migrate(catalogue_changed: CatalogueChanged = False) -> None:
    """Bring the database's tables and Kafka's topics up to date with this version and the catalogue.

    Safe on a running installation: workers take up a changed catalogue by themselves, and nothing is lost or counted
    twice. Open cases are moved to its rules; cases settled before a change takes effect stay as they are.

    Topics that others have made are corrected. Status 2 where all is up to date but for what only a person can put
    right about a topic, which is said.
    """
    options = settings()
    catalogue, shipped = open_catalogue(options), options.catalogue is None
    migrate_database(options.dsn, say)
    try:
        make_reader(options)
    except ConfigurationError as error:
        warn(str(error))
    if not catalogue_changed:
        refuse_another_catalogue(options.dsn, catalogue, shipped)
    left = update_topics(options.kafka, topics(catalogue), say)  # first: workers of the new catalogue look for them
    apply_catalogue(options.dsn, catalogue, say, shipped)
    say("database and topics are up to date")
    warn(calendar_reach(catalogue, datetime.now(UTC)).warning())
    for difference in left:
        warn(str(difference))
    if left:
        raise typer.Exit(2)


def worker() -> None:
    """Run a stream worker under its supervisor, until SIGTERM or Ctrl-C.

    It is one process a core, at most four; OPSCENTRE_PROCESSES says otherwise.
    They share the partitions, also with workers on other machines.
    Each is started again when it ends by itself.
    """
    options = settings()
    supervise([sys.executable, "-m", "streams"], options.stop_seconds, say, worker_processes(options))


def notifier() -> None:
    """Tell people of missed deadlines (OPSCENTRE_NOTIFY), under a supervisor, until SIGTERM or Ctrl-C.

    Every message is kept in the database until it has arrived, and tried for a day. `opscentre alerts` shows them.
    """
    recipients(settings().notify)  # a mistake is said here and now, not by a process that is started again and again
    supervise([sys.executable, "-m", "consumers"], settings().stop_seconds, say)


def run(
    days: Annotated[int, typer.Option(min=0, help="Days of history of the simulated province.")] = 365,
    rate: Annotated[float, typer.Option(min=0.1, help="New things a second, from now on.")] = 1,
    began: Annotated[
        float | None, typer.Option(help="When the start began, in seconds since 1970.", hidden=True)
    ] = None,
) -> None:
    """Run everything here: servers, a worker, a simulated province, screens, and a live table. Ctrl-C stops it all."""
    if not DEMONSTRATION.exists():
        shift_targets(open_catalogue(settings().model_copy(update={"target_months": 0})))
        settings.cache_clear()
    run_demonstration(settings(), migrate, days, rate, began or time.time())


def check(json: Json = False) -> None:
    """Check the settings and the catalogue; every mistake at once, with its place.

    A calendar that ends before what is received now may be due is no mistake, but is said. Where Kafka runs, its topics
    are compared with what the catalogue wants; status 2 where they are not that.
    """
    options = settings()
    catalogue = open_catalogue(options)
    reach = calendar_reach(catalogue, datetime.now(UTC))
    warn(reach.warning())
    found = topic_differences(options.kafka, topics(catalogue)) if answers(options.kafka) else None
    if json:
        print_json(
            {
                "province": catalogue.province.code,
                "version": catalogue.version,
                "agencies": len(catalogue.agencies),
                "systems": sorted(catalogue.systems),
                "derived": sorted(catalogue.derived),
                "procedures": len(catalogue.procedures),
                "indicators": len(catalogue.indicators),
                "calendar": {
                    "days_off": len(catalogue.days_off),
                    "working_days": len(catalogue.working_days),
                    **reach.report(),
                },
                "topics": None if found is None else [difference.report() for difference in found],
            }
        )
        raise typer.Exit(2 if found else 0)
    console.print(
        f"The catalogue of {catalogue.province.name.en} ({catalogue.province.code}) is in order: "
        f"{len(catalogue.agencies)} agencies; {len(catalogue.procedures)} procedures; {len(catalogue.days_off)} days "
        f"off; {len(catalogue.indicators)} indicators; "
        f"systems {', '.join(sorted([*catalogue.systems, *catalogue.derived]))}."
    )
    if found is None:
        say(f"Kafka at {options.kafka} does not answer: its topics were not compared.")
    for difference in found or []:
        warn(str(difference))
    raise typer.Exit(2 if found else 0)


def build(
    check_only: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a document is stale.")] = False,
) -> None:
    """Write the documents that are generated from code and catalogue: events, JSON Schemas, AsyncAPI."""
    if not check_only:
        for path in write_documents():
            say(f"wrote {path}")
        return
    found = stale(ROOT)
    if found:
        raise ConfigurationError(f"stale: {', '.join(found)}\nRun `opscentre build` and commit what it writes.")
    say("the generated documents are up to date")


COMMANDS = (run, up, down, migrate, worker, notifier, check, build)
