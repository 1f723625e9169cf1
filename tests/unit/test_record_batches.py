"""Record batches as a broker hands them out: damaged, compacted, with names that are no text, with any timestamp."""

import struct
import time
from collections.abc import Callable, Iterable

import pytest
from aiokafka import codec
from aiokafka.errors import CorruptRecordException
from aiokafka.record._crc32c import crc
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from streams.ingest.record_batches import QuarantiningRecords, RecordBatches
from streams.ingest.records import Record, UnreadRange

LOG_APPEND_TIME = 0x08
CODECS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "none": (0, bytes),
    "gzip": (1, codec.gzip_encode),
    "snappy": (2, codec.snappy_encode),
    "lz4": (3, codec.lz4_encode),
    "zstd": (4, codec.zstd_encode),
}


def batch(
    values: Iterable[bytes],
    base: int = 0,
    *,
    offsets: Iterable[int] | None = None,
    header: str = "",
    attributes: int = 0,
    producer: int = -1,
) -> bytearray:
    """A batch of these values; `offsets` within it, `header` a name that the last of them has."""
    values = list(values)
    builder = DefaultRecordBatchBuilder(2, 0, int(producer >= 0), producer, 0 if producer >= 0 else -1, -1, 100_000)
    for offset, value in zip(offsets or range(len(values)), values, strict=True):
        last = value is values[-1]
        builder.append(offset, 1_760_000_000_000, b"k", value, [(header, b"v")] if header and last else [])
    return sealed(bytearray(builder.build()), base, attributes)


def sealed(raw: bytearray, base: int, attributes: int = 0) -> bytearray:
    """A batch with its base offset, further attributes and the checksum that fits."""
    (before,) = struct.unpack_from(">h", raw, 21)
    struct.pack_into(">h", raw, 21, before | attributes)
    struct.pack_into(">I", raw, 17, crc(bytes(raw[21:])))
    struct.pack_into(">q", raw, 0, base)  # outside the checksum
    return raw


def unpack(raw: bytes | bytearray, offset: int = 0, aborted: Iterable[tuple[int, int]] = ()) -> QuarantiningRecords:
    return QuarantiningRecords(
        TopicPartition("t", 0), RecordBatches(bytes(raw)), list(aborted), offset, None, None, True, 1
    )


def seen(found: Iterable[Record | UnreadRange]) -> list[object]:
    """Offset and value of records; first offset, last and reason of what stands for those that are not there."""
    return [(r.offset, r.last, r.reason) if isinstance(r, UnreadRange) else (r.offset, r.value) for r in found]


@pytest.mark.parametrize(
    ("place", "value", "form"),
    [(60, 0xFF, ">B"), (35, 0x40, ">B"), (35, 0x80, ">B"), (23, 0x10002, ">i"), (23, -7, ">i")],
    ids=["a value", "far ahead", "long ago", "too long", "less than nothing"],
)
def test_a_batch_with_any_bit_wrong_is_set_aside_as_long_as_it_is(place: int, value: int, form: str) -> None:
    damaged = batch([b"a", b"b", b"c"])
    struct.pack_into(form, damaged, place, value)
    found = unpack(damaged + batch([b"d"], 3))
    first, second = list(found)
    assert first[:2] == (0, 2)
    assert first.reason == "corrupt_batch"
    assert abs(first.timestamp / 1000 - time.time()) < 60
    assert (second.offset, second.value) == (3, b"d")
    assert found.next_fetch_offset == 4


def test_a_batch_without_a_frame_is_no_fault_of_the_one_before() -> None:
    found = iter(unpack(batch([b"a"]) + struct.pack(">qi3x", 1, 3)))
    assert next(found).value == b"a"
    with pytest.raises(CorruptRecordException):
        next(found)


def test_a_damaged_batch_before_one_without_a_frame_is_set_aside_first() -> None:
    damaged = batch([b"a"])
    damaged[-2] ^= 0xFF
    found = iter(unpack(damaged + struct.pack(">qi3x", 1, 3)))
    assert next(found)[:2] == (0, 0)
    with pytest.raises(CorruptRecordException):
        next(found)


@pytest.mark.parametrize("name", CODECS)
def test_a_header_name_that_is_no_text_costs_nobody_anything(name: str) -> None:
    raw = batch([b"a", b"b" * 50, b"c"], header="trace-id").replace(b"trace-id", b"\xe9race-id")
    number, encode = CODECS[name]
    compressed = raw[:61] + encode(bytes(raw[61:]))
    struct.pack_into(">i", compressed, 8, len(compressed) - 12)
    found = list(unpack(sealed(compressed, 0, number) + batch([b"d", b"e"], 3)))
    assert seen(found) == [(0, b"a"), (1, b"b" * 50), (2, b"c"), (3, b"d"), (4, b"e")]
    last = found[2]
    assert isinstance(last, Record)
    assert last.headers == [("\\xe9race-id", b"v")]


def test_what_was_compacted_away_stands_in_its_place() -> None:
    inside = batch([b"c", b"f"], 2, offsets=[0, 3])  # offsets 2 and 5; 3 and 4 are gone
    (last,) = struct.unpack_from(">i", inside, 23)
    assert last == 3
    struct.pack_into(">i", inside, 23, 4)  # the last one, 6, is gone as well
    found = unpack(batch([b"a"]) + sealed(inside, 2) + batch([b"j"], 9))
    assert seen(found) == [
        (0, b"a"),
        (1, 1, "lost_to_compaction"),
        (2, b"c"),
        (3, 4, "lost_to_compaction"),
        (5, b"f"),
        (6, 6, "lost_to_compaction"),
        (7, 8, "lost_to_compaction"),
        (9, b"j"),
    ]
    assert found.next_fetch_offset == 10


def test_reading_from_the_middle_of_a_batch_misses_nothing() -> None:
    assert seen(unpack(batch([b"a", b"b", b"c"]), 1)) == [(1, b"b"), (2, b"c")]


def test_an_aborted_transaction_and_its_mark_are_no_holes() -> None:
    mark = DefaultRecordBatchBuilder(2, 0, 1, 7, 0, -1, 1000)
    mark.append(0, 1_760_000_000_000, b"\0\0\0\0", b"\0\0\0\0\0\0", [])
    control = sealed(bytearray(mark.build()), 2, 0x20)
    raw = batch([b"x", b"y"], 0, producer=7) + control + batch([b"d"], 3)
    assert seen(unpack(raw, 0, [(7, 0)])) == [(3, b"d")]


@pytest.mark.parametrize("timestamp", [0, -1, 1_760_000_000, 1_760_000_000_000_000, 2**62])
def test_a_timestamp_is_the_brokers_or_that_of_the_reading(timestamp: int) -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 10_000)
    builder.append(0, timestamp, b"k", b"a", [])
    (record,) = unpack(builder.build())
    assert abs(record.timestamp / 1000 - time.time()) < 60
    appended = batch([b"a"])
    struct.pack_into(">q", appended, 35, 1_750_000_000_000)
    (record,) = unpack(sealed(appended, 0, LOG_APPEND_TIME))
    assert record.timestamp == 1_750_000_000_000
