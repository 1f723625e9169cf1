"""What is dropped after its time: counters by minute, and dead letters' raw bytes, which may hold personal data.

Of months that are over, the shards of each counter are merged: no two workers meet on them any more, or hardly ever.
"""

import logging
from typing import LiteralString

import psycopg

from streams.write.buckets import KEEP_MINUTES

log = logging.getLogger(__name__)

_LOCK = 0x0C6  # any number, the same for every worker

CHUNK = 10_000
"""Rows in a transaction: after a flood there are millions, and nobody is to wait for all of them at once."""

_MINUTES = """
    DELETE FROM counters_minute WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM counters_minute WHERE bucket < now() - make_interval(mins => %(age)s) LIMIT %(most)s
    ))
"""
_RAW_BYTES = """
    UPDATE dead_letters SET key = NULL, value = NULL, headers = '[]',
        note = CASE state WHEN 'open' THEN 'raw bytes dropped unsettled after ' || %(age)s || ' days' ELSE note END,
        settled_at = coalesce(settled_at, now()),
        state = CASE state WHEN 'open' THEN 'discarded' ELSE state END
    WHERE id = ANY (ARRAY (
        SELECT id FROM dead_letters
        WHERE seen_at < now() - make_interval(days => %(age)s) AND (value IS NOT NULL OR key IS NOT NULL)
        ORDER BY seen_at LIMIT %(most)s
    ))
"""

# What comes late for such a month goes to a shard of its own once more, and is merged by the next one to keep house.
_MERGE = """
    WITH one AS (SELECT shard FROM partition_offsets WHERE topic_id = 'maintenance'), gone AS (
        DELETE FROM {table} USING one
        WHERE bucket < date_trunc('month', now() - interval '2 days')::date AND {table}.shard <> one.shard
        RETURNING system, measure, agency, dimensions, {actor} bucket, value
    )
    INSERT INTO {table} AS c (system, measure, agency, dimensions, {actor} bucket, shard, value)
    SELECT system, measure, agency, dimensions, {actor} bucket, (SELECT shard FROM one), sum(value) FROM gone
    GROUP BY system, measure, agency, dimensions, {actor} bucket ORDER BY measure, bucket, agency
    ON CONFLICT (system, measure, agency, dimensions, {actor} bucket, shard)
        DO UPDATE SET value = c.value + excluded.value
"""


def keep_house(connection: psycopg.Connection, raw_days: int) -> tuple[int, int] | None:
    """Drop what is past its time; return how many minutes and raw letters, None where another worker is at it.

    Args:
        connection: nothing else may be under way on it.
        raw_days: how long the raw bytes of dead letters are kept; an open letter that loses them is discarded.
    """
    minutes = _in_chunks(connection, _MINUTES, KEEP_MINUTES)
    letters = _in_chunks(connection, _RAW_BYTES, raw_days)
    if minutes is None or letters is None:
        return None
    if minutes or letters:
        log.info("dropped %d minutes of counters and the raw bytes of %d dead letters", minutes, letters)
    return minutes, letters


def merge_months(connection: psycopg.Connection) -> int:
    """Merge the shards of counters of months that are over; return how many counters had something to merge.

    Years of months are then read in a fraction of the rows. What the counters add up to stays the same.

    Args:
        connection: nothing else may be under way on it.
    """
    merged = 0
    for table, actor in (("counters_month", ""), ("actors_month", "actor,")):
        with connection.transaction(), connection.cursor() as cursor:
            if _alone(cursor):
                cursor.execute("SET LOCAL statement_timeout = 0")  # the first time after a backfill there are years
                merged += cursor.execute(_MERGE.format(table=table, actor=actor).encode()).rowcount
    return merged


def _in_chunks(connection: psycopg.Connection, statement: LiteralString, age: int) -> int | None:
    """Run a statement until it finds no full chunk any more; return how many rows, None where another is at it."""
    done = 0
    while True:
        with connection.transaction(), connection.cursor() as cursor:
            if not _alone(cursor):
                return None
            found = cursor.execute(statement, {"age": age, "most": CHUNK}).rowcount
        done += found
        if found < CHUNK:
            return done


def _alone(cursor: psycopg.Cursor) -> bool:
    """Whether no other worker keeps house, until the end of the transaction."""
    ((locked,),) = cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))
    return bool(locked)
