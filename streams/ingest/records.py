"""What passes through a worker, from a fetched record to the batch that one transaction writes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.events.effects import Event
from schemas.events.identity import content_hash, identity
from streams.fold.facts import fact


class Partition(NamedTuple):
    """A partition of one topic as it was created: a topic created anew has another `topic_id`."""

    cluster: str
    topic_id: str
    topic: str
    number: int


class Record(NamedTuple):
    """A Kafka record as fetched, or as kept in the dead letters. `timestamp` in milliseconds since 1970, UTC."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class UnreadRange(NamedTuple):
    """Stands for records of a batch of Kafka's that cannot be read, or are no longer there. `timestamp` as a record's.

    `reason` is a code of `schemas.events.envelope.REASONS`.
    """

    offset: int
    last: int
    timestamp: int
    reason: str
    error: str


class FetchedBatch(NamedTuple):
    """Successive records of a partition, from `start` up to but without `end`."""

    start: int
    end: int
    records: list[Record | UnreadRange]


UNREAD = frozenset({"corrupt_batch", "lost_to_compaction", "lost_to_retention"})
"""Reasons of what stands for records of which there are no bytes."""


def size_of(records: Iterable[Record | UnreadRange]) -> int:
    """About how many bytes records hold: their values. Asked of each record, so by position, without its class."""
    return sum(len(record[3] or b"") for record in records)


class Refused(NamedTuple):
    """A record that becomes a dead letter."""

    record: Record
    reason: str
    detail: str


class DecodedEvent:
    """A checked event. Times are microseconds since 1970, UTC.

    Of its model only what it states and its canonical text are kept: thousands of events wait at a time.
    """

    __slots__ = (
        "agency",
        "content_hash",
        "data",
        "fact",
        "id",
        "identity",
        "kind",
        "record",
        "retracted",
        "revision",
        "sequence",
        "subject",
        "system",
        "time",
    )

    def __init__(
        self,
        record: Record,
        kind: type[Event],
        system: str,
        id: str,  # noqa: A002
        subject: str,
        time: int,
        revision: int,
        retracted: bool,
        sequence: str,
        model: Event,
    ) -> None:
        self.record = record
        self.kind = kind
        self.system = system
        self.id = id
        self.subject = subject
        self.time = time
        self.revision = revision
        self.retracted = retracted
        self.sequence = sequence
        self.agency = model.agency
        self.fact = fact(kind, system, subject, id, time, model, sequence)
        # Absent and null are the same, so that a field added later leaves old content as it was.
        self.data: bytes = kind.__pydantic_serializer__.to_json(model, exclude_none=True)
        self.identity = identity(system, id)
        self.content_hash = content_hash(kind.type, subject, retracted, self.data)


class Batch(NamedTuple):
    """Successive records of a partition.

    `start` is where the log was read from, `end` the offset to read next: compaction and transactions
    leave holes, so neither can be told from the records.
    """

    partition: Partition
    start: int
    end: int
    items: Sequence[DecodedEvent | Refused]

    def after(self, offset: int) -> "Batch":
        """What of the batch lies at `offset` or later."""
        items = [item for item in self.items if item.record.offset >= offset]
        return self._replace(start=offset, end=max(offset, self.end), items=items)

    def halves(self) -> tuple["Batch", "Batch"]:
        """The batch in two."""
        middle = len(self.items) // 2
        cut = self.items[middle].record.offset
        return self._replace(end=cut, items=self.items[:middle]), self._replace(start=cut, items=self.items[middle:])
