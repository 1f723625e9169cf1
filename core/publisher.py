"""Publishing to Kafka: the one place of this project that writes events to the agencies' topics.

kafka-python has no bound on memory and its `flush()` says nothing about failures, so `Publisher` keeps the
outcome of every record it has handed over and waits for the oldest when too much is under way.
"""

import json
import re
import uuid
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.producer.future import FutureRecordMetadata

from core.errors import InvalidEventError, UnavailableError
from schemas.events.effects import TYPE_PREFIX
from schemas.events.envelope import SOURCE_PREFIX, SPECVERSION, STRUCTURED
from schemas.events.mistakes import ATTRIBUTE_TEXT, attribute_text
from schemas.topics import topic_name

Headers = Sequence[tuple[str, bytes]]

STRUCTURED_HEADERS: list[tuple[str, bytes]] = [("content-type", f"{STRUCTURED}; charset=UTF-8".encode())]
"""Headers of a record whose value is the whole event (CloudEvents structured mode)."""

MAX_RECORDS_UNDER_WAY = 50_000
MAX_BYTES_UNDER_WAY = 64 * 1024 * 1024
DELIVERY_SECONDS = 60
"""How long one record may take, resends included, before it counts as failed."""

_SOURCE = re.compile(re.escape(SOURCE_PREFIX) + r"([a-z0-9][a-z0-9._-]{0,99})")
# One encoder for all: json.dumps with other than its default options builds a new one at each call.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def event(
    system: str,
    name: str,
    subject: str,
    time: datetime,
    data: dict[str, Any],
    *,
    id: str | None = None,  # noqa: A002 - CloudEvents' own name
    revision: int = 0,
    retracted: bool = False,
) -> dict[str, Any]:
    """Build an event as a CloudEvents dict, ready for `Publisher.send`.

    Args:
        system: the system's id in the catalogue, such as `one-stop`.
        name: the type without prefix and version, such as `dossier.received`.
        subject: the thing's own number.
        time: when it happened; must know its zone.
        data: the event's data, values as JSON has them.
        id: unique within the system, and the same again when the same event is sent again. Default: a random one.
        revision: 0 for the first version; a correction has the same id and a higher number.
        retracted: the event never happened.

    Raises:
        ValueError: `time` has no zone.
    """
    if time.tzinfo is None:
        raise ValueError(f"time {time.isoformat()} has no zone: events need to know theirs")
    result: dict[str, Any] = {
        "specversion": SPECVERSION,
        "id": uuid.uuid4().hex if id is None else id,
        "source": SOURCE_PREFIX + system,
        "type": f"{TYPE_PREFIX}{name}.v1",
        "subject": subject,
        "time": time.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    if revision:
        result["revision"] = revision
    if retracted:
        result["retracted"] = True
    return result


def encode(event: dict[str, Any]) -> bytes:
    """The record's value for an event: compact JSON, UTF-8.

    Raises:
        InvalidEventError: it has something that JSON or UTF-8 cannot carry (NaN, half a surrogate pair, an object).
    """
    try:
        return _encode(event).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError("not_json", f"the event cannot be written as JSON: {error}") from None


def route(event: object) -> tuple[str, bytes]:
    """Topic and key of an event, from its `source` and `subject`: the key as the centre keeps the subject.

    Raises:
        InvalidEventError: either is missing or has the wrong form.
    """
    if not isinstance(event, dict):
        raise InvalidEventError("not_cloudevents", "an event is a JSON object")
    source, subject = event.get("source"), event.get("subject")
    match = _SOURCE.fullmatch(source) if isinstance(source, str) else None
    if match is None:
        raise InvalidEventError("not_cloudevents", f"source is {source!r}; it should be {SOURCE_PREFIX}<system id>")
    key = attribute_text(subject)
    if key is None:
        what = f"is {subject!r:.200}; it should be the thing's own number, {ATTRIBUTE_TEXT}"
        raise InvalidEventError("not_cloudevents", f"subject {what}")
    return topic_name(match[1]), key.encode()


class Publisher:
    """Sends events, and vouches for them: what `flush()` has returned from is on the broker's disk.

    Not for use by several threads. As a context manager it flushes on leaving, unless an exception is under way.
    """

    def __init__(self, bootstrap: str) -> None:
        """Connect to Kafka at `bootstrap` (`host:port`, several by commas).

        Raises:
            UnavailableError: no broker answers there within ten seconds.
        """
        self._bootstrap = bootstrap
        self._under_way: deque[tuple[FutureRecordMetadata, int]] = deque()
        self._bytes_under_way = 0
        self._failures = 0
        self._first_failure: Exception | None = None
        try:
            self._producer = KafkaProducer(
                bootstrap_servers=bootstrap.split(","),
                client_id="opscentre-publisher",
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                linger_ms=5,
                batch_size=128 * 1024,
                max_request_size=2 * 1024 * 1024,  # as our topics: an event too large is a dead letter, not a loss
                allow_auto_create_topics=False,
                max_block_ms=10_000,
                bootstrap_timeout_ms=10_000,
                request_timeout_ms=20_000,
                delivery_timeout_ms=DELIVERY_SECONDS * 1000,
                metrics_enabled=False,
            )
        except (KafkaError, OSError) as error:
            raise self._unavailable("does not answer", error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.flush()
        finally:
            self._producer.close(timeout=DELIVERY_SECONDS if error is None else 1)

    def send(self, event: dict[str, Any]) -> None:
        """Send one event to its system's topic, CloudEvents structured mode; `flush()` tells whether it arrived.

        Raises:
            InvalidEventError: it has no usable `source` or `subject`, or cannot be written as JSON.
            UnavailableError: see `send_raw`.
        """
        topic, key = route(event)
        self.send_raw(topic, key, encode(event), STRUCTURED_HEADERS)

    def send_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Send one record as it is, right or wrong; `flush()` tells whether it arrived.

        Raises:
            UnavailableError: there is no such topic, the record is larger than 2 MiB, Kafka does not answer,
                or a record sent earlier did not arrive.
        """
        try:
            future = self._producer.send(topic, value=value, key=key, headers=list(headers))
        except KafkaError as error:
            raise self._unavailable(f"took no record for topic {topic}", error) from None
        size = len(value or b"")
        self._under_way.append((future, size))
        self._bytes_under_way += size
        if len(self._under_way) > MAX_RECORDS_UNDER_WAY or self._bytes_under_way > MAX_BYTES_UNDER_WAY:
            self._await_older_half()

    def flush(self) -> None:
        """Wait until everything sent so far has arrived.

        Raises:
            UnavailableError: some of it did not, with how many and why. Publish the same again: what did
                arrive is then a duplicate, which does no harm.
        """
        try:
            self._producer.flush(timeout=2 * DELIVERY_SECONDS)
        except KafkaError as error:
            raise self._unavailable("did not confirm all events", error) from None
        while self._under_way:
            self._await_oldest()
        self._raise_failures()

    def _await_older_half(self) -> None:
        """Make room: wait for the older half, so that the sending thread always has the other half to work on."""
        records, size = len(self._under_way) // 2, self._bytes_under_way // 2
        while self._under_way and (len(self._under_way) > records or self._bytes_under_way > size):
            self._await_oldest()
        self._raise_failures()

    def _await_oldest(self) -> None:
        future, size = self._under_way.popleft()
        self._bytes_under_way -= size
        # Asking for the outcome only where it is needed: get() costs more than the rest of this together.
        if future.is_done and future.exception is None:
            return
        try:
            future.get(timeout=2 * DELIVERY_SECONDS)
        except KafkaError as error:
            self._failures += 1
            self._first_failure = self._first_failure or error

    def _raise_failures(self) -> None:
        if self._first_failure is None:
            return
        failures, first = self._failures, self._first_failure
        self._failures, self._first_failure = 0, None
        raise self._unavailable(f"did not take {failures:,} record(s)", first)

    def _unavailable(self, what: str, error: Exception) -> UnavailableError:
        return UnavailableError(
            f"Kafka at {self._bootstrap} {what}: {type(error).__name__}: {error}\n"
            "Is it running (`opscentre status`), does the topic exist, may this client write to it? "
            "Then publish the same events again: those that had arrived are dropped as duplicates."
        )
