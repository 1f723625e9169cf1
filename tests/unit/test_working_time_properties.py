"""Working time, for any moment and any office: its laws, and what plain models that walk the days come to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.timekeeping.moments import MINUTE, moment_of, time_of
from schemas.timekeeping.wall_clock import wall_clock
from schemas.timekeeping.working_time import Limit, WorkingTime

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clocks go forward and back by half an hour

HOUR = 60 * MINUTE
OFFICE = ((7 * 3600, 11 * 3600 + 1800), (13 * 3600 + 1800, 17 * 3600))
MORNING = OFFICE[:1]
ROUND_THE_CLOCK = ((0, 86_400),)
DAYS_OFF = {date(2025, 1, 27) + timedelta(days=day) for day in range(6)} | {date(2025, 4, 30), date(2025, 5, 1)}
MAKE_UP = {date(2025, 1, 18), date(2025, 4, 26)}


@dataclass(frozen=True)
class Office:
    """The rules of one agency, for working time and for the plain models."""

    zone: ZoneInfo
    hours: Mapping[int, Sequence[tuple[int, int]]]
    days_off: set[date]
    working_days: set[date]
    later: Mapping[date, Mapping[int, Sequence[tuple[int, int]]]] = field(default_factory=dict)
    hours_off: Mapping[date, Sequence[tuple[int, int]]] = field(default_factory=dict)
    other_hours: Mapping[date, Sequence[tuple[int, int]]] = field(default_factory=dict)

    @cached_property
    def time(self) -> WorkingTime:
        return WorkingTime(
            self.zone, self.hours, self.days_off, self.working_days, self.later, self.hours_off, self.other_hours
        )

    def of(self, day: date) -> Sequence[tuple[int, int]]:
        """Office hours of a day."""
        if day in self.days_off:
            return ()
        if day in self.other_hours:
            return self.other_hours[day]
        week = self.hours
        for since in sorted(self.later):
            if since <= day:
                week = self.later[since]
        hours = week.get(day.weekday()) or ()
        if day in self.working_days and not hours:
            return next(week[weekday] for weekday in range(7) if week.get(weekday))
        if day in self.hours_off:
            off = self.hours_off[day]
            bounds = sorted({second for span in (*hours, *off) for second in span})
            return [
                (begin, end)
                for begin, end in pairwise(bounds)
                if any(start <= begin < until for start, until in hours)
                and not any(start <= begin < until for start, until in off)
            ]
        return hours

    def at(self, day: date, second: int = 0, microsecond: int = 0) -> int:
        """The moment of a time of day."""
        wall = datetime(day.year, day.month, day.day) + timedelta(seconds=second, microseconds=microsecond)
        return moment_of(wall.replace(tzinfo=self.zone).astimezone(UTC))

    def local(self, moment: int) -> datetime:
        return time_of(moment).astimezone(self.zone)


PLAIN = Office(VIETNAM, dict.fromkeys(range(5), OFFICE), set(), set())
REAL = Office(VIETNAM, dict.fromkeys(range(5), OFFICE), DAYS_OFF, MAKE_UP)
BY_DAY = [
    REAL,
    Office(AMSTERDAM, dict.fromkeys(range(5), OFFICE), DAYS_OFF, MAKE_UP),
    Office(LORD_HOWE, dict.fromkeys(range(7), ((4 * 3600, 22 * 3600),)), set(), set()),
    Office(VIETNAM, {**dict.fromkeys(range(5), OFFICE), 5: MORNING}, DAYS_OFF, MAKE_UP),
    Office(VIETNAM, dict.fromkeys(range(4), OFFICE), DAYS_OFF, {*MAKE_UP, date(2025, 3, 14)}),
    Office(AMSTERDAM, {0: OFFICE, 2: ((50_400, 61_200),), 6: ((30_000, 30_060), (30_060, 40_020))}, set(), MAKE_UP),
]
"""Offices that are closed at night."""
offices = st.sampled_from(
    [
        *BY_DAY,
        Office(AMSTERDAM, dict.fromkeys(range(7), ROUND_THE_CLOCK), set(), set()),
        Office(VIETNAM, {0: ROUND_THE_CLOCK, 1: OFFICE, 5: ((0, 3600), (79_200, 86_400))}, DAYS_OFF, MAKE_UP),
    ]
)
offices_by_day = st.sampled_from(BY_DAY)

CHANGING = [date(2025, 1, 24), date(2025, 4, 25), date(2025, 3, 29), date(2025, 10, 25), date(2025, 4, 5)]
days = st.sampled_from(CHANGING) | st.dates(date(2024, 1, 1), date(2027, 12, 31))
seconds = st.sampled_from([0, 25_200, 41_400, 45_000, 48_600, 61_200, 86_399]) | st.integers(0, 86_399)
microseconds = st.sampled_from([0, 0, 1, 999_999])
walls = st.tuples(days, seconds, microseconds)
amounts = st.integers(0, 40) | st.integers(0, 400)
limits = st.builds(
    Limit, amounts.map(lambda amount: amount + 1), st.sampled_from(["working_days", "days", "months", "hours"])
)
whiles = st.integers(0, 40).map(lambda hours: hours * HOUR // 2) | st.integers(0, 30 * 24 * HOUR)
"""Microseconds that something takes; often whole half-days of office time."""


@given(offices, walls, walls, walls)
def test_time_worked_never_falls_and_adds_up(
    office: Office, a: tuple[date, int, int], b: tuple[date, int, int], c: tuple[date, int, int]
) -> None:
    first, second, third = sorted(office.at(*wall) for wall in (a, b, c))
    time = office.time
    assert 0 <= time.between(first, second) <= second - first
    assert time.between(first, second) + time.between(second, third) == time.between(first, third)
    assert time.between(third, first) == -time.between(first, third)


@given(offices, walls)
def test_the_clock_starts_at_the_first_moment_from_which_time_is_worked(
    office: Office, received: tuple[date, int, int]
) -> None:
    moment = office.at(*received)
    begun = office.time.begin(moment)
    assert begun >= moment
    assert office.time.between(moment, begun) == 0
    assert office.time.between(begun, begun + 1) == 1
    assert office.time.begin(begun) == begun


@given(offices, walls, limits)
def test_due_is_after_receipt_within_office_hours_and_no_earlier_with_a_longer_limit(
    office: Office, received: tuple[date, int, int], limit: Limit
) -> None:
    moment = office.at(*received)
    due = office.time.due(moment, limit)
    assert due > moment
    assert office.time.due(moment, Limit(limit.amount + 1, limit.unit)) >= due
    assert office.time.between(due - 1, due + 1) > 0


@given(offices_by_day, walls, walls, amounts, st.sampled_from(["working_days", "hours"]))
def test_what_is_received_later_is_due_no_earlier(
    office: Office, a: tuple[date, int, int], b: tuple[date, int, int], amount: int, unit: str
) -> None:
    """Not so for days and months: two days from Thursday 16:00 end on Monday 16:00, from Friday 09:00 at 09:00."""
    earlier, later = sorted((office.at(*a), office.at(*b)))
    limit = Limit(amount + 1, unit)
    assert office.time.due(earlier, limit) <= office.time.due(later, limit)


@given(offices, walls, amounts)
def test_hours_of_a_limit_are_what_is_worked_until_it_ends(
    office: Office, received: tuple[date, int, int], amount: int
) -> None:
    moment = office.at(*received)
    due = office.time.due(moment, Limit(amount + 1, "hours"))
    assert office.time.between(moment, due) == (amount + 1) * HOUR
    assert office.time.between(moment, due - 1) == (amount + 1) * HOUR - 1


@given(offices, walls, walls, whiles)
@example(PLAIN, (date(2025, 3, 3), 36_000, 0), (date(2025, 3, 8), 0, 0), 24 * HOUR)
@example(PLAIN, (date(2025, 3, 3), 36_000, 0), (date(2025, 3, 4), 86_340, 0), 24 * HOUR)
def test_a_suspended_case_has_left_what_it_had_wherever_its_due_time_lies(
    office: Office, suspended: tuple[date, int, int], due: tuple[date, int, int], lasted: int
) -> None:
    at, until, time = office.at(*suspended), office.at(*due), office.time
    worked = time.between(at, at + lasted)
    moved = time.shifted(until, worked)
    assert time.left(at + lasted, moved) == time.left(at, until)
    assert moved > until if worked else moved == until


@given(offices, walls, whiles, whiles)
def test_suspended_twice_leaves_what_suspended_once_for_both_would(
    office: Office, due: tuple[date, int, int], first: int, second: int
) -> None:
    until, time = office.at(*due), office.time
    twice = time.shifted(time.shifted(until, first), second)
    assert (
        time.left(0, twice) == time.left(0, time.shifted(until, first + second)) == time.left(0, until) + first + second
    )


@given(offices, walls, walls, whiles)
def test_what_is_left_never_grows_and_a_suspension_of_no_time_changes_nothing(
    office: Office, now: tuple[date, int, int], due: tuple[date, int, int], later: int
) -> None:
    at, until, time = office.at(*now), office.at(*due), office.time
    assert time.left(at + later, until) <= time.left(at, until)
    assert time.shifted(until, time.between(at, at)) == until


@given(st.sampled_from([PLAIN, REAL]), walls, st.integers(1, 60))
def test_whole_working_days_move_a_due_time_by_days_and_keep_its_time_of_day(
    office: Office, due: tuple[date, int, int], number: int
) -> None:
    begun = office.time.begin(office.at(*due))
    moved = office.time.shifted(begun, number * 8 * HOUR)
    assert moved == office.time.due(begun, Limit(number, "working_days"))


@given(st.sampled_from([PLAIN, REAL]), days, st.integers(1, 60))
def test_whole_working_days_move_a_date_by_days(office: Office, due: date, number: int) -> None:
    expected, left = due, number
    while left:
        expected += timedelta(days=1)
        left -= bool(office.of(expected))
    assert office.time.shifted(office.at(due), number * 8 * HOUR) == office.at(expected)


ZONES = ["Pacific/Apia", "Africa/Casablanca", "Africa/Cairo", "America/Sao_Paulo", "Asia/Beirut", "Atlantic/Azores"]
zones = st.sampled_from([VIETNAM, AMSTERDAM, LORD_HOWE, *map(ZoneInfo, ZONES)])


@given(zones, st.datetimes(datetime(1990, 1, 1), datetime(2199, 12, 31)))
@example(ZoneInfo("Africa/Casablanca"), datetime(2026, 2, 15, 3))
@example(ZoneInfo("America/Sao_Paulo"), datetime(2018, 2, 18, 1, 59))
def test_the_wall_clock_shows_what_the_zone_does(zone: ZoneInfo, utc: datetime) -> None:
    moment, clock = moment_of(utc.replace(tzinfo=UTC)), wall_clock(zone)
    local = time_of(moment).astimezone(zone)
    assert clock.wall(moment) == moment_of(local.replace(tzinfo=UTC))
    assert clock.moment(clock.wall(moment)) == moment_of(local.replace(fold=0).astimezone(UTC))


# Plain models: slow, with datetimes, day after day or minute after minute.

minutes_of_day = st.integers(4 * 60, 22 * 60)


@st.composite
def intervals(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Office hours of a day: whole minutes, never between 22:00 and 04:00, when clocks change."""
    bounds = sorted(draw(st.lists(minutes_of_day, unique=True, max_size=6)))
    return tuple((start * 60, end * 60) for start, end in zip(bounds[::2], bounds[1::2], strict=False))


weeks = st.dictionaries(st.integers(0, 6), intervals(), min_size=1).filter(lambda hours: any(hours.values()))
OTHER = [date(2025, 3, 10) + timedelta(days=3 * number) for number in range(8)]
any_offices = st.builds(
    Office,
    st.sampled_from([VIETNAM, AMSTERDAM, LORD_HOWE]),
    weeks,
    st.just(DAYS_OFF),
    st.sets(st.dates(date(2025, 3, 1), date(2025, 4, 29)).filter(lambda day: day not in OTHER), max_size=5),
    st.dictionaries(st.dates(date(2025, 2, 1), date(2026, 6, 1)), weeks, max_size=3),
    st.dictionaries(st.sampled_from(OTHER[::2]), intervals(), max_size=3),
    st.dictionaries(st.sampled_from(OTHER[1::2]), intervals(), max_size=3),
)
minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: minute * 60)


@settings(max_examples=50)
@given(any_offices | offices, days, minutes, st.integers(0, 3 * 24 * 60))
def test_time_worked_is_what_counting_the_minutes_comes_to(office: Office, day: date, second: int, number: int) -> None:
    start = office.at(day, second)

    def worked(moment: int) -> bool:
        local = office.local(moment)
        second = local.hour * 3600 + local.minute * 60
        return any(begin <= second < end for begin, end in office.of(local.date()))

    counted = sum(worked(start + minute * MINUTE) for minute in range(number))
    assert office.time.between(start, start + number * MINUTE) == counted * MINUTE


def begun(office: Office, received: int) -> datetime:
    """When the clock starts, found by walking the days."""
    day = office.local(received).date()
    while True:
        for start, end in office.of(day):
            if received < office.at(day, end):
                return office.local(max(received, office.at(day, start)))
        day += timedelta(days=1)


def next_open(office: Office, day: date) -> date:
    while not office.of(day):
        day += timedelta(days=1)
    return day


def after_working_days(office: Office, day: date, number: int) -> date:
    for _ in range(number):
        day = next_open(office, day + timedelta(days=1))
    return day


def after_days(office: Office, day: date, number: int) -> date:
    return next_open(office, day + timedelta(days=number))


def after_months(office: Office, day: date, number: int) -> date:
    last = day.replace(day=1)
    for _ in range(number):
        last = (last + timedelta(days=31)).replace(day=1)
    month = last.month
    while last.day < day.day and (last + timedelta(days=1)).month == month:
        last += timedelta(days=1)
    return next_open(office, last)


@settings(max_examples=200)
@given(
    any_offices | offices_by_day,
    walls,
    st.integers(1, 40),
    st.sampled_from([("working_days", after_working_days), ("days", after_days), ("months", after_months)]),
)
@pytest.mark.slow
def test_due_is_what_walking_the_days_comes_to(
    office: Office,
    received: tuple[date, int, int],
    amount: int,
    rule: tuple[str, Callable[[Office, date, int], date]],
) -> None:
    unit, after = rule
    moment = office.at(*received)
    start = begun(office, moment)
    day = after(office, start.date(), amount)
    second = start.hour * 3600 + start.minute * 60 + start.second
    inside = [(second, start.microsecond) for begin, end in office.of(day) if begin <= second < end]
    before = [(end, 0) for _, end in office.of(day) if end <= second]
    expected = [*inside, *reversed(before), (office.of(day)[0][0], 0)][0]
    assert office.time.due(moment, Limit(amount, unit)) == office.at(day, *expected)


@settings(max_examples=100)
@given(any_offices | offices_by_day, walls, st.integers(1, 60))
def test_hours_are_due_where_walking_through_office_hours_comes_to(
    office: Office, received: tuple[date, int, int], amount: int
) -> None:
    moment = office.at(*received)
    left, day = amount * HOUR, office.local(moment).date()
    expected = None
    while expected is None:
        for start, end in office.of(day):
            begin, until = max(moment, office.at(day, start)), office.at(day, end)
            if begin < until and left <= until - begin:
                expected = begin + left
                break
            left -= max(until - begin, 0)
        day += timedelta(days=1)
    assert office.time.due(moment, Limit(amount, "hours")) == expected
