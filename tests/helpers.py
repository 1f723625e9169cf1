"""Builders of events, records and batches, and what the tables hold, for the processor's tests."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from psycopg import sql

from schemas.catalogue.load import load_catalogue
from schemas.events import BY_TYPE, SYSTEMS
from schemas.events.envelope import SOURCE_PREFIX
from streams.fold.rulebook import Rulebook
from streams.fold.rules import CaseRules
from streams.ingest.decoder import Decoder, decode
from streams.ingest.records import Batch, Partition, Record

Json = dict[str, Any]

CATALOGUE = load_catalogue()
RULES = CaseRules(CATALOGUE.rules)
RULEBOOK = Rulebook(1, {1: RULES})
"""As a database has it that was made with the catalogue that is shipped."""
DECODERS = {system.id: Decoder(system) for system in CATALOGUE.systems.values()}
EVENTS = {event.name: event for event in BY_TYPE.values()}
SYSTEM_OF = {event.name: system for system, events in reversed(SYSTEMS.items()) for event in events}
"""The system of each type; of a type that several share, the first."""

REQUIRED: Mapping[str, Json] = {
    "dossier.received": {"procedure": "2.000815", "channel": "online"},
    "dossier.suspended": {"reason": "payment"},
    "dossier.extended": {"due_at": "2025-04-30T17:00:00+07:00"},
    "dossier.processed": {"outcome": "approved"},
    "dossier.refused": {"reason": "outside the competence"},
    "signature.used": {"officer": "o-1"},
    "workfile.processed": {"officer": "o-1", "online": True},
    "officer.enrolled": {"officer": "o-1", "rank": "official"},
    "officer.left": {"officer": "o-1"},
    "incident.reported": {"category": "fire"},
    "violation.recorded": {"field": "traffic"},
    "violation.settled": {"outcome": "fined"},
    "credential.requested": {"credential": "judicial_record"},
    "identity.authenticated": {"means": "vneid"},
    "station.activated": {"operator": "viettel", "technology": "5g", "latitude": 10.5, "longitude": 107.2},
    "procedure.published": {"field": "ho-tich", "level": "commune", "service_level": "full", "eligible": True},
    "payment.made": {"gateway": "national"},
    "service.used": {"service": "tour-booking"},
    "task.assigned": {"programme": "resolution-57"},
    "task.progressed": {"percent": 40},
    "task.extended": {"due_at": "2025-04-30T17:00:00+07:00"},
    "reading.reported": {"period": "2025-Q1", "value": 27, "unit": "enterprises"},
}
"""What each type must have beside its agency."""


def commune() -> str:
    """An agency that most systems may speak for."""
    return min(CATALOGUE.systems["telecom"].agencies)


def agency_of(system: str) -> str:
    """An agency that the system may speak for: the `commune` where it may."""
    agencies = CATALOGUE.systems[system].agencies
    return commune() if commune() in agencies else min(agencies)


def cloud_event(
    name: str,
    subject: str = "H06-1",
    time: str = "2025-04-03T08:15:00+07:00",
    id: str = "1",  # noqa: A002
    revision: int = 0,
    retracted: bool = False,
    system: str | None = None,
    **data: Any,
) -> Json:
    """A valid CloudEvent of this type; `data` on top of what the type must have, without what is None.

    Of a type that several systems share, `system` says which of them sends it.
    """
    system = system or SYSTEM_OF[name]
    filled = {"agency": agency_of(system), **REQUIRED.get(name, {}), **data}
    event: Json = {
        "specversion": "1.0",
        "id": id,
        "source": SOURCE_PREFIX + system,
        "type": EVENTS[name].type,
        "subject": subject,
        "time": time,
        "data": {field: value for field, value in filled.items() if value is not None},
    }
    return {**event, **({"revision": revision} if revision else {}), **({"retracted": True} if retracted else {})}


def record(event: Json | bytes | None, offset: int = 0, headers: Iterable[tuple[str, bytes]] = ()) -> Record:
    """A record of the event, or of raw bytes, received now."""
    value = event if isinstance(event, bytes | None) else orjson.dumps(event)
    return Record(offset, int(datetime.now(UTC).timestamp() * 1000), b"key", value, tuple(headers))


class Log:
    """A partition's log: the offsets of one batch go on where the last one's ended."""

    def __init__(self, number: int = 0, system: str = "one-stop", topic_id: str = "first") -> None:
        self.partition = Partition("cluster", topic_id, CATALOGUE.systems[system].topic, number)
        self.end = 0

    def batch(self, *events: Json | bytes | None) -> Batch:
        """The next batch, each event decoded for the system that it names, else for the log's own."""
        start, self.end = self.end, self.end + len(events)
        items = [
            decode(DECODERS[self._system(event)], [record(event, offset)])[0]
            for offset, event in enumerate(events, start)
        ]
        return Batch(self.partition, start, self.end, items)

    def _system(self, event: Json | bytes | None) -> str:
        own = self.partition.topic.removeprefix("events.")
        named = str(event["source"]).removeprefix(SOURCE_PREFIX) if isinstance(event, dict) else own
        return named if named in DECODERS else own


TABLES: Mapping[str, str] = {
    "events": "SELECT time, system, type, subject, agency, id, revision, retracted, data FROM events",
    "cases": "SELECT system, kind, subject, agency, dimensions, state, opened_at, due_at, overdue_at, closed_at, "
    "on_time, contradictory, percent, due_moved_by_day, number_reused, catalogue, history FROM cases",
    "items": "SELECT * FROM items",
    "readings": "SELECT * FROM readings",
    "counters_day": "SELECT system, measure, agency, dimensions, bucket, sum(value)::bigint FROM counters_day "
    "GROUP BY 1, 2, 3, 4, 5 HAVING sum(value) <> 0",
    "counters_month": "SELECT system, measure, agency, dimensions, bucket, sum(value)::bigint FROM counters_month "
    "GROUP BY 1, 2, 3, 4, 5 HAVING sum(value) <> 0",
    "counters_minute": "SELECT system, measure, agency, dimensions, bucket, sum(value)::bigint FROM counters_minute "
    "GROUP BY 1, 2, 3, 4, 5 HAVING sum(value) <> 0",
    "actors_month": "SELECT system, measure, agency, dimensions, actor, bucket, sum(value)::bigint FROM actors_month "
    "GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(value) <> 0",
}


def tables(connection: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What the events have come to, whatever the order and the partitions by which they came."""
    return {name: sorted(connection.execute(query.encode()), key=repr) for name, query in TABLES.items()}


def count(connection: psycopg.Connection, table: str) -> int:
    """How many rows a table has."""
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


AMOUNTS = frozenset({"worked", "opened_at_sum", "progress"})
"""Measures of a case that are no numbers of cases, but minutes and percent."""


def summed(connection: psycopg.Connection, amounts: bool = False) -> dict[str, int]:
    """Each measure's sum over all days, without zeros; without `AMOUNTS` unless they are asked for."""
    rows = connection.execute("SELECT measure, sum(value)::bigint FROM counters_day GROUP BY 1 HAVING sum(value) <> 0")
    return {measure: value for measure, value in rows if amounts or measure.partition(".")[2] not in AMOUNTS}


def actors(connection: psycopg.Connection) -> list[tuple[str, str, int]]:
    """Who did something in which month, and how often."""
    return connection.execute(
        "SELECT actor, bucket::text, sum(value)::int FROM actors_month GROUP BY 1, 2 HAVING sum(value) <> 0 ORDER BY 1"
    ).fetchall()


def readings(connection: psycopg.Connection) -> list[tuple[str, str, float]]:
    """What was measured, for which period, and the value that stands."""
    return connection.execute("SELECT name, period, value FROM readings ORDER BY 1, 2, 3").fetchall()


def letters(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """State and reason of every dead letter, in the order in which they were written."""
    return connection.execute("SELECT state, reason FROM dead_letters ORDER BY id").fetchall()


def empty(connection: psycopg.Connection) -> None:
    """Forget everything but where the partitions stand."""
    connection.execute("TRUNCATE events, identities, superseded, cases, items, readings, dead_letters")
    connection.execute("TRUNCATE counters_day, counters_month, counters_minute, actors_month")
