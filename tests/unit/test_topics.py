"""In what a topic is not what is wanted, and which of it is put right."""

import pytest

from core.topics import FoundTopic, differences
from schemas.topics import event_topic

WANTED = event_topic("telecom", 4)


def found(partitions: int = 4, replicas: int = 1, written: bool = True, brokers: int = 1, **changes: str) -> FoundTopic:
    """A topic as it is wanted, but for these settings (`_` for `.`)."""
    settings = {**WANTED.settings, **{name.replace("_", "."): value for name, value in changes.items()}}
    return FoundTopic(partitions, replicas, settings, written, brokers)


def told(topic: FoundTopic) -> list[tuple[str, str, bool]]:
    return [(one.setting, one.wanted, one.mendable) for one in differences(WANTED, topic)]


def test_nothing_is_told_of_what_is_wanted() -> None:
    assert told(found()) == []


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        (found(partitions=2), ("partitions", "4", True)),
        (found(partitions=6), ("partitions", "4", False)),
        (found(message_timestamp_type="CreateTime"), ("message.timestamp.type", "LogAppendTime", True)),
        (found(retention_ms="3600000"), ("retention.ms", str(30 * 86_400_000), True)),
        (found(retention_bytes="1000000"), ("retention.bytes", "-1", True)),
        (found(max_message_bytes="1000"), ("max.message.bytes", str(2 * 1024 * 1024), True)),
        (found(written=False, cleanup_policy="compact"), ("cleanup.policy", "delete", True)),
        (found(min_insync_replicas="2"), ("min.insync.replicas", "1", True)),
        (found(replicas=3, brokers=3), ("min.insync.replicas", "2", True)),
        (found(brokers=3), ("replication factor", "3", False)),
    ],
)
def test_what_is_not_wanted_is_told(topic: FoundTopic, expected: tuple[str, str, bool]) -> None:
    assert told(topic) == [expected]


def test_more_than_is_wanted_is_left_where_it_loses_nothing() -> None:
    assert told(found(retention_ms="-1", max_message_bytes="9999999")) == []
    assert told(found(retention_ms=str(60 * 86_400_000))) == []
    assert told(found(replicas=3, brokers=3, min_insync_replicas="2")) == []


def test_what_was_compacted_may_have_lost_events() -> None:
    policy, lost = differences(WANTED, found(cleanup_policy="compact,delete"))
    assert policy.mendable
    assert not lost.mendable
    assert "publish once more" in str(lost)
