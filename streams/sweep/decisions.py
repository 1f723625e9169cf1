"""Deciding targets: once one is past, whether it was met is written down for good."""

from collections.abc import Collection
from datetime import datetime

import psycopg

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
_DECIDE = """
    INSERT INTO decisions (indicator, agency, due, at_least, at_most, value, status, decided_at)
    SELECT indicator, agency, due, at_least, at_most, value, status, %s FROM indicators.indicator_status
    JOIN unnest(%s::text[], %s::text[], %s::date[]) AS past (indicator, agency, due) USING (indicator, agency, due)
    ON CONFLICT DO NOTHING
"""


def decide(connection: psycopg.Connection, caught_up: Collection[str], days: int, now: datetime) -> int:
    """Decide, in the running transaction, every target past its day for so many days; return how many.

    A decision stands. What is corrected later shows beside it, in `indicators.indicator_status`.

    Args:
        connection: in a transaction.
        caught_up: systems of which everything until now is in the database. A target is decided once all those are
            that its indicator is worked out from.
        days: local days after the one that a target is due on, for what comes late.
        now: the moment of the decision.
    """
    # Most sweeps find none, and work out no indicator.
    past = connection.execute(_PAST, {"days": days, "systems": list(caught_up), "now": now}).fetchall()
    if not past:
        return 0
    return connection.execute(_DECIDE, (now, *map(list, zip(*past, strict=True)))).rowcount
