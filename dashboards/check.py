"""Runs every query of every screen once with each choice, and tells what fails, gives nothing or is slow."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row

from core.errors import first_line
from dashboards.model import Choice, Note, Panel, Screen
from dashboards.parameters import for_psycopg

SLOW_MS = 50.0


class Checked(NamedTuple):
    """What became of one query with one choice."""

    screen: str
    panel: str
    """Its title."""
    choice: str
    rows: int
    milliseconds: float
    error: str


def check(connection: psycopg.Connection, screens: Sequence[Screen], most: int = 3) -> Iterator[Checked]:
    """Ask every panel, with the first `most` values of what its screen lets choose."""
    for screen in screens:
        for chosen in _choices(connection, screen, most):
            for placed in screen.panels:
                if not isinstance(placed.panel, Note):
                    yield _ask(connection, screen, placed.panel, chosen)


def values_of(connection: psycopg.Connection, choice: Choice) -> list[str]:
    """What a viewer may choose, in order; nothing where it is typed."""
    if not choice.query:
        return []
    return [str(row[0]) for row in connection.execute(choice.query.encode()).fetchall()]


def _choices(connection: psycopg.Connection, screen: Screen, most: int) -> Iterator[Mapping[str, Any]]:
    """What is chosen: the first of each, then others of one at a time."""
    until = datetime.now(UTC)
    first: dict[str, Any] = {"since": until - timedelta(days=screen.days), "until": until}
    found = {choice: values_of(connection, choice)[:most] for choice in screen.choices}
    for choice, values in found.items():
        first[choice.parameter] = ["*"] if choice.many else (values or [""])[0]
    yield first
    for choice, values in found.items():
        for value in values if choice.many else values[1:]:
            yield {**first, choice.parameter: [value] if choice.many else value}


def _ask(connection: psycopg.Connection, screen: Screen, panel: Panel, chosen: Mapping[str, Any]) -> Checked:
    assert not isinstance(panel, Note)  # these have no query
    said = ", ".join(f"{name}={value}" for name, value in chosen.items() if name not in ("since", "until"))
    begun, rows, error = time.perf_counter(), 0, ""
    try:
        with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(for_psycopg(panel.query, screen.choices).encode(), chosen)
            rows = len(cursor.fetchall())
    except psycopg.Error as failed:
        error = first_line(failed)
    elapsed = (time.perf_counter() - begun) * 1000
    return Checked(screen.name, panel.title.of(screen.language), said, rows, elapsed, error)
