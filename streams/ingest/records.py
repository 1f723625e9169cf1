"""What goes through one transaction: the records of a partition, decoded, with their place in the log."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.errors import InvalidEventError
from streams.ingest.decoder import DecodedEvent, Decoder, Record


class Partition(NamedTuple):
    """A partition of one topic as it was created: a topic created anew has another `topic_id`."""

    cluster: str
    topic_id: str
    topic: str
    number: int


class Refused(NamedTuple):
    """A record that becomes a dead letter."""

    record: Record
    reason: str
    detail: str


class CorruptBatch(NamedTuple):
    """Stands for all records of a batch of Kafka's that cannot be read. `timestamp` as a record's."""

    offset: int
    last: int
    timestamp: int
    error: str


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


def decode(decoder: Decoder, records: Iterable[Record | CorruptBatch]) -> list[DecodedEvent | Refused]:
    """Check every record; what is refused stays, in its place."""
    items: list[DecodedEvent | Refused] = []
    for record in records:
        if isinstance(record, CorruptBatch):
            detail = f"offsets {record.offset} to {record.last} cannot be read: {record.error}"
            empty = Record(record.offset, record.timestamp, None, None, ())
            items.append(Refused(empty, "corrupt_batch", detail))
            continue
        try:
            items.append(decoder.decode(record))
        except InvalidEventError as error:
            items.append(Refused(record, error.reason, error.detail))
    return items
