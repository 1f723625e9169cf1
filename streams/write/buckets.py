"""Counters by local day and month, for good, and by minute, for about a week; actors by month: they do not add up."""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import psycopg

from schemas.timekeeping.moments import MINUTE, Calendar, text_of
from streams.fold.contributions import CounterDeltas
from streams.write.copy_text import array, texts

KEEP_MINUTES = 8 * 24 * 60
"""Minutes older than this are not counted one by one; screens look back a week."""

DayKey = tuple[str, str, str, str, date]
"""(system, measure, agency, dimensions, day); of a month its first day."""
MinuteKey = tuple[str, str, str, str, int]
ActorKey = tuple[str, str, str, str, str, date]

_KEY = ("system", "measure", "agency", "dimensions")


class Buckets:
    """CounterDeltas, gathered into the buckets of the tables."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.oldest = time.time_ns() // (1000 * MINUTE) - KEEP_MINUTES
        self.days: dict[DayKey, int] = {}
        self.minutes: dict[MinuteKey, int] = {}
        self.actors: dict[ActorKey, int] = {}

    def add(self, differences: CounterDeltas) -> None:
        """Add differences by minute."""
        days, minutes, day_of = self.days, self.minutes, self._calendar.day
        for key, value in differences.items():
            if value:
                system, measure, agency, dimensions, minute = key
                day = (system, measure, agency, dimensions, day_of(minute * MINUTE))
                days[day] = days.get(day, 0) + value
                if minute >= self.oldest:
                    minutes[key] = minutes.get(key, 0) + value

    @property
    def months(self) -> dict[DayKey, int]:
        """The days by month."""
        months: dict[DayKey, int] = {}
        for (system, measure, agency, dimensions, day), value in self.days.items():
            month = (system, measure, agency, dimensions, day.replace(day=1))
            months[month] = months.get(month, 0) + value
        return months

    def add_actors(self, actors: Mapping[tuple[str, str, str, str, str, int], int]) -> None:
        """Add events of actors by minute: different ones are counted by month."""
        for (system, measure, agency, dimensions, actor, minute), value in actors.items():
            month = (system, measure, agency, dimensions, actor, self._calendar.day(minute * MINUTE).replace(day=1))
            self.actors[month] = self.actors.get(month, 0) + value

    def write(self, cursor: psycopg.Cursor, shard: int) -> None:
        """Add all of it to the counters of a shard.

        A day or month in which all cancels out is kept as a zero, as if it had come in several batches: something was
        reported in it.
        """
        days = [(*key, value) for key, value in self.days.items()]
        months = [(*key, value) for key, value in self.months.items()]
        minutes = [(*key[:4], text_of(key[4] * MINUTE), value) for key, value in self.minutes.items() if value]
        actors = [(*key, value) for key, value in self.actors.items() if value]
        _upsert(cursor, "counters_day", _KEY, "date", shard, days)
        _upsert(cursor, "counters_month", _KEY, "date", shard, months)
        _upsert(cursor, "counters_minute", _KEY, "timestamptz", shard, minutes)
        _upsert(cursor, "actors_month", (*_KEY, "actor"), "date", shard, actors)


def _upsert(
    cursor: psycopg.Cursor,
    table: str,
    names: Sequence[str],
    kind: str,
    shard: int,
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Add the last column of the rows to the counters with the key of those before: `names`, and a bucket."""
    if not rows:
        return
    *keys, buckets, values = zip(*rows, strict=True)
    columns = ", ".join(names)
    arrays = ", ".join(["%s::text[]"] * len(names))
    cursor.execute(
        f"INSERT INTO {table} AS c ({columns}, bucket, value, shard) "  # noqa: S608 - names are ours
        f"SELECT *, %s FROM unnest({arrays}, %s::{kind}[], %s::bigint[]) "
        f"ON CONFLICT ({columns}, bucket, shard) DO UPDATE SET value = c.value + excluded.value".encode(),
        (shard, *map(texts, keys), array(buckets), array(values)),
    )
