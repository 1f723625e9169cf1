"""`opscentre status`: what came in and what it adds up to, from the live counters."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from core.database import scalar
from core.kafka import admin, end_offsets
from core.offsets import lags, next_offsets
from schemas.counters import CASE_MEASURES, FLOWS, KINDS, REGISTERS, Totals
from schemas.events.effects import MAX_READING

_TOTALS = """
    SELECT system, measure, agency, dimensions, sum(value)::bigint
    FROM indicators.counted_by_now() GROUP BY system, measure, agency, dimensions
"""

MOST_NUMBERS = 20
"""Reused numbers that are listed; how many there are is counted by kind."""
_REUSED = """
    SELECT system, kind, subject, number_reused FROM cases WHERE number_reused > 0
    ORDER BY number_reused DESC, system, kind, subject LIMIT %s
"""
_SET_ASIDE = "SELECT topic, partition, set_aside FROM partition_offsets WHERE set_aside <> '' ORDER BY 1, 2"


def totals(connection: psycopg.Connection) -> Totals:
    """What the counters add up to by now: what lies ahead today is not counted yet."""
    return {tuple(key): value for *key, value in connection.execute(_TOTALS)}


def figures(found: Totals, readings: Mapping[str, list[float]]) -> dict[str, Any]:
    """Cases by kind, items by register, flows by type, and readings by name, of the whole province."""
    whole: dict[str, int] = {}
    for (_, measure, _, _), value in found.items():
        whole[measure] = whole.get(measure, 0) + value
    cases: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        cases[kind] = {name: whole.get(f"{kind}.{name}", 0) for name in CASE_MEASURES}
        cases[kind]["by_channel"] = _by_dimension(found, f"{kind}.opened")
    return {
        "cases": cases,
        "items": {
            register: {
                "standing": whole.get(f"{register}.standing", 0),
                "by_dimension": _by_dimension(found, f"{register}.standing"),
            }
            for register in REGISTERS
        },
        "flows": {name: whole.get(name, 0) for name in FLOWS},
        "readings": {
            name: {"count": len(values), "total": _total(values)} for name, values in sorted(readings.items())
        },
    }


def _total(values: Iterable[float]) -> float | None:
    """None where one of the values is beyond what a reading may be: from before there was that limit."""
    found = list(values)
    return math.fsum(found) if all(abs(value) <= MAX_READING for value in found) else None


def _by_dimension(found: Totals, measure: str) -> dict[str, int]:
    """A measure by the first of its dimensions."""
    split: dict[str, int] = {}
    for (_, name, _, dimensions), value in found.items():
        if name == measure and dimensions:
            first = dimensions.partition(" ")[0]
            split[first] = split.get(first, 0) + value
    return {dimensions: value for dimensions, value in sorted(split.items()) if value}


def _readings(connection: psycopg.Connection) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for name, value in connection.execute("SELECT name, value FROM readings"):
        found.setdefault(name, []).append(value)
    return found


def lag(connection: psycopg.Connection, bootstrap: str, topics: list[str]) -> int:
    """Records in the topics that are not in the database yet."""
    with admin(bootstrap) as client:
        ends = end_offsets(client, topics)
    return sum(lags(ends, next_offsets(connection)).values())


def current(connection: psycopg.Connection, bootstrap: str, topics: list[str]) -> dict[str, Any]:
    """The whole status as of now, the database's part of it of one moment."""
    waiting = lag(connection, bootstrap, topics)
    connection.commit()
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    [(events, duplicates)] = connection.execute(
        "SELECT sum(events)::bigint, sum(duplicates)::bigint FROM partition_offsets"
    )
    report = {
        "events": events,
        "duplicates": duplicates,
        "dead_letters": dead_letters(connection),
        "lag": waiting,
        "set_aside": {f"{topic}/{number}": why for topic, number, why in connection.execute(_SET_ASIDE)},
        "numbers_reused": numbers_reused(connection),
        **figures(totals(connection), _readings(connection)),
    }
    connection.commit()
    return report


def numbers_reused(connection: psycopg.Connection) -> dict[str, int]:
    """The cases under whose numbers others were opened, each by system, kind and number, and how often; the first."""
    rows = connection.execute(_REUSED, (MOST_NUMBERS,))
    return {f"{system} {kind} {subject}": times for system, kind, subject, times in rows}


def as_of(
    connection: psycopg.Connection, moment: datetime, found: Totals, readings: Mapping[str, list[float]]
) -> dict[str, Any]:
    """The status as of a moment, from the totals and readings of a recount until then.

    Duplicates, lag and what is set aside leave no trace by which they could be put back in time: they are null. So is
    the list of numbers that were reused, of which there is one of now only; how many there were is counted.
    """
    return {
        "as_of": moment.isoformat(),
        "events": scalar(connection, "SELECT count(*) FROM events WHERE time <= %s", (moment,)),
        "duplicates": None,
        "dead_letters": dead_letters(connection, moment),
        "lag": None,
        "set_aside": None,
        "numbers_reused": None,
        **figures(found, readings),
    }


def dead_letters(connection: psycopg.Connection, until: datetime | None = None) -> dict[str, int]:
    """Open dead letters by reason, of those that Kafka received until then."""
    moment = until or datetime.now(UTC) + timedelta(days=1)
    rows = connection.execute(
        "SELECT reason, count(*) FROM dead_letters WHERE state = 'open' AND timestamp <= %s GROUP BY reason ORDER BY 1",
        (moment,),
    )
    return dict(rows.fetchall())
