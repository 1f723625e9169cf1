"""The catalogue of Bà Rịa–Vũng Tàu, held against the data that it was written from."""

import csv
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from schemas.catalogue.load import load_catalogue
from schemas.catalogue.model import Kind
from schemas.events import SYSTEMS

CATALOGUE = load_catalogue()
UNITS = {"Ngày làm việc": "working_days", "Ngày": "days", "Tháng": "months", "Giờ": "hours"}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_province() -> None:
    assert CATALOGUE.province.code == "H06"
    assert CATALOGUE.zone.key == "Asia/Ho_Chi_Minh"
    assert CATALOGUE.office_hours[0].hours == ["07:00-11:30", "13:30-17:00"]
    assert {agency.kind for agency in CATALOGUE.agencies.values()} == set(get_args(Kind))


def test_every_system_has_its_topic_and_speaks_for_whom_it_is_to() -> None:
    assert CATALOGUE.systems.keys() == SYSTEMS.keys()
    assert CATALOGUE.derived.keys() == {"resolution-57"}
    telecom = CATALOGUE.systems["telecom"]
    assert telecom.topic == "events.telecom"
    assert telecom.granted("station.activated")
    assert not telecom.granted("dossier.received")
    assert len(telecom.agencies) == 30
    assert CATALOGUE.systems["one-stop"].agencies == CATALOGUE.agencies.keys()


def test_every_event_type_is_granted_to_its_system() -> None:
    for system_id, events in SYSTEMS.items():
        assert CATALOGUE.systems[system_id].events == {event.name for event in events}


def test_the_communes_since_july_2025(shared_data: Path) -> None:
    communes = {
        agency.code: (agency.name.vi, agency.centre.longitude, agency.centre.latitude)
        for agency in CATALOGUE.agencies.values()
        if agency.kind == "commune" and agency.centre
    }
    assert communes == {
        f"H06.{row['ward_code']}": (row["name"], float(row["lon"]), float(row["lat"]))
        for row in rows(shared_data / "communes.csv")
    }


def test_the_calendar_of_2025_and_2026_is_the_published_one(shared_data: Path) -> None:
    written = {
        (entry.date.isoformat(), kind, entry.name.vi)
        for kind, entries in (("off", CATALOGUE.days_off), ("work", CATALOGUE.working_days))
        for entry in entries
        if entry.date.year in {2025, 2026}
    }
    published = rows(shared_data / "vn_working_calendar_2025_2026.csv")
    assert written == {(row["date"], row["kind"], row["name"]) for row in published}


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027])
def test_the_days_of_article_112_are_off(year: int) -> None:
    off = {entry.date: entry.name.vi for entry in CATALOGUE.days_off if entry.date.year == year}
    assert {date(year, 1, 1), date(year, 4, 30), date(year, 5, 1), date(year, 9, 2)} <= off.keys()
    assert sum(name.startswith("Ngày Giỗ Tổ Hùng Vương") for name in off.values()) >= 1
    assert sum("Tết" in name for day, name in off.items() if day > date(year, 1, 1)) >= 5


def test_a_make_up_day_is_half_of_a_swap_that_was_made_known_before() -> None:
    swapped = {entry.since for entry in CATALOGUE.days_off if entry.since}
    for entry in CATALOGUE.working_days:
        assert entry.date.weekday() == 5
        assert entry.since in swapped
        assert entry.since < entry.date


def test_the_procedures_are_real_ones_with_their_limits(shared_data: Path) -> None:
    public = {row["code"]: row for row in rows(shared_data / "procedures.csv")}
    for code, procedure in CATALOGUE.procedures.items():
        row = public[code]
        given = {
            channel: f"{limit.split(' ', 1)[0]} {UNITS[limit.split(' ', 1)[1]]}"
            for channel in ("online", "counter")
            if (limit := row[f"limit_{channel}"])
        }
        for channel in ("online", "counter"):
            assert len(procedure.limits) <= 1, code
            written = next((getattr(limits, channel) or limits.any for limits in procedure.limits), None)
            assert written == given.get(channel), code
    fields = {"Hộ tịch": "ho-tich", "Chứng thực": "chung-thuc"}
    assert {code for code, row in public.items() if row["field"] in fields} == {
        code for code, procedure in CATALOGUE.procedures.items() if procedure.field in fields.values()
    }
    assert len(CATALOGUE.procedures) >= 150
    assert {procedure.field for procedure in CATALOGUE.procedures.values()} == CATALOGUE.fields.keys()
