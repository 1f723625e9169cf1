"""Where the database stands in Kafka's log, and how much of the log is still to come."""

from collections.abc import Mapping

import psycopg

from core.kafka import TopicEnds

_REMEMBER = """
    INSERT INTO log_ends SELECT *, now() FROM unnest(%s::text[], %s::text[], %s::int[], %s::bigint[])
    ON CONFLICT (topic, partition) DO UPDATE
    SET topic_id = excluded.topic_id, end_offset = excluded.end_offset, asked_at = excluded.asked_at
"""


def next_offsets(connection: psycopg.Connection) -> dict[tuple[str, int], int]:
    """(topic id, partition) → the offset to go on from, of every partition of which anything was read."""
    rows = connection.execute("SELECT topic_id, partition, next_offset FROM partition_offsets")
    return {(topic_id, number): offset for topic_id, number, offset in rows}


def lags(topics: Mapping[str, TopicEnds], offsets: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """(topic, partition) → the records of it that are not in the database yet, never negative.

    Args:
        topics: by name, as `core.kafka.end_offsets` finds them.
        offsets: as `next_offsets` finds them; a partition that is not among them was not read yet.
    """
    return {
        (name, number): max(0, end - offsets.get((topic.topic_id, number), 0))
        for name, topic in topics.items()
        for number, end in topic.ends.items()
    }


def remember_ends(connection: psycopg.Connection, topics: Mapping[str, TopicEnds]) -> None:
    """Write down where the log ends now, for those who see the database only."""
    rows = [(name, one.topic_id, number, end) for name, one in topics.items() for number, end in one.ends.items()]
    if rows:
        names, ids, numbers, ends = map(list, zip(*rows, strict=True))
        connection.execute(_REMEMBER, (names, ids, numbers, ends))


def set_aside(connection: psycopg.Connection) -> dict[tuple[str, int], str]:
    """(topic id, partition) → why it is not read, of every partition that a worker has set aside."""
    rows = connection.execute("SELECT topic_id, partition, set_aside FROM partition_offsets WHERE set_aside <> ''")
    return {(topic_id, number): why for topic_id, number, why in rows}
