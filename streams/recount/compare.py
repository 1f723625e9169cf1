"""The live counters and indicators against the archive, read in one snapshot: the proof of either, and the repair."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

import psycopg
from psycopg.rows import scalar_row

from core.errors import UnavailableError
from schemas.catalogue.model import Catalogue
from schemas.timekeeping.moments import MINUTE, moment_of, text_of
from streams.fold.contributions import Folds, contribution_delta
from streams.fold.rulebook import Rulebook
from streams.fold.rules import CaseRules
from streams.recount.archive import facts, fold_of, histories
from streams.recount.figures import Gathering
from streams.recount.indicators import Deviation, RunningIndicators
from streams.write.buckets import ActorKey, Buckets, DayKey
from streams.write.changes import Changes
from streams.write.fence import MAINTENANCE, fence_partition

_DIMENSIONS = ("system", "measure", "agency", "dimensions")
_KEYS = {
    "counters_day": (*_DIMENSIONS, "bucket"),
    "counters_month": (*_DIMENSIONS, "bucket"),
    "counters_minute": (*_DIMENSIONS, "bucket"),
    "actors_month": (*_DIMENSIONS, "actor", "bucket"),
}
"""What a counter's key is in each table, beside the shard: its value is the sum over the shards."""

Counters = Mapping[tuple[str, ...], int]
"""A table's counters: their key as in `_KEYS`, the bucket as `_bucket_text` → their value."""


class Mismatch(NamedTuple):
    """A counter whose live value is not what the archive says; `actor` is empty in a table that has none."""

    table: str
    system: str
    measure: str
    agency: str
    dimensions: str
    actor: str
    bucket: str
    live: int
    recounted: int


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
        (now,) = connection.cursor(row_factory=scalar_row).execute("SELECT now()")  # by which the views count
        running = RunningIndicators(catalogue, Folds(rulebook.current), now)
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
            _correct(cursor, shard, one)
    return found


def _correct(cursor: psycopg.Cursor, shard: int, one: Mismatch) -> None:
    """Add to one shard what the live counter lacks; what it has too much of is a negative amount."""
    names = _KEYS[one.table]
    key, values = ", ".join([*names, "shard"]), [getattr(one, name) for name in names]
    placeholders = ", ".join(["%s"] * len(names))
    cursor.execute(
        f"INSERT INTO {one.table} AS c ({key}, value) VALUES ({placeholders}, %s, %s) "  # noqa: S608 - names are ours
        f"ON CONFLICT ({key}) DO UPDATE SET value = c.value + excluded.value".encode(),
        (*values, shard, one.recounted - one.live),
    )


def _compare(connection: psycopg.Connection, rulebook: Rulebook, gathering: Gathering | None = None) -> list[Mismatch]:
    connection.execute("SET LOCAL statement_timeout = 0")
    if connection.execute("SELECT 1 FROM catalogues WHERE finished_at IS NULL").fetchone():
        raise UnavailableError("a change of the catalogue is still being applied: run `opscentre migrate` to its end")
    buckets = _recounted(connection, rulebook.current, gathering)
    # A minute at the edge may have been counted when it was still recent enough: compare from a minute on
    # that was recent for every writer.
    oldest = buckets.oldest + 24 * 60
    minutes = {(*key, text_of(at * MINUTE)): value for (*key, at), value in buckets.minutes.items() if at >= oldest}
    recounted: dict[str, Counters] = {
        "counters_day": _dated(buckets.days),
        "counters_month": _dated(buckets.months),
        "counters_minute": minutes,
        "actors_month": _dated(buckets.actors),
    }
    since = {"counters_minute": text_of(oldest * MINUTE)}
    return [
        mismatch
        for table, counters in recounted.items()
        for mismatch in _mismatches(table, _live(connection, table, since.get(table, "-infinity")), counters)
    ]


def _recounted(connection: psycopg.Connection, rules: CaseRules, gathering: Gathering | None) -> Buckets:
    """Every counter from the archive; the histories go to `gathering` as well."""
    folds, buckets = Folds(rules), Buckets(rules.calendar)
    for effect, entity, stated in histories(facts(connection, None)):
        changes, history = Changes(), [one.entry for one in stated]
        if effect == "flow":
            for one in stated:
                changes.apply(one, 1)
        elif effect != "reading":
            contribution_delta(fold_of(folds, effect, entity), [], history, changes.counters)
        buckets.add(changes.counters)
        buckets.add_actors(changes.actors)
        if gathering is not None:
            gathering.add(effect, entity, history, changes)
    return buckets


def _dated(counters: Mapping[DayKey, int] | Mapping[ActorKey, int]) -> Counters:
    return {(*key, bucket.isoformat()): value for (*key, bucket), value in counters.items()}


def _live(connection: psycopg.Connection, table: str, since: str) -> Counters:
    key = ", ".join(_KEYS[table])
    rows = connection.execute(
        f"SELECT {key}, sum(value)::bigint FROM {table} WHERE bucket >= %s GROUP BY {key}".encode(),  # noqa: S608 - names are ours
        (since,),
    )
    return {(*names, _bucket_text(bucket)): value for *names, bucket, value in rows}


def _mismatches(table: str, live: Counters, recounted: Counters) -> Iterator[Mismatch]:
    """The counters of a table that differ, by their key; one that is not there is as one of nothing."""
    for key in sorted(live.keys() | recounted.keys()):
        here, there = live.get(key, 0), recounted.get(key, 0)
        if here != there:
            columns = {"actor": "", **dict(zip(_KEYS[table], key, strict=True))}
            yield Mismatch(table=table, live=here, recounted=there, **columns)


def _bucket_text(bucket: date) -> str:
    """A bucket as text: of a day its date, of a minute its moment."""
    return text_of(moment_of(bucket)) if isinstance(bucket, datetime) else bucket.isoformat()
