"""When a case is due by its procedure's limit, and what suspensions and changes of the calendar do to that.

Worked out by hand. All times are of Asia/Ho_Chi_Minh. Mondays of 2025: 7, 14, 21 and 28 April, 5 and 12 May; offices
work from 07:00 to 11:30 and from 13:30 to 17:00, eight hours a day.
"""

from datetime import date, datetime
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from schemas.catalogue.rules import CalendarRule, Limits, OfficeHours, Rules
from schemas.events import BY_TYPE
from schemas.events.effects import Case
from schemas.timekeeping.moments import moment_of, time_of
from streams.fold.cases import CaseFold, CaseState
from streams.fold.contributions import contribution_at
from streams.fold.history import Entry
from streams.fold.rules import CaseRules

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WEEK = OfficeHours(days=["monday", "tuesday", "wednesday", "thursday", "friday"], hours=["07:00-11:30", "13:30-17:00"])
MORNINGS = OfficeHours(days=["monday", "tuesday"], hours=["08:00-10:00"])
ORDER = {event.name: event.order for event in BY_TYPE.values() if issubclass(event, Case)}
IDS = map(str, count())

LIMITS = {
    "five": [Limits(any="5 working_days")],
    "ten": [Limits(any="10 days")],
    "month": [Limits(any="1 months")],
    "hours": [Limits(any="12 hours")],
    "channels": [Limits(online="2 working_days", any="5 working_days")],
    "online": [Limits(online="2 working_days")],
    "changed": [Limits(any="5 working_days"), Limits(since=date(2025, 4, 15), any="3 working_days")],
}


def at(text: str) -> int:
    """Moment of a local time: `04-07 09:00`, of 2025 where no year is said."""
    text = text if text.startswith("20") else f"2025-{text}"
    return moment_of(datetime.fromisoformat(text).replace(tzinfo=ZONE))


def shown(moment: int | None) -> str | None:
    return None if moment is None else time_of(moment).astimezone(ZONE).strftime("%m-%d %H:%M")


def day(text: str, off: bool, since: str | None, agencies: list[str]) -> CalendarRule:
    dated = None if since is None else date.fromisoformat(f"2025-{since}")
    text = text if text.startswith("20") else f"2025-{text}"
    return CalendarRule(date=date.fromisoformat(text), off=off, since=dated, agencies=agencies)


def off(text: str, since: str | None = None, *agencies: str) -> CalendarRule:
    return day(text, True, since, list(agencies))


def worked(text: str, since: str | None = None, *agencies: str) -> CalendarRule:
    return day(text, False, since, list(agencies))


def fold(*calendar: CalendarRule, kind: str = "dossier") -> CaseFold:
    rules = Rules(
        zone=ZONE.key,
        office_hours=[WEEK],
        agency_hours={"MORNINGS": [MORNINGS]},
        calendar=list(calendar),
        limits=LIMITS,
    )
    return CaseFold("one-stop", kind, CaseRules(rules))


def entry(name: str, when: str, due: str | None = None, agency: str = "A", detail: object = None) -> Entry:
    type_ = name if "." in name else f"dossier.{name}"
    return Entry(at(when), ORDER[type_], next(IDS), type_, agency, None if due is None else at(due), None, detail)


def received(
    when: str, procedure: str = "five", channel: str = "online", due: str | None = None, agency: str = "A"
) -> Entry:
    return entry("received", when, due, agency, procedure)._replace(dimensions=f"{channel} full")


def state_of(folding: CaseFold, *history: Entry) -> CaseState:
    state = folding.start()
    for one in folding.expand(sorted(history)):
        folding.advance(state, one)
    return state


def due(*history: Entry, calendar: tuple[CalendarRule, ...] = ()) -> str | None:
    return shown(state_of(fold(*calendar), *history).due)


def holds(folding: CaseFold, when: str, *history: Entry) -> set[str]:
    """The measures that the fold of the events until a moment holds then, but the amounts."""
    contribution = contribution_at(folding, sorted(one for one in history if one.time <= at(when)), at(when))
    return {key[1].partition(".")[2] for key in contribution} - {"opened_at_sum", "worked", "progress"}


def amount(folding: CaseFold, measure: str, when: str, *history: Entry) -> int | None:
    contribution = contribution_at(folding, sorted(one for one in history if one.time <= at(when)), at(when))
    return next((value for key, (_, value) in contribution.items() if key[1].partition(".")[2] == measure), None)


# The limit of the procedure.


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("04-07 09:00", "04-14 09:00"),  # a Monday: Tuesday is the first of the five days, the next Monday the fifth
        ("04-07 12:00", "04-14 13:30"),  # at lunch: received at 13:30
        ("04-07 20:00", "04-15 07:00"),  # in the evening: received on Tuesday at 07:00
        ("04-07 17:00", "04-15 07:00"),  # 17:00 sharp is after hours
        ("04-12 10:00", "04-21 07:00"),  # a Saturday: received on Monday the 14th at 07:00
        ("04-11 16:00", "04-18 16:00"),  # a Friday
    ],
)
def test_working_days_are_counted_from_the_day_after_the_one_of_receipt(when: str, expected: str) -> None:
    assert due(received(when)) == expected


@pytest.mark.parametrize(
    ("procedure", "expected"),
    [
        ("ten", "04-17 09:00"),  # a Thursday
        ("month", "05-07 09:00"),  # a Wednesday
        ("hours", "04-08 15:00"),  # 2.5 and 3.5 h on Monday, 4.5 h on Tuesday morning, 1.5 h after lunch
    ],
)
def test_limits_of_days_months_and_hours(procedure: str, expected: str) -> None:
    assert due(received("04-07 09:00", procedure)) == expected


def test_calendar_days_that_end_on_a_day_off_move_to_the_next_working_day() -> None:
    # Ten days from Wednesday the 9th end on Saturday the 19th.
    assert due(received("04-09 09:00", "ten")) == "04-21 09:00"


# The swap of 2025: Friday 2 May off for Saturday 26 April; 30 April (Wednesday) and 1 May (Thursday) are holidays.
SWAP = (worked("04-26"), off("04-30"), off("05-01"), off("05-02"))


def test_a_make_up_saturday_is_a_day_of_receipt_like_another() -> None:
    # Monday 28 and Tuesday 29 April, then Monday 5 to Wednesday 7 May.
    assert due(received("04-26 10:00"), calendar=SWAP) == "05-07 10:00"


def test_a_make_up_saturday_counts_and_what_it_makes_up_for_does_not() -> None:
    # Friday 25, Saturday 26, Monday 28, Tuesday 29 April, Monday 5 May.
    assert due(received("04-24 10:00"), calendar=SWAP) == "05-05 10:00"


def test_over_tet_no_day_counts() -> None:
    # Tết 2025: off from Saturday 25 January to Sunday 2 February, so from Monday 27 to Friday 31 of the week's days.
    # Received on Wednesday the 22nd: Thursday 23, Friday 24, Monday 3, Tuesday 4, Wednesday 5 February.
    tet = tuple(off(f"01-{number}") for number in range(27, 32))
    assert due(received("01-22 15:00"), calendar=tet) == "02-05 15:00"
    assert due(received("01-24 18:00"), calendar=tet) == "02-10 07:00"  # as if on Monday 3 February at 07:00


def test_the_due_time_that_the_agency_sends_wins_over_the_limit() -> None:
    assert due(received("04-07 09:00", due="04-09 17:00")) == "04-09 17:00"


def test_a_limit_may_differ_by_channel() -> None:
    assert due(received("04-07 09:00", "channels", "online")) == "04-09 09:00"
    assert due(received("04-07 09:00", "channels", "counter")) == "04-14 09:00"
    assert due(received("04-07 09:00", "online", "counter")) is None


def test_the_limit_is_the_one_in_force_when_the_case_was_opened() -> None:
    assert due(received("04-14 23:59", "changed")) == "04-22 07:00"  # five days from Tuesday at 07:00
    assert due(received("04-15 00:00", "changed")) == "04-18 07:00"  # three, from the same Tuesday at 07:00


def test_the_office_hours_are_those_of_the_agency_that_opened_it() -> None:
    # Two hours on Monday (08:00 to 10:00) and Tuesday each: the twelfth on Tuesday the 22nd.
    history = received("04-07 07:00", "hours", agency="MORNINGS")
    assert due(history) == "04-22 10:00"
    # Suspended for three: one on Monday, two on Tuesday. Two more on Monday the 28th, one on Tuesday.
    assert due(history, entry("suspended", "04-07 09:00"), entry("resumed", "04-14 08:00")) == "04-29 09:00"


def test_a_procedure_without_a_limit_has_no_due_time_and_is_neither_on_time_nor_late() -> None:
    history = received("04-07 09:00", "none"), entry("processed", "12-31 16:00")
    assert due(*history) is None
    assert holds(fold(), "12-30 09:00", *history) == {"opened", "open", "open_without_due"}
    assert holds(fold(), "12-31 16:00", *history) == {"opened", "closed", "without_due"}


def test_an_open_case_is_overdue_from_the_midnight_after_its_computed_due_day() -> None:
    history = received("04-07 09:00")
    assert holds(fold(), "04-14 23:59:59", history) == {"opened", "open"}
    assert holds(fold(), "04-15 00:00", history) == {"opened", "open", "overdue"}


# Suspensions.


def test_a_computed_due_time_moves_by_the_office_time_suspended() -> None:
    # Eight hours: 2.5 h on Tuesday, 5.5 h on Wednesday.
    history = received("04-07 09:00"), entry("suspended", "04-08 14:30"), entry("resumed", "04-09 14:30")
    assert due(*history) == "04-15 09:00"


def test_suspended_twice_it_moves_by_both() -> None:
    pauses = [
        entry("suspended", "04-08 09:00"),
        entry("resumed", "04-09 09:00"),  # eight hours
        entry("suspended", "04-10 15:00"),
        entry("resumed", "04-11 09:00"),  # two hours on Thursday, two on Friday
    ]
    # Due on Tuesday the 15th at 09:00, four hours later: 2.5 h until lunch, 1.5 h after it.
    assert due(received("04-07 09:00"), *pauses) == "04-15 15:00"
    assert due(received("04-07 09:00", due="04-14 09:00"), *pauses) == "04-15 15:00"


def test_a_suspension_told_twice_begins_with_the_first() -> None:
    history = received("04-07 09:00"), entry("suspended", "04-08 09:00"), entry("suspended", "04-09 09:00")
    assert due(*history, entry("resumed", "04-10 09:00")) == "04-16 09:00"


def test_a_resumption_of_what_is_not_suspended_changes_nothing() -> None:
    assert due(received("04-07 09:00"), entry("resumed", "04-09 09:00")) == "04-14 09:00"
    assert due(received("04-07 09:00", due="04-14 09:00"), entry("resumed", "04-09 09:00")) == "04-14 09:00"


def test_a_night_and_a_weekend_of_suspension_move_nothing() -> None:
    history = received("04-07 09:00"), entry("suspended", "04-11 17:00"), entry("resumed", "04-14 07:00")
    assert due(*history) == "04-14 09:00"


@pytest.mark.parametrize("sent", [None, "04-14 09:00"])
def test_resumed_after_the_due_time_it_has_left_what_it_had(sent: str | None) -> None:
    # Suspended on Friday the 11th at 15:00 with four office hours left, resumed on Wednesday the 23rd at 07:00:
    # four hours of that morning, until 11:00.
    history = received("04-07 09:00", due=sent), entry("suspended", "04-11 15:00"), entry("resumed", "04-23 07:00")
    assert due(*history) == "04-23 11:00"
    assert holds(fold(), "04-20 09:00", *history) == {"opened", "open", "suspended"}
    assert holds(fold(), "04-23 23:59", *history) == {"opened", "open"}
    assert holds(fold(), "04-24 00:00", *history) == {"opened", "open", "overdue"}


@pytest.mark.parametrize("sent", [None, "04-09 09:00"])
def test_suspended_after_the_due_time_it_stays_missed(sent: str | None) -> None:
    # Due on Wednesday at 09:00, suspended two days of office time later, for two days.
    pause = entry("suspended", "04-11 09:00"), entry("resumed", "04-15 09:00")
    history = received("04-07 09:00", "channels", due=sent), *pause
    assert due(*history) == "04-09 09:00"
    assert holds(fold(), "04-10 00:00", *history) == {"opened", "open", "overdue"}
    assert holds(fold(), "04-14 00:00", *history) == {"opened", "open", "suspended", "overdue"}
    assert holds(fold(), "04-15 09:00", *history) == {"opened", "open", "overdue"}


def test_the_due_time_that_a_resumption_brings_is_the_agencys_own_from_then_on() -> None:
    history = received("04-07 09:00"), entry("suspended", "04-08 09:00"), entry("resumed", "04-09 09:00", "04-25 17:00")
    assert due(*history) == "04-25 17:00"
    # Suspended once more for eight hours: only these move it, from the Friday's end to that of Monday.
    assert due(*history, entry("suspended", "04-10 09:00"), entry("resumed", "04-11 09:00")) == "04-28 17:00"


def test_extended_while_suspended_the_pause_counts_from_the_extension_on() -> None:
    pause = entry("suspended", "04-08 09:00"), entry("extended", "04-09 09:00", "04-25 17:00")
    assert due(received("04-07 09:00"), *pause) == "04-25 17:00"
    assert due(received("04-07 09:00"), *pause, entry("resumed", "04-10 09:00")) == "04-28 17:00"


@pytest.mark.parametrize("sent", [None, "04-14 09:00"])
def test_closed_while_suspended_is_as_if_it_had_been_resumed_at_that_moment(sent: str | None) -> None:
    # Four office hours left on Friday the 11th at 15:00; processed on Wednesday the 23rd, in time that day.
    history = received("04-07 09:00", due=sent), entry("suspended", "04-11 15:00"), entry("processed", "04-23 20:00")
    assert due(*history) == "04-24 11:00"  # from Wednesday 17:00 on, the four hours of Thursday morning
    assert holds(fold(), "04-23 20:00", *history) == {"opened", "closed", "on_time"}
    # Suspended on the day after the due day: missed, and by the time suspended it stays so.
    late = received("04-07 09:00", due=sent), entry("suspended", "04-15 09:00"), entry("processed", "04-23 20:00")
    assert holds(fold(), "04-23 20:00", *late) == {"opened", "closed", "late"}


def test_suspended_before_it_was_opened_the_pause_counts_from_the_opening_on() -> None:
    history = entry("suspended", "04-03 09:00"), received("04-07 09:00"), entry("resumed", "04-08 09:00")
    assert due(*history) == "04-15 09:00"
    own = entry("suspended", "04-03 09:00"), received("04-07 09:00", due="04-14 09:00"), entry("resumed", "04-08 09:00")
    assert due(*own) == "04-15 09:00"


def test_suspended_and_resumed_before_it_was_opened_moves_nothing() -> None:
    history = entry("suspended", "04-03 09:00"), entry("resumed", "04-04 09:00"), received("04-07 09:00")
    assert due(*history) == "04-14 09:00"


# Changes of the calendar: Friday 11 April is made a day off, from Wednesday the 9th on.

CHANGE = (off("04-11", "04-09"),)


def test_a_day_off_that_takes_effect_moves_an_open_computed_due_time_and_is_named() -> None:
    state = state_of(fold(*CHANGE), received("04-07 09:00"))
    assert (shown(state.due), state.due_moved_by_day) == ("04-15 09:00", date(2025, 4, 11))


def test_the_figures_before_the_change_go_by_the_calendar_of_before() -> None:
    # Due on Friday the 11th without the change; made known on Friday itself.
    folding, history = fold(off("04-11", "04-11")), received("04-09 09:00", "channels")
    assert holds(folding, "04-10 23:59:59", history) == {"opened", "open"}
    assert holds(folding, "04-12 00:00", history) == {"opened", "open"}
    assert holds(folding, "04-15 00:00", history) == {"opened", "open", "overdue"}


def test_the_fold_until_a_moment_knows_no_change_that_takes_effect_after_it() -> None:
    folding = fold(off("04-11", "04-11"))
    state = folding.start()
    for one in folding.expand([received("04-09 09:00", "channels")]):
        if one.time <= at("04-10 23:59:59"):
            folding.advance(state, one)
    assert (shown(state.due), state.due_moved_by_day) == ("04-11 09:00", None)


def test_a_change_leaves_the_due_time_that_the_agency_sent() -> None:
    state = state_of(fold(*CHANGE), received("04-07 09:00", due="04-14 09:00"))
    assert (shown(state.due), state.due_moved_by_day) == ("04-14 09:00", None)


@pytest.mark.parametrize("name", ["extended", "resumed"])
def test_a_change_leaves_the_due_time_that_the_agency_sent_later(name: str) -> None:
    state = state_of(fold(*CHANGE), received("04-07 09:00"), entry(name, "04-08 09:00", "04-14 17:00"))
    assert (shown(state.due), state.due_moved_by_day) == ("04-14 17:00", None)


def test_a_due_time_that_the_agency_sends_after_the_change_was_moved_by_no_calendar() -> None:
    state = state_of(fold(*CHANGE), received("04-07 09:00"), entry("extended", "04-10 09:00", "04-14 17:00"))
    assert (shown(state.due), state.due_moved_by_day) == ("04-14 17:00", None)


def test_a_change_leaves_what_was_settled_before_it() -> None:
    history = received("04-07 09:00"), entry("processed", "04-08 23:59:59")
    state = state_of(fold(*CHANGE), *history)
    assert (shown(state.due), state.due_moved_by_day) == ("04-14 09:00", None)
    assert amount(fold(*CHANGE), "worked", "05-30 09:00", *history) == amount(fold(), "worked", "05-30 09:00", *history)


def test_a_change_leaves_what_was_already_overdue_and_not_what_is_overdue_a_moment_later() -> None:
    # Due on Monday the 7th, overdue from the 8th at midnight; 7 April is made a day off from that midnight, or earlier.
    history = received("04-03 09:00", "channels")  # Thursday: Friday the 4th, Monday the 7th
    missed = state_of(fold(off("04-07", "04-08")), history)
    assert (shown(missed.due), missed.due_moved_by_day) == ("04-07 09:00", None)
    moved = state_of(fold(off("04-07", "04-07")), history)
    assert (shown(moved.due), moved.due_moved_by_day) == ("04-08 09:00", date(2025, 4, 7))


def test_what_was_overdue_when_it_was_suspended_stays_missed() -> None:
    # Due on Wednesday the 9th, suspended as overdue on Thursday; then the 9th is made a day off from the 11th on.
    history = received("04-07 09:00", "channels"), entry("suspended", "04-10 09:00")
    state = state_of(fold(off("04-09", "04-11")), *history)
    assert (shown(state.due), state.due_moved_by_day) == ("04-09 09:00", None)


def test_what_was_missed_before_a_change_of_the_calendar_and_suspended_after_it_stays_missed() -> None:
    pause = entry("suspended", "04-11 09:00"), entry("resumed", "04-16 09:00")
    assert due(received("04-07 09:00", "channels"), *pause, calendar=(off("04-15", "04-10"),)) == "04-09 09:00"
    assert due(received("04-07 09:00", "channels"), *pause, calendar=(off("04-08", "04-14"),)) == "04-09 09:00"


def test_a_change_moves_what_is_suspended_in_time_and_the_pause_moves_it_too() -> None:
    # Suspended on the 8th at 09:00 until Monday the 14th at 09:00: Tuesday, Wednesday, Thursday, no Friday.
    history = received("04-07 09:00"), entry("suspended", "04-08 09:00"), entry("resumed", "04-14 09:00")
    assert due(*history, calendar=CHANGE) == "04-18 09:00"
    assert due(*history) == "04-18 09:00"  # with the Friday: four days of pause, and one less to wait for


def test_an_agencys_own_due_time_moves_by_what_the_calendar_of_the_resumption_says_was_suspended() -> None:
    pause = entry("suspended", "04-08 09:00"), entry("resumed", "04-14 09:00")
    assert due(received("04-07 09:00", due="04-18 17:00"), *pause, calendar=CHANGE) == "04-23 17:00"
    assert due(received("04-07 09:00", due="04-18 17:00"), *pause) == "04-24 17:00"


def test_a_day_outside_of_the_time_that_a_case_has_moves_nothing_and_is_not_named() -> None:
    state = state_of(fold(off("04-18", "04-09")), received("04-07 09:00"))
    assert (shown(state.due), state.due_moved_by_day) == ("04-14 09:00", None)


def test_a_day_off_of_other_agencies_moves_nothing() -> None:
    calendar = off("04-11", "04-09", "B")
    assert due(received("04-07 09:00"), calendar=(calendar,)) == "04-14 09:00"
    assert due(received("04-07 09:00", agency="B"), calendar=(calendar,)) == "04-15 09:00"


def test_the_days_off_of_the_agency_that_opened_it_count_also_where_another_owes_it_now() -> None:
    history = received("04-07 09:00", agency="B"), entry("suspended", "04-08 09:00", agency="A")
    assert due(*history, calendar=(off("04-11", "04-09", "B"),)) == "04-15 09:00"


def test_a_make_up_saturday_that_takes_effect_brings_a_due_time_forward() -> None:
    state = state_of(fold(worked("04-12", "04-09")), received("04-07 09:00"))
    assert (shown(state.due), state.due_moved_by_day) == ("04-12 09:00", date(2025, 4, 12))


def test_two_changes_move_it_twice_and_the_later_is_named() -> None:
    calendar = off("04-11", "04-09"), off("04-15", "04-14")
    state = state_of(fold(*calendar), received("04-07 09:00"))
    assert (shown(state.due), state.due_moved_by_day) == ("04-16 09:00", date(2025, 4, 15))


def test_opened_at_the_very_midnight_it_goes_by_the_new_calendar_and_was_not_moved() -> None:
    state = state_of(fold(off("04-11", "04-09")), received("04-09 00:00", "channels"))
    assert (shown(state.due), state.due_moved_by_day) == ("04-14 07:00", None)


# What it took, and how far it is.


def test_the_time_worked_is_office_time_without_the_pauses_in_minutes() -> None:
    history = (
        received("04-07 09:00"),
        entry("suspended", "04-08 09:00"),
        entry("resumed", "04-09 09:00"),
        entry("processed", "04-10 10:00:59"),
    )
    # 6 h on Monday, 8 h on Tuesday and Wednesday, 3 h on Thursday; less the 8 h of the pause.
    assert amount(fold(), "worked", "04-10 11:00", *history) == 17 * 60
    assert amount(fold(off("04-10", "04-10")), "worked", "04-10 11:00", *history) == 14 * 60


def test_the_time_worked_ends_where_a_suspended_case_is_closed() -> None:
    history = received("04-07 09:00"), entry("suspended", "04-08 09:00"), entry("processed", "04-10 10:00")
    assert amount(fold(), "worked", "04-10 11:00", *history) == 8 * 60


def test_what_was_withdrawn_has_no_time_worked() -> None:
    history = received("04-07 09:00"), entry("withdrawn", "04-08 09:00")
    assert amount(fold(), "worked", "04-10 11:00", *history) is None


def assigned(when: str, due: str | None = None) -> Entry:
    return entry("task.assigned", when, due)._replace(dimensions="project")


def test_the_progress_of_a_task_is_what_was_said_last_and_whole_once_it_is_completed() -> None:
    history = (
        assigned("04-07 09:00"),
        entry("task.progressed", "04-09 09:00", detail=60),
        entry("task.progressed", "04-08 09:00", detail=25),
        entry("task.completed", "04-10 09:00"),
        entry("task.progressed", "04-11 09:00", detail=90),
    )
    folding = fold(kind="task")
    whens = ["04-07 12:00", "04-08 12:00", "04-09 12:00", "04-10 12:00", "04-11 12:00"]
    assert [amount(folding, "progress", when, *history) for when in whens] == [None, 25, 60, 100, 100]


def test_the_progress_of_a_suspended_task_stands_and_that_of_a_cancelled_one_is_gone() -> None:
    history = (
        assigned("04-07 09:00"),
        entry("task.progressed", "04-08 09:00", detail=25),
        entry("task.suspended", "04-09 09:00"),
        entry("task.cancelled", "04-10 09:00"),
    )
    folding = fold(kind="task")
    assert amount(folding, "progress", "04-09 12:00", *history) == 25
    assert amount(folding, "progress", "04-10 12:00", *history) is None


def test_dossiers_have_no_progress() -> None:
    history = received("04-07 09:00"), entry("processed", "04-08 09:00")
    assert amount(fold(), "progress", "04-10 12:00", *history) is None
