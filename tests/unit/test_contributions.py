"""Counters by difference: whatever comes, in whatever order, they hold what the whole history holds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.counters import AT_A_FINISH
from schemas.events import BY_TYPE
from schemas.events.effects import Case, Extended, Item
from schemas.timekeeping.moments import MINUTE
from streams.fold.contributions import CounterDeltas, Fold, Folds, contribution_delta
from streams.fold.facts import EntityKey, Fact
from streams.fold.history import Entry, in_order
from streams.write.changes import Changes, rewrite
from tests.folds import PLAIN, START, WEEKS, catalogues, held_at

DUE = {event.name for event in BY_TYPE.values() if "due_at" in event.model_fields}
LABELS = {
    "dossier.received": ["online", "counter"],
    "task.assigned": ["project", "pilot"],
    "station.activated": ["viettel", "vinaphone"],
    "officer.enrolled": ["leader", "official"],
}
ORDER = {event.name: event.order for event in BY_TYPE.values() if issubclass(event, Case | Item)}
EXTENDED = {event.name for event in BY_TYPE.values() if issubclass(event, Extended)}


# Some moments in common, seconds apart, and at both sides of a local midnight: there the folds are easy to get wrong.
MIDNIGHT = START + 5 * 24 * 60
moments = st.one_of(
    st.integers(START * MINUTE, (START + WEEKS) * MINUTE),
    st.sampled_from(
        [MIDNIGHT * MINUTE + offset for offset in (-MINUTE, -1, 0, 1, 20_000_000, MINUTE, 9 * 60 * MINUTE)]
    ),
)


@st.composite
def entries(draw: st.DrawFn, names: Sequence[str]) -> dict[str, Entry]:
    """The events of one case or item by id."""
    found: dict[str, Entry] = {}
    for id_ in draw(st.lists(st.sampled_from("abcdefgh"), unique=True)):
        name = draw(st.sampled_from(names))
        due = draw(moments if name in EXTENDED else st.none() | moments) if name in DUE else None
        dimensions = draw(st.sampled_from(LABELS[name])) if name in LABELS else None
        detail: object = None
        if name == "dossier.received":
            detail = draw(st.sampled_from(["working_days", "days", "hours", "no limit"]))
        elif name == "task.progressed":
            detail = draw(st.sampled_from([0, 25, 100]))
        sequence = draw(st.sampled_from(["", "", "0011", "0012", "_b"]))
        agency = draw(st.sampled_from(["A", "B", "C"]))
        found[id_] = Entry(draw(moments), ORDER[name], id_, name, agency, due, dimensions, detail, sequence)
    return found


CASES = [name for name in ORDER if name.startswith("dossier.")]
KINDS: Mapping[str, Sequence[str]] = {
    "dossier": CASES,
    "incident": CASES,
    "task": [name for name in ORDER if name.startswith("task.")],
    "station": [name for name in ORDER if name.startswith("station.")],
    "officer": [name for name in ORDER if name.startswith("officer.")],
}
"""What is folded → the events that it has; "incident" is late by the instant, and has the dossier's here."""

of_every_kind = st.sampled_from(list(KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), entries(KINDS[kind])))
cases = st.sampled_from(["dossier", "incident", "task"]).flatmap(
    lambda kind: st.tuples(st.just(kind), entries(KINDS[kind]))
)


def fold_of(kind: str, catalogue: Folds = PLAIN) -> Fold[Any]:
    return catalogue.case("S", kind) if kind in {"dossier", "incident", "task"} else catalogue.item("S", kind)


def nonzero(differences: CounterDeltas) -> CounterDeltas:
    return {key: value for key, value in differences.items() if value}


def at_once(kind: str, found: Iterable[Entry], catalogue: Folds = PLAIN) -> CounterDeltas:
    into: CounterDeltas = {}
    contribution_delta(fold_of(kind, catalogue), [], sorted(found, key=in_order), into)
    return nonzero(into)


def counted(*entries: Entry, kind: str = "dossier", measures: str = "opened open overdue closed on_time late") -> Any:
    """What the entries count, of these measures: (measure, agency, dimensions, minute) → value."""
    names = {f"{kind}.{name}" for name in measures.split()}
    return {key[1:]: value for key, value in at_once(kind, entries).items() if key[1] in names}


def one_by_one(kind: str, steps: Iterable[dict[str, Entry | None]], catalogue: Folds = PLAIN) -> CounterDeltas:
    """What the counters hold after changes of a history that come one after the other."""
    into: CounterDeltas = {}
    history: list[Entry] = []
    for step in steps:
        before, history = history, rewrite(history, step)
        contribution_delta(fold_of(kind, catalogue), before, history, into)
    return nonzero(into)


@given(of_every_kind, catalogues, st.data())
def test_any_order_of_arrival_and_any_split_gives_the_same_counters(
    case: tuple[str, dict[str, Entry]], catalogue: Folds, data: st.DataObject
) -> None:
    kind, found = case
    steps: list[dict[str, Entry | None]] = [{}]
    for entry in data.draw(st.permutations(list(found.values()))):
        if data.draw(st.booleans()):
            steps.append({})
        steps[-1][entry.id] = entry
    assert one_by_one(kind, steps, catalogue) == at_once(kind, found.values(), catalogue)


@given(of_every_kind, catalogues)
def test_the_buckets_until_any_moment_add_up_to_what_stands_then_and_was_finished_by_then(
    case: tuple[str, dict[str, Entry]], catalogue: Folds
) -> None:
    kind, found = case
    buckets = at_once(kind, found.values(), catalogue)
    minutes = {START - 1, *(key[4] for key in buckets), *(entry.time // MINUTE for entry in found.values())}
    minutes |= {moment // MINUTE for moment in catalogue.rules.changes_after(0)}
    for minute in minutes | {minute - 1 for minute in minutes}:
        running: dict[tuple[str, str, str, str], int] = {}
        for (system, measure, agency, dimensions, bucket), value in buckets.items():
            key = system, measure, agency, dimensions
            if bucket <= minute:
                running[key] = running.get(key, 0) + value
        assert {key: value for key, value in running.items() if value} == held_at(
            fold_of(kind, catalogue), sorted(found.values(), key=in_order), minute * MINUTE + MINUTE - 1
        )


RANKS = {
    "dossier.processed": 0,
    "dossier.returned": 1,
    "dossier.refused": 2,
    "dossier.withdrawn": None,
    "task.completed": 0,
    "task.cancelled": None,
}
"""Closings → their rank; None: given up."""


def finish_of(found: Iterable[Entry]) -> tuple[Entry, int] | None:
    """The finish that stands of a case in the end, and its minute; said in a plain way of its own."""
    standing: Entry | None = None
    opened = None
    for one in sorted(found, key=in_order):
        if one.name in {"dossier.received", "task.assigned"}:
            opened = opened or one
        elif one.name.endswith(".reopened"):
            standing = None
        elif one.name in RANKS:
            rank, before = RANKS[one.name], standing and RANKS[standing.name]
            if standing is None or (rank is not None and before is not None and rank < before):
                standing = one
    return standing and (standing, max(standing.time, (opened or standing).time) // MINUTE)


@given(cases, catalogues, st.data())
def test_a_period_holds_the_finishes_of_it_that_stand_and_never_less_than_none(
    case: tuple[str, dict[str, Entry]], catalogue: Folds, data: st.DataObject
) -> None:
    """Whatever came, was corrected, taken back, handed over, reopened or finished twice."""
    kind, found = case
    corrections = data.draw(entries(KINDS[kind]))
    retracted = data.draw(st.sets(st.sampled_from("abcdefgh")))
    standing = {id_: entry for id_, entry in (found | corrections).items() if id_ not in retracted}
    steps: list[dict[str, Entry | None]] = [
        {id_: entry} for id_, entry in [*found.items(), *corrections.items(), *((id_, None) for id_ in retracted)]
    ]
    buckets = one_by_one(kind, steps, catalogue)
    opened = any(one.name in {"dossier.received", "task.assigned"} for one in standing.values())
    wanted: dict[str, dict[tuple[str, int], int]] = {name: {} for name in ("closed", "finished", "incomplete")}
    finish = finish_of(standing.values())
    if finish:
        closing, at = finish
        agency = catalogue.rules.owner(closing.agency, closing.time)
        wanted["closed" if opened else "incomplete"][agency, at] = 1
        if opened and RANKS[closing.name] is not None:
            wanted["finished"][agency, at] = 1
    counted: dict[str, dict[tuple[str, int], int]] = {name: {} for name in wanted}
    for (_, measure, agency, _, at), value in buckets.items():
        name = measure.partition(".")[2]
        assert measure not in AT_A_FINISH or value > 0
        name = "finished" if name in {"on_time", "late", "without_due"} else name
        if name in counted:
            counted[name][agency, at] = counted[name].get((agency, at), 0) + value
    assert counted == wanted


@given(of_every_kind, catalogues, st.data())
def test_a_correction_leaves_the_counters_as_if_only_what_stands_had_ever_come(
    case: tuple[str, dict[str, Entry]], catalogue: Folds, data: st.DataObject
) -> None:
    kind, found = case
    corrections = data.draw(entries(KINDS[kind]))
    retracted = data.draw(st.sets(st.sampled_from("abcdefgh")))
    standing = {id_: entry for id_, entry in (found | corrections).items() if id_ not in retracted}
    steps: list[dict[str, Entry | None]] = [
        {id_: entry} for id_, entry in [*found.items(), *corrections.items(), *((id_, None) for id_ in retracted)]
    ]
    assert one_by_one(kind, steps, catalogue) == at_once(kind, standing.values(), catalogue)


@given(of_every_kind, catalogues)
def test_a_history_taken_back_whole_leaves_nothing(case: tuple[str, dict[str, Entry]], catalogue: Folds) -> None:
    kind, found = case
    assert one_by_one(kind, [dict(found), dict.fromkeys(found)], catalogue) == {}


@given(cases, st.lists(catalogues, min_size=1, max_size=4), st.data())
def test_another_catalogue_leaves_what_it_would_have_counted_from_the_start(
    case: tuple[str, dict[str, Entry]], following: list[Folds], data: st.DataObject
) -> None:
    """One by one come events, corrections, and catalogues; a case is moved on its own or with what comes of it."""
    kind, found = case
    into: CounterDeltas = {}
    history: list[Entry] = []
    standing = following[0]
    steps = [{id_: entry} for id_, entry in found.items()]
    for catalogue in following:
        for step in [{}, *data.draw(st.lists(st.sampled_from(steps)))] if steps else [{}]:
            if not step and data.draw(st.booleans()):
                continue  # nobody moves it: it stands under the catalogue of before until something of it comes
            before, history = history, rewrite(history, step)
            earlier = fold_of(kind, standing) if standing is not catalogue else None
            contribution_delta(fold_of(kind, catalogue), before, history, into, earlier)
            standing = catalogue
    assert nonzero(into) == at_once(kind, history, standing)
    contribution_delta(fold_of(kind, following[0]), history, [], into, fold_of(kind, standing))
    assert nonzero(into) == {}


def minute(days: int, hour: int = 0) -> int:
    return START + days * 24 * 60 + hour * 60


def entry(name: str, at: int, agency: str = "A", due: int | None = None, dimensions: str | None = None) -> Entry:
    return Entry(at * MINUTE, ORDER[name], name, name, agency, None if due is None else due * MINUTE, dimensions)


OPENED = entry("dossier.received", minute(0, 8), due=minute(5, 17), dimensions="online")


def test_a_dossier_counts_where_it_begins_and_will_be_overdue_at_the_midnight_to_come() -> None:
    assert counted(OPENED) == {
        ("dossier.opened", "A", "online", minute(0, 8)): 1,
        ("dossier.open", "A", "", minute(0, 8)): 1,
        ("dossier.overdue", "A", "", minute(6)): 1,
    }


def test_closed_in_time_takes_back_the_overdue_that_never_came() -> None:
    assert counted(OPENED, entry("dossier.processed", minute(5, 20))) == {
        ("dossier.opened", "A", "online", minute(0, 8)): 1,
        ("dossier.open", "A", "", minute(0, 8)): 1,
        ("dossier.open", "A", "", minute(5, 20)): -1,
        ("dossier.closed", "A", "", minute(5, 20)): 1,
        ("dossier.on_time", "A", "", minute(5, 20)): 1,
    }


def test_closed_late_ends_the_overdue_where_it_was_closed() -> None:
    assert counted(OPENED, entry("dossier.processed", minute(7, 9)), measures="overdue late") == {
        ("dossier.overdue", "A", "", minute(6)): 1,
        ("dossier.overdue", "A", "", minute(7, 9)): -1,
        ("dossier.late", "A", "", minute(7, 9)): 1,
    }


def test_a_finish_that_is_undone_is_no_longer_one_of_its_period() -> None:
    finished = entry("dossier.processed", minute(3))
    reopened = entry("dossier.reopened", minute(12))
    assert counted(OPENED, finished, reopened, measures="closed on_time late open") == {
        ("dossier.open", "A", "", minute(0, 8)): 1,
        ("dossier.open", "A", "", minute(3)): -1,
        ("dossier.open", "A", "", minute(12)): 1,
    }
    again = entry("dossier.processed", minute(13), agency="B")._replace(id="again")
    assert counted(OPENED, finished, reopened, again, measures="closed") == {
        ("dossier.closed", "B", "", minute(13)): 1,
    }


def test_a_better_closing_takes_the_place_of_the_first_in_its_own_period() -> None:
    returned, processed = entry("dossier.returned", minute(5)), entry("dossier.processed", minute(9))
    assert counted(OPENED, returned, processed, measures="closed on_time late") == {
        ("dossier.closed", "A", "", minute(9)): 1,
        ("dossier.late", "A", "", minute(9)): 1,
    }


def test_what_is_opened_after_its_end_is_no_longer_incomplete() -> None:
    ended = entry("dossier.processed", minute(-3))
    assert counted(ended, OPENED, measures="incomplete closed contradictory") == {
        ("dossier.closed", "A", "", minute(0, 8)): 1,
        ("dossier.contradictory", "A", "", minute(0, 8)): 1,
    }


def test_a_case_transferred_moves_what_is_owed_and_what_will_be_overdue() -> None:
    pause = entry("dossier.suspended", minute(1), "B"), entry("dossier.resumed", minute(1), "B")
    assert counted(OPENED, *pause, measures="open overdue") == {
        ("dossier.open", "A", "", minute(0, 8)): 1,
        ("dossier.open", "A", "", minute(1)): -1,
        ("dossier.open", "B", "", minute(1)): 1,
        ("dossier.overdue", "B", "", minute(6)): 1,
    }


def test_an_incident_is_overdue_one_microsecond_after_its_due_time() -> None:
    due = minute(5, 17) * MINUTE + MINUTE - 1  # the last microsecond of its minute
    assert counted(OPENED._replace(due=due), kind="incident")["incident.overdue", "A", "", minute(5, 17) + 1] == 1


def test_a_flow_counts_in_the_minute_of_its_time_and_is_taken_back_there() -> None:
    signed = Entry(minute(1) * MINUTE + 59_999_999, 0, "1", "signature.used", "A")
    changes = Changes()
    changes.apply(Fact("flow", EntityKey("e-office", "", "d"), signed), 1)
    assert changes.counters == {("e-office", "signature.used", "A", "", minute(1)): 1}
    changes.apply(Fact("flow", EntityKey("e-office", "", "d"), signed), -1)
    assert nonzero(changes.counters) == {}
