"""Mappings: every mistake told at once, rows read as they are meant, and the figures of a real export."""

import csv
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.errors import MappingError, RowError
from opscentre.publishing.mapping import load_mapping
from opscentre.publishing.mapping_model import Mapping
from opscentre.publishing.mapping_rows import map_row

PERMITS = Path(__file__).parents[1] / "mappings" / "permit_receipts.toml"

NATIONAL = """
system = "one-stop"
key = ["MaHoSo"]

[[events]]
type = "dossier.received"
id = "tthc/{MaHoSo}/received"
subject = "{MaHoSo}"
time = { column = "NgayTiepNhan", format = "yyyyMMddHHmmss", zone = "Asia/Ho_Chi_Minh" }
[events.data]
agency = { column = "DonViXuLy" }
procedure = { column = "MaTTHC" }
channel = { column = "KenhThucHien", values = { 1 = "counter", 2 = "online", 3 = "post" }, default = "counter" }
due_at = { column = "NgayHenTra", type = "datetime", format = "yyyyMMddHHmmss", zone = "Asia/Ho_Chi_Minh" }

[[events]]
type = "dossier.processed"
id = "tthc/{MaHoSo}/closed"
subject = "{MaHoSo}"
time = { column = "NgayKetThucXuLy", format = "yyyyMMddHHmmss", zone = "Asia/Ho_Chi_Minh" }
when = [{ column = "NgayKetThucXuLy", present = true }, { column = "TrangThaiHoSo", one_of = ["9", "10"] }]
[events.data]
agency = { column = "DonViXuLy" }
outcome = { value = "approved" }
digitised = { column = "SoHoa", type = "bool" }

[[events]]
type = "dossier.withdrawn"
id = "tthc/{MaHoSo}/closed"
subject = "{MaHoSo}"
time = { column = "NgayKetThucXuLy", format = "%Y%m%d%H%M%S", zone = "Asia/Ho_Chi_Minh" }
when = { column = "TrangThaiHoSo", equals = "7" }
[events.data]
agency = { template = "{DonViXuLy}" }
"""
ROW = {
    "MaHoSo": "H06.16-250403-0012",
    "MaTTHC": "2.000815",
    "DonViXuLy": "H06.16",
    "KenhThucHien": "2",
    "NgayTiepNhan": "20250403081500",
    "NgayHenTra": "",
    "NgayKetThucXuLy": "20250404170000",
    "TrangThaiHoSo": "9",
    "SoHoa": "1",
}


def load(tmp_path: Path, text: str) -> Mapping:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load_mapping(file)


@pytest.fixture
def national(tmp_path: Path) -> Mapping:
    return load(tmp_path, NATIONAL)


def test_the_national_record(national: Mapping) -> None:
    received, closed = map_row(national, ROW).events
    assert received["time"] == "2025-04-03T08:15:00+07:00"
    assert received["data"] == {"agency": "H06.16", "procedure": "2.000815", "channel": "online"}
    assert closed["id"] == "tthc/H06.16-250403-0012/closed"
    assert closed["data"] == {"agency": "H06.16", "outcome": "approved", "digitised": True}


def test_an_empty_cell_takes_the_default(national: Mapping) -> None:
    assert map_row(national, {**ROW, "KenhThucHien": ""}).events[0]["data"]["channel"] == "counter"


def test_rules_may_share_an_id_for_different_endings(national: Mapping) -> None:
    outcome = map_row(national, {**ROW, "TrangThaiHoSo": "7"})
    assert [event["type"] for event in outcome.events][1] == "vn.opscentre.dossier.withdrawn.v1"
    assert outcome.absent == []
    assert map_row(national, {**ROW, "TrangThaiHoSo": "4"}).absent == ["tthc/H06.16-250403-0012/closed"] * 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"KenhThucHien": "5"}, ["KenhThucHien", '"5"', '"1", "2", "3"']),
        ({"NgayTiepNhan": "2025040308150"}, ["NgayTiepNhan", "yyyyMMddHHmmss"]),
        ({"NgayTiepNhan": ""}, ["NgayTiepNhan", "empty"]),
        ({"NgayTiepNhan": "19990403081500"}, ["NgayTiepNhan", "2000"]),
        ({"MaHoSo": " "}, ["MaHoSo", "empty"]),
        ({"MaHoSo": "x" * 300}, ["longer than 200"]),
        ({"MaTTHC": ""}, ["dossier.received", "procedure"]),
        ({"MaTTHC": "2 000815"}, ["procedure", "'2 000815'"]),
        ({"MaTTHC": "2.\0"}, ["MaTTHC", "NUL"]),
        ({"SoHoa": "có"}, ["SoHoa", "bool", '"true"']),
    ],
)
def test_a_bad_row_says_why(national: Mapping, changes: dict[str, str], words: list[str]) -> None:
    with pytest.raises(RowError) as caught:
        map_row(national, {**ROW, **changes})
    assert all(word in str(caught.value) for word in words), caught.value


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as caught:
        load(
            tmp_path,
            """system = "One Stop"
rowz = "first"
key = ["a"]
[[events]]
type = "dossier.recieved"
id = "{b}"
subject = "x"
time = { column = "t", zone = "Mars/X", frmat = "iso" }
[[events]]
type = "dossier.received"
id = "{a}"
subject = "x"
time = { column = "t" }
when = { column = "x", present = true, equals = "z" }
[events.data]
agency = { column = "x", value = "y" }
chanel = { value = "x" }
""",
        )
    told = str(caught.value).splitlines()[1:]
    for line, *words in [
        (1, "system", "One Stop"),
        (2, "rowz", "rows"),
        (5, "dossier.recieved", "dossier.received"),
        (6, "{b}", "{a}"),
        (8, "zone", "Mars/X"),
        (8, "frmat", "format"),
        (14, "when", "exactly one of"),
        (16, "agency", "exactly one of"),
        (17, "chanel", "channel"),
        (15, "procedure", "missing"),
    ]:
        assert any(f"mine.toml:{line}:" in one and all(word in one for word in words) for one in told), (line, words)


@pytest.mark.parametrize("text", ["", "system =", 'system = "a"\nkey = ["a"]\nevents = 3', "[[events]]\ntype = 3"])
def test_what_is_no_mapping_at_all_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(MappingError, match=r"mine\.toml"):
        load(tmp_path, text)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="nowhere"):
        load_mapping(tmp_path / "nowhere.toml")


@pytest.fixture
def permits(shared_data: Path) -> list[dict[str, Any]]:
    mapping = load_mapping(PERMITS)
    with (shared_data / "permit_receipts.csv").open(encoding="utf-8", newline="") as text:
        first: dict[str, dict[str, str]] = {}
        for row in csv.DictReader(text):
            first.setdefault(row["case:concept:name"], row)
    return [event for row in first.values() for event in map_row(mapping, row).events]


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "Europe/Amsterdam"])
def test_the_permits_figures_come_out(permits: list[dict[str, Any]], zone: str) -> None:
    def day(text: str) -> date:
        return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).date()

    opened = {event["subject"]: event for event in permits if ".received." in event["type"]}
    closed = {event["subject"]: event for event in permits if ".processed." in event["type"]}
    assert (len(opened), len(closed)) == (1434, 1329)
    assert Counter(event["data"]["channel"] for event in opened.values()) == {
        "online": 1250,
        "counter": 109,
        "post": 53,
        "email": 21,
        "internal": 1,
    }
    on_time = sum(day(event["time"]) <= day(opened[code]["data"]["due_at"]) for code, event in closed.items())
    assert (on_time, len(closed) - on_time) == (1020, 309)
    today = day(datetime(2012, 1, 20, 16, tzinfo=UTC).isoformat())
    still_open = opened.keys() - closed.keys()
    assert len(still_open) == 105
    assert sum(today > day(opened[code]["data"]["due_at"]) for code in still_open) == 37
    contradictory = {
        code
        for code, event in closed.items()
        if datetime.fromisoformat(event["time"]) < datetime.fromisoformat(opened[code]["time"])
    }
    assert contradictory == {"case-10862", "case-8267"}
