"""The fence: whoever counts under a partition holds its row, so that nothing is counted twice or missed."""

import psycopg

from core.errors import OutdatedCatalogueError
from streams.fold.rulebook import Rulebook
from streams.ingest.records import Partition

_SESSION = """
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    CREATE TEMP TABLE changed_cases (LIKE cases INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE changed_items (LIKE items) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE changed_readings (LIKE readings) ON COMMIT DELETE ROWS;
"""  # this session only looks keys up: a plan that reads a whole table would be a mistake of stale statistics

MAINTENANCE = Partition("", "maintenance", "maintenance", 0)
"""Whoever replays dead letters or repairs counters holds this partition's row, and counts under its shard."""


def prepare_session(connection: psycopg.Connection) -> None:
    """Make a connection ready for `Writer.apply`."""
    connection.execute(_SESSION.encode())
    connection.commit()


def fence_partition(cursor: psycopg.Cursor, partition: Partition, rulebook: Rulebook) -> tuple[int, int]:
    """Lock the partition's row, made where it is missing; return its shard and the offset to go on from.

    Raises:
        OutdatedCatalogueError: another catalogue has come into force than this rulebook's.
    """
    key = (partition.cluster, partition.topic_id, partition.number)
    select = (
        "SELECT shard, next_offset, (SELECT max(number) FROM catalogues) FROM partition_offsets "
        "WHERE cluster = %s AND topic_id = %s AND partition = %s FOR UPDATE OF partition_offsets"
    )
    rows = cursor.execute(select, key).fetchall()
    if not rows:
        cursor.execute(
            "INSERT INTO partition_offsets (cluster, topic_id, partition, topic) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (*key, partition.topic),
        )
        rows = cursor.execute(select, key).fetchall()
    ((shard, next_offset, number),) = rows  # rows of `partition_offsets` are never deleted
    if number != rulebook.number:
        raise OutdatedCatalogueError(f"catalogue {number} has come into force, this process works by {rulebook.number}")
    return shard, next_offset
