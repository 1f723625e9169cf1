"""What is kept for a time only is dropped after it, and nothing else."""

import psycopg

from streams.housekeeping import keep_house

LETTER = """
    INSERT INTO dead_letters (cluster, topic_id, topic, partition, "offset", timestamp, key, headers, value, reason,
        detail, state, note, seen_at)
    VALUES ('c', 't', 'events.telecom', 0, %s, now(), 'k', '[["a", "Yg=="]]', 'v', 'not_json', 'x', %s, %s,
        now() - make_interval(days => %s))
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


def test_only_one_worker_keeps_house_at_a_time(database: str) -> None:
    with psycopg.connect(database) as first, psycopg.connect(database, autocommit=True) as second:
        first.execute("SELECT pg_advisory_xact_lock(%s)", (0x0C6,))
        assert keep_house(second, 90) is None
        first.rollback()
        assert keep_house(second, 90) == (0, 0)
