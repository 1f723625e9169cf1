"""`opscentre partitions` and `opscentre reread`: where the workers stand in Kafka's logs."""

from typing import Annotated

import typer

from core.catalogue import open_catalogue
from core.database import connect
from core.errors import ConfigurationError, NotFoundError
from core.kafka import admin, end_offsets
from core.settings import settings
from opscentre.cli.output import Json, console, print_json, say
from opscentre.reports.partitions import listed, partitions_table
from opscentre.reports.partitions import reread as read_anew


def partitions(json: Json = False) -> None:
    """Where each partition stands, what waits in it, and which are not read. Status 2 if any is not."""
    options = settings()
    names = [system.topic for system in open_catalogue(options).systems.values()]
    with admin(options.kafka) as client:
        ends = end_offsets(client, names)
    with connect(options.dsn, "opscentre partitions") as connection:
        rows = listed(connection, ends)
    if json:
        print_json(rows)
    else:
        console.print(partitions_table(rows))
    if any(row["set_aside"] for row in rows):
        raise typer.Exit(2)


def reread(
    place: Annotated[str, typer.Argument(metavar="TOPIC/PARTITION", help="As `opscentre partitions` shows it.")],
) -> None:
    """Read a partition from its log's beginning: after Kafka's data were lost or restored.

    What was counted is known by its id and not counted again. See docs/runbooks/offset-mismatch.md.
    """
    options = settings()
    topic, _, number = place.rpartition("/")
    if not topic or not number.isdecimal():
        raise ConfigurationError(f"{place!r} is no partition: such as events.one-stop/0, see `opscentre partitions`")
    with admin(options.kafka) as client:
        ends = end_offsets(client, [topic])
    if topic not in ends:
        raise NotFoundError(f"Kafka has no topic {topic}: see `opscentre partitions`")
    with connect(options.dsn, "opscentre reread") as connection:
        stood = read_anew(connection, topic, int(number), ends[topic].topic_id)
    say(f"{place} stood at offset {stood:,}; it is read from the beginning of its log")


COMMANDS = (partitions, reread)
