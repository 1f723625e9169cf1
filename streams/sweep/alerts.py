"""The table `alerts`: what is missed is raised once, and ends with what it tells of. SQL in the running transaction.

An alert stands for as long as its agency owes the case and is overdue with it, also while the clock stands still. It
has ended once the case was settled, transferred to another agency, postponed (its due time moved and lay ahead) or
retracted. What is overdue without a standing alert is raised: so nobody is told twice of what was overdue without a
break, and everybody to whom something overdue was handed over is told of it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, scalar_row

OLD = timedelta(days=31)
"""What was overdue for longer when it was first seen is listed, but nobody is told: a backfill must not flood."""

_SAME = "a.system = c.system AND a.kind = c.kind AND a.subject = c.subject"

# A case of which no event stands any more has no row. A due time that lay ahead when its system was last swept was
# missed anew, though it was missed again by now.
_END = f"""
    WITH found AS (
        SELECT a.system, a.kind, a.subject, CASE
            WHEN c.state = 'closed' THEN 'settled'
            WHEN c.state IS NULL OR c.state NOT IN ('open', 'suspended') THEN 'retracted'
            WHEN c.agency <> a.agency THEN 'transferred'
            WHEN c.overdue_at IS NULL OR c.overdue_at > %(now)s THEN 'postponed'
            WHEN c.overdue_at <> a.overdue_at AND c.overdue_at > s.swept_at THEN 'postponed'
        END AS why
        FROM alerts AS a LEFT JOIN cases AS c ON {_SAME} LEFT JOIN sweeps AS s ON s.system = a.system
        WHERE a.ended IS NULL AND a.system = ANY (%(systems)s)
    )
    UPDATE alerts AS a SET ended = c.why, ended_at = %(now)s FROM found AS c
    WHERE {_SAME} AND a.ended IS NULL AND c.why IS NOT NULL
"""  # noqa: S608 - all parts are ours

# What is settled late is found by the transaction that wrote it: what was not visible yet to the last sweep is of
# its horizon or later, and what lies beyond the snapshot is of another server (restored from a dump). Without a
# horizon, or with one of another server, all is looked at. It is listed where it was not listed before.
# Of what is old somebody is told all the same where somebody was told before, or where it was handed over just now.
_RAISE = f"""
    WITH found AS (
        SELECT c.* FROM cases AS c
        WHERE c.state IN ('open', 'suspended') AND c.overdue_at <= %(now)s AND c.system = ANY (%(systems)s)
            AND NOT EXISTS (SELECT FROM alerts AS a WHERE {_SAME} AND a.ended IS NULL)
        UNION ALL
        SELECT c.* FROM cases AS c
        LEFT JOIN sweeps AS s ON s.system = c.system AND s.horizon <= %(xmin)s::xid8 AND s.horizon > '0'
        WHERE NOT c.on_time AND c.changed_xid >= %(first)s::xid8 AND c.changed_xid >= coalesce(s.horizon, '0')
            AND (s.horizon IS NULL OR c.changed_xid < pg_snapshot_xmax(pg_current_snapshot()))
            AND c.system = ANY (%(systems)s) AND NOT EXISTS (
                SELECT FROM alerts AS a
                WHERE {_SAME} AND (a.overdue_at = c.overdue_at OR a.ended = 'settled' AND a.ended_at >= c.closed_at))
    )
    INSERT INTO alerts
        (system, kind, subject, overdue_at, due_at, agency, sweep, raised_at, suppressed, ended, ended_at)
    SELECT system, kind, subject, overdue_at, due_at, agency, %(sweep)s, %(now)s,
        CASE WHEN state = 'closed' THEN 'settled' WHEN overdue_at < %(old)s AND NOT EXISTS (
            SELECT FROM alerts AS a WHERE {_SAME} AND (
                a.suppressed IS NULL OR (c.history::jsonb -> -1 ->> 0)::bigint >= extract(epoch FROM %(old)s) * 1000000)
        ) THEN 'old' END,
        CASE WHEN state = 'closed' THEN 'settled' END, CASE WHEN state = 'closed' THEN %(now)s::timestamptz END
    FROM found AS c ON CONFLICT DO NOTHING RETURNING system, kind, subject, agency, due_at, overdue_at, suppressed
"""  # noqa: S608 - all parts are ours

_FIRST = """
    SELECT CASE WHEN bool_and(coalesce(s.horizon <= %(xmin)s::xid8, false)) THEN min(s.horizon::text::numeric)
        ELSE 0 END::text
    FROM unnest(%(systems)s::text[]) AS system LEFT JOIN sweeps AS s USING (system)
"""
_SUPPRESS = """
    UPDATE alerts AS a SET suppressed = 'untellable'
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (system, kind, subject)
    WHERE a.system = k.system AND a.kind = k.kind AND a.subject = k.subject AND a.sweep = %s
"""
_REMEMBER = """
    INSERT INTO sweeps (system, swept_at, horizon)
    SELECT system, %(now)s, %(xmin)s::xid8 FROM unnest(%(systems)s::text[]) AS system
    ON CONFLICT (system) DO UPDATE SET swept_at = excluded.swept_at, horizon = excluded.horizon
"""


def raise_missed(
    connection: psycopg.Connection, systems: Collection[str], now: datetime, sweep: UUID
) -> list[dict[str, Any]]:
    """End the alerts whose cause is gone and raise what is missed now; return what somebody is to be told of.

    Args:
        connection: in a transaction.
        systems: those that can be judged.
        now: the moment by which a deadline is missed.
        sweep: which sweep it is.

    Returns:
        system, kind, subject, agency, due_at and overdue_at of each case.
    """
    # However few rows the statistics know of: after a backfill there are hundreds of thousands more.
    connection.execute("SET LOCAL enable_seqscan = off")
    # Before the search: what becomes visible between the two is only looked at twice.
    (xmin,) = connection.cursor(row_factory=scalar_row).execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
    values = {"systems": list(systems), "now": now, "old": now - OLD, "sweep": sweep, "xmin": xmin}
    (values["first"],) = connection.cursor(row_factory=scalar_row).execute(_FIRST, values)
    connection.execute(_END.encode(), values)
    raised = connection.cursor(row_factory=dict_row).execute(_RAISE.encode(), values).fetchall()
    connection.execute(_REMEMBER, values)
    return [row for row in raised if row.pop("suppressed") is None]


def suppress_untellable(connection: psycopg.Connection, cases: Sequence[dict[str, Any]], sweep: UUID) -> None:
    """Note of cases that this sweep raised that no message can tell of them."""
    keys = [[case[name] for case in cases] for name in ("system", "kind", "subject")]
    connection.execute(_SUPPRESS, (*keys, sweep))
