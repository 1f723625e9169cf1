"""Counters by local day, for good, and by minute, for about a week."""

import time
from collections.abc import Sequence
from datetime import date

import psycopg

from schemas.times import MINUTE, Calendar, text_of
from streams.counters import Differences
from streams.rows import array, texts

KEEP_MINUTES = 8 * 24 * 60
"""Minutes older than this are not counted one by one; screens look back a week."""

DayKey = tuple[str, str, str, date]
MinuteKey = tuple[str, str, str, int]


class Buckets:
    """Differences, gathered into the buckets of the two tables."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.oldest = time.time_ns() // (1000 * MINUTE) - KEEP_MINUTES
        self.days: dict[DayKey, int] = {}
        self.minutes: dict[MinuteKey, int] = {}

    def add(self, differences: Differences) -> None:
        """Add differences by minute."""
        days, minutes, day_of = self.days, self.minutes, self._calendar.day
        for key, value in differences.items():
            if value:
                measure, agency, label, minute = key
                day = (measure, agency, label, day_of(minute * MINUTE))
                days[day] = days.get(day, 0) + value
                if minute >= self.oldest:
                    minutes[key] = minutes.get(key, 0) + value

    def write(self, cursor: psycopg.Cursor, shard: int) -> None:
        """Add all of it to the counters of a shard."""
        days = [(*key, value) for key, value in self.days.items() if value]
        minutes = [(*key[:3], text_of(key[3] * MINUTE), value) for key, value in self.minutes.items() if value]
        _upsert(cursor, "counters_day", "date", shard, days)
        _upsert(cursor, "counters_minute", "timestamptz", shard, minutes)


def _upsert(
    cursor: psycopg.Cursor, table: str, kind: str, shard: int, rows: Sequence[tuple[str, str, str, object, int]]
) -> None:
    if not rows:
        return
    measures, agencies, labels, buckets, values = zip(*rows, strict=True)
    cursor.execute(
        f"INSERT INTO {table} AS c (measure, agency, label, bucket, value, shard) "  # noqa: S608 - names are ours
        f"SELECT *, %s FROM unnest(%s::text[], %s::text[], %s::text[], %s::{kind}[], %s::bigint[]) "
        "ON CONFLICT (measure, bucket, agency, label, shard) DO UPDATE SET value = c.value + excluded.value".encode(),
        (shard, texts(measures), texts(agencies), texts(labels), array(buckets), array(values)),
    )
