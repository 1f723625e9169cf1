"""The table `alerts`: what is missed is raised once, and ends with what it tells of. SQL in the running transaction.

An alert stands for as long as its agency owes the case and is overdue with it, also while the clock stands still. It
has ended once the case was settled, transferred to another agency, postponed (its due time moved and lay ahead) or
retracted. What is overdue without a standing alert is raised: so nobody is told twice of what was overdue without a
break, and everybody to whom something overdue was handed over is told of it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

OLD = timedelta(days=31)
"""What was overdue for longer when it was first seen is listed, but nobody is told: a backfill must not flood."""

EVERYTHING = 0
"""The horizon before which there is nothing."""


class Look(NamedTuple):
    """From where on a system is to be looked at.

    That is: cases that transactions from `horizon` on wrote, and what became overdue after the moment `seen`.
    """

    system: str
    horizon: int
    seen: datetime


# A case that changed is found by the transaction that wrote it: what was not visible yet to the last sweep is of its
# horizon or later. Beyond the snapshot are only numbers of another server (restored from a dump).
_LOOKED = """
    SELECT * FROM unnest(%(systems)s::text[], %(horizons)s::text[], %(seen)s::timestamptz[])
        AS l (system, horizon, seen)
"""
_CHANGED = """
    SELECT c.*, l.seen FROM cases AS c JOIN looked AS l ON l.system = c.system
    WHERE c.changed_xid >= %(first)s::xid8 AND c.changed_xid >= l.horizon::xid8
        AND (l.horizon = '0' OR c.changed_xid < pg_snapshot_xmax(pg_current_snapshot()))
"""

_END = f"""
    WITH looked AS ({_LOOKED}), changed AS ({_CHANGED}), found AS (
        SELECT a.system, a.kind, a.subject, CASE
            WHEN c.state = 'closed' THEN 'settled'
            WHEN c.state NOT IN ('open', 'suspended') THEN 'retracted'
            WHEN c.agency <> a.agency THEN 'transferred'
            WHEN c.state = 'open' AND coalesce(c.overdue_at, 'infinity') <> a.overdue_at
                AND coalesce(c.overdue_at, 'infinity') > c.seen THEN 'postponed'
            WHEN c.state = 'open' AND coalesce(c.overdue_at, 'infinity') > %(now)s THEN 'postponed'
        END AS why
        FROM changed AS c JOIN alerts AS a ON a.system = c.system AND a.kind = c.kind AND a.subject = c.subject
        WHERE a.ended IS NULL
    )
    UPDATE alerts AS a SET ended = f.why, ended_at = %(now)s FROM found AS f
    WHERE a.system = f.system AND a.kind = f.kind AND a.subject = f.subject AND a.ended IS NULL AND f.why IS NOT NULL
"""  # noqa: S608 - all parts are ours
# A case of which no event stands any more has no row.
_END_WITHOUT_CASE = """
    UPDATE alerts AS a SET ended = 'retracted', ended_at = %(now)s
    WHERE a.ended IS NULL AND a.system = ANY (%(systems)s) AND NOT EXISTS (
        SELECT FROM cases AS c WHERE c.system = a.system AND c.kind = a.kind AND c.subject = a.subject)
"""

_CASE = "c.system, kind, subject, agency, due_at, overdue_at, closed_at, history, state = 'closed' AS closed"
# Of what is old somebody is told all the same where somebody was told before, or where it was handed over just now.
_RAISE = f"""
    WITH looked AS ({_LOOKED}), changed AS ({_CHANGED}), found AS (
        SELECT {_CASE} FROM changed AS c WHERE state = 'open' AND overdue_at <= %(now)s
        UNION ALL
        SELECT {_CASE} FROM cases AS c JOIN looked AS l ON l.system = c.system
        WHERE state = 'open' AND overdue_at > %(first_seen)s AND overdue_at > l.seen AND overdue_at <= %(now)s
        UNION ALL
        SELECT {_CASE} FROM changed AS c WHERE NOT on_time AND state = 'closed'
    ), fresh AS (
        SELECT * FROM found AS f WHERE NOT EXISTS (
            SELECT FROM alerts AS a WHERE a.system = f.system AND a.kind = f.kind AND a.subject = f.subject AND (
                a.ended IS NULL OR f.closed
                    AND (a.overdue_at = f.overdue_at OR a.ended = 'settled' AND a.ended_at >= f.closed_at)))
    )
    INSERT INTO alerts
        (system, kind, subject, overdue_at, due_at, agency, sweep, raised_at, suppressed, ended, ended_at)
    SELECT system, kind, subject, overdue_at, due_at, agency, %(sweep)s, %(now)s,
        CASE WHEN closed THEN 'settled' WHEN overdue_at < %(old)s AND NOT EXISTS (
            SELECT FROM alerts AS a WHERE a.system = f.system AND a.kind = f.kind AND a.subject = f.subject AND (
                a.suppressed IS NULL OR (f.history::jsonb -> -1 ->> 0)::bigint >= extract(epoch FROM %(old)s) * 1000000)
        ) THEN 'old' END,
        CASE WHEN closed THEN 'settled' END, CASE WHEN closed THEN %(now)s::timestamptz END
    FROM fresh AS f ON CONFLICT DO NOTHING RETURNING system, kind, subject, agency, due_at, overdue_at, suppressed
"""  # noqa: S608 - all parts are ours

_SUPPRESS = """
    UPDATE alerts AS a SET suppressed = 'untellable'
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (system, kind, subject)
    WHERE a.system = k.system AND a.kind = k.kind AND a.subject = k.subject AND a.sweep = %s
"""


def look(connection: psycopg.Connection, systems: Iterable[str], now: datetime) -> tuple[list[Look], int]:
    """From where on systems are to be looked at, and the horizon for the next look: to be asked before `raise_missed`.

    A system that was never swept, or by a clock that was ahead of this one, or on another server, is looked at whole.
    """
    ((xmin,),) = connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    rows = connection.execute("SELECT system, horizon::text::bigint, swept_at FROM sweeps")
    before = {system: Look(system, horizon, seen) for system, horizon, seen in rows}
    looks = []
    for system in systems:
        last = before.get(system, Look(system, EVERYTHING, now))
        known = EVERYTHING < last.horizon <= xmin and last.seen <= now
        looks.append(last if known else Look(system, EVERYTHING, min(last.seen, now)))
    return looks, xmin


def raise_missed(
    connection: psycopg.Connection, looks: Sequence[Look], now: datetime, sweep: UUID
) -> list[dict[str, Any]]:
    """End the alerts whose cause is gone and raise what is missed now; return what somebody is to be told of.

    Args:
        connection: in a transaction.
        looks: the systems, as `look` found them in it.
        now: the moment by which a deadline is missed.
        sweep: which sweep it is.

    Returns:
        system, kind, subject, agency, due_at and overdue_at of each case.
    """
    values = {
        "systems": [one.system for one in looks],
        "horizons": [str(one.horizon) for one in looks],
        "seen": [one.seen for one in looks],
        "first": str(min((one.horizon for one in looks), default=EVERYTHING)),
        "first_seen": min((one.seen for one in looks), default=now),
        "now": now,
        "old": now - OLD,
        "sweep": sweep,
    }
    connection.execute(_END.encode(), values)
    connection.execute(_END_WITHOUT_CASE, values)
    raised = connection.cursor(row_factory=dict_row).execute(_RAISE.encode(), values).fetchall()
    return [row for row in raised if row.pop("suppressed") is None]


def suppress_untellable(connection: psycopg.Connection, cases: Sequence[dict[str, Any]], sweep: UUID) -> None:
    """Note of cases that this sweep raised that no message can tell of them."""
    keys = [[case[name] for case in cases] for name in ("system", "kind", "subject")]
    connection.execute(_SUPPRESS, (*keys, sweep))


def remember(connection: psycopg.Connection, looks: Iterable[Look], now: datetime, horizon: int) -> None:
    """Note how far these systems have been looked at."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO sweeps (system, swept_at, horizon) VALUES (%s, %s, %s::text::xid8) "
            "ON CONFLICT (system) DO UPDATE SET swept_at = excluded.swept_at, horizon = excluded.horizon",
            [(one.system, now, str(horizon)) for one in looks],
        )
