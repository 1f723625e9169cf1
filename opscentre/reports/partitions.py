"""`opscentre partitions`: where each partition stands, and how it is read anew."""

from typing import Any

import psycopg
from rich.table import Table
from rich.text import Text

from core.errors import NotFoundError
from core.kafka import TopicEnds
from core.offsets import lags, next_offsets, set_aside


def listed(connection: psycopg.Connection, ends: dict[str, TopicEnds]) -> list[dict[str, Any]]:
    """Every partition of the topics, with the offset to go on from, the log's end, the lag, and why it is not read."""
    offsets, aside = next_offsets(connection), set_aside(connection)
    lag = lags(ends, offsets)
    return [
        {
            "topic": name,
            "partition": number,
            "next_offset": offsets.get((topic.topic_id, number)),
            "end_offset": end,
            "lag": lag[name, number],
            "set_aside": aside.get((topic.topic_id, number)),
        }
        for name, topic in sorted(ends.items())
        for number, end in sorted(topic.ends.items())
    ]


def reread(connection: psycopg.Connection, topic: str, number: int, topic_id: str) -> int:
    """Let a partition be read from its log's beginning; return the offset that it stood at.

    What was counted is known by its id, so nothing is counted twice. A worker that had set the partition aside looks
    at it again within seconds; one that reads it has to be started again.

    Raises:
        NotFoundError: nothing of this partition was ever read.
    """
    rows = connection.execute(
        "SELECT next_offset FROM partition_offsets WHERE topic_id = %s AND partition = %s FOR UPDATE",
        (topic_id, number),
    ).fetchall()
    if not rows:
        raise NotFoundError(f"nothing of {topic}/{number} was read yet: see `opscentre partitions`")
    connection.execute(
        "UPDATE partition_offsets SET next_offset = 0, last_offset = NULL, last_hash = NULL "
        "WHERE topic_id = %s AND partition = %s",
        (topic_id, number),
    )
    connection.commit()
    return int(rows[0][0])


def partitions_table(rows: list[dict[str, Any]]) -> Table:
    """The partitions for people."""
    table = Table("partition", "next offset", "end of the log", "lag", "")
    for row in rows:
        stands = "not read yet" if row["next_offset"] is None else f"{row['next_offset']:,}"
        why = Text(f"not read: {row['set_aside']}", style="bold red") if row["set_aside"] else Text("")
        table.add_row(f"{row['topic']}/{row['partition']}", stands, f"{row['end_offset']:,}", f"{row['lag']:,}", why)
    return table
