"""Exports as agencies' programs write them: words, numbers, times and quotation marks; what is left out is told."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from unicodedata import normalize

import orjson
import pytest

from core.errors import MappingError
from core.publisher import Headers
from opscentre.publishing import files
from opscentre.publishing.check import centre_check, topics_check, unchecked
from opscentre.publishing.csv_rows import CsvRows
from opscentre.publishing.files import Report, Tally, publish_csv, publish_lines
from opscentre.publishing.mapping import load_mapping
from opscentre.publishing.numbers import read_float, read_int
from opscentre.publishing.times import formats_mistake, read_time
from opscentre.publishing.words import tidy, word
from tests.helpers import CATALOGUE, cloud_event

CHECK = centre_check({system.topic for system in CATALOGUE.systems.values()}, CATALOGUE)
MAPPING = """
system = "one-stop"
key = ["Mã hồ sơ"]
[csv]
encoding = "ENCODING"
delimiter = ";"
empty = ["NULL", "01/01/1900"]
[[events]]
type = "dossier.received"
id = "x/{Mã hồ sơ}/received"
subject = "{Mã hồ sơ}"
time = { column = "Tiếp nhận", format = ["%d/%m/%Y %H:%M", "%d/%m/%Y"], zone = "Asia/Ho_Chi_Minh" }
[events.data]
agency = { value = "H06.07" }
procedure = { value = "1.002560" }
channel = { column = "Hình thức", values = { "Trực tuyến" = "online", "Trực tiếp" = "counter" }, default = "post" }
[[events]]
type = "dossier.processed"
id = "x/{Mã hồ sơ}/processed"
subject = "{Mã hồ sơ}"
time = { column = "Kết thúc", format = "%d/%m/%Y %H:%M", zone = "Asia/Ho_Chi_Minh" }
when = { column = "Trạng thái", one_of = ["Đã xử lý xong", "Đã trả kết quả"] }
[events.data]
agency = { value = "H06.07" }
outcome = { value = "approved" }
"""
HEADER = "Mã hồ sơ;Tiếp nhận;Hình thức;Trạng thái;Kết thúc"
OPEN = "H06-1;02/11/2025 8:00;Trực tuyến;Đang xử lý;"
DONE = "H06-2;02/11/2025;Trực tiếp;Đã trả kết quả;05/11/2025 09:00"


class Memory:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.raw = 0

    def send(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    def send_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self.raw += 1

    def flush(self) -> None:
        pass


class Agency:
    """Puts exports into a folder and publishes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.mapping = MAPPING
        self.report = Report()

    def publish(self, *lines: str, encoding: str = "utf-8-sig", check: Any = CHECK) -> list[dict[str, Any]]:
        (self._folder / "mine.toml").write_text(self.mapping.replace("ENCODING", encoding), encoding="utf-8")
        file = self._folder / "export.csv"
        file.write_text("\n".join(lines) + "\n", encoding=encoding)
        sink, mapping = Memory(), load_mapping(self._folder / "mine.toml")
        self.report = publish_csv(file, mapping, sink, state=self._folder / "state.sqlite", check=check)
        return sink.events


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("vn.opscentre.dossier.") for event in events]


@pytest.mark.parametrize(
    "state",
    ["Đã trả kết quả ", "\u00a0Đã trả kết quả", "Đã trả\u00a0kết  quả", "Đã trả kết quả\u200b"],
)
def test_a_state_is_the_same_however_it_is_written(agency: Agency, state: str) -> None:
    before = agency.publish(HEADER, DONE)
    for form in ("NFC", "NFD"):
        assert agency.publish(HEADER, normalize(form, DONE.replace("Đã trả kết quả", state))) == before
        assert agency.report.unknown == {}


@pytest.mark.parametrize("of_mapping", ["NFC", "NFD"])
@pytest.mark.parametrize("of_file", ["NFC", "NFD"])
def test_mapping_and_export_may_write_their_letters_each_in_its_way(
    agency: Agency, of_mapping: Literal["NFC", "NFD"], of_file: Literal["NFC", "NFD"]
) -> None:
    agency.mapping = normalize(of_mapping, MAPPING)
    events = agency.publish(normalize(of_file, HEADER), normalize(of_file, OPEN.replace("H06-1", "HồSơ-1")))
    assert types(events) == ["received.v1"]
    assert (events[0]["subject"], events[0]["id"]) == ("HồSơ-1", "x/HồSơ-1/received")
    assert events[0]["data"]["channel"] == "online"


def test_windows_1258_and_utf_16_are_read(agency: Agency) -> None:
    in_1258 = normalize("NFD", HEADER + "\n" + DONE)
    for letter in "âêôăơưÂÊÔĂƠƯ":
        in_1258 = in_1258.replace(normalize("NFD", letter), letter)
    in_1258 = (
        in_1258.replace("e\u0323\u0302", "ê\u0323")
        .replace("o\u0323\u0302", "ô\u0323")
        .replace("a\u0323\u0302", "â\u0323")
    )
    assert types(agency.publish(*in_1258.split("\n"), encoding="cp1258")) == ["received.v1", "processed.v1"]
    assert types(agency.publish(HEADER, DONE, encoding="utf-16")) == ["received.v1", "processed.v1"]


def test_utf_16_without_a_mark_is_told(agency: Agency, tmp_path: Path) -> None:
    agency.publish(HEADER, encoding="utf-16")
    (tmp_path / "export.csv").write_text(HEADER, encoding="utf-16-le")
    with pytest.raises(MappingError, match=r"is not written in utf-16: set csv\.encoding"):
        publish_csv(
            tmp_path / "export.csv", load_mapping(tmp_path / "mine.toml"), Memory(), state=tmp_path / "state.sqlite"
        )


def test_what_stands_for_nothing_is_nothing(agency: Agency) -> None:
    events = agency.publish(HEADER, "H06-3;02/11/2025;NULL;Đang xử lý;NULL")
    assert [event["data"]["channel"] for event in events] == ["post"]


def test_lines_above_the_header_and_excels_own_first_line(agency: Agency) -> None:
    with pytest.raises(MappingError, match=r"csv\.skip"):
        agency.publish("BÁO CÁO;;;;", "Từ ngày 01/11/2025;;;;", HEADER, OPEN)
    agency.mapping = MAPPING.replace('delimiter = ";"', 'delimiter = ","\nskip = 2')
    events = agency.publish("sep=;", "BÁO CÁO;;;;", "Từ ngày;;;;", HEADER, OPEN, "H06-9;soon;;;")
    assert types(events) == ["received.v1"]
    assert [line for line, _ in agency.report.rejected] == [6]


def test_a_stray_quotation_mark_costs_its_row_and_no_more(agency: Agency) -> None:
    rows = [OPEN.replace("H06-1", f"H06-{n}") for n in range(300)]
    rows[10] = rows[10].replace("Trực tuyến", '"Trực tuyến')
    rows[20] = rows[20].replace("Đang", '"Đang" ')
    rows[299] = rows[299].replace("Đang xử lý", '"Đang xử lý')
    assert len(agency.publish(HEADER, *rows)) == 297
    assert [line for line, _ in agency.report.rejected] == [12, 22, 301]
    assert 'a quotation mark (") is opened and not closed' in agency.report.rejected[0][1]


def test_two_stray_quotation_marks_do_not_make_one_row_of_many() -> None:
    lines = ["a;b;c\n", '1;"x;y\n', '2;x";y\n', '3;"x;y\n', "4;x;y\n", '5;"x";y\n']
    rows = CsvRows(lines, ";")
    found = list(rows.rows(len(rows.header())))
    assert [(line, cells) for line, cells, wrong in found if not wrong] == [
        (3, ["2", 'x"', "y"]),
        (5, ["4", "x", "y"]),
        (6, ["5", "x", "y"]),
    ]
    assert [line for line, _, wrong in found if wrong] == [2, 4]


def test_line_breaks_within_a_cell_are_part_of_it() -> None:
    rows = CsvRows(['a;"b\n', 'c"\n', "\n", '1;"x ""y""\n', "z\n", '"\n', ";\n", '2;"3"\n'], ";")
    assert rows.header() == ["a", "b\nc"]
    assert list(rows.rows(2)) == [(4, ["1", 'x "y"\nz\n'], ""), (8, ["2", "3"], "")]
    first, last = CsvRows(['"1\n', '2";x;y\n'], ";"), CsvRows(['1;2;"x\n', 'y; z"\n'], ";")
    assert list(first.rows(3)) == [(1, ["1\n2", "x", "y"], "")]
    assert list(last.rows(3)) == [(1, ["1", "2", "x\ny; z"], "")]


RENAMED = DONE.replace("Đã trả kết quả", "Đã trả")


def test_a_word_that_keeps_an_event_out_is_told_with_its_lines_and_takes_nothing_back(agency: Agency) -> None:
    before = agency.publish(HEADER, DONE)
    assert agency.report.complete()
    assert agency.publish(HEADER, RENAMED, OPEN, RENAMED.replace("H06-2", "H06-3"))[0] == before[0]
    assert agency.report.unknown == {("Trạng thái", "Đã trả"): Tally(2, [2, 4])}
    assert (agency.report.retracted, agency.report.complete()) == (0, False)
    agency.mapping = MAPPING.replace('"Đã trả kết quả"] }', '"Đã trả kết quả"], others = ["Đã\u00a0trả"] }')
    assert agency.publish(HEADER, RENAMED)[1] == before[1] | {"revision": 1, "retracted": True}
    assert agency.report.complete()


def test_what_is_taken_back_is_checked_like_what_is_sent(agency: Agency) -> None:
    agency.publish(HEADER, DONE.replace("2025", "2999"), check=unchecked)
    agency.mapping = MAPPING.replace('"Đã trả kết quả"] }', '"Đã trả kết quả"], others = ["Đã trả"] }')
    assert types(agency.publish(HEADER, RENAMED, OPEN)) == ["received.v1", "received.v1"]
    assert agency.report.rejected[0][0] == 2
    assert agency.report.rejected[0][1].startswith("time_in_future")


def test_a_word_that_another_part_of_the_mapping_knows_is_known(agency: Agency) -> None:
    agency.mapping = MAPPING.replace(
        'outcome = { value = "approved" }',
        'outcome = { column = "Trạng thái", values = { "Đã trả" = "stopped" }, default = "approved" }',
    )
    agency.publish(HEADER, RENAMED)
    assert agency.report.complete()


def test_rows_without_an_event_are_counted_and_a_file_of_such_is_suspect(agency: Agency) -> None:
    agency.mapping = MAPPING.replace(
        'subject = "{Mã hồ sơ}"\ntime = { column = "Tiếp',
        'subject = "{Mã hồ sơ}"\nwhen = { column = "Hình thức", present = true }\ntime = { column = "Tiếp',
    )
    nothing = "H06-4;02/11/2025;;Đang xử lý;"
    agency.publish(HEADER, DONE, nothing)
    assert (agency.report.silent, agency.report.complete()) == (Tally(1, [3]), True)
    agency.publish(HEADER, nothing)
    assert not agency.report.complete()
    agency.publish(HEADER)
    assert agency.report.complete()


def test_an_empty_cell_is_told_with_its_column(agency: Agency) -> None:
    agency.mapping = MAPPING.replace(', default = "post"', "")
    agency.publish(HEADER, OPEN.replace("Trực tuyến", ""))
    assert agency.report.rejected == [(2, 'dossier.received: column "Hình thức" is empty, and is needed for channel')]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (OPEN.replace("H06-1", "H06\u00a0-1"), "NO-BREAK SPACE (U+00A0): take it out"),
        (OPEN.replace("H06-1", '"H06\n-1"'), "cannot be seen"),
        (OPEN.replace("2025", "2999"), "time_in_future"),
        (OPEN.replace("8:00", "25:00"), "csv.empty"),
    ],
)
def test_what_the_centre_would_refuse_is_not_published(agency: Agency, row: str, said: str) -> None:
    assert types(agency.publish(HEADER, row, DONE)) == ["received.v1", "processed.v1"]
    assert said in agency.report.rejected[0][1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "/systems/traffic"}, 'Kafka has no topic for the system "traffic"'),
        ({"subject": "a\nb"}, "without line breaks"),
        ({"subject": "x" * 3_000_000}, "too_large: 3,000,"),
        ({"type": "vn.opscentre.signature.used.v1"}, "type_not_granted"),
        ({"data": {"agency": "H99", "procedure": "1", "channel": "online"}}, "agency_not_granted"),
        ({"time": "2999-01-01T00:00:00Z"}, "time_in_future"),
    ],
)
def test_a_line_that_would_be_a_dead_letter_is_left_out_and_the_rest_goes_on(change: Any, said: str) -> None:
    good = cloud_event("dossier.received")
    sink = Memory()
    report = publish_lines([orjson.dumps(good | change), orjson.dumps(good)], sink, check=CHECK)
    assert (sink.raw, [line for line, _ in report.rejected]) == (1, [1])
    assert said in report.rejected[0][1]


def test_without_a_check_of_their_own_lines_still_need_a_topic() -> None:
    report = publish_lines(
        [b'{"source": "/systems/one-sto", "subject": "1"}'], Memory(), check=topics_check({"events.one-stop"})
    )
    assert 'did you mean "one-stop"?' in report.rejected[0][1]


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1250", None, 1250),
        ("-12.5", None, -12.5),
        ("0.125", None, 0.125),
        ("1250.125", None, 1250.125),
        ("1 250", None, 1250),
        ("1\u00a0250\u00a0000", None, 1250000),
        ("1\u202f250,5", ",", 1250.5),
        (".5", None, 0.5),
        ("1.5e3", None, 1500),
        ("1.250", ",", 1250),
        ("12.345,5", ",", 12345.5),
        ("87,5", ",", 87.5),
        ("1,250", ",", 1.25),
        ("1,250", ".", 1250),
        ("1.250", ".", 1.25),
        ("1,234,567.8", ".", 1234567.8),
    ],
)
def test_numbers(text: str, decimal: str | None, value: float) -> None:
    assert read_float(text, decimal) == value


@pytest.mark.parametrize(
    ("text", "decimal", "said"),
    [
        ("1.250", None, "decimal"),
        ("-1.250", None, "decimal"),
        ("1.250.000", None, "decimal"),
        ("87,5", None, "decimal"),
        ("1,250", None, "decimal"),
        ("1_250", None, "is not a number"),
        ("1_250", ",", "is not a number"),
        ("1250.5", ",", 'decimal mark ","'),
        ("12.50", ",", 'decimal mark ","'),
        ("1.250 000", ",", "is not a number"),
        ("12 50", None, "is not a number"),
        ("١٢", None, "is not a number"),
        ("nan", None, "is not a number"),
        ("1e999", None, "too large"),
        ("", None, "is not a number"),
        (".", None, "is not a number"),
    ],
)
def test_what_may_be_two_numbers_or_none_is_refused(text: str, decimal: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=r"number|ways|large") as caught:
        read_float(text, decimal)
    assert said in str(caught.value)


def test_whole_numbers() -> None:
    assert (read_int("1.250", ","), read_int("12,00", ","), read_int("-7", None)) == (1250, 12, -7)
    for text, decimal in (("12,5", ","), ("1,2E+05", ","), ("1.250", None), ("9" * 5000, None)):
        with pytest.raises(ValueError, match=r"number|decimal"):
            read_int(text, decimal)


@pytest.mark.parametrize(
    ("text", "form", "time"),
    [
        ("02/11/2025 02:00:00 CH", "%d/%m/%Y %I:%M:%S %p", datetime(2025, 11, 2, 14)),
        ("02/11/2025 12:30:00 sa", "%d/%m/%Y %I:%M:%S %p", datetime(2025, 11, 2, 0, 30)),
        ("02/11/2025 8:00 Sáng", "%d/%m/%Y %I:%M %p", datetime(2025, 11, 2, 8)),
        ("2/11/2025 2:05\u202fPM", "%d/%m/%Y %I:%M %p", datetime(2025, 11, 2, 14, 5)),
        ("20251102", "%Y%m%d", datetime(2025, 11, 2)),
    ],
)
def test_times(text: str, form: str, time: datetime) -> None:
    assert read_time(text, (form,)) == time


def test_a_date_without_its_noughts_is_not_guessed() -> None:
    for text, form in (("2025123", "%Y%m%d"), ("2025113 0800", "%Y%m%d %H%M")):
        with pytest.raises(ValueError, match="not a time of the form"):
            read_time(text, (form,))


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        (("dd/MM/yyyy",), 'did you mean "%d/%m/%Y"?'),
        (("%d/%m",), "a day, a month and a year"),
        (("%H:%M",), "a day, a month and a year"),
        (("%d/%m/%Y %Q",), "is not a format"),
        (("%d/%m/%Y %",), "is not a format"),
        (("%d/%m/%Y %I:%M",), "add %p"),
        (("%d/%m/%Y %H:%M %p",), "take %I with %p"),
        (("%d/%m/%Y", "%m/%d/%Y"), "two different times"),
        ((), "at least one"),
    ],
)
def test_a_format_that_cannot_be_right_is_a_mistake_of_the_mapping(formats: tuple[str, ...], said: str) -> None:
    assert said in (formats_mistake(formats) or "")


@pytest.mark.parametrize(
    "form", ["iso", "yyyyMMddHHmmss", "%d/%m/%Y %H:%M:%S", "%d/%m/%y", "%d-%b-%Y %I:%M %p", "%Y%m%d"]
)
def test_formats_that_are_right(form: str) -> None:
    assert formats_mistake((form,)) is None


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('"online"', '"onlin"', 16, "data.channel: \"onlin\" must be 'online'"),
        ('default = "post"', 'default = "fax"', 16, '"fax" must be'),
        ('value = "H06.07"', "value = 7", 14, "data.agency: 7 must be text"),
        ('"approved"', '"aproved"', 25, "'approved'"),
        ('value = "1.002560"', 'column = "x", type = "float"', 15, "must be text"),
        ('"%d/%m/%Y %H:%M"', '"dd/MM/yyyy"', 21, "did you mean"),
        (', zone = "Asia/Ho_Chi_Minh" }\nwhen', " }\nwhen", 21, "add `zone`"),
        ('"Trực tiếp" = ', '"Trực\u00a0tuyến" = ', 16, "differ in blanks only"),
        ('"dossier.processed"', '"signature.used"', 18, "is no event type of one-stop"),
        ('"one-stop"', '"onestop"', 2, 'did you mean "one-stop"?'),
        ('"ENCODING"', '"punycode"', 5, "no such encoding"),
        ('"ENCODING"', '"undefined"', 5, "no such encoding"),
        ('delimiter = ";"', 'delimiter = "\\""', 6, "stands between cells"),
        ('delimiter = ";"', 'decimal = "comma"', 6, "decimal"),
        ('"Đã trả kết quả"] }', '"Đã trả kết quả"], others = ["Đã xử lý xong"] }', 22, "among the others, too"),
        ('{ value = "1.002560" }', '{ column = "x", decimal = "," }', 15, "goes with type"),
        ('{ value = "1.002560" }', '{ column = "x", zone = "Asia/Ho_Chi_Minh" }', 15, "go with type"),
    ],
)
def test_what_would_be_a_mistake_of_every_row_is_one_of_the_mapping(
    agency: Agency, old: str, new: str, line: int, said: str
) -> None:
    agency.mapping = MAPPING.replace(old, new)
    assert agency.mapping != MAPPING
    with pytest.raises(MappingError) as caught:
        agency.publish(HEADER)
    assert any(f"mine.toml:{line}:" in one and said in one for one in str(caught.value).splitlines()), caught.value


def test_cells_and_words() -> None:
    assert tidy("\ufeff\u00a0 H06\u200b-1 \u202f") == "H06-1"
    assert word(" Đã\u00a0trả\n kết quả") == word("Đã trả kết quả")


def test_of_a_big_file_only_so_many_reasons_and_states_are_kept(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "REASONS_KEPT", 10)
    monkeypatch.setattr(files, "STATES_KEPT", 5)
    agency.publish(
        HEADER,
        *(f"H06-{n};soon;;;" for n in range(30)),
        *(f"H06-{n};02/11/2025;;S{n};05/11/2025 09:00" for n in range(30)),
    )
    report = agency.report
    assert (report.published, len(report.rejected), report.unlisted, len(report.unknown)) == (30, 10, 20, 5)
