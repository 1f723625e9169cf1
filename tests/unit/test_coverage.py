"""How far the calendar reaches, and what is said once due times reach beyond it."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from typer.testing import CliRunner

from opscentre.cli import app
from opscentre.reports.coverage import calendar_reach, coverage_warnings
from schemas.catalogue.coverage import covered_until, covers
from schemas.catalogue.load import Catalogue, load_catalogue
from schemas.catalogue.rules import CalendarEntry
from schemas.catalogue.toml_table import Name

CATALOGUE = load_catalogue()
NAME = Name(vi="Nghỉ", en="Off")


def with_days(*days: date, agencies: tuple[str, ...] = (), hours: list[str] | None = None) -> Catalogue:
    """The shipped catalogue with these days off only."""
    entries = [CalendarEntry(date=day, name=NAME, agencies=list(agencies), hours=hours) for day in days]
    return replace(CATALOGUE, days_off=entries)


def test_it_reaches_to_the_end_of_the_last_year_that_is_written_down() -> None:
    found = with_days(date(2025, 9, 2), date(2026, 9, 2), date(2027, 9, 2))
    assert covered_until(found, date(2026, 11, 27)) == date(2027, 12, 31)
    assert covers(found, date(2026, 11, 27), date(2027, 12, 31))
    assert not covers(found, date(2026, 11, 27), date(2028, 1, 1))


def test_a_year_in_between_that_was_forgotten_is_the_end() -> None:
    found = with_days(date(2025, 9, 2), date(2027, 9, 2))
    assert covered_until(found, date(2025, 11, 27)) == date(2025, 12, 31)
    assert covered_until(found, date(2026, 11, 27)) == date(2025, 12, 31)


@pytest.mark.parametrize(
    "found",
    [
        with_days(date(2026, 9, 2), date(2027, 1, 1)),
        with_days(date(2026, 9, 2)),
    ],
)
def test_new_years_day_alone_makes_no_year(found: Catalogue) -> None:
    assert covered_until(found, date(2026, 11, 27)) == date(2026, 12, 31)


def test_neither_half_days_nor_days_of_some_agencies_make_a_year() -> None:
    assert covered_until(with_days(date(2026, 9, 2), agencies=("H06.01",)), date(2026, 5, 1)) == date(2025, 12, 31)
    assert covered_until(with_days(date(2026, 9, 2), hours=["13:30-17:00"]), date(2026, 5, 1)) == date(2025, 12, 31)


def test_a_calendar_of_the_past_ended_then_and_an_empty_one_before_today() -> None:
    assert covered_until(with_days(date(2023, 9, 2)), date(2026, 5, 1)) == date(2023, 12, 31)
    assert covered_until(with_days(), date(2026, 5, 1)) == date(2025, 12, 31)


def test_it_is_said_from_the_day_on_which_a_due_time_can_reach_beyond() -> None:
    """The longest limit of the shipped catalogue decides which day that is; the next is beyond, too."""
    moments = [datetime(2026 + month // 12, month % 12 + 1, 1, 9, tzinfo=CATALOGUE.zone) for month in range(24)]
    covered = [calendar_reach(CATALOGUE, moment).covered for moment in moments]
    assert covered[0]
    assert not covered[-1]
    assert covered == sorted(covered, reverse=True)
    last = calendar_reach(CATALOGUE, moments[-1])
    assert last.due_until > date(2027, 12, 31) == last.until
    said = last.warning()
    assert said is not None
    assert "2027-12-31" in said
    assert "2028" in said
    assert calendar_reach(CATALOGUE, moments[0]).warning() is None


def test_what_agencies_with_hours_of_their_own_owe_counts_too() -> None:
    saturdays = CATALOGUE.province.office_hours[0].model_copy(update={"days": ["saturday"]})
    slow = CATALOGUE.agencies["H06.01"].model_copy(update={"office_hours": [saturdays]})
    catalogue = replace(CATALOGUE, agencies={**CATALOGUE.agencies, "H06.01": slow})
    now = datetime(2026, 2, 2, 9, tzinfo=CATALOGUE.zone)
    assert calendar_reach(catalogue, now).due_until > calendar_reach(CATALOGUE, now).due_until


def test_check_says_how_far_it_reaches_and_stays_in_order() -> None:
    result = CliRunner().invoke(app, ["check", "--json"])
    assert result.exit_code == 0
    assert '"until": "2027-12-31"' in result.stdout


def test_procedures_that_the_catalogue_does_not_have_are_named() -> None:
    calendar = {"until": "2027-12-31", "beyond": 3}
    first, second = coverage_warnings({"calendar": calendar, "unknown_procedures": {"1.00256": 2}})
    assert first == "3 open cases are due after the calendar's end, 2027-12-31."
    assert "1.00256 (2)" in second
    assert coverage_warnings({"calendar": {**calendar, "beyond": 0}, "unknown_procedures": {}}) == []
