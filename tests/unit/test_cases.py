"""What a case or an item is after its events: examples worked out by hand. All times are of Asia/Ho_Chi_Minh."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from schemas.catalogue.rules import OfficeHours, Rules, Succession
from schemas.events import BY_TYPE
from schemas.events.effects import Case, Item
from schemas.timekeeping.moments import MINUTE, Calendar, moment_of
from streams.fold.cases import CaseState
from streams.fold.contributions import Folds
from streams.fold.history import Entry, in_order
from streams.fold.items import ItemState
from streams.fold.rules import CaseRules
from tests.helpers import RULES

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FOLDS = Folds(RULES)
DOSSIER = FOLDS.case("one-stop", "dossier")
STATION = FOLDS.item("telecom", "station")
ORDER = {event.name: event.order for event in BY_TYPE.values() if issubclass(event, Case | Item)}


def at(local: str) -> int:
    """Moment of a local time of April 2025: `03 08:15`, with seconds where they matter."""
    return moment_of(datetime.fromisoformat(f"2025-04-{local}").replace(tzinfo=ZONE))


def entry(
    name: str,
    local: str,
    agency: str = "A",
    due: str | None = None,
    dimensions: str | None = None,
    id: str = "1",  # noqa: A002
) -> Entry:
    return Entry(at(local), ORDER[name], id, name, agency, None if due is None else at(due), dimensions)


def received(local: str, due: str | None = None, agency: str = "A", id: str = "1") -> Entry:  # noqa: A002
    return entry("dossier.received", local, agency, due, "online", id)


def case(*entries: Entry) -> CaseState:
    state = DOSSIER.start()
    for one in sorted(entries, key=in_order):
        DOSSIER.advance(state, one)
    return state


def holds(state: CaseState, local: str) -> set[str]:
    """The measures that the case counts for at a moment, as long as nothing else happens."""
    moment = at(local)
    contribution = DOSSIER.contribution(state, moment).items()
    names = {key[1].removeprefix("dossier.") for key, (begin, _) in contribution if begin <= moment}
    return names - {"opened_at_sum", "worked"}


def overdue_from(state: CaseState, local: str) -> int:
    return DOSSIER.contribution(state, at(local))["one-stop", "dossier.overdue", state.agency, ""][0]


def met(*entries: Entry) -> bool | None:
    return DOSSIER.on_time(case(*entries))


@pytest.mark.parametrize("due", ["10 00:00", "10 08:00", "10 23:59", "10 23:59:59"])
def test_late_begins_at_local_midnight_after_the_day_of_the_due_time(due: str) -> None:
    assert met(received("03 08:00", due), entry("dossier.processed", "10 23:59:59")) is True
    assert met(received("03 08:00", due), entry("dossier.processed", "11 00:00:00")) is False


def test_the_day_of_the_due_time_is_the_local_one() -> None:
    # 17:30 UTC on 10 April is 00:30 on the 11th in Vietnam.
    assert met(received("03 08:00", "11 00:30"), entry("dossier.processed", "11 20:00")) is True
    assert DOSSIER.overdue_at(at("11 00:30")) == at("12 00:00")


def test_one_microsecond_before_midnight_is_on_time() -> None:
    closed = entry("dossier.processed", "11 00:00")
    assert met(received("03 08:00", "10 08:00"), closed._replace(time=closed.time - 1)) is True


def test_without_a_due_time_a_finish_is_neither_on_time_nor_late() -> None:
    finished = received("03 08:00"), entry("dossier.processed", "29 08:00", id="2")
    assert met(*finished) is None
    assert holds(case(*finished), "29 08:00") == {"opened", "closed", "without_due"}
    assert DOSSIER.contribution(case(*finished), at("29 08:00"))["one-stop", "dossier.worked", "A", ""][1] > 0
    withdrawn = received("03 08:00"), entry("dossier.withdrawn", "29 08:00", id="2")
    assert holds(case(*withdrawn), "29 08:00") == {"opened", "closed"}
    told_at_the_end = received("03 08:00"), entry("dossier.processed", "29 08:00", due="28 08:00", id="2")
    assert holds(case(*told_at_the_end), "29 08:00") == {"opened", "closed", "late"}


def test_an_open_case_is_overdue_from_midnight_on_and_not_before() -> None:
    state = case(received("03 08:00", "10 17:00"))
    assert holds(state, "10 23:59:59") == {"opened", "open"}
    assert holds(state, "11 00:00:00") == {"opened", "open", "overdue"}


def test_a_case_received_after_its_due_day_is_overdue_at_once_not_before_it_was_there() -> None:
    state = case(received("15 08:00", "10 17:00"))
    assert overdue_from(state, "15 08:00") == at("15 08:00")


def test_a_suspended_case_is_not_overdue() -> None:
    state = case(received("03 08:00", "10 17:00"), entry("dossier.suspended", "09 08:00", id="2"))
    assert state.name == "suspended"
    assert holds(state, "20 08:00") == {"opened", "open", "suspended"}


def test_a_resumed_case_has_the_office_time_left_that_it_had_where_it_gets_no_other_due_time() -> None:
    history = (received("03 08:00", "10 17:00"), entry("dossier.suspended", "09 08:00", id="2"))
    # Four working days of suspension: from Wednesday the 9th to Tuesday the 15th.
    assert overdue_from(case(*history, entry("dossier.resumed", "15 08:00", id="3")), "15 08:00") == at("17 00:00")


def test_a_resumed_case_has_until_the_due_time_that_it_got() -> None:
    resumed = entry("dossier.resumed", "15 08:00", due="18 08:00", id="3")
    history = (received("03 08:00", "10 17:00"), entry("dossier.suspended", "09 08:00", id="2"), resumed)
    assert holds(case(*history), "18 23:59") == {"opened", "open"}
    assert holds(case(*history), "19 00:00") == {"opened", "open", "overdue"}
    assert met(*history, entry("dossier.processed", "18 23:00", id="4")) is True


def test_an_extended_case_has_until_the_new_due_time() -> None:
    history = (received("03 08:00", "10 17:00"), entry("dossier.extended", "12 08:00", due="20 17:00", id="2"))
    assert holds(case(*history), "20 23:59") == {"opened", "open"}
    assert met(*history, entry("dossier.processed", "20 18:00", id="3")) is True
    assert met(*history, entry("dossier.processed", "21 00:00", id="3")) is False


def test_an_extension_after_the_end_moves_nothing() -> None:
    history = (received("03 08:00", "10 17:00"), entry("dossier.processed", "12 08:00", id="2"))
    assert met(*history, entry("dossier.extended", "13 08:00", due="20 17:00", id="3")) is False


def test_a_closing_may_say_an_earlier_due_time_and_no_later_one() -> None:
    assert (
        met(received("03 08:00", "10 17:00"), entry("dossier.processed", "12 08:00", due="12 17:00", id="2")) is False
    )
    assert (
        met(received("03 08:00", "10 17:00"), entry("dossier.processed", "09 08:00", due="08 17:00", id="2")) is False
    )
    assert met(received("03 08:00"), entry("dossier.processed", "12 08:00", due="11 17:00", id="2")) is False


@pytest.mark.parametrize("first", ["dossier.processed", "dossier.returned", "dossier.refused"])
def test_what_had_ended_late_cannot_be_withdrawn_any_more(first: str) -> None:
    late = received("03 08:00", "10 17:00"), entry(first, "12 08:00", id="2")
    assert met(*late, entry("dossier.withdrawn", "13 08:00", id="3")) is False
    assert met(late[0], entry("dossier.withdrawn", "09 08:00", id="2"), entry(first, "13 08:00", id="3")) is None


def test_suspended_after_the_miss_it_is_overdue_all_along() -> None:
    history = (
        received("03 08:00", "10 17:00"),
        entry("dossier.suspended", "14 08:00", id="2"),
        entry("dossier.resumed", "17 08:00", due="25 17:00", id="3"),
    )
    for until, extra in ((1, set()), (2, {"suspended"}), (3, set())):
        state = case(*history[:until])
        assert state.due == at("10 17:00")
        assert holds(state, "20 08:00") == {"opened", "open", "overdue"} | extra
    assert met(*history, entry("dossier.processed", "18 08:00", id="4")) is False
    assert met(*history[:2], entry("dossier.processed", "18 08:00", id="4")) is False
    extended = entry("dossier.extended", "18 08:00", due="25 17:00", id="4")
    assert holds(case(*history, extended), "20 08:00") == {"opened", "open"}  # the agency was given more time


def test_a_resumption_without_a_suspension_brings_more_time_only_before_the_miss() -> None:
    opened, resumed = received("03 08:00", "10 17:00"), {"due": "25 17:00", "id": "2"}
    assert case(opened, entry("dossier.resumed", "10 23:59", **resumed)).due == at("25 17:00")
    assert case(opened, entry("dossier.resumed", "11 00:00", **resumed)).due == at("10 17:00")
    early = entry("dossier.resumed", "02 08:00", **resumed)  # not opened yet: all that is known of its time
    assert case(early, received("03 08:00")).due == at("25 17:00")


def test_returned_after_processed_keeps_the_finish() -> None:
    state = case(
        received("03 08:00", "10 17:00"),
        entry("dossier.processed", "10 08:00", id="2"),
        entry("dossier.returned", "15 08:00", id="3"),
    )
    assert state.closed_at == at("10 08:00")
    assert holds(state, "15 08:00") == {"opened", "closed", "on_time"}


def test_processed_told_after_returned_is_the_finish() -> None:
    state = case(
        received("03 08:00", "10 17:00"),
        entry("dossier.returned", "09 08:00", id="2"),
        entry("dossier.processed", "12 08:00", id="3"),
    )
    assert state.closed_at == at("12 08:00")
    assert holds(state, "12 08:00") == {"opened", "closed", "late"}


def test_of_two_equal_closings_the_first_is_the_finish() -> None:
    state = case(
        received("03 08:00"),
        entry("dossier.processed", "09 08:00", id="2"),
        entry("dossier.processed", "12 08:00", id="3"),
    )
    assert state.closed_at == at("09 08:00")


def test_a_refused_case_is_closed_on_time_or_late() -> None:
    assert met(received("03 08:00", "10 17:00"), entry("dossier.refused", "10 18:00", id="2")) is True
    assert met(received("03 08:00", "10 17:00"), entry("dossier.refused", "11 18:00", id="2")) is False


def test_a_withdrawn_case_is_closed_neither_on_time_nor_late() -> None:
    state = case(received("03 08:00", "10 17:00"), entry("dossier.withdrawn", "12 08:00", id="2"))
    assert DOSSIER.on_time(state) is None
    assert holds(state, "12 08:00") == {"opened", "closed"}


def test_a_closed_case_is_neither_open_nor_suspended_nor_overdue() -> None:
    state = case(
        received("03 08:00", "04 17:00"),
        entry("dossier.suspended", "09 08:00", id="2"),
        entry("dossier.processed", "12 08:00", id="3"),
    )
    assert state.name == "closed"
    assert holds(state, "20 08:00") == {"opened", "closed", "late"}


def test_closed_without_having_been_opened_is_incomplete_and_counts_nowhere_else() -> None:
    state = case(entry("dossier.processed", "12 08:00"))
    assert state.name == "incomplete"
    assert holds(state, "12 08:00") == {"incomplete"}


def test_suspended_without_having_been_opened_counts_nowhere() -> None:
    state = case(entry("dossier.suspended", "12 08:00"))
    assert state.name == "void"
    assert holds(state, "12 08:00") == set()


def test_ended_before_it_began_is_closed_and_contradictory() -> None:
    state = case(received("12 08:00", "10 17:00"), entry("dossier.processed", "09 08:00", id="2"))
    assert state.contradictory
    assert holds(state, "12 08:00") == {"opened", "closed", "on_time", "contradictory"}


def test_ended_in_the_second_in_which_it_began_is_not_contradictory() -> None:
    assert not case(received("12 08:00"), entry("dossier.processed", "12 08:00", id="0")).contradictory


def test_opened_never_reopens() -> None:
    state = case(
        received("03 08:00"), entry("dossier.processed", "05 08:00", id="2"), received("09 08:00", "10 08:00", id="3")
    )
    assert state.name == "closed"
    assert (state.opened_at, state.due) == (at("03 08:00"), None)


@pytest.mark.parametrize(("agency", "year", "reused"), [("A", 2025, 0), ("B", 2025, 1), ("A", 2026, 1), ("B", 2026, 1)])
def test_a_number_that_another_agency_or_year_uses_is_told(agency: str, year: int, reused: int) -> None:
    """Police stations number their incidents each by itself, and anew every January."""
    again = received("05 08:00", agency=agency, id="2")
    moment = moment_of(datetime(year, 4, 5, 8, tzinfo=ZONE))
    state = case(received("03 08:00"), entry("dossier.processed", "04 08:00"), again._replace(time=moment))
    found = DOSSIER.contribution(state, moment).get(("one-stop", "dossier.number_reused", agency, ""), (0, 0))
    assert (state.name, state.opened_at, found[1], len(state.reused_by)) == ("closed", at("03 08:00"), reused, reused)


def test_a_reopened_case_is_owed_again_and_ends_with_its_next_closing() -> None:
    history = (
        received("03 08:00", "10 17:00"),
        entry("dossier.suspended", "04 08:00", id="2"),
        entry("dossier.processed", "05 08:00", id="3"),
        entry("dossier.reopened", "06 08:00", id="4"),
    )
    assert case(*history).name == "open"
    # Closed while suspended: the seven office hours until then do not count, nor does the time until it is reopened.
    assert overdue_from(case(*history), "06 08:00") == at("12 00:00")
    again = case(*history, entry("dossier.returned", "12 08:00", id="5"))
    assert again.closed_at == at("12 08:00")
    assert holds(again, "12 08:00") == {"opened", "closed", "late", "reopened"}


def test_what_a_reopening_undid_stays_known_and_counts_as_often_as_it_happened() -> None:
    state = case(
        received("03 08:00", "10 17:00"),
        entry("dossier.processed", "07 08:00", id="2"),
        entry("dossier.reopened", "08 08:00", "B", "09 17:00", id="3"),
        entry("dossier.reopened", "08 09:00", "C", id="4"),  # it was open: nothing to undo
        entry("dossier.processed", "10 08:00", id="5"),
        entry("dossier.reopened", "11 08:00", "B", "25 17:00", id="6"),
        entry("dossier.withdrawn", "14 08:00", id="7"),
    )
    assert [(one.closed_at, one.on_time, one.reopened_at) for one in state.undone] == [
        (at("07 08:00"), True, at("08 08:00")),
        (at("10 08:00"), False, at("11 08:00")),
    ]
    assert DOSSIER.contribution(state, at("14 08:00"))["one-stop", "dossier.reopened", "B", ""][1] == 2
    assert case(entry("dossier.processed", "07 08:00"), entry("dossier.reopened", "08 08:00")).undone == ()


def test_a_finished_task_that_is_reopened_is_not_done_and_has_come_as_far_as_was_said() -> None:
    task = FOLDS.case("green", "task")

    def stands(*steps: tuple[str, str]) -> dict[str, int]:
        state = task.start()
        for name, local in steps:
            one = entry(f"task.{name}", local)
            task.advance(state, one._replace(detail=60) if name == "progressed" else one)
        held = {
            key[1].removeprefix("task."): amount
            for key, (_, amount) in task.contribution(state, at("30 08:00")).items()
        }
        return {name: held[name] for name in ("open", "done", "progress", "reopened") if name in held}

    finished = ("assigned", "03 08:00"), ("progressed", "04 08:00"), ("completed", "05 08:00")
    assert stands(*finished) == {"done": 1, "progress": 100}
    assert stands(*finished, ("reopened", "07 08:00")) == {"open": 1, "progress": 60, "reopened": 1}
    assert stands(finished[0], ("cancelled", "05 08:00")) == {}


INCIDENT = FOLDS.case("police-ops", "incident")


def incident(*steps: str, due: str = "03 12:00", again: str | None = None) -> CaseState:
    """An incident of Thursday the 3rd; each step is a name and a local time, `again` the due time of a reopening."""
    state = INCIDENT.start()
    for step in steps:
        name, _, local = step.partition(" ")
        given = {"reported": due, "reopened": again}.get(name)
        INCIDENT.advance(state, entry(f"incident.{name}", local, due=given, id=step))
    return state


def minutes_worked(state: CaseState, local: str) -> int:
    return INCIDENT.contribution(state, at(local))["police-ops", "incident.worked", "A", ""][1]


SETTLED = ("reported 03 08:00", "settled 03 09:00")


def test_what_is_reopened_has_left_what_it_had_and_the_time_since_it_was_closed_is_no_work() -> None:
    # Two and a half office hours were left until 12:00, for the morning ends at 11:30.
    reopened = incident(*SETTLED, "reopened 24 14:00")
    assert reopened.due == at("24 16:30")
    assert {
        key[1] for key, (since, _) in INCIDENT.contribution(reopened, at("24 14:00")).items() if since > at("24 14:00")
    }
    again = incident(*SETTLED, "reopened 24 14:00", "settled 24 15:00")
    assert INCIDENT.on_time(again) is True
    assert minutes_worked(again, "24 15:00") == 2 * 60
    assert INCIDENT.on_time(incident(*SETTLED, "reopened 24 14:00", "settled 24 16:31")) is False


def test_a_reopening_may_bring_a_due_time_of_its_own() -> None:
    assert incident(*SETTLED, "reopened 24 14:00", again="24 18:00").due == at("24 18:00")
    late = ("reported 03 08:00", "settled 03 13:00", "reopened 24 14:00")
    assert incident(*late, again="24 18:00").due == at("24 18:00")
    assert incident("reported 03 08:00", "reopened 03 11:00", again="24 18:00").due == at("03 12:00")


def test_what_was_settled_late_is_late_when_it_is_reopened() -> None:
    late = incident("reported 03 08:00", "settled 03 13:00", "reopened 24 14:00")
    assert late.due == at("03 12:00")
    assert INCIDENT.contribution(late, at("24 14:00"))["police-ops", "incident.overdue", "A", ""] == (at("24 14:00"), 1)


def test_settled_in_time_after_hours_it_has_left_what_was_left_by_the_clock() -> None:
    assert incident("reported 03 19:00", "settled 03 20:00", "reopened 05 10:00", due="03 21:30").due == at("05 11:30")
    by_day = (
        received("03 08:00", "04 16:00"),
        entry("dossier.processed", "04 18:00", id="2"),
        entry("dossier.reopened", "05 10:00", id="3"),
    )
    assert overdue_from(case(*by_day), "05 10:00") == at("06 00:00")


def test_whoever_the_latest_event_names_owes_it_and_the_opening_stays_with_the_opener() -> None:
    state = case(
        received("03 08:00", "10 17:00", agency="A"), entry("dossier.suspended", "04 08:00", agency="B", id="2")
    )
    assert {key[1:]: begun for key, begun in DOSSIER.contribution(state, at("04 08:00")).items()} == {
        ("dossier.opened", "A", "online"): (at("04 08:00"), 1),
        ("dossier.open", "B", ""): (at("04 08:00"), 1),
        ("dossier.opened_at_sum", "B", ""): (at("04 08:00"), at("03 08:00") // MINUTE),
        ("dossier.suspended", "B", ""): (at("04 08:00"), 1),
    }


FINISHED = [
    received("03 08:00"),
    entry("dossier.extended", "04 08:00", "B"),
    entry("dossier.processed", "05 08:00", "C"),
]


@pytest.mark.parametrize(
    ("later", "agency"),
    [
        ([], "C"),
        ([entry("dossier.returned", "06 08:00", "D")], "C"),
        ([entry("dossier.suspended", "06 08:00", "D")], "C"),
        ([received("06 08:00", agency="D", id="2")], "C"),
        ([entry("dossier.processed", "04 09:00", "D", id="2")], "D"),
        ([entry("dossier.reopened", "06 08:00", "D")], "D"),
        ([entry("dossier.reopened", "06 08:00", "D"), entry("dossier.processed", "07 08:00", "E", id="2")], "E"),
    ],
)
def test_a_case_is_of_whom_its_latest_event_names_until_somebody_finishes_it(later: list[Entry], agency: str) -> None:
    assert case(*FINISHED, *later).agency == agency


def test_a_return_before_the_processing_gives_way_to_it() -> None:
    returned = entry("dossier.returned", "04 08:00", "B")
    assert case(received("03 08:00"), returned).agency == "B"
    assert case(received("03 08:00"), returned, entry("dossier.processed", "05 08:00", "C")).agency == "C"


def test_events_of_one_instant_act_by_order_then_by_id() -> None:
    same = [
        entry("dossier.processed", "03 08:00", id="a"),
        entry("dossier.resumed", "03 08:00", id="b"),
        entry("dossier.suspended", "03 08:00", id="c"),
        entry("dossier.extended", "03 08:00", due="09 08:00", id="d"),
        received("03 08:00", agency="Z", id="f"),
        received("03 08:00", agency="Y", id="e"),
        entry("dossier.reopened", "03 08:00", id="0"),
    ]
    assert [one.id for one in sorted(same)] == ["e", "f", "d", "c", "b", "a", "0"]
    assert case(*same).opened_by == "Y"


def test_events_of_one_instant_act_in_the_sequence_that_their_system_gives() -> None:
    """A register that knows days only: suspended on the 9th, resumed on the 12th and suspended again on that day."""
    steps = [
        received("02 00:00", "28 17:00")._replace(sequence="0011"),
        entry("dossier.suspended", "09 00:00", id="2")._replace(sequence="0012"),
        entry("dossier.resumed", "12 00:00", id="3")._replace(sequence="0013"),
        entry("dossier.suspended", "12 00:00", id="4")._replace(sequence="0014"),
    ]
    unsaid = [one._replace(sequence="") for one in steps]
    assert case(*steps).name == "suspended"
    assert case(*unsaid).name == "open"


def station(*entries: Entry) -> ItemState:
    state = STATION.start()
    for one in sorted(entries):
        STATION.advance(state, one)
    return state


def activated(local: str, agency: str = "A", dimensions: str = "viettel", id: str = "1") -> Entry:  # noqa: A002
    return entry("station.activated", local, agency, None, dimensions, id)


def test_an_item_stands_from_being_added_until_it_is_removed() -> None:
    assert STATION.contribution(station(activated("03 08:00")), at("03 08:00")) == {
        ("telecom", "station.standing", "A", "viettel"): (at("03 08:00"), 1)
    }
    gone = station(activated("03 08:00"), entry("station.deactivated", "05 08:00", id="2"))
    assert STATION.contribution(gone, at("05 08:00")) == {}
    assert (gone.standing, gone.since) == (False, at("05 08:00"))


def test_an_item_added_twice_stands_once_where_and_as_it_was_added_last() -> None:
    state = station(activated("03 08:00"), activated("05 08:00", "B", "vinaphone", "2"))
    assert STATION.contribution(state, at("05 08:00")) == {
        ("telecom", "station.standing", "B", "vinaphone"): (at("05 08:00"), 1)
    }
    assert state.since == at("03 08:00")


def test_an_item_removed_before_it_was_added_stands() -> None:
    state = station(entry("station.deactivated", "03 08:00"), activated("05 08:00", id="2"))
    assert (state.standing, state.since) == (True, at("05 08:00"))


def test_an_item_removed_twice_is_gone_since_the_first_time() -> None:
    state = station(
        activated("03 08:00"),
        entry("station.deactivated", "05 08:00", id="2"),
        entry("station.deactivated", "07 08:00", id="3"),
    )
    assert state.since == at("05 08:00")


def test_an_item_added_and_removed_in_one_instant_is_gone() -> None:
    assert not station(activated("03 08:00", id="2"), entry("station.deactivated", "03 08:00", id="1")).standing


@pytest.mark.parametrize(("zone", "day"), [("Asia/Ho_Chi_Minh", 24), ("Europe/Berlin", 23)])
def test_a_day_ends_at_local_midnight_also_where_it_has_no_24_hours(zone: str, day: int) -> None:
    midnight = datetime(2025, 3, 30, tzinfo=ZoneInfo(zone))  # the day on which Berlin's clocks go forward
    assert Calendar(ZoneInfo(zone)).end_of_day(moment_of(midnight)) - moment_of(midnight) == (
        timedelta(hours=day) // timedelta(microseconds=1)
    )


def merged(*entries: Entry) -> CaseState:
    """The case where B ends with the 11th of April and C takes over, and D from that with the 20th."""
    successions = [
        Succession(agency="B", since=date(2025, 4, 12), successor="C"),
        Succession(agency="C", since=date(2025, 4, 21), successor="D"),
    ]
    rules = CaseRules(
        Rules(
            zone=ZONE.key,
            office_hours=[OfficeHours(days=["monday"], hours=["07:00-11:30"])],
            agency_hours={},
            calendar=[],
            limits={},
            successions=successions,
        )
    )
    fold = Folds(rules).case("one-stop", "dossier")
    state = fold.start()
    for one in fold.expand(sorted(entries)):
        fold.advance(state, one)
    return state


def test_what_is_open_goes_over_to_the_successor_and_on_to_its_successor() -> None:
    state = merged(received("03 08:00", "10 17:00", agency="B"))
    assert (state.agency, state.opened_by) == ("D", "B")


@pytest.mark.parametrize(
    ("finished", "expected"), [("11 23:59:59", "B"), ("12 00:00", "C"), ("20 23:59", "C"), ("21 00:00", "D")]
)
def test_an_old_code_means_who_has_taken_over_by_then(finished: str, expected: str) -> None:
    state = merged(received("03 08:00", agency="B"), entry("dossier.processed", finished, agency="B"))
    assert (state.agency, state.opened_by, state.name) == (expected, "B", "closed")


def test_a_case_that_is_opened_under_an_old_code_is_the_successors() -> None:
    state = merged(received("14 08:00", agency="B"))
    assert (state.agency, state.opened_by) == ("D", "C")


def test_what_was_transferred_before_stays_where_it_is() -> None:
    state = merged(received("03 08:00", agency="B"), entry("dossier.suspended", "04 08:00", agency="A"))
    assert state.agency == "A"
