"""The Kafka topics: their names, partitions and settings."""

from collections.abc import Mapping
from dataclasses import dataclass

ALERTS = "alerts"
"""The topic from the streams to the consumers that tell people."""

_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Topic:
    """A topic as it is to be created; `settings` are Kafka's own names, with values as Kafka takes them."""

    name: str
    partitions: int
    settings: Mapping[str, str]


def topic_name(system_id: str) -> str:
    """Name of the topic that one system, and nobody else, writes its events to."""
    return f"events.{system_id}"


def event_topic(system_id: str, partitions: int) -> Topic:
    """The topic of a system's events."""
    settings = {
        # The broker's clock is the one by which an event from the future is known for what it is.
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "delete",
        # Events live on in the database; the log has to outlast the longest outage of the streams, holidays included.
        "retention.ms": str(30 * _DAY_MS),
        "retention.bytes": "-1",
        # Twice what the streams accept: an event too large is to become a dead letter that somebody sees,
        # not a refusal in a log of the sender's that nobody reads.
        "max.message.bytes": str(2 * 1024 * 1024),
    }
    return Topic(topic_name(system_id), partitions, settings)


def alerts_topic() -> Topic:
    """The topic of alerts: one partition, because they are few and are to be told in their order."""
    settings = {
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "delete",
        "retention.ms": str(7 * _DAY_MS),
        "retention.bytes": "-1",
    }
    return Topic(ALERTS, 1, settings)
