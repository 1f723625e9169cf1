"""Publishing: what is left out is told, and revisions survive reruns, shuffles and crashes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidEventError, MappingError, OpsCentreError, UnavailableError
from core.publisher import Headers, encode, event, route
from opscentre.publishing.check import centre_check
from opscentre.publishing.files import Report, publish_csv, publish_lines
from opscentre.publishing.mapping import load_mapping
from opscentre.publishing.mapping_model import Mapping
from tests.helpers import CATALOGUE

MAPPING = """
system = "e-office"
key = ["number"]

[[events]]
type = "workfile.processed"
id = "file/{number}"
subject = "{number}"
time = { column = "done" }
when = { column = "done", present = true }
[events.data]
agency = { column = "unit" }
officer = { value = "o-1" }
online = { column = "online", type = "bool" }
"""
HEADER = "number,unit,done,online"
ROWS = [f"{n},H06.0{n % 3 + 1},2025-03-0{n % 9 + 1}T08:00:00+07:00,{'true' if n % 2 else 'false'}" for n in range(30)]


class Memory:
    """A sink that keeps what it is given, and fails after `limit` events where one is given."""

    def __init__(self, limit: int | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self.raw: list[tuple[str, bytes | None, bytes | None]] = []
        self._limit = limit

    def send(self, event: dict[str, Any]) -> None:
        if self._limit is not None and len(self.events) >= self._limit:
            raise UnavailableError("gone")
        self.events.append(event)

    def send_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self.raw.append((topic, key, value))

    def flush(self) -> None:
        pass


class Desk:
    """A folder with a mapping and its state, into which exports are put."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "files.toml").write_text(MAPPING)
        self.mapping: Mapping = load_mapping(folder / "files.toml")
        self.report = Report()

    def publish(self, rows: list[str], sink: Memory | None = None, header: str = HEADER) -> list[dict[str, Any]]:
        file = self._folder / "export.csv"
        file.write_text("\n".join([header, *rows]) + "\n")
        sink = sink or Memory()
        self.report = publish_csv(file, self.mapping, sink, state=self._folder / "state" / "files.sqlite")
        return sink.events


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_same_rows_again_give_the_same_events(desk: Desk) -> None:
    first = desk.publish(ROWS)
    assert len(first) == len(ROWS) == desk.report.published
    assert desk.publish(ROWS) == first


def test_a_changed_row_gets_the_next_revision_and_others_do_not(desk: Desk) -> None:
    desk.publish(ROWS)
    changed = [ROWS[0].replace("H06.01", "H06.09"), *ROWS[1:]]
    for revision in (1, 1):
        events = desk.publish(changed)
        assert [found.get("revision", 0) for found in events] == [revision] + [0] * (len(ROWS) - 1)
    assert desk.publish(ROWS)[0]["revision"] == 2


def test_another_time_is_a_change(desk: Desk) -> None:
    desk.publish(ROWS)
    assert desk.publish([ROWS[0].replace("T08", "T09")])[0]["revision"] == 1


def test_an_event_that_its_row_no_longer_gives_is_retracted(desk: Desk) -> None:
    before = desk.publish(ROWS[:1])[0]
    number, unit, _, online = ROWS[0].split(",")
    for _ in range(2):
        (event_,) = desk.publish([f"{number},{unit},,{online}"])
        assert event_ == {**before, "retracted": True, "revision": 1}
    assert desk.publish(ROWS[:1]) == [{**before, "revision": 2}]
    assert desk.publish(["77,H06.01,,true"]) == []


def test_a_run_that_failed_half_way_is_repeated_with_the_same_revisions(desk: Desk) -> None:
    with pytest.raises(UnavailableError):
        desk.publish(ROWS, Memory(limit=7))
    assert all("revision" not in found for found in desk.publish(ROWS))


@settings(max_examples=25, deadline=None)
@given(st.permutations(ROWS))
def test_shuffled_rows_give_the_same_events(rows: list[str]) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        expected = {encode(found) for found in Desk(Path(one)).publish(ROWS)}
        desk = Desk(Path(other))
        assert {encode(found) for found in desk.publish(rows)} == expected
        assert {encode(found) for found in desk.publish(rows[::-1])} == expected


def test_bad_rows_are_told_by_line_and_left_out(desk: Desk) -> None:
    rows = ["1,H06.01,2025-03-01T08:00:00+07:00,true", "2,H06.01,2025-03-01T08:00:00,true", "", "3,H06.01", ROWS[4]]
    assert [found["subject"] for found in desk.publish(rows)] == ["1", "4"]
    assert [line for line, _ in desk.report.rejected] == [3, 5]
    assert "offset" in desk.report.rejected[0][1]


def test_lines_are_counted_across_cells_with_line_breaks(desk: Desk) -> None:
    desk.publish(['1,"H06\n.01",2025-03-01T08:00:00+07:00,true', "2,H06.01,soon,true"])
    assert [line for line, _ in desk.report.rejected] == [2, 4]


def test_a_key_that_does_not_tell_rows_apart_is_a_mistake_not_a_correction(desk: Desk) -> None:
    rows = [ROWS[1], ROWS[1], ROWS[1].replace("H06.02", "H06.03")]
    for _ in range(2):
        assert [found.get("revision", 0) for found in desk.publish(rows)] == [0]
        assert [line for line, _ in desk.report.rejected] == [4]


def test_only_the_first_row_of_a_group_counts(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "files.toml").write_text('rows = "first"\n' + MAPPING)
    desk.mapping = load_mapping(tmp_path / "files.toml")
    assert len(desk.publish([ROWS[0], ROWS[1], ROWS[0].replace("H06.01", "H06.09")])) == 2
    assert desk.report.rejected == []


@pytest.mark.parametrize("header", ["number,unit,finished,online", "number,unit,done,online,done", ""])
def test_a_file_of_another_shape_is_refused_as_a_whole(desk: Desk, header: str) -> None:
    with pytest.raises(MappingError, match="done"):
        desk.publish(ROWS, header=header)


def test_a_file_in_another_encoding_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes(f"{HEADER}\n1,\xe0,x,true\n".encode("latin-1"))
    with pytest.raises(MappingError, match="encoding"):
        publish_csv(file, desk.mapping, Memory(), state=tmp_path / "s.sqlite")


def test_a_state_that_is_none_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "files.sqlite").write_text("not a database, but long enough to be looked at as one" * 30)
    with pytest.raises(OpsCentreError, match="revisions"):
        desk.publish(ROWS)


def whole(**changes: Any) -> dict[str, Any]:
    data = {"agency": "H06.01", "officer": "o-1", "online": True}
    found = event("e-office", "workfile.processed", "Số 7", datetime(2025, 3, 1, tzinfo=UTC), data, id="1")
    return {**found, **changes}


def test_lines_go_out_as_they_are() -> None:
    sink = Memory()
    line = json.dumps(whole(), indent=None).encode()
    report = publish_lines([b"\xef\xbb\xbf" + line + b"\r\n", b"\n", line], sink)
    assert sink.raw == [("events.e-office", "Số 7".encode(), line)] * 2
    assert (report.published, report.rejected) == (2, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"\xff", "not_utf8"),
        (b"[]", "not_cloudevents"),
        (b'{"subject": "1"}', "not_cloudevents"),
        (json.dumps(whole(source="e-office")).encode(), "not_cloudevents"),
        (json.dumps(whole(source="/systems/../x")).encode(), "not_cloudevents"),
        (json.dumps(whole(subject=None)).encode(), "not_cloudevents"),
        (json.dumps(whole(subject="\ud800")).encode(), "not_cloudevents"),
    ],
)
def test_a_line_that_cannot_be_routed_is_left_out(line: bytes, reason: str) -> None:
    sink = Memory()
    report = publish_lines([line, encode(whole())], sink)
    assert (report.published, len(sink.raw)) == (1, 1)
    assert [(number, text.split(":")[0]) for number, text in report.rejected] == [(1, reason)]


@pytest.mark.parametrize(("changes", "reason"), [({"type": "x"}, "unknown_type"), ({"data": {}}, "invalid_data")])
def test_types_and_data_are_checked_only_when_asked(changes: dict[str, Any], reason: str) -> None:
    line = encode(whole(**changes))
    assert publish_lines([line], Memory()).published == 1
    report = publish_lines([line], Memory(), check=centre_check({"events.e-office"}, CATALOGUE))
    assert report.published == 0
    assert report.rejected[0][1].startswith(reason)


def test_progress_is_told() -> None:
    told: list[int] = []
    publish_lines([encode(whole())] * 2500, Memory(), progress=told.append)
    assert told == [1000, 2000, 2500]


def test_an_event_is_routed_by_its_source_and_knows_its_zone() -> None:
    assert route(whole()) == ("events.e-office", "Số 7".encode())
    with pytest.raises(ValueError, match="no zone"):
        event("s", "a.b", "1", datetime(2025, 3, 1), {})
    corrected = event("s", "a.b", "1", datetime(2025, 3, 1, tzinfo=UTC), {}, revision=2, retracted=True)
    assert (corrected["revision"], corrected["retracted"], corrected["type"]) == (2, True, "vn.opscentre.a.b.v1")
    assert corrected["id"] != event("s", "a.b", "1", datetime(2025, 3, 1, tzinfo=UTC), {})["id"]


@pytest.mark.parametrize("data", [{"x": float("nan")}, {"x": object()}, {"x": "\ud800"}])
def test_what_json_cannot_carry_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError):
        encode(whole(data=data))
