"""What of a catalogue a fold asks for: limits, office hours, and the calendar as of each of its changes.

All times are of Asia/Ho_Chi_Minh. The 7th of April 2025 is a Monday.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from schemas.catalogue.rules import CalendarRule, Limits, OfficeHours, Rules
from schemas.timekeeping.moments import MINUTE, moment_of
from schemas.timekeeping.working_time import Limit
from streams.fold.rules import CaseRules

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WEEK = OfficeHours(days=["monday", "tuesday", "wednesday", "thursday", "friday"], hours=["07:00-11:30", "13:30-17:00"])
ROUND_THE_CLOCK = OfficeHours(days=["monday", "saturday"], hours=["00:00-24:00"])


def at(text: str) -> int:
    return moment_of(datetime.fromisoformat(f"2025-{text}").replace(tzinfo=ZONE))


def day(text: str) -> date:
    return date.fromisoformat(f"2025-{text}")


def off(text: str, since: str | None = None, *agencies: str) -> CalendarRule:
    return CalendarRule(date=day(text), off=True, since=None if since is None else day(since), agencies=list(agencies))


def worked(text: str, since: str | None = None, *agencies: str) -> CalendarRule:
    return off(text, since, *agencies).model_copy(update={"off": False})


def rules(
    *calendar: CalendarRule, hours: dict[str, OfficeHours] | None = None, limits: list[Limits] | None = None
) -> CaseRules:
    return CaseRules(
        Rules(
            zone=ZONE.key,
            office_hours=[WEEK],
            agency_hours={code: [week] for code, week in (hours or {}).items()},
            calendar=list(calendar),
            limits={"1.000001": limits} if limits else {},
        )
    )


def weeks(*hours: OfficeHours, calendar: list[CalendarRule] | None = None) -> CaseRules:
    """Rules with these office hours."""
    return CaseRules(
        Rules(zone=ZONE.key, office_hours=list(hours), agency_hours={}, calendar=calendar or [], limits={})
    )


def is_working(found: CaseRules, text: str, calendar: int = 0, agency: str = "A") -> bool:
    return found.working(agency, calendar).is_working(day(text))


def test_a_limit_is_that_of_the_channel_else_that_of_any() -> None:
    found = rules(limits=[Limits(online="3 working_days", post="10 days", any="7 working_days")])
    opened = at("04-03 08:00")
    assert found.limit("1.000001", "online", opened) == Limit(3, "working_days")
    assert found.limit("1.000001", "post", opened) == Limit(10, "days")
    assert found.limit("1.000001", "counter", opened) == Limit(7, "working_days")
    assert found.limit("1.000001", "-", opened) == Limit(7, "working_days")


def test_a_channel_without_a_limit_has_none_where_there_is_none_for_any() -> None:
    assert rules(limits=[Limits(online="3 working_days")]).limit("1.000001", "counter", at("04-03 08:00")) is None


def test_a_procedure_that_the_catalogue_does_not_have_or_gives_no_limit_has_none() -> None:
    assert rules().limit("1.000001", "online", at("04-03 08:00")) is None
    assert rules(limits=[Limits()]).limit("1.000001", "online", at("04-03 08:00")) is None


@pytest.mark.parametrize(
    ("opened", "amount"),
    [
        ("03-31 23:59:59", 7),
        ("04-01 00:00:00", 5),  # local midnight, 17:00 UTC the day before
        ("04-30 23:59:59", 5),
        ("05-01 00:00:00", 3),
    ],
)
def test_limits_count_from_local_midnight_of_the_day_that_they_say(opened: str, amount: int) -> None:
    limits = [
        Limits(any="7 working_days"),
        Limits(since=day("04-01"), any="5 working_days"),
        Limits(since=day("05-01"), any="3 working_days"),
    ]
    assert rules(limits=limits).limit("1.000001", "online", at(opened)) == Limit(amount, "working_days")


def test_before_the_first_limits_that_say_since_when_there_is_none() -> None:
    found = rules(limits=[Limits(since=day("04-01"), any="5 working_days")])
    assert found.limit("1.000001", "online", at("03-31 23:59")) is None


def test_later_limits_that_leave_out_a_channel_take_its_limit_away() -> None:
    found = rules(limits=[Limits(online="3 days", any="7 days"), Limits(since=day("04-01"), counter="5 days")])
    assert found.limit("1.000001", "online", at("04-01 08:00")) is None


def test_an_agency_works_in_its_own_office_hours_and_the_others_in_the_provinces() -> None:
    found = rules(hours={"P": ROUND_THE_CLOCK})
    assert is_working(found, "04-05", agency="P")  # a Saturday
    assert not is_working(found, "04-08", agency="P")  # a Tuesday
    assert not is_working(found, "04-05", agency="A")
    # From Monday 23:00 for two hours of office time: the second hour is Saturday's first.
    assert found.working("P", 0).due(at("04-07 23:00"), Limit(2, "hours")) == at("04-12 01:00")


def test_a_local_day_off_is_that_of_its_agencies_only_and_a_make_up_day_too() -> None:
    found = rules(off("04-09", None, "A", "B"), worked("04-12", None, "A"))
    assert [is_working(found, "04-09", agency=agency) for agency in "ABC"] == [False, False, True]
    assert [is_working(found, "04-12", agency=agency) for agency in "ABC"] == [True, False, False]


def test_agencies_without_rules_of_their_own_share_one_working_time() -> None:
    found = rules(off("04-09", None, "A"))
    assert found.working("B", 0) is found.working("C", 0)
    assert found.working("A", 0) is not found.working("B", 0)


def test_for_an_agency_its_own_entry_decides_whenever_the_provinces_came() -> None:
    found = rules(worked("04-09", None, "A"), off("04-09", "04-01"))
    assert is_working(found, "04-09", calendar=1, agency="A")
    assert not is_working(found, "04-09", calendar=1, agency="B")


def test_of_several_entries_about_one_day_the_latest_in_force_decides() -> None:
    found = rules(worked("04-19", "04-10"), off("04-19", "04-14"), worked("04-19", "04-16"))
    assert [is_working(found, "04-19", calendar) for calendar in range(4)] == [False, True, False, True]


def test_an_entry_counts_only_from_the_day_that_it_says() -> None:
    found = rules(off("04-09"), off("04-16", "04-14"), off("04-23", "04-20"))
    moments = [at(text) for text in ("04-13 23:59:59", "04-14 00:00", "04-19 23:59:59", "04-20 00:00")]
    assert [found.calendar_at(moment) for moment in moments] == [0, 1, 1, 2]
    for calendar, free in enumerate([{"04-09"}, {"04-09", "04-16"}, {"04-09", "04-16", "04-23"}]):
        assert {text for text in ("04-09", "04-16", "04-23") if not is_working(found, text, calendar)} == free


def test_the_changes_after_a_moment_are_those_that_take_effect_later() -> None:
    found = rules(off("04-16", "04-14"), off("04-17", "04-14"), off("04-23", "04-20"), off("04-09"))
    first, second = at("04-14 00:00"), at("04-20 00:00")
    assert found.last_change == second
    assert list(found.changes_after(first - 1)) == [first, second]
    assert list(found.changes_after(first)) == [second]
    assert list(found.changes_after(second)) == []


def test_a_calendar_that_has_always_been_the_same_never_changes() -> None:
    found = rules(off("04-09"))
    assert (found.calendar_at(at("04-20 00:00")), found.last_change) == (0, 0)
    assert list(found.changes_after(at("04-01 00:00"))) == []


def test_a_change_moves_by_its_first_day_within_the_time_that_a_case_has() -> None:
    found = rules(off("04-16", "04-14"), off("04-17", "04-14"), off("04-15", "04-10"), off("04-15"))
    assert found.due_moved_by_day(2, "A", at("04-08 08:00"), at("04-18 08:00")) == day("04-16")
    assert found.due_moved_by_day(2, "A", at("04-17 00:00"), at("04-18 08:00")) == day("04-17")
    assert found.due_moved_by_day(1, "A", at("04-08 08:00"), at("04-18 08:00")) == day("04-15")
    # The day's last moment belongs to it, the next midnight does not.
    assert found.due_moved_by_day(2, "A", at("04-17 23:59:59"), at("04-18 08:00")) == day("04-17")
    assert found.due_moved_by_day(2, "A", at("04-18 00:00"), at("04-19 08:00")) is None


def test_a_change_moves_nobody_by_a_day_off_of_other_agencies() -> None:
    found = rules(off("04-16", "04-14", "B"), off("04-17", "04-14"))
    assert found.due_moved_by_day(1, "A", at("04-08 08:00"), at("04-18 08:00")) == day("04-17")
    assert found.due_moved_by_day(1, "B", at("04-08 08:00"), at("04-18 08:00")) == day("04-16")


WINTER = OfficeHours(since=date(2025, 4, 14), days=WEEK.days, hours=["07:30-12:00", "13:30-17:30"])


def test_office_hours_that_say_since_when_begin_a_calendar_and_count_from_then_on() -> None:
    found = weeks(WEEK, WINTER)
    assert found.calendar_at(at("04-13 23:59")) == 0
    assert list(found.changes_after(at("04-13 23:59"))) == [at("04-14 00:00")]
    before, after = found.working("A", 0), found.working("A", 1)
    assert before.begin(at("04-14 06:00")) == at("04-14 07:00")
    assert after.begin(at("04-14 06:00")) == at("04-14 07:30")
    assert after.begin(at("04-11 06:00")) == at("04-11 07:00")
    assert found.due_moved_by_day(1, "A", at("04-10 08:00"), at("04-15 08:00")) == date(2025, 4, 14)


def test_saturday_has_hours_of_its_own() -> None:
    saturday = OfficeHours(days=["saturday"], hours=["07:30-11:30"])
    found = weeks(WEEK, saturday).working("A", 0)
    assert found.between(at("04-12 00:00"), at("04-13 00:00")) == 4 * 60 * MINUTE
    assert found.between(at("04-11 00:00"), at("04-12 00:00")) == 8 * 60 * MINUTE


def test_hours_of_one_day_are_off_or_worked() -> None:
    half = CalendarRule(date=day("04-11"), off=True, since=None, agencies=[], hours=["13:30-17:00"])
    other = CalendarRule(date=day("04-12"), off=False, since=None, agencies=[], hours=["08:00-10:00"])
    found = weeks(WEEK, calendar=[half, other]).working("A", 0)
    assert found.between(at("04-11 00:00"), at("04-12 00:00")) == 270 * MINUTE
    assert found.between(at("04-12 00:00"), at("04-13 00:00")) == 120 * MINUTE


def test_what_was_said_of_a_day_last_replaces_its_hours() -> None:
    half = CalendarRule(date=day("04-11"), off=True, since=None, agencies=[], hours=["13:30-17:00"])
    found = weeks(WEEK, calendar=[half, off("04-11", "04-02")])
    assert is_working(found, "04-11", 0)
    assert not is_working(found, "04-11", 1)


def test_hours_as_an_earlier_version_wrote_them_are_read() -> None:
    text = (
        '{"zone":"Asia/Ho_Chi_Minh","office_hours":{"days":["monday"],"hours":["07:00-11:30"]},'
        '"agency_hours":{"P":{"days":["monday"],"hours":["08:00-11:30"]}},'
        '"calendar":[{"date":"2025-04-11","off":true,"since":null,"agencies":[]}],"limits":{}}'
    )
    rules = Rules.read(text)
    assert rules.office_hours == [OfficeHours(days=["monday"], hours=["07:00-11:30"])]
    assert rules.agency_hours["P"][0].hours == ["08:00-11:30"]


def test_rules_are_read_as_they_were_written() -> None:
    rules = Rules(zone=ZONE.key, office_hours=[WEEK, WINTER], agency_hours={}, calendar=[off("04-11")], limits={})
    assert Rules.read(rules.model_dump_json()) == rules
