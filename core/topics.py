"""Kafka's topics held against what the installation needs: made, corrected, and said where only a person can."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from core.errors import ConfigurationError
from core.kafka import admin, create_topics, end_offsets
from core.progress import ProgressCallback
from schemas.topics import Topic

_AT_LEAST = {"retention.ms", "max.message.bytes"}
"""Settings of which more than is wanted is left: it loses nothing."""
_UNLIMITED = "-1"
_PARTITIONS, _MIN_INSYNC = "partitions", "min.insync.replicas"


class FoundTopic(NamedTuple):
    """A topic as it is in Kafka; `settings` are Kafka's own names and values, those left to their default, too."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]
    written: bool
    """Whether it has ever had records."""
    brokers: int = 1
    """Of the cluster."""


class TopicDifference(NamedTuple):
    """In what a topic is not what is wanted."""

    topic: str
    setting: str
    found: str
    wanted: str
    mendable: bool
    """Whether `opscentre migrate` puts it right; else a person has to."""
    why: str

    def report(self) -> dict[str, object]:
        """As JSON shows it."""
        return self._asdict()

    def __str__(self) -> str:
        return f"topic {self.topic}: {self.setting} is {self.found}, wanted is {self.wanted}: {self.why}"


def differences(wanted: Topic, found: FoundTopic) -> list[TopicDifference]:
    """In what a topic is not what is wanted. Pure."""
    name, told = wanted.name, list[TopicDifference]()

    def tell(setting: str, is_: object, should: object, mendable: bool, why: str) -> None:
        told.append(TopicDifference(name, setting, str(is_), str(should), mendable, why))

    if found.partitions > wanted.partitions:
        why = f"Kafka takes none away. Write partitions = {found.partitions} in the system's file of the catalogue."
        tell(_PARTITIONS, found.partitions, wanted.partitions, False, why)
    elif found.partitions < wanted.partitions:
        tell(_PARTITIONS, found.partitions, wanted.partitions, True, "`opscentre migrate` adds them.")
    for setting, value in wanted.settings.items():
        is_ = found.settings.get(setting, "")
        if is_ != value and not (setting in _AT_LEAST and _enough(is_, value)):
            tell(setting, is_ or "not known", value, True, "`opscentre migrate` sets it.")
    if "compact" in found.settings.get("cleanup.policy", "") and found.written:
        why = (
            "of events with the same key all but the latest may be gone, counted or not. Have the system that writes "
            "to it publish once more: what was counted is known, and dropped as a duplicate."
        )
        tell("what was written so far", "compacted", "whole", False, why)
    insync = int(found.settings.get(_MIN_INSYNC, "1"))
    if insync > found.replicas:
        tell(_MIN_INSYNC, insync, max(found.replicas - 1, 1), True, "nobody can write; `opscentre migrate` sets it.")
    elif found.replicas > 2 and insync < 2:
        tell(_MIN_INSYNC, insync, 2, True, "what one broker alone has is lost with it; `opscentre migrate` sets it.")
    if found.replicas == 1 and found.brokers > 1:
        why = "what its broker loses is lost. Give it more replicas (kafka-reassign-partitions.sh)."
        tell("replication factor", 1, min(found.brokers, 3), False, why)
    return told


def _enough(found: str, wanted: str) -> bool:
    return found == _UNLIMITED or (found.isdigit() and int(found) >= int(wanted))


def topic_differences(bootstrap: str, wanted: Iterable[Topic]) -> list[TopicDifference]:
    """In what the topics that exist are not what is wanted; those that are missing are left out.

    Raises:
        UnavailableError: as for `admin`.
    """
    with admin(bootstrap) as client:
        return _compare(client, list(wanted))


def update_topics(
    bootstrap: str, wanted: Iterable[Topic], say: ProgressCallback = lambda line: None
) -> list[TopicDifference]:
    """Make the topics that are missing and correct the others; return what only a person can put right.

    Raises:
        ConfigurationError: a topic has more partitions than are wanted; nothing was changed.
        UnavailableError: as for `admin`.
    """
    topics = list(wanted)
    with admin(bootstrap) as client:
        found = _compare(client, topics)
        if too_many := [str(one) for one in found if one.setting == _PARTITIONS and not one.mendable]:
            raise ConfigurationError("\n".join(too_many))
        for one in found:
            if one.mendable:
                say(f"topic {one.topic}: {one.setting} {one.found} → {one.wanted}")
                _mend(client, one)
    create_topics(bootstrap, topics, say)
    return [one for one in found if not one.mendable]


def _compare(client: KafkaAdminClient, topics: list[Topic]) -> list[TopicDifference]:
    names = [topic.name for topic in topics]
    described = {one["name"]: one["partitions"] for one in client.describe_topics(names) if not one["error_code"]}
    if not described:
        return []
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in described]
    [settings] = client.describe_configs(resources, config_filter="all").values()
    ends, brokers = end_offsets(client, described), len(client.describe_cluster()["brokers"])
    return [
        difference
        for topic in topics
        if topic.name in described
        for difference in differences(
            topic,
            FoundTopic(
                len(described[topic.name]),
                min(len(partition["replica_nodes"]) for partition in described[topic.name]),
                {key: str(one["value"]) for key, one in settings[topic.name].items()},
                any(ends[topic.name].ends.values()),
                brokers,
            ),
        )
    ]


def _mend(client: KafkaAdminClient, one: TopicDifference) -> None:
    if one.setting == _PARTITIONS:
        client.create_partitions({one.topic: int(one.wanted)})
    else:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, one.topic, {one.setting: one.wanted})])
