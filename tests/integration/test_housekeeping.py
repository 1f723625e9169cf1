"""What is kept for a time only is dropped after it, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from core.settings import Settings
from streams.recount.compare import compare
from streams.sweep import housekeeping
from streams.sweep.housekeeping import keep_house, merge_months
from streams.write.writer import Writer
from tests.helpers import RULEBOOK, Log, cloud_event, count, tables
from tests.workers import Workers

LETTER = """
    INSERT INTO dead_letters (cluster, topic_id, topic, partition, "offset", timestamp, key, headers, value, reason,
        detail, record_hash, state, note, seen_at)
    VALUES ('c', 't', 'events.telecom', 0, %s, now(), 'k', '[["a", "Yg=="]]', 'v', 'not_json', 'x',
        md5('')::uuid, %s, %s, now() - make_interval(days => %s))
"""
MINUTE = "INSERT INTO counters_minute VALUES ('s', 'm', 'a', '', now() - make_interval(days => %s), 1, 1)"


def test_old_raw_bytes_and_old_minutes_go_and_the_rest_stays(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for offset, (state, note, days) in enumerate(
            [("open", None, 91), ("open", None, 89), ("replayed", None, 91), ("discarded", "a test", 91)]
        ):
            connection.execute(LETTER, (offset, state, note, days))
        for days in (1, 7, 9, 30):
            connection.execute(MINUTE, (days,))

        assert keep_house(connection, 90) == (2, 3)
        assert keep_house(connection, 90) == (0, 0)

        letters = connection.execute('SELECT state, note, value FROM dead_letters ORDER BY "offset"').fetchall()
        assert letters == [
            ("discarded", "raw bytes dropped unsettled after 90 days", None),
            ("open", None, b"v"),
            ("replayed", None, None),
            ("discarded", "a test", None),
        ]
        assert connection.execute("SELECT count(*) FROM counters_minute").fetchone() == (2,)


def test_what_is_left_of_a_flood_goes_in_chunks_so_that_nobody_waits_for_all_of_it(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "CHUNK", 10)
    for offset in range(25):
        connection.execute(LETTER, (offset, "open", None, 91))
    connection.execute(
        "INSERT INTO counters_minute SELECT 's', 'm', 'a', '', now() - i * interval '9 days', 1, 1 "
        "FROM generate_series(1, 20) AS i"
    )
    connection.execute("CREATE TABLE chunks (xid xid8, dropped int)")
    connection.execute(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO chunks SELECT pg_current_xact_id(), count(*) FROM gone; RETURN NULL; END $$"
    )
    connection.execute(
        "CREATE TRIGGER note AFTER UPDATE ON dead_letters REFERENCING OLD TABLE AS gone EXECUTE FUNCTION note()"
    )
    assert keep_house(connection, 90) == (20, 25)
    found = connection.execute("SELECT max(dropped), count(DISTINCT xid) FROM chunks").fetchone()
    assert found == (10, 3)
    assert count(connection, "counters_minute") == 0


def test_only_one_worker_keeps_house_at_a_time(database: str) -> None:
    with psycopg.connect(database) as first, psycopg.connect(database, autocommit=True) as second:
        first.execute("SELECT pg_advisory_xact_lock(%s)", (0x0C6,))
        assert keep_house(second, 90) is None
        first.rollback()
        assert keep_house(second, 90) == (0, 0)


@pytest.mark.parametrize("table", ["counters_month", "actors_month"])
def test_shards_of_months_that_are_over_are_merged_and_what_comes_late_is_counted_all_the_same(
    connection: psycopg.Connection, writer: Writer, table: str
) -> None:
    """Each shard is another partition's; the months of 2025 are over."""
    logs = [Log(number, "e-office") for number in range(3)]
    for n, log in enumerate(logs):
        writer.commit(log.batch(cloud_event("signature.used", "d", "2025-03-05T08:00:00+07:00", id=str(n))))
    before = tables(connection)
    assert count(connection, table) == 3
    assert merge_months(connection) == 2
    assert (count(connection, table), tables(connection)) == (1, before)
    assert merge_months(connection) == 0

    writer.commit(logs[0].batch(cloud_event("signature.used", "d", "2025-03-06T08:00:00+07:00", id="late")))
    retracted = cloud_event("signature.used", "d", "2025-03-05T08:00:00+07:00", id="2", revision=1, retracted=True)
    writer.commit(logs[1].batch(retracted))
    after = tables(connection)
    assert count(connection, table) == 3
    assert merge_months(connection) == 2
    assert (count(connection, table), tables(connection)) == (1, after)
    assert compare(connection, RULEBOOK) == []


def test_the_running_month_is_not_merged(connection: psycopg.Connection, writer: Writer) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for number in range(2):
        log = Log(number, "e-office")
        writer.commit(log.batch(cloud_event("signature.used", "d", now, id=str(number))))
    assert merge_months(connection) == 0
    assert (count(connection, "counters_month"), count(connection, "actors_month")) == (2, 2)


def test_a_worker_keeps_house_by_the_clock(
    installation: Settings,
    environment: Callable[[Settings], dict[str, str]],
    connection: psycopg.Connection,
    tmp_path: Path,
) -> None:
    for days in (1, 30):
        connection.execute(MINUTE, (days,))
    with Workers(installation, environment, tmp_path) as workers:
        workers.start()
        workers.wait(lambda: count(connection, "counters_minute") == 1, "the old minute to be dropped")
