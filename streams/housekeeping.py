"""What is dropped after its time: counters by minute, and dead letters' raw bytes, which may hold personal data."""

import logging

import psycopg

from streams.buckets import KEEP_MINUTES

log = logging.getLogger(__name__)

_LOCK = 0x0C6  # any number, the same for every worker

_MINUTES = "DELETE FROM counters_minute WHERE bucket < now() - make_interval(mins => %s)"
_RAW_BYTES = """
    UPDATE dead_letters SET key = NULL, value = NULL, headers = '[]',
        note = CASE state WHEN 'open' THEN 'raw bytes dropped unsettled after ' || %(days)s || ' days' ELSE note END,
        settled_at = coalesce(settled_at, now()),
        state = CASE state WHEN 'open' THEN 'discarded' ELSE state END
    WHERE seen_at < now() - make_interval(days => %(days)s) AND (value, key) IS DISTINCT FROM (NULL, NULL)
"""


def keep_house(connection: psycopg.Connection, raw_days: int) -> tuple[int, int] | None:
    """Drop what is past its time; return how many minutes and raw letters, None where another worker is at it.

    Args:
        connection: nothing else may be under way on it.
        raw_days: how long the raw bytes of dead letters are kept; an open letter that loses them is discarded.
    """
    with connection.transaction(), connection.cursor() as cursor:
        row = cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone()
        if not (row and row[0]):
            return None
        minutes = cursor.execute(_MINUTES, (KEEP_MINUTES,)).rowcount
        letters = cursor.execute(_RAW_BYTES, {"days": raw_days}).rowcount
    if minutes or letters:
        log.info("dropped %d minutes of counters and the raw bytes of %d dead letters", minutes, letters)
    return minutes, letters
