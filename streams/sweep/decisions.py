"""Deciding targets: once one is past, whether it was met is written down for good."""

import logging
from collections.abc import Collection
from datetime import datetime

import psycopg

from core.errors import first_line

log = logging.getLogger(__name__)

# Nothing is decided in an installation's first days, in which its history may still be on the way.
_PAST = """
    SELECT t.indicator, t.agency, t.due::text FROM indicators.targets AS t
    WHERE t.due + %(days)s <= indicators.today()
        AND %(now)s >= (SELECT min(applied_at) FROM catalogues) + make_interval(days => %(days)s)
        AND NOT EXISTS (
            SELECT FROM decisions AS d WHERE d.indicator = t.indicator AND d.agency = t.agency AND d.due = t.due)
        AND NOT EXISTS (
            SELECT FROM indicators.systems AS s WHERE s.indicator = t.indicator AND s.system <> ALL (%(systems)s))
"""
_WORK_OUT = "SELECT max(value) FROM indicators.values_of(%s, %s, ARRAY[%s])"
_DECIDE = """
    INSERT INTO decisions (indicator, agency, due, at_least, at_most, value, status, decided_at)
    SELECT indicator, agency, due, at_least, at_most, value, status, %s FROM indicators.indicator_status
    JOIN unnest(%s::text[], %s::text[], %s::date[]) AS past (indicator, agency, due) USING (indicator, agency, due)
    ON CONFLICT DO NOTHING
"""

_said: set[tuple[str, str, str]] = set()
"""Targets that cannot be decided, of which this process has said so."""


def decide(connection: psycopg.Connection, caught_up: Collection[str], days: int, now: datetime) -> int:
    """Decide every target past its day for so many days, in a transaction of its own; return how many.

    A decision stands. What is corrected later shows beside it, in `indicators.indicator_status`. A target of which the
    database cannot work out the value (it overflows) is left undecided, said and tried again; the others are decided.

    Args:
        connection: nothing else may be under way on it.
        caught_up: systems of which everything until now is in the database. A target is decided once all those are
            that its indicator is worked out from.
        days: local days after the one that a target is due on, for what comes late.
        now: the moment of the decision.
    """
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        # Most sweeps find none, and work out no indicator.
        past = connection.execute(_PAST, {"days": days, "systems": list(caught_up), "now": now}).fetchall()
        past = [target for target in past if _can_be_worked_out(connection, *target)]
        if not past:
            return 0
        decided = connection.execute(_DECIDE, (now, *map(list, zip(*past, strict=True)))).rowcount
    if decided:
        log.info("%d targets decided", decided)
    return decided


def _can_be_worked_out(connection: psycopg.Connection, indicator: str, agency: str, due: str) -> bool:
    try:
        with connection.transaction():
            connection.execute(_WORK_OUT, (indicator, due, agency))
    except psycopg.DataError as error:
        if (indicator, agency, due) not in _said:
            _said.add((indicator, agency, due))
            log.warning(
                "the target of %s for %s on %s cannot be decided: %s", indicator, agency, due, first_line(error)
            )
        return False
    return True
