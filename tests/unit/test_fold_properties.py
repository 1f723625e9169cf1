"""What holds of any case: pauses and the calendar neither give an agency time nor take any from it."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.events import BY_TYPE
from schemas.events.effects import Case
from schemas.timekeeping.moments import MINUTE
from streams.fold.cases import CaseState
from streams.fold.contributions import CounterDeltas, Folds, contribution_delta
from streams.fold.history import Entry
from tests.folds import CALENDAR, START, WEEKS, catalogues, folds

ORDER = {event.name: event.order for event in BY_TYPE.values() if issubclass(event, Case)}
DAYS_OFF = [index for index, entry in enumerate(CALENDAR) if entry.off]
without_make_up_days = st.builds(folds, st.frozensets(st.sampled_from(DAYS_OFF)), st.integers(0, 1), st.booleans())
moments = st.one_of(
    st.integers(START * MINUTE, (START + WEEKS) * MINUTE),
    st.integers(START * 4, (START + WEEKS) * 4).map(lambda quarter: quarter * (MINUTE // 4) // MINUTE * MINUTE),
    # At the full hour office hours begin and end, and days do.
    st.integers(0, WEEKS // 30).map(lambda half: (START + half * 30) * MINUTE),
)


def entry(name: str, time: int, id_: str, due: int | None = None, detail: str | None = None) -> Entry:
    dimensions = "online" if name == "received" else None
    return Entry(time, ORDER[f"dossier.{name}"], id_, f"dossier.{name}", "B", due, dimensions, detail)


@st.composite
def histories(draw: st.DrawFn, names: Sequence[str] = ("suspended", "resumed")) -> list[Entry]:
    """A dossier with or without a due time of its agency, and what follows, which brings no other."""
    limit = draw(st.sampled_from(["working_days", "days", "hours"]))
    found = [entry("received", draw(moments), "0", draw(st.none() | moments), limit)]
    ids = draw(st.lists(st.sampled_from("123456"), unique=True))
    return sorted([*found, *(entry(draw(st.sampled_from(names)), draw(moments), id_) for id_ in ids)])


def state_at(catalogue: Folds, history: Sequence[Entry], moment: int) -> CaseState:
    fold = catalogue.case("one-stop", "dossier")
    state = fold.start()
    for one in fold.expand(sorted(one for one in history if one.time <= moment)):
        if one.time <= moment:
            fold.advance(state, one)
    return state


def buckets(catalogue: Folds, history: Sequence[Entry]) -> CounterDeltas:
    into: CounterDeltas = {}
    contribution_delta(catalogue.case("one-stop", "dossier"), [], sorted(history), into)
    return {key: value for key, value in into.items() if value}


@given(histories(), without_make_up_days, st.lists(moments, min_size=2))
def test_the_time_left_never_grows_while_a_case_is_open_and_not_suspended(
    history: list[Entry], catalogue: Folds, whens: list[int]
) -> None:
    """Nor does it over a pause. A make-up day is office time that was not there before: it alone gives some."""
    rules, left = catalogue.rules, []
    for when in sorted({*whens, *(one.time for one in history)}):
        state = state_at(catalogue, history, when)
        if state.name == "open" and state.due is not None:
            working = rules.working(state.opened_by, rules.calendar_at(when))
            left.append(working.left(when, state.due))
    assert all(later <= earlier for earlier, later in pairwise(left))


@given(histories(), st.lists(moments, min_size=2), st.integers(0, 1), st.booleans())
def test_without_a_change_of_the_calendar_the_time_left_falls_by_the_office_time_that_passes(
    history: list[Entry], whens: list[int], limits: int, own_hours: bool
) -> None:
    catalogue = folds(frozenset({0}), limits, own_hours)
    working, missed = catalogue.rules.working("B", 0), catalogue.case("one-stop", "dossier").missed
    states = [(when, state_at(catalogue, history, when)) for when in sorted(set(whens))]
    for (earlier, before), (later, after) in pairwise(states):
        # What was missed when it was suspended stays missed: such a pause gives nothing back.
        paused = sum(
            working.between(*pause)
            for pause in after.pauses[len(before.pauses) :]
            if not missed(state_at(catalogue, history, pause[0]))
        )
        if before.name == after.name == "open" and before.due is not None and after.due is not None:
            passed = working.between(earlier, later) - paused
            assert working.left(earlier, before.due) - working.left(later, after.due) == passed


@given(histories(("suspended", "resumed", "processed", "withdrawn")), catalogues, moments)
def test_suspended_and_resumed_in_one_instant_changes_nothing(
    history: list[Entry], catalogue: Folds, instant: int
) -> None:
    assume(all(one.time != instant for one in history) and state_at(catalogue, history, instant).paused_at is None)
    pause = [entry("suspended", instant, "a"), entry("resumed", instant, "b")]
    assert buckets(catalogue, [*history, *pause]) == buckets(catalogue, history)
    after = max(instant, history[-1].time)
    without, paused = state_at(catalogue, history, after), state_at(catalogue, [*history, *pause], after)
    assert (paused.due, paused.due_moved_by_day, paused.name) == (without.due, without.due_moved_by_day, without.name)
