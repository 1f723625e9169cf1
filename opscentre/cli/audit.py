"""`opscentre audit`: whether anything that Kafka still holds is missing in the database."""

import asyncio
from typing import Any

import typer
from aiokafka.errors import KafkaError
from rich.table import Table

from core.catalogue import open_catalogue
from core.database import connect
from core.errors import UnavailableError
from core.kafka import admin, cluster_id, end_offsets
from core.settings import settings
from opscentre.cli.output import Json, console, print_json, say
from streams.ingest.decoder import Decoder
from streams.ingest.records import Partition
from streams.recount.audit import Audit
from streams.recount.audit import audit as compare


def audit(json: Json = False) -> None:
    """Compare Kafka's logs with events and dead letters, offset by offset. Status 2 if a record is in neither.

    `recount` compares the archive with what was made of it; this tells what never came into the archive. What is still
    to be counted is not looked at, nor is what Kafka has deleted. Nothing is changed.
    """
    options = settings()
    systems = open_catalogue(options).systems.values()
    decoders = {system.topic: Decoder(system) for system in systems}
    with admin(options.kafka) as client:
        cluster, ends = cluster_id(client), end_offsets(client, decoders)
    partitions = [
        Partition(cluster, topic.topic_id, name, number)
        for name, topic in sorted(ends.items())
        for number in sorted(topic.ends)
    ]
    with connect(options.dsn, "opscentre audit") as connection:
        try:
            found = asyncio.run(compare(connection, options.kafka, partitions, decoders, say))
        except KafkaError as error:
            raise UnavailableError(f"Kafka at {options.kafka} does not answer: {error!r}") from error
    if json:
        print_json([one._asdict() for one in found])
    else:
        _report(found)
    if any(one.missing or one.set_aside for one in found):
        raise typer.Exit(2)


def _report(found: list[Audit]) -> None:
    wrong = [one for one in found if one.missing or one.set_aside]
    if wrong:
        table = Table("partition", "records", "missing", "first of them", "")
        for one in wrong:
            first: Any = one.missing[0] if one.missing else ""
            why = f"not read: {one.set_aside}" if one.set_aside else "read it anew with `opscentre reread`"
            table.add_row(f"{one.topic}/{one.partition}", f"{one.records:,}", f"{len(one.missing):,}", str(first), why)
        console.print(table)
    records = sum(one.records for one in found)
    missing = sum(len(one.missing) for one in found)
    say(f"{records:,} records in {len(found)} partitions: {missing:,} are neither an event nor a dead letter")


COMMANDS = (audit,)
