"""The archive: every accepted event in the hypertable `events`, from which all else can be made anew."""

from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from schemas.timekeeping.moments import text_of
from streams.fold.facts import Fact, archived_fact
from streams.ingest.records import DecodedEvent
from streams.write.copy_text import array, copy, moment, texts

EVENTS = (
    "events (time, received_at, system, type, subject, agency, id, revision, retracted, data, sequence, partition, "
    '"offset")'
)

_ARCHIVED = """
    SELECT e.type, e.system, e.subject, e.id, e.time, e.data, e.sequence
    FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::int[]) AS k (time, system, id, revision)
    JOIN events AS e ON e.time = k.time AND e.system = k.system AND e.id = k.id AND e.revision = k.revision
    WHERE NOT e.retracted
"""


class ArchiveKey(NamedTuple):
    """What a revision of an event is found by. `time` in microseconds since 1970, UTC."""

    time: int
    system: str
    id: str
    revision: int


def archive(cursor: psycopg.Cursor, events: Sequence[DecodedEvent], partition: int) -> None:
    """Add the events of a partition in the running transaction."""
    copy(cursor, EVENTS, [_row(event, partition) for event in events])


def archived_facts(cursor: psycopg.Cursor, keys: Sequence[ArchiveKey]) -> list[Fact]:
    """What events in the archive had stated; those retracted had stated nothing."""
    times, systems, ids, revisions = zip(*keys, strict=True)
    cursor.execute(_ARCHIVED, (array(map(moment, times)), texts(systems), texts(ids), array(revisions)))
    return [archived_fact(*row) for row in cursor]


def _row(event: DecodedEvent, partition: int) -> str:
    record = event.record
    return (
        f"{text_of(event.time)}\t{text_of(record.timestamp * 1000)}\t{event.system}\t{event.kind.type}\t"
        f"{event.subject}\t{event.agency}\t{event.id}\t{event.revision}\t{event.retracted}\t"
        f"{event.data.decode()}\t{event.sequence}\t{partition}\t{record.offset}"
    )
