"""What the centre will ask of an event, asked before it is sent: what is published is no dead letter."""

import time
from collections.abc import Callable, Collection

from core.errors import InvalidEventError
from core.publisher import STRUCTURED_HEADERS
from schemas.catalogue.load import Catalogue
from schemas.catalogue.toml_files import choice
from schemas.topics import topic_name
from streams.ingest.decoder import Decoder
from streams.ingest.records import Record

_PREFIX = topic_name("")

Check = Callable[[str, bytes, bytes], None]
"""Called with topic, key and value of a record in structured mode; raises InvalidEventError if it may not go out."""


def unchecked(topic: str, key: bytes, value: bytes) -> None:
    """Let everything go out."""


def topics_check(topics: Collection[str]) -> Check:
    """Let go out what has a topic; of the rest Kafka would be asked again and again."""

    def check(topic: str, key: bytes, value: bytes) -> None:
        if topic not in topics:
            system = topic.removeprefix(_PREFIX)
            known = sorted(one.removeprefix(_PREFIX) for one in topics if one.startswith(_PREFIX))
            raise InvalidEventError(
                "wrong_source",
                f'Kafka has no topic for the system "{system}"{choice(system, known)}. '
                "For one that is new in the catalogue, run `opscentre migrate`",
            )

    return check


def centre_check(topics: Collection[str], catalogue: Catalogue) -> Check:
    """Let go out what a worker with this catalogue would accept now."""
    has_topic = topics_check(topics)
    decoders = {system.topic: Decoder(system) for system in catalogue.systems.values()}

    def check(topic: str, key: bytes, value: bytes) -> None:
        has_topic(topic, key, value)
        if topic not in decoders:
            raise InvalidEventError("wrong_source", f"the catalogue has no system with the topic {topic}")
        decoders[topic].decode(Record(0, time.time_ns() // 1_000_000, key, value, STRUCTURED_HEADERS))

    return check
