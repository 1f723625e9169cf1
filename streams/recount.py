"""The figures once more, from the archived events alone: the proof of the live counters, and the view into the past."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

import psycopg

from opscentre.status import Totals
from schemas.events import BY_TYPE
from schemas.times import MINUTE, Calendar, moment_of, text_of
from streams.buckets import Buckets
from streams.changes import Fact, Subject, fact
from streams.counters import Differences, Folds, add, difference
from streams.fold import Entry, Held
from streams.writer import REPLAY, lock

_EVENTS = """
    SELECT system, type, subject, id, revision, retracted, time, data FROM events
    WHERE time <= %s ORDER BY system COLLATE "C", subject COLLATE "C"
"""
_REVISED = "SELECT system, id, max(revision) FROM events WHERE revision > 0 GROUP BY system, id"


class Mismatch(NamedTuple):
    """A counter whose live value is not what the archive says."""

    table: str
    measure: str
    agency: str
    label: str
    bucket: str
    live: int
    recounted: int


def facts(connection: psycopg.Connection, until: datetime | None) -> Iterator[Fact]:
    """What the events that stand state, of those with `time` until then, subject by subject."""
    highest = {(system, id_): revision for system, id_, revision in connection.execute(_REVISED)}
    with connection.cursor(name="recount") as cursor:
        cursor.itersize = 20_000
        cursor.execute(_EVENTS, (until or "infinity",))
        for system, type_, subject, id_, revision, retracted, time, data in cursor:
            if not retracted and revision == highest.get((system, id_), revision):
                kind = BY_TYPE[type_]
                model = kind.__pydantic_validator__.validate_json(data)
                yield fact(kind, system, subject, id_, moment_of(time), model)


def histories(stated: Iterable[Fact]) -> Iterator[tuple[str, Subject, list[Entry]]]:
    """Facts gathered into (effect, subject, history)."""
    for _, together in groupby(stated, key=lambda f: (f.subject.system, f.subject.subject)):
        gathered: dict[tuple[str, Subject], list[Entry]] = {}
        for one in together:
            gathered.setdefault((one.effect, one.subject), []).append(one.entry)
        for (effect, subject), entries in gathered.items():
            yield effect, subject, sorted(entries)


def contribute(folds: Folds, effect: str, subject: Subject, history: list[Entry], into: Differences) -> None:
    """Add what a history contributes to the counters."""
    if effect == "flow":
        for entry in history:
            add(into, (entry.name, entry.agency, entry.label or ""), entry.time, 1)
    elif effect == "case":
        difference(folds.case(subject.group), [], history, into)
    else:
        difference(folds.item(subject.group), [], history, into)


def totals_as_of(connection: psycopg.Connection, calendar: Calendar, moment: datetime) -> Totals:
    """What every measure holds at a moment: the fold of the events with time until then, as known now."""
    folds, at = Folds(calendar), moment_of(moment)
    found: dict[tuple[str, str], int] = {}
    for effect, subject, history in histories(facts(connection, moment)):
        if effect == "flow":
            for entry in history:
                found[entry.name, entry.label or ""] = found.get((entry.name, entry.label or ""), 0) + 1
            continue
        held = _hold(folds, effect, subject, history)
        for (measure, _, label), begin in held.items():
            if begin <= at:
                found[measure, label] = found.get((measure, label), 0) + 1
    return found


def _hold(folds: Folds, effect: str, subject: Subject, history: list[Entry]) -> Held:
    last = history[-1].time
    if effect == "case":
        cases = folds.case(subject.group)
        return cases.held(difference(cases, [], history, {}), last)
    items = folds.item(subject.group)
    return items.held(difference(items, [], history, {}), last)


def compare(connection: psycopg.Connection, calendar: Calendar) -> list[Mismatch]:
    """Every counter that differs from the archive, both read in one snapshot; the workers may go on meanwhile."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _compare(connection, calendar)


def repair(connection: psycopg.Connection, calendar: Calendar) -> list[Mismatch]:
    """Correct every counter that differs from the archive; return what was corrected. The workers wait meanwhile."""
    with connection.transaction(), connection.cursor() as cursor:
        # The row first, as a replay does, which then updates the table: the other way round they would deadlock.
        shard, _ = lock(cursor, REPLAY)
        cursor.execute("LOCK TABLE progress IN SHARE ROW EXCLUSIVE MODE")
        found = _compare(connection, calendar)
        for one in found:
            cursor.execute(
                f"INSERT INTO {one.table} AS c (measure, agency, label, bucket, shard, value) "  # noqa: S608
                "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (measure, bucket, agency, label, shard) "
                "DO UPDATE SET value = c.value + excluded.value".encode(),
                (*one[1:5], shard, one.recounted - one.live),
            )
    return found


def _compare(connection: psycopg.Connection, calendar: Calendar) -> list[Mismatch]:
    connection.execute("SET LOCAL statement_timeout = 0")
    folds, buckets = Folds(calendar), Buckets(calendar)
    for effect, subject, history in histories(facts(connection, None)):
        differences: Differences = {}
        contribute(folds, effect, subject, history, differences)
        buckets.add(differences)
    days = {(*key[:3], key[3].isoformat()): value for key, value in buckets.days.items()}
    # A minute at the edge may have been counted when it was still recent enough: compare from a minute on
    # that was recent for every writer.
    oldest = buckets.oldest + 24 * 60
    minutes = {(*key[:3], text_of(key[3] * MINUTE)): v for key, v in buckets.minutes.items() if key[3] >= oldest}
    return [
        *_mismatches(connection, "counters_day", "-infinity", days),
        *_mismatches(connection, "counters_minute", text_of(oldest * MINUTE), minutes),
    ]


def _mismatches(
    connection: psycopg.Connection, table: str, since: str, recounted: dict[tuple[str, str, str, str], int]
) -> list[Mismatch]:
    rows = connection.execute(
        f"SELECT measure, agency, label, bucket, sum(value)::bigint FROM {table} "  # noqa: S608 - names are ours
        "WHERE bucket >= %s GROUP BY measure, agency, label, bucket".encode(),
        (since,),
    )
    live = {(measure, agency, label, bucket_text(bucket)): value for measure, agency, label, bucket, value in rows}
    return [
        Mismatch(table, key[0], key[1], key[2], key[3], live.get(key, 0), recounted.get(key, 0))
        for key in sorted(live.keys() | recounted.keys())
        if live.get(key, 0) != recounted.get(key, 0)
    ]


def bucket_text(bucket: date) -> str:
    """A bucket as text: of a day its date, of a minute its moment."""
    return text_of(moment_of(bucket)) if isinstance(bucket, datetime) else bucket.isoformat()
