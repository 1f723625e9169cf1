"""The figures once more, from the archived events alone: the proof of the live counters, and the view into the past."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

import psycopg

from core.errors import UnavailableError
from schemas.catalogue.model import Catalogue
from schemas.counters import Totals
from schemas.events import BY_TYPE
from schemas.events.effects import Event, Reading
from schemas.timekeeping.moments import MINUTE, moment_of, text_of
from streams.fold.cases import Contribution, Key
from streams.fold.contributions import Folds, contribution_at, contribution_delta
from streams.fold.facts import EntityKey, Fact, fact
from streams.fold.history import Entry
from streams.fold.rulebook import Rulebook
from streams.fold.rules import CaseRules
from streams.recount.figures import Gathering
from streams.recount.indicators import Deviation, RunningIndicators
from streams.write.buckets import Buckets
from streams.write.changes import Changes
from streams.write.writer import MAINTENANCE, fence_partition

_EVENTS = """
    SELECT system, type, subject, id, revision, retracted, time, data FROM events
    WHERE time <= %s AND (%s::text[] IS NULL OR type = ANY (%s)) ORDER BY system COLLATE "C", subject COLLATE "C"
"""
_REVISED = "SELECT system, id, max(revision) FROM events WHERE revision > 0 GROUP BY system, id"


class Mismatch(NamedTuple):
    """A counter whose live value is not what the archive says."""

    table: str
    system: str
    measure: str
    agency: str
    dimensions: str
    actor: str
    bucket: str
    live: int
    recounted: int


Stated = tuple[tuple[str, str], Fact]
"""System and subject of an event, and what it states."""


def facts(connection: psycopg.Connection, until: datetime | None, of: type[Event] = Event) -> Iterator[Stated]:
    """What the events of a class that stand state, of those with `time` until then, subject by subject."""
    # Asked for all, a type that is archived but no longer known is to be heard of, not to be left out.
    types = None if of is Event else [name for name, event in BY_TYPE.items() if issubclass(event, of)]
    highest = {(system, id_): revision for system, id_, revision in connection.execute(_REVISED)}
    with connection.cursor(name="recount") as cursor:
        cursor.itersize = 20_000
        cursor.execute(_EVENTS, (until or "infinity", types, types))
        for system, type_, subject, id_, revision, retracted, time, data in cursor:
            if not retracted and revision == highest.get((system, id_), revision):
                kind = BY_TYPE[type_]
                model = kind.__pydantic_validator__.validate_json(data)
                yield (system, subject), fact(kind, system, subject, id_, moment_of(time), model)


def histories(stated: Iterable[Stated]) -> Iterator[tuple[str, EntityKey, list[Fact]]]:
    """Facts gathered into (effect, subject, facts in the order of a history)."""
    for _, together in groupby(stated, key=lambda one: one[0]):
        gathered: dict[tuple[str, EntityKey], list[Fact]] = {}
        for _, one in together:
            gathered.setdefault((one.effect, one.subject), []).append(one)
        for (effect, subject), found in gathered.items():
            yield effect, subject, sorted(found, key=lambda one: one.entry)


def totals_as_of(connection: psycopg.Connection, rules: CaseRules, moment: datetime) -> Totals:
    """What every measure holds at a moment: the fold of the events with time until then, as known now."""
    folds, at = Folds(rules), moment_of(moment)
    found: dict[Key, int] = {}
    for effect, subject, stated in histories(facts(connection, moment)):
        history = [one.entry for one in stated]
        if effect == "flow":
            for entry in history:
                key = (subject.system, entry.name, entry.agency, entry.dimensions or "")
                found[key] = found.get(key, 0) + 1
        elif effect != "reading":
            for key, (_, amount) in _contribution(folds, effect, subject, history, at).items():
                found[key] = found.get(key, 0) + amount
    return found


def _contribution(folds: Folds, effect: str, subject: EntityKey, history: list[Entry], at: int) -> Contribution:
    if effect == "case":
        return contribution_at(folds.case(subject.system, subject.group), history, at)
    return contribution_at(folds.item(subject.system, subject.group), history, at)


def readings_as_of(connection: psycopg.Connection, moment: datetime | None) -> dict[EntityKey, Entry]:
    """The reading that stands of each subject, of those reported until a moment."""
    stated = histories(facts(connection, moment, Reading))
    return {subject: found[-1].entry for _, subject, found in stated}


def compare(connection: psycopg.Connection, rulebook: Rulebook) -> list[Mismatch]:
    """Every counter that differs from the archive, both read in one snapshot; the workers may go on meanwhile.

    Raises:
        UnavailableError: a change of the catalogue is still being applied.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _compare(connection, rulebook)


def compare_all(
    connection: psycopg.Connection, rulebook: Rulebook, catalogue: Catalogue
) -> tuple[list[Mismatch], list[Deviation]]:
    """Every counter, and every indicator's running value, that differs from the archive; as `compare`.

    Raises:
        UnavailableError: a change of the catalogue is still being applied.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        row = connection.execute("SELECT now()").fetchone()
        assert row is not None  # there is always a now: the one by which the views count
        running = RunningIndicators(catalogue, Folds(rulebook.current), row[0])
        return _compare(connection, rulebook, running.gathering), running.deviations(connection)


def repair(connection: psycopg.Connection, rulebook: Rulebook) -> list[Mismatch]:
    """Correct every counter that differs from the archive; return what was corrected. The workers wait meanwhile.

    Raises:
        UnavailableError: a change of the catalogue is still being applied.
    """
    with connection.transaction(), connection.cursor() as cursor:
        # The row first, as a replay does, which then updates the table: the other way round they would deadlock.
        shard, _ = fence_partition(cursor, MAINTENANCE, rulebook)
        cursor.execute("LOCK TABLE partition_offsets IN SHARE ROW EXCLUSIVE MODE")
        found = _compare(connection, rulebook)
        for one in found:
            names = ["system", "measure", "agency", "dimensions", *(["actor"] if one.actor else []), "bucket", "shard"]
            key = [*one[1:5], *([one.actor] if one.actor else []), one.bucket, shard]
            columns, placeholders = ", ".join(names), ", ".join(["%s"] * len(names))
            cursor.execute(
                f"INSERT INTO {one.table} AS c ({columns}, value) VALUES ({placeholders}, %s) "  # noqa: S608 - names are ours
                f"ON CONFLICT ({columns}) DO UPDATE SET value = c.value + excluded.value".encode(),
                (*key, one.recounted - one.live),
            )
    return found


Counted = dict[tuple[str, str, str, str, str, str], int]
"""(system, measure, agency, dimensions, actor, bucket) → value; without an actor where none is counted."""


def _compare(connection: psycopg.Connection, rulebook: Rulebook, gathering: Gathering | None = None) -> list[Mismatch]:
    connection.execute("SET LOCAL statement_timeout = 0")
    if connection.execute("SELECT 1 FROM catalogues WHERE finished_at IS NULL").fetchone():
        raise UnavailableError("a change of the catalogue is still being applied: run `opscentre migrate` to its end")
    buckets = _recounted(connection, rulebook.current, gathering)
    days = {(*key[:4], "", key[4].isoformat()): value for key, value in buckets.days.items()}
    months = {(*key[:4], "", key[4].isoformat()): value for key, value in buckets.months.items()}
    actors = {(*key[:5], key[5].isoformat()): value for key, value in buckets.actors.items()}
    # A minute at the edge may have been counted when it was still recent enough: compare from a minute on
    # that was recent for every writer.
    oldest = buckets.oldest + 24 * 60
    minutes = {(*key[:4], "", text_of(key[4] * MINUTE)): v for key, v in buckets.minutes.items() if key[4] >= oldest}
    return [
        *_mismatches(connection, "counters_day", "''", "-infinity", days),
        *_mismatches(connection, "counters_month", "''", "-infinity", months),
        *_mismatches(connection, "counters_minute", "''", text_of(oldest * MINUTE), minutes),
        *_mismatches(connection, "actors_month", "actor", "-infinity", actors),
    ]


def _recounted(connection: psycopg.Connection, rules: CaseRules, gathering: Gathering | None) -> Buckets:
    folds, buckets = Folds(rules), Buckets(rules.calendar)
    for effect, subject, stated in histories(facts(connection, None)):
        changes, history = Changes(), [one.entry for one in stated]
        if effect == "flow":
            for one in stated:
                changes.apply(one, 1)
        elif effect == "case":
            contribution_delta(folds.case(subject.system, subject.group), [], history, changes.counters)
        elif effect == "item":
            contribution_delta(folds.item(subject.system, subject.group), [], history, changes.counters)
        buckets.add(changes.counters)
        buckets.add_actors(changes.actors)
        if gathering is not None:
            gathering.add(effect, subject, history, changes)
    return buckets


def _mismatches(
    connection: psycopg.Connection, table: str, actor: str, since: str, recounted: Counted
) -> list[Mismatch]:
    rows = connection.execute(
        f"SELECT system, measure, agency, dimensions, {actor}, bucket, sum(value)::bigint FROM {table} "  # noqa: S608 - names are ours
        "WHERE bucket >= %s GROUP BY 1, 2, 3, 4, 5, 6".encode(),
        (since,),
    )
    live: Counted = {(*row[:5], bucket_text(row[5])): row[6] for row in rows}
    return [
        Mismatch(table, *key, live.get(key, 0), recounted.get(key, 0))
        for key in sorted(live.keys() | recounted.keys())
        if live.get(key, 0) != recounted.get(key, 0)
    ]


def bucket_text(bucket: date) -> str:
    """A bucket as text: of a day its date, of a minute its moment."""
    return text_of(moment_of(bucket)) if isinstance(bucket, datetime) else bucket.isoformat()
