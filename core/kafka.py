"""What is asked of Kafka besides records: topics, their ids and their ends. Through kafka-python's admin client."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError
from kafka.protocol.consumer import IsolationLevel

from core.errors import UnavailableError
from core.progress import ProgressCallback
from schemas.catalogue.load import Catalogue
from schemas.topics import Topic, alerts_topic, event_topic

REQUEST_TIMEOUT_MS = 10_000
"""Kafka's silence that is taken for an outage."""


class _Admin(KafkaAdminClient):  # type: ignore[misc]
    """Takes its thread and sockets with it, also where nothing answered: a worker asks all through an outage."""

    def __init__(self, **config: Any) -> None:
        try:
            super().__init__(**config)
        except BaseException:
            if hasattr(self, "_net"):
                self._closed = False  # else its own close() takes it for one that never was
                self.close()
            raise

    def close(self) -> None:
        super().close()
        self._net.close()


@contextmanager
def admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """An admin client for a few questions.

    Raises:
        UnavailableError: Kafka does not answer, or refuses what was asked.
    """
    client = None
    try:
        client = _Admin(
            bootstrap_servers=bootstrap,
            client_id="opscentre",
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        yield client
    except KafkaError as error:
        raise UnavailableError(
            f"Kafka at {bootstrap} does not answer: {error}\n"
            "Start it with `opscentre up`, or set OPSCENTRE_KAFKA to where it is."
        ) from error
    finally:
        if client is not None:
            client.close()


def answers(bootstrap: str) -> bool:
    """Whether anything accepts connections at any of the bootstrap servers, asked for a second each."""
    for server in bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host, int(port)), 1).close()
        except (OSError, ValueError):
            continue
        return True
    return False


def topics(catalogue: Catalogue) -> list[Topic]:
    """Every topic that the installation needs."""
    return [event_topic(s.id, s.partitions) for s in catalogue.systems.values()] + [alerts_topic()]


def create_topics(bootstrap: str, wanted: Iterable[Topic], say: ProgressCallback = lambda line: None) -> None:
    """Create those of the topics that do not exist; leave the others as they are.

    Raises:
        UnavailableError: as for `admin`.
    """
    with admin(bootstrap) as client:
        existing = set(client.list_topics())
        missing = {
            topic.name: {"num_partitions": topic.partitions, "configs": dict(topic.settings)}
            for topic in wanted
            if topic.name not in existing
        }
        if missing:
            say(f"creating topics {', '.join(sorted(missing))}")
            client.create_topics(missing, wait_for_metadata=True)


class TopicEnds(NamedTuple):
    """Where a topic ends.

    `topic_id` is what it was created under: created anew it has another. `ends` is by partition: the offset that the
    next record will have; before it, the first of a transaction that is still open, which nobody can read past.
    """

    topic_id: str
    ends: dict[int, int]


def cluster_id(client: KafkaAdminClient) -> str:
    """The cluster's own id."""
    return str(client.describe_cluster()["cluster_id"])


def end_offsets(client: KafkaAdminClient, names: Iterable[str]) -> dict[str, TopicEnds]:
    """Ids and end offsets of the topics that exist."""
    described = [topic for topic in client.describe_topics(sorted(names)) if not topic["error_code"]]
    asked = {
        TopicPartition(topic["name"], partition["partition_index"]): OffsetSpec.LATEST
        for topic in described
        for partition in topic["partitions"]
    }
    ends = client.list_partition_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED) if asked else {}
    return {
        topic["name"]: TopicEnds(
            str(topic["topic_id"]),
            {tp.partition: found.offset for tp, found in ends.items() if tp.topic == topic["name"]},
        )
        for topic in described
    }
