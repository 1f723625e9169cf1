"""Whether a log is the one that was read, by its end and the last record that was counted."""

import pytest

from core.dead_letters import record_hash
from streams.ingest.log_check import StartOffset, mismatch
from streams.ingest.records import Record, UnreadRange

LAST = Record(6, 1, b"k", b"v", ())
KNOWN = StartOffset(9, 6, record_hash(b"k", b"v"))


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (StartOffset(0), 0, None),
        (StartOffset(9), 9, None),
        (KNOWN, 9, LAST),
        (KNOWN, 100, LAST._replace(timestamp=5)),
        (KNOWN, 9, UnreadRange(6, 6, 1, "lost_to_compaction", "x")),
        (KNOWN, 9, UnreadRange(6, 8, 1, "corrupt_batch", "x")),
    ],
    ids=["empty", "nothing known", "the same", "grown", "compacted since", "damaged since"],
)
def test_a_log_that_may_be_the_one_is_read(start: StartOffset, end: int, found: Record | UnreadRange | None) -> None:
    assert mismatch(start, end, found) is None


@pytest.mark.parametrize(
    ("end", "found", "said"),
    [
        (8, LAST, "stands at offset 9, but the log ends at 8"),
        (9, None, "offset 6, the last that was counted, is no longer there"),
        (9, LAST._replace(offset=7), "at offset 6 stands another record"),
        (9, LAST._replace(value=b"w"), "at offset 6 stands another record"),
        (9, LAST._replace(key=None), "at offset 6 stands another record"),
        (9, LAST._replace(key=b"kv", value=b""), "at offset 6 stands another record"),
    ],
)
def test_a_log_that_is_another_is_told(end: int, found: Record | None, said: str) -> None:
    assert said in (mismatch(KNOWN, end, found) or "")
