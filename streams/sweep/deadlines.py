"""The sweep for missed deadlines: finds cases that became overdue, and says so once. It decides targets, too.

A sweep looks which systems can be judged, records what their agencies have missed in `alerts` and, for those who are
to be told, in `outbox` in the same transaction, and relays the outbox to Kafka. One that ends anywhere on the way is
finished by the next one.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row, scalar_row

from core.database import connect
from core.kafka import TopicEnds, admin, end_offsets
from core.offsets import lags, next_offsets
from core.publisher import STRUCTURED_HEADERS, Publisher
from schemas.alerts import Alert, MissedDeadline, missed
from schemas.topics import ALERTS
from streams.sweep.decisions import decide

log = logging.getLogger(__name__)

OLD_DAYS = 31
"""What was overdue for longer when it was first seen is listed, but nobody is told: a backfill must not flood."""
PATIENCE_SECONDS = 10.0
"""How long a sweep waits for the workers to reach the offsets as of its start."""

_LOCK = 0x0C7  # any number, the same for every worker

# What is settled late is found by the transaction that wrote it: what was not visible yet to the last sweep is
# of its horizon or later. Without a horizon, or with one of another server (restored from a dump), all is looked at.
_FIND = """
    WITH found AS (
        SELECT system, kind, subject, overdue_at, due_at, agency, NULL AS suppressed FROM cases
        WHERE system = %(system)s AND state = 'open' AND overdue_at <= %(now)s
        UNION ALL
        SELECT system, kind, subject, overdue_at, due_at, agency, 'settled' FROM cases
        WHERE system = %(system)s AND NOT on_time AND changed_xid >= coalesce(
            (SELECT horizon FROM sweeps WHERE system = %(system)s AND horizon <= %(xmin)s::xid8), '0')
    ), raised AS (
        INSERT INTO alerts (system, kind, subject, overdue_at, due_at, agency, sweep, raised_at, suppressed)
        SELECT system, kind, subject, overdue_at, due_at, agency, %(sweep)s, %(now)s,
            coalesce(suppressed, CASE WHEN overdue_at < %(now)s - make_interval(days => %(old)s) THEN 'old' END)
        FROM found ON CONFLICT DO NOTHING RETURNING *
    )
    SELECT agency, system, kind, subject, due_at, overdue_at FROM raised WHERE suppressed IS NULL
"""
_REMEMBER = """
    INSERT INTO sweeps (system, swept_at, horizon) VALUES (%(system)s, %(now)s, %(xmin)s)
    ON CONFLICT (system) DO UPDATE SET swept_at = excluded.swept_at, horizon = excluded.horizon
"""


class Found(NamedTuple):
    """A missed deadline that somebody is to be told of."""

    agency: str
    case: MissedDeadline


def sweep(
    dsn: str, bootstrap: str, topics: Mapping[str, str], decide_days: int, patience: float = PATIENCE_SECONDS
) -> int:
    """Sweep once, and send what is in the outbox; return how many missed deadlines somebody is told of.

    Only systems whose topics are read to the ends as of the sweep's start are looked at: what is still under way may
    say that a case was settled in time. Nothing happens while another worker sweeps.

    Args:
        dsn: the database.
        bootstrap: Kafka.
        topics: topic → id of the system that writes to it.
        decide_days: days after the one that a target is due on until it is decided.
        patience: seconds to wait for the workers to get there.

    Raises:
        UnavailableError: Kafka or the database does not answer; what was not done is done by the next sweep.
    """
    with connect(dsn, "opscentre sweep", autocommit=True) as connection:
        ((alone, now),) = connection.execute("SELECT pg_try_advisory_lock(%s), clock_timestamp()", (_LOCK,))
        if not alone:
            return 0
        systems = [topics[topic] for topic in _look(connection, bootstrap, topics, patience)]
        told = _record(connection, systems, now, decide_days)
        _relay(connection, bootstrap)
    return told


def _look(connection: psycopg.Connection, bootstrap: str, topics: Iterable[str], patience: float) -> list[str]:
    """Topics of which everything until their ends of now is in the database."""
    with admin(bootstrap) as client:
        ends = end_offsets(client, topics)
    return _caught_up(connection, ends, patience)


def _caught_up(connection: psycopg.Connection, ends: Mapping[str, TopicEnds], patience: float) -> list[str]:
    """Topics of which everything until the given ends is in the database, once all are or patience is over."""
    deadline = time.monotonic() + patience
    while True:
        behind = {topic for (topic, _), lag in lags(ends, next_offsets(connection)).items() if lag}
        if not behind or time.monotonic() > deadline:
            return sorted(ends.keys() - behind)
        time.sleep(0.2)


def _record(connection: psycopg.Connection, systems: Sequence[str], now: datetime, decide_days: int) -> int:
    """Write down what is missed and what is decided by now, and what is to be told of it; return how many are told."""
    sweep_id = uuid4()
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")  # the first sweep after a backfill has years to list
        found = [one for system in systems for one in _find(connection, system, now, sweep_id)]
        _write_outbox(connection, _messages(found, sweep_id, now))
        decided = decide(connection, systems, decide_days, now)
    if decided:
        log.info("%d targets decided", decided)
    return len(found)


def _find(connection: psycopg.Connection, system: str, now: datetime, sweep_id: UUID) -> list[Found]:
    """Write to `alerts`, in the running transaction, what a system's agencies have missed; return whom to tell."""
    # Before the search: what becomes visible between the two is only looked at twice.
    (xmin,) = connection.cursor(row_factory=scalar_row).execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
    values = {"system": system, "now": now, "sweep": sweep_id, "old": OLD_DAYS, "xmin": xmin}
    rows = connection.cursor(row_factory=dict_row).execute(_FIND, values).fetchall()
    connection.execute(_REMEMBER, values)
    return [Found(row.pop("agency"), MissedDeadline(**row)) for row in rows]


def _messages(found: Iterable[Found], sweep_id: UUID, now: datetime) -> list[Alert]:
    """One message an agency."""
    by_agency = groupby(sorted(found, key=lambda one: one.agency), key=lambda one: one.agency)
    return [missed(agency, sweep_id, now, [one.case for one in group]) for agency, group in by_agency]


def _write_outbox(connection: psycopg.Connection, alerts: Iterable[Alert]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO outbox (topic, key, value) VALUES (%s, %s, %s)",
            [(ALERTS, alert.subject, alert.model_dump_json()) for alert in alerts],
        )


def _relay(connection: psycopg.Connection, bootstrap: str) -> None:
    """Send what is in the outbox, and delete what Kafka has acknowledged.

    Ended between the two, it is sent again, with the same id: who reads it knows it by that.
    """
    rows = connection.execute("SELECT id, topic, key, value FROM outbox ORDER BY id").fetchall()
    if rows:
        with Publisher(bootstrap) as publisher:
            for _, topic, key, value in rows:
                publisher.send_raw(topic, key.encode(), value.encode(), STRUCTURED_HEADERS)
            publisher.flush()
        connection.execute("DELETE FROM outbox WHERE id = ANY (%s)", ([row[0] for row in rows],))
        log.info("%d alerts sent", len(rows))
