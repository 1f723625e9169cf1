"""Working time, by examples worked out by hand."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from schemas.times import moment_of, time_of
from schemas.working_time import Limit, WorkingTime

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OFFICE = [(7 * 3600, 11 * 3600 + 1800), (13 * 3600 + 1800, 17 * 3600)]
WEEK = dict.fromkeys(range(5), OFFICE)
HOUR = 3_600_000_000


def at(text: str, zone: ZoneInfo = ZONE) -> int:
    return moment_of(datetime.fromisoformat(text).replace(tzinfo=zone))


def shown(moment: int, zone: ZoneInfo = ZONE) -> str:
    return time_of(moment).astimezone(zone).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize("text", ["7 working_days", "1 days", "9999 months", "10 hours"])
def test_a_limit_is_an_amount_and_a_unit(text: str) -> None:
    limit = Limit.parse(text)
    assert f"{limit.amount} {limit.unit}" == text


@pytest.mark.parametrize(
    "text",
    ["", "7", "0 days", "07 days", "-1 days", "10000 days", "1.5 days", "7 weeks", "7  days", "7 days\n", "٧ days"],
)
def test_what_is_no_limit_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="working_days, days, months, hours"):
        Limit.parse(text)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2025-03-03 10:00", "2025-03-10 10:00"),  # a Monday
        ("2025-03-03 18:00", "2025-03-11 07:00"),  # as if on Tuesday at 07:00
        ("2025-03-03 05:30", "2025-03-10 07:00"),
        ("2025-03-03 12:00", "2025-03-10 13:30"),
    ],
)
def test_working_days_begin_with_the_next_and_keep_the_time_of_day(received: str, due: str) -> None:
    office = WorkingTime(ZONE, WEEK, [], [])
    assert shown(office.due(at(received), Limit(5, "working_days"))) == due


def test_a_date_cannot_be_off_and_worked() -> None:
    with pytest.raises(ValueError, match="2025-04-26 is both"):
        WorkingTime(ZONE, WEEK, [date(2025, 4, 26)], [date(2025, 4, 26)])
