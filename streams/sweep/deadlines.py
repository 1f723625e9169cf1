"""The sweep for missed deadlines: finds cases that became overdue, and says so once. It decides targets, too.

A sweep looks which systems can be judged, records what their agencies have missed in `alerts` and, for those who are
to be told, in `outbox` in the same transaction, and relays the outbox to Kafka. One that ends anywhere on the way is
finished by the next one.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

import psycopg
from pydantic import ValidationError

from core.database import connect
from core.kafka import TopicEnds, admin, end_offsets
from core.offsets import lags, next_offsets, remember_ends
from core.publisher import STRUCTURED_HEADERS, Publisher
from schemas.alerts import Alert, MissedDeadline, missed
from schemas.topics import ALERTS
from streams.sweep.alerts import raise_missed, suppress_untellable
from streams.sweep.decisions import decide

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
"""How long a sweep waits for the workers to reach the offsets as of its start."""
STANDSTILL_SECONDS = 2.0
"""For how long it waits for systems of which nothing is written meanwhile; those that are there are swept first."""
UNSWEPT_SECONDS = 300.0
"""After which it is said, again and again, that a system or all of them were not swept."""

_LOCK = 0x0C7  # any number, the same for every worker
_HOLDER = """
    SELECT format('%%s (process %%s of the server, connected since %%s)', application_name, pid,
        date_trunc('second', backend_start)) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND classid = 0 AND objid = %s AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def sweep(
    dsn: str, bootstrap: str, topics: Mapping[str, str], decide_days: int, patience: float = PATIENCE_SECONDS
) -> int:
    """Sweep once, and send what is in the outbox; return how many missed deadlines somebody is told of.

    Only systems whose topics are read to the ends as of the sweep's start are looked at: what is still under way may
    say that a case was settled in time. Those that are not there yet hold up no other. Nothing happens while another
    worker sweeps.

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
            _say_who_sweeps(connection)
            return 0
        with admin(bootstrap) as client:
            ends = end_offsets(client, topics)
        remember_ends(connection, ends)
        told, swept = 0, set[str]()
        for found in _as_they_catch_up(connection, ends, patience):
            systems = [topics[topic] for topic in found]
            told += _record(connection, systems, now)
            _relay(connection, bootstrap)
            swept.update(systems)
        decide(connection, swept, decide_days, now)
        _say_unswept(connection, set(topics.values()) - swept)
    return told


def _as_they_catch_up(
    connection: psycopg.Connection, ends: Mapping[str, TopicEnds], patience: float
) -> Iterator[list[str]]:
    """Topics of which everything until the given ends is in the database: those that soon are, then the others.

    It is not waited for longer than `patience`, nor while nothing is written of those that are waited for.
    """
    begun = moved = time.monotonic()
    given: set[str] = set()
    before: Mapping[tuple[str, int], int] = {}
    while True:
        waiting = {place: lag for place, lag in lags(ends, next_offsets(connection)).items() if lag}
        ready, now = sorted(ends.keys() - {topic for topic, _ in waiting} - given), time.monotonic()
        if waiting != before:
            before, moved = waiting, now
        over = not waiting or now - begun > patience or now - moved > STANDSTILL_SECONDS
        if ready and (over or (not given and now - begun > STANDSTILL_SECONDS)):
            given.update(ready)
            yield ready
        if over:
            return
        time.sleep(0.2)


def _record(connection: psycopg.Connection, systems: Sequence[str], now: datetime) -> int:
    """Write down what is missed by now, and what is to be told of it; return how many are told."""
    sweep_id = uuid4()
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")  # the first sweep after a backfill has years to list
        found = raise_missed(connection, systems, now, sweep_id)
        alerts, untellable = _messages(found, sweep_id, now)
        suppress_untellable(connection, untellable, sweep_id)
        _write_outbox(connection, alerts)
    return len(found) - len(untellable)


def _messages(
    found: Iterable[dict[str, Any]], sweep_id: UUID, now: datetime
) -> tuple[list[Alert], list[dict[str, Any]]]:
    """One message an agency; and the cases that none can tell of."""
    alerts, untellable = [], []
    for agency, group in groupby(sorted(found, key=lambda case: case["agency"]), key=lambda case: case["agency"]):
        cases, tellable = list(group), []
        for case in cases:
            try:
                tellable.append(MissedDeadline(**{name: case[name] for name in MissedDeadline.model_fields}))
            except ValidationError as error:
                untellable.append(case)
                log.warning("nobody can be told of %s %r: %s", case["kind"], case["subject"], _wrong(error))
        try:
            alerts += [missed(agency, sweep_id, now, tellable)] if tellable else []
        except ValidationError as error:
            untellable = [case for case in untellable if case["agency"] != agency] + cases
            log.warning("agency %r cannot be told of %d missed deadlines: %s", agency, len(cases), _wrong(error))
    return alerts, untellable


def _wrong(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))} {one['msg']}" for one in error.errors())


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


def unswept(connection: psycopg.Connection, systems: Iterable[str]) -> dict[str, datetime | None]:
    """Those of the systems that were not swept for long → when they were last; None: never."""
    rows = connection.execute(
        "SELECT system, swept_at FROM unnest(%s::text[]) AS system LEFT JOIN sweeps USING (system) "
        "WHERE coalesce(swept_at, '-infinity') < now() - make_interval(secs => %s) ORDER BY 1",
        (list(systems), UNSWEPT_SECONDS),
    )
    return dict(rows.fetchall())


def _say_unswept(connection: psycopg.Connection, left_out: Iterable[str]) -> None:
    for system, last in unswept(connection, left_out).items():
        log.warning(
            "%s is not swept for missed deadlines, last %s: its events are not all counted; see `opscentre status`",
            system,
            f"{last:%Y-%m-%d %H:%M:%S %z}" if last else "never",
        )


def _say_who_sweeps(connection: psycopg.Connection) -> None:
    """Say who holds the lock, where whoever does has not swept anything for long."""
    ((late,),) = connection.execute(
        "SELECT coalesce(max(swept_at), (SELECT min(applied_at) FROM catalogues)) "
        "< now() - make_interval(secs => %s) FROM sweeps",
        (UNSWEPT_SECONDS,),
    )
    if late:
        holders = ", ".join(who for (who,) in connection.execute(_HOLDER, (_LOCK,)))
        log.warning(
            "no sweep for missed deadlines for %d s: its lock is held by %s; end that connection if it is no worker's",
            UNSWEPT_SECONDS,
            holders or "nobody any more",
        )
