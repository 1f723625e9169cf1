"""Working time, by examples worked out by hand."""

import csv
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schemas.timekeeping.moments import MINUTE, moment_of, time_of
from schemas.timekeeping.wall_clock import wall_clock
from schemas.timekeeping.working_time import Limit, WorkingTime

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR = 3_600_000_000

OFFICE = [(7 * 3600, 11 * 3600 + 1800), (13 * 3600 + 1800, 17 * 3600)]
WEEK = dict.fromkeys(range(5), OFFICE)
NIGHT_AND_DAY = dict.fromkeys(range(7), ((0, 86_400),))

NEXT_MORNINGS = {
    "2025-01-02": ["2025-01-01"],
    "2025-02-03": ["2025-01-27", "2025-01-28", "2025-01-29", "2025-01-30", "2025-01-31", "2025-02-01"],
    "2025-04-08": ["2025-04-07"],
    "2025-05-05": ["2025-04-30", "2025-05-01", "2025-05-02"],
    "2025-09-03": ["2025-09-01", "2025-09-02"],
    "2026-01-05": ["2026-01-01", "2026-01-02"],
    "2026-02-23": ["2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20"],
    "2026-04-28": ["2026-04-26", "2026-04-27"],
    "2026-05-04": ["2026-04-30", "2026-05-01"],
    "2026-09-03": ["2026-08-31", "2026-09-01", "2026-09-02"],
    "2026-11-25": ["2026-11-24"],
}
"""The next working day → the days off before it."""
DAYS_OFF = [date.fromisoformat(day) for days in NEXT_MORNINGS.values() for day in days]
MAKE_UP = [date(2025, 4, 26), date(2026, 1, 10), date(2026, 8, 22)]


def at(text: str, zone: ZoneInfo = VIETNAM) -> int:
    return moment_of(datetime.fromisoformat(text).replace(tzinfo=zone))


def shown(moment: int, zone: ZoneInfo = VIETNAM) -> str:
    return time_of(moment).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def office(hours: Mapping[int, Sequence[tuple[int, int]]] = WEEK, zone: ZoneInfo = VIETNAM) -> WorkingTime:
    return WorkingTime(zone, hours, [], [])


@pytest.fixture(scope="module")
def plain() -> WorkingTime:
    """Monday to Friday, no day off."""
    return office()


@pytest.fixture(scope="module")
def real() -> WorkingTime:
    """Monday to Friday, with the days off and make-up days of 2025 and 2026."""
    return WorkingTime(VIETNAM, WEEK, DAYS_OFF, MAKE_UP)


def test_the_calendar_here_is_the_countrys(shared_data: Path) -> None:
    with (shared_data / "vn_working_calendar_2025_2026.csv").open(encoding="utf-8", newline="") as text:
        rows = [(row["kind"], date.fromisoformat(row["date"])) for row in csv.DictReader(text)]
    assert sorted(rows) == sorted([("off", day) for day in DAYS_OFF] + [("work", day) for day in MAKE_UP])


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


def test_a_limit_that_was_not_parsed_is_refused_when_it_is_used(plain: WorkingTime) -> None:
    with pytest.raises(ValueError, match=r"no unit of a limit: 'weeks'; make limits with Limit\.parse"):
        plain.due(at("2025-03-03 10:00"), Limit(1, "weeks"))


@pytest.mark.parametrize(
    ("hours", "why"),
    [
        ({}, "no office hours on any weekday"),
        ({0: []}, "no office hours on any weekday"),
        ({7: OFFICE}, "no weekday: 7"),
        ({0: [(3600, 3600)]}, "begin before they end"),
        ({0: [(7200, 3600)]}, "begin before they end"),
        ({0: [OFFICE[1], OFFICE[0]]}, "follow each other"),
        ({0: [(0, 7200), (3600, 9000)]}, "follow each other"),
        ({0: [(-1, 3600)]}, "from 0 to 86400"),
        ({0: [(0, 86_401)]}, "from 0 to 86400"),
    ],
)
def test_office_hours_that_cannot_be_are_refused(hours: Mapping[int, Sequence[tuple[int, int]]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        office(hours)


def test_a_date_cannot_be_off_and_worked() -> None:
    with pytest.raises(ValueError, match="2025-04-26 is both"):
        WorkingTime(VIETNAM, WEEK, [date(2025, 4, 26)], [date(2025, 4, 26)])


@pytest.mark.parametrize(("morning", "days"), NEXT_MORNINGS.items())
def test_what_is_received_on_a_day_off_is_received_the_next_working_morning(
    real: WorkingTime, morning: str, days: list[str]
) -> None:
    for day in days:
        assert not real.is_working(date.fromisoformat(day))
        assert real.between(at(f"{day} 00:00"), at(f"{day} 23:59")) == 0
        assert shown(real.begin(at(f"{day} 09:00"))) == f"{morning} 07:00"
        assert shown(real.due(at(f"{day} 20:00"), Limit(8, "hours"))) == f"{morning} 17:00"


@pytest.mark.parametrize("day", MAKE_UP)
def test_a_make_up_saturday_has_a_mondays_hours(real: WorkingTime, day: date) -> None:
    assert real.is_working(day)
    assert real.between(at(f"{day} 00:00"), at(f"{day} 23:59")) == 8 * HOUR
    assert shown(real.begin(at(f"{day} 05:00"))) == f"{day} 07:00"
    assert shown(real.begin(at(f"{day} 12:00"))) == f"{day} 13:30"


@pytest.mark.parametrize(
    ("received", "begun"),
    [
        ("2025-03-03 06:59", "2025-03-03 07:00"),
        ("2025-03-03 07:00", "2025-03-03 07:00"),
        ("2025-03-03 10:17", "2025-03-03 10:17"),
        ("2025-03-03 11:30", "2025-03-03 13:30"),
        ("2025-03-03 13:29", "2025-03-03 13:30"),
        ("2025-03-03 16:59", "2025-03-03 16:59"),
        ("2025-03-03 17:00", "2025-03-04 07:00"),
        ("2025-03-07 20:00", "2025-03-10 07:00"),  # a Friday
        ("2025-03-08 09:00", "2025-03-10 07:00"),
    ],
)
def test_the_clock_starts_within_office_hours(plain: WorkingTime, received: str, begun: str) -> None:
    assert shown(plain.begin(at(received))) == begun


@pytest.mark.parametrize(
    ("received", "limit", "due"),
    [
        ("2025-03-03 10:00", "5 working_days", "2025-03-10 10:00"),  # a Monday
        ("2025-03-03 18:00", "5 working_days", "2025-03-11 07:00"),  # as if on Tuesday at 07:00
        ("2025-03-03 05:30", "5 working_days", "2025-03-10 07:00"),
        ("2025-03-03 12:00", "5 working_days", "2025-03-10 13:30"),
        # Before Tết 2025: off from Monday 27 January to Saturday 1 February.
        ("2025-01-24 16:00", "5 working_days", "2025-02-07 16:00"),
        ("2025-01-24 12:00", "1 working_days", "2025-02-03 13:30"),
        ("2025-01-24 17:30", "5 working_days", "2025-02-10 07:00"),
        ("2025-01-24 10:00", "3 days", "2025-02-03 10:00"),
        ("2025-01-24 18:00", "3 days", "2025-02-06 07:00"),
        ("2025-01-24 16:00", "4 hours", "2025-02-03 10:00"),
        # Before Tết 2026: off from Monday 16 to Friday 20 February.
        ("2026-02-13 15:00", "5 working_days", "2026-02-27 15:00"),
        ("2026-02-13 18:00", "1 working_days", "2026-02-24 07:00"),
        ("2026-02-13 11:45", "7 days", "2026-02-23 13:30"),
        # A make-up Saturday, 26 April 2025; off from Wednesday 30 April to Friday 2 May.
        ("2025-04-25 10:00", "1 working_days", "2025-04-26 10:00"),
        ("2025-04-25 18:00", "1 working_days", "2025-04-28 07:00"),
        ("2025-04-26 12:00", "1 working_days", "2025-04-28 13:30"),
        ("2025-04-26 18:00", "1 working_days", "2025-04-29 07:00"),
        ("2025-04-25 10:00", "4 working_days", "2025-05-05 10:00"),
        ("2025-04-25 10:00", "1 days", "2025-04-26 10:00"),
        ("2025-04-25 10:00", "2 days", "2025-04-28 10:00"),
        # New Year 2026: off on Thursday and Friday, a make-up Saturday on 10 January.
        ("2025-12-31 09:00", "1 working_days", "2026-01-05 09:00"),
        ("2025-12-31 09:00", "6 working_days", "2026-01-10 09:00"),
        ("2026-08-21 08:00", "1 working_days", "2026-08-22 08:00"),
        ("2026-08-28 08:00", "1 working_days", "2026-09-03 08:00"),
        ("2026-04-24 08:00", "3 working_days", "2026-05-04 08:00"),
        ("2026-11-23 10:00", "1 working_days", "2026-11-25 10:00"),
        # Months: the last day of a shorter month; a day off moves on.
        ("2025-01-02 10:00", "1 months", "2025-02-03 10:00"),
        ("2024-12-31 10:00", "2 months", "2025-02-28 10:00"),
        ("2024-01-31 10:00", "1 months", "2024-02-29 10:00"),
        ("2024-02-29 10:00", "12 months", "2025-02-28 10:00"),
        ("2023-08-31 12:00", "6 months", "2024-02-29 13:30"),
        ("2024-12-31 10:00", "1 months", "2025-02-03 10:00"),  # 31 January 2025 is Tết
        ("2025-01-15 10:00", "13 months", "2026-02-23 10:00"),  # 15 February 2026 is a Sunday, then comes Tết
        ("2099-12-31 10:00", "2 months", "2100-03-01 10:00"),  # 2100 is no leap year; its 28 February is a Sunday
        # Hours of office time.
        ("2025-03-03 07:00", "8 hours", "2025-03-03 17:00"),
        ("2025-03-03 10:00", "8 hours", "2025-03-04 10:00"),
        ("2025-03-03 11:00", "1 hours", "2025-03-03 14:00"),
        ("2025-03-07 16:00", "4 hours", "2025-03-10 10:00"),
        ("2025-03-08 16:00", "16 hours", "2025-03-11 17:00"),
    ],
)
def test_due_times_worked_out_by_hand(real: WorkingTime, received: str, limit: str, due: str) -> None:
    assert shown(real.due(at(received), Limit.parse(limit))) == due


@pytest.mark.parametrize(
    ("received", "limit", "due"),
    [
        ("2025-03-07 10:00", "1 working_days", "2025-03-08 10:00"),
        ("2025-03-07 15:00", "1 working_days", "2025-03-08 11:30"),  # closed since 11:30
        ("2025-03-07 15:00", "1 days", "2025-03-08 11:30"),
        ("2025-03-07 15:00", "2 working_days", "2025-03-10 15:00"),
        ("2025-03-03 15:00", "5 working_days", "2025-03-08 11:30"),
        ("2025-03-08 12:00", "1 working_days", "2025-03-11 07:00"),
        ("2025-03-07 16:00", "6 hours", "2025-03-10 07:30"),
    ],
)
def test_an_agency_with_saturday_mornings(received: str, limit: str, due: str) -> None:
    agency = office({**WEEK, 5: OFFICE[:1]})
    assert shown(agency.due(at(received), Limit.parse(limit))) == due


@pytest.mark.parametrize(
    ("received", "limit", "due"),
    [
        ("2025-03-06 10:00", "1 working_days", "2025-03-10 10:00"),
        ("2025-03-06 10:00", "1 days", "2025-03-10 10:00"),
        ("2025-03-06 16:00", "2 hours", "2025-03-10 08:00"),
        ("2025-03-13 10:00", "1 working_days", "2025-03-14 10:00"),  # a make-up Friday
    ],
)
def test_an_agency_without_hours_on_friday(received: str, limit: str, due: str) -> None:
    agency = WorkingTime(VIETNAM, dict.fromkeys(range(4), OFFICE), [], [date(2025, 3, 14)])
    assert shown(agency.due(at(received), Limit.parse(limit))) == due


def test_a_day_that_begins_later_is_due_from_its_first_office_hour() -> None:
    agency = office({**WEEK, 2: [(14 * 3600, 17 * 3600)]})
    assert shown(agency.due(at("2025-03-04 10:00"), Limit(1, "working_days"))) == "2025-03-05 14:00"


def test_a_make_up_day_has_its_weekdays_hours_else_those_of_the_first_weekday_that_has_any() -> None:
    saturday, sunday = date(2025, 3, 8), date(2025, 3, 9)
    agency = WorkingTime(VIETNAM, {1: OFFICE, 5: OFFICE[:1]}, [], [saturday, sunday])
    assert agency.between(at("2025-03-08 00:00"), at("2025-03-09 00:00")) == 4.5 * HOUR
    assert agency.between(at("2025-03-09 00:00"), at("2025-03-10 00:00")) == 8 * HOUR


@pytest.mark.parametrize(
    ("due", "hours", "moved"),
    [
        ("2025-03-04 10:00", 8, "2025-03-05 10:00"),  # a Tuesday
        ("2025-03-04 10:00", 3, "2025-03-04 15:00"),
        ("2025-03-04 07:00", 8, "2025-03-05 07:00"),
        ("2025-03-04 07:00", 4.5, "2025-03-04 13:30"),
        ("2025-03-04 13:30", 8, "2025-03-05 13:30"),
        ("2025-03-04 11:30", 8, "2025-03-05 11:30"),
        ("2025-03-04 17:00", 8, "2025-03-05 17:00"),
        ("2025-03-07 17:00", 8, "2025-03-10 17:00"),
        # Outside office hours: as the end of the last before.
        ("2025-03-04 23:59", 8, "2025-03-05 17:00"),
        ("2025-03-04 12:00", 8, "2025-03-05 11:30"),
        ("2025-03-04 06:00", 8, "2025-03-04 17:00"),
        ("2025-03-08 10:00", 8, "2025-03-10 17:00"),  # a Saturday
        ("2025-03-09 07:00", 4.5, "2025-03-10 11:30"),
        # Dates: the end of the day.
        ("2025-03-04 00:00", 8, "2025-03-05 00:00"),
        ("2025-03-07 00:00", 16, "2025-03-11 00:00"),
        ("2025-03-08 00:00", 8, "2025-03-10 00:00"),
        ("2025-03-04 00:00", 4.5, "2025-03-05 11:30"),
    ],
)
def test_a_due_time_moves_by_the_office_time_suspended(plain: WorkingTime, due: str, hours: float, moved: str) -> None:
    assert shown(plain.shifted(at(due), int(hours * HOUR))) == moved
    assert plain.shifted(at(due), 0) == at(due)


def test_a_case_suspended_twice_is_due_later_by_both(real: WorkingTime) -> None:
    due = real.due(at("2025-03-03 10:00"), Limit(6, "working_days"))
    assert shown(due) == "2025-03-11 10:00"
    first = real.between(at("2025-03-04 15:00"), at("2025-03-05 09:00"))
    second = real.between(at("2025-03-06 10:00"), at("2025-03-07 10:00"))
    assert (first, second) == (4 * HOUR, 8 * HOUR)
    assert shown(real.shifted(due, first)) == "2025-03-11 16:00"
    assert shown(real.shifted(real.shifted(due, first), second)) == "2025-03-12 16:00"
    assert real.shifted(due, first + second) == real.shifted(real.shifted(due, first), second)


def test_a_case_suspended_over_tet_moves_by_the_hours_around_it(real: WorkingTime) -> None:
    assert real.between(at("2025-01-24 16:00"), at("2025-02-03 08:00")) == 2 * HOUR
    assert real.between(at("2025-02-03 08:00"), at("2025-01-24 16:00")) == -2 * HOUR


def test_a_suspension_that_ends_before_it_began_is_refused(plain: WorkingTime) -> None:
    with pytest.raises(ValueError, match="from suspension to resumption"):
        plain.shifted(at("2025-03-04 10:00"), -1)


@pytest.mark.parametrize(
    ("now", "due", "hours"),
    [
        ("2025-03-03 10:00", "2025-03-04 10:00", 8),
        ("2025-03-03 18:00", "2025-03-04 10:00", 3),
        ("2025-03-03 10:00", "2025-03-03 00:00", 5),  # a date: until its end
        ("2025-03-04 06:00", "2025-03-03 00:00", 0),
        ("2025-03-04 08:00", "2025-03-03 00:00", -1),
        ("2025-03-10 08:00", "2025-03-08 00:00", -1),
        ("2025-03-04 14:00", "2025-03-04 12:00", -0.5),
    ],
)
def test_what_is_left_is_office_time(plain: WorkingTime, now: str, due: str, hours: float) -> None:
    assert plain.left(at(now), at(due)) == hours * HOUR


def test_where_the_office_works_at_midnight_midnight_is_a_moment_like_others() -> None:
    agency = office(NIGHT_AND_DAY)
    assert shown(agency.shifted(at("2025-03-04 10:00"), 14 * HOUR)) == "2025-03-05 00:00"
    assert shown(agency.shifted(at("2025-03-05 00:00"), HOUR)) == "2025-03-05 01:00"
    assert agency.left(at("2025-03-04 23:00"), at("2025-03-05 00:00")) == HOUR


@pytest.mark.parametrize(
    ("received", "limit", "due"),
    [
        ("2025-03-28 10:00", "1 working_days", "2025-03-31 10:00"),  # the clocks go forward between
        ("2025-03-28 10:00", "3 days", "2025-03-31 10:00"),
        ("2025-10-24 10:00", "1 working_days", "2025-10-27 10:00"),  # and back
        ("2025-10-24 10:00", "8 hours", "2025-10-27 10:00"),
        ("2025-09-30 16:59", "1 months", "2025-10-30 16:59"),
    ],
)
def test_office_hours_are_by_the_wall_clock_where_it_changes(received: str, limit: str, due: str) -> None:
    agency = office(zone=AMSTERDAM)
    assert shown(agency.due(at(received, AMSTERDAM), Limit.parse(limit)), AMSTERDAM) == due


@pytest.mark.parametrize(
    ("day", "hours", "worked"),
    [
        ("2025-03-30", (0, 86_400), 23),
        ("2025-10-26", (0, 86_400), 25),
        ("2025-03-30", (3600, 4 * 3600), 2),
        ("2025-10-26", (3600, 4 * 3600), 4),
        ("2025-03-30", (2 * 3600, 3 * 3600), 0),  # an hour that is skipped
        ("2025-03-30", (9000, 4 * 3600), 1),
        ("2025-10-26", (3600, 9000), 1.5),  # until 02:30 for the first time
    ],
)
def test_night_hours_last_as_long_as_they_really_do(day: str, hours: tuple[int, int], worked: float) -> None:
    agency = office({6: [hours]}, AMSTERDAM)
    midnight = at(f"{day} 00:00", AMSTERDAM)
    assert agency.between(midnight, midnight + 25 * HOUR) == worked * HOUR


def test_a_time_of_day_that_the_clocks_skip_is_when_they_do_and_a_repeated_one_is_the_first() -> None:
    agency = office(NIGHT_AND_DAY, AMSTERDAM)
    day = Limit(1, "days")
    assert agency.due(at("2025-03-29 02:30", AMSTERDAM), day) == moment_of(datetime.fromisoformat("2025-03-30T01:00Z"))
    assert agency.due(at("2025-10-25 02:30", AMSTERDAM), day) == moment_of(datetime.fromisoformat("2025-10-26T00:30Z"))


def test_a_day_that_a_zone_has_skipped_is_no_working_day() -> None:
    apia = ZoneInfo("Pacific/Apia")  # Friday 30 December 2011 has not been there
    agency = office(zone=apia)
    assert shown(agency.due(at("2011-12-29 10:00", apia), Limit(1, "working_days")), apia) == "2012-01-02 10:00"


def test_threads_that_ask_at_once_for_years_far_apart_get_what_one_gets() -> None:
    moments = [at(f"{year}-06-01 10:00") for year in (2025, 2199, 1990, 2100, 2060)] * 8
    alone = office()
    expected = [alone.worked(moment) for moment in moments]
    shared = office()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(shared.worked, moments)) == expected


@pytest.mark.parametrize(
    "zone", ["Asia/Ho_Chi_Minh", "Europe/Amsterdam", "America/Havana", "Asia/Beirut", "Africa/Cairo"]
)
def test_office_hours_are_where_the_clock_has_each_of_their_ends(zone: str) -> None:
    """Also in zones whose clocks change at midnight, and where they skip or repeat office hours."""
    week = {weekday: [(0, 5400), (9000, 12600), (79200, 86400)] for weekday in range(7)}
    working, clock = WorkingTime(ZoneInfo(zone), week, [], []), wall_clock(ZoneInfo(zone))
    working.worked(clock.moment(69 * 365 * 86_400_000_000))
    day, spans = 86_400_000_000, []
    for number in range((date(1989, 12, 1) - date(1970, 1, 1)).days, (date(2039, 1, 1) - date(1970, 1, 1)).days):
        ends = [[clock.moment(number * day + end * 1_000_000) for end in span] for span in week[0]]
        spans += [(start, end) for start, end in ends if start < end]
    table = working._table
    found = [
        (begin + start, begin + end)
        for begin, block in zip(table.begins, table.blocks, strict=False)
        for start, end in zip(block.starts, block.ends, strict=True)
    ]
    assert found[: len(spans)] == spans


def test_offices_share_the_weeks_in_which_they_are_alike() -> None:
    """A day of its own costs an office one block, not a table of fifty years."""
    one, other = (
        WorkingTime(VIETNAM, WEEK, [*DAYS_OFF, day], MAKE_UP) for day in (date(2026, 3, 12), date(2026, 3, 13))
    )
    for agency in (one, other):
        agency.worked(at("2026-06-01 10:00"))
    pairs = list(zip(one._table.blocks, other._table.blocks, strict=True))
    assert len({id(block) for block in one._table.blocks}) < 10
    assert [first is second for first, second in pairs].count(False) == 1


def test_saturday_mornings_are_worked_in_their_own_hours() -> None:
    """28 November 2026 is a Saturday."""
    agency = WorkingTime(VIETNAM, {**WEEK, 5: ((27_000, 41_400),)}, [], [])
    assert agency.due(at("2026-11-27 15:00"), Limit(4, "hours")) == at("2026-11-28 09:30")
    assert agency.due(at("2026-11-28 08:00"), Limit(1, "working_days")) == at("2026-11-30 08:00")


def test_other_hours_stand_from_their_day_on() -> None:
    winter = dict.fromkeys(range(5), ((27_000, 43_200), (48_600, 63_000)))
    agency = WorkingTime(VIETNAM, WEEK, [], [], {date(2026, 10, 15): winter})
    assert agency.begin(at("2026-10-14 06:00")) == at("2026-10-14 07:00")
    assert agency.begin(at("2026-10-15 06:00")) == at("2026-10-15 07:30")
    assert agency.between(at("2026-10-14 00:00"), at("2026-10-16 00:00")) == (8 * 60 + 8 * 60 + 30) * MINUTE


def test_an_afternoon_off_and_a_day_of_other_hours() -> None:
    eve, saturday = date(2026, 2, 13), date(2026, 2, 14)
    agency = WorkingTime(
        VIETNAM, WEEK, [], [], hours_off={eve: ((48_600, 61_200),)}, other_hours={saturday: ((28_800, 36_000),)}
    )
    assert agency.between(at("2026-02-13 00:00"), at("2026-02-14 00:00")) == 270 * MINUTE
    assert agency.between(at("2026-02-14 00:00"), at("2026-02-15 00:00")) == 120 * MINUTE
    assert agency.due(at("2026-02-12 15:00"), Limit(1, "working_days")) == at("2026-02-13 11:30")


def test_a_day_of_which_two_things_are_said_is_none() -> None:
    day = date(2026, 2, 13)
    with pytest.raises(ValueError, match="2026-02-13"):
        WorkingTime(VIETNAM, WEEK, [day], [], hours_off={day: ((48_600, 61_200),)})
