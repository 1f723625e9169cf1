"""Figures gathered from histories in one pass are what the histories hold at each moment that is asked about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.evaluation import ActorMonth, ReportedValue, StandingItem, TaskState, lineage
from schemas.events import BY_TYPE
from schemas.events.effects import Case, Item
from schemas.timekeeping.moments import MINUTE, moment_of
from streams.fold.contributions import Fold, Folds, contribution_delta
from streams.fold.facts import EntityKey
from streams.fold.history import Entry
from streams.recount.figures import Gathering, end_of, midnight
from streams.write.changes import Changes
from tests.folds import held_at
from tests.helpers import RULES

FOLDS = Folds(RULES)
CALENDAR = RULES.calendar
ENDS, MONTH, YEAR = date(2025, 6, 30), date(2025, 6, 1), date(2025, 1, 1)
END = midnight(ENDS + timedelta(days=1), CALENDAR)
EDGES = [midnight(day, CALENDAR) for day in (YEAR, MONTH)] + [END]
ORDER = {event.name: event.order for event in BY_TYPE.values() if issubclass(event, Case | Item)}

moments = st.one_of(
    st.integers((EDGES[0] - 40 * 1440) * MINUTE, (END + 40 * 1440) * MINUTE),
    st.builds(
        lambda edge, offset: edge * MINUTE + offset,
        st.sampled_from(EDGES),
        st.sampled_from([-MINUTE, -1, 0, 1, MINUTE]),
    ),
)
LABELS = {"dossier.received": "online full", "station.activated": "viettel 5g", "task.assigned": "green"}


def at(day: str) -> int:
    return moment_of(datetime.fromisoformat(day).replace(tzinfo=CALENDAR.zone).astimezone(UTC))


def entry(name: str, time: int, agency: str = "H06.01", due: int | None = None, detail: Any = None) -> Entry:
    return Entry(time, ORDER.get(name, 0), f"{name}{time}", name, agency, due, LABELS.get(name), detail)


@st.composite
def histories(draw: st.DrawFn, kind: str) -> list[Entry]:
    names = [name for name in ORDER if name.startswith(f"{kind}.")]
    found = {}
    for name in draw(st.lists(st.sampled_from(names), max_size=6)):
        due = draw(moments) if name in ("dossier.extended", "task.extended") else draw(st.none() | moments)
        one = entry(name, draw(moments), draw(st.sampled_from(["H06.01", "H06.02"])), due)
        found[one.id] = one._replace(detail=draw(st.integers(0, 100))) if name == "task.progressed" else one
    return sorted(found.values())


def fold_of(effect: str, entity: EntityKey) -> Fold[Any]:
    return FOLDS.case(*entity[:2]) if effect == "case" else FOLDS.item(*entity[:2])


def gathered(stated: Mapping[EntityKey, tuple[str, Sequence[Entry]]], minute: int = END) -> Gathering:
    gathering = Gathering(FOLDS, ENDS, minute, [MONTH, YEAR])
    for entity, (effect, history) in stated.items():
        changes = Changes()
        if effect in ("case", "item"):
            fold = fold_of(effect, entity)
            contribution_delta(fold, [], history, changes.counters)
        gathering.add(effect, entity, history, changes)
    return gathering


@given(histories("dossier"), histories("task"), histories("station"))
def test_totals_at_both_ends_of_every_period_are_what_stands_then_and_was_finished_by_then(
    dossier: list[Entry], task: list[Entry], station: list[Entry]
) -> None:
    stated = {
        EntityKey("one-stop", "dossier", "1"): ("case", dossier),
        EntityKey("green", "task", "1"): ("case", task),
        EntityKey("telecom", "station", "1"): ("item", station),
    }
    gathering = gathered(stated)
    for starts in (MONTH, YEAR, None):
        figures = gathering.figures(starts, {})
        edges = {"at_end": END, "before": midnight(starts, CALENDAR) if starts else None}
        for name, edge in edges.items():
            held: dict[Any, int] = {}
            for entity, (effect, history) in stated.items() if edge is not None else ():
                fold = fold_of(effect, entity)
                for key, amount in held_at(fold, history, (edge or 0) * MINUTE - 1).items():
                    held[key] = held.get(key, 0) + amount
            found = {key: amount for key, amount in getattr(figures, name).items() if amount}
            assert found == {key: amount for key, amount in held.items() if amount}


def test_items_and_tasks_are_as_of_the_end_and_readings_count_whenever_they_were_said() -> None:
    reported = [
        Entry(at("2025-06-01"), 0, "1", "reading.reported", "H06.05", detail=[1.0, "x", None]),
        Entry(at("2025-06-02"), 0, "2", "reading.reported", "H06.05", detail=[2.0, "x", None]),
        Entry(at("2025-07-02"), 0, "3", "reading.reported", "H06.05", detail=[3.0, "x", None]),
    ]
    stands = [entry("station.activated", at("2025-06-30")), entry("station.deactivated", at("2025-07-01"))]
    progressed = [
        entry("task.assigned", at("2025-01-05")),
        entry("task.progressed", at("2025-05-01"), detail=30),
        entry("task.progressed", at("2025-07-01"), detail=60),
    ]
    finished = [progressed[0], entry("task.completed", at("2025-06-03"))]
    cancelled = [progressed[0], entry("task.cancelled", at("2025-06-03"))]
    figures = gathered(
        {
            EntityKey("telecom", "station", "on"): ("item", stands),
            EntityKey("telecom", "station", "off"): (
                "item",
                [stands[0], entry("station.deactivated", at("2025-06-30") + 1)],
            ),
            EntityKey("green", "task", "begun"): ("case", progressed),
            EntityKey("green", "task", "finished"): ("case", finished),
            EntityKey("green", "task", "cancelled"): ("case", cancelled),
            EntityKey("green", "task", "unknown"): ("case", progressed[1:]),
            EntityKey("science", "people", "H06.05 2025-05"): ("reading", reported),
        }
    ).figures(MONTH, {})
    assert figures.items == [StandingItem("telecom", "station", "on", "H06.01", "viettel 5g")]
    assert figures.tasks == [
        TaskState("green", "begun", "H06.01", 30),
        TaskState("green", "finished", "H06.01", 100),
        TaskState("green", "cancelled", "H06.01", None),
    ]
    assert figures.readings == [ReportedValue("science", "people", "H06.05", "2025-05", 3.0, at("2025-07-02"), "3")]
    assert {agency for _, group, agency in figures.reporting if group == "station"} == {"H06.01"}


def test_actors_are_of_whole_months_and_those_taken_back_are_none() -> None:
    gathering = gathered({})
    changes = Changes()
    for actor, day, sign in [
        ("a", "2025-06-30", 1),
        ("a", "2025-06-02", 1),
        ("b", "2025-05-01", 1),
        ("b", "2025-05-02", -1),
    ]:
        changes.actors["e-office", "signature.used", "H06.01", "", actor, at(day) // MINUTE] = sign
    gathering.add("flow", EntityKey("e-office", "", "d"), [], changes)
    assert gathering.figures(None, lineage({})).actors == [
        ActorMonth("e-office", "signature.used", "", "H06.01", "a", date(2025, 6, 1))
    ]


def test_a_period_is_over_at_local_midnight_and_today_with_the_running_minute() -> None:
    now = datetime(2025, 6, 30, 9, 15, 30, tzinfo=CALENDAR.zone)
    assert end_of(date(2025, 6, 29), CALENDAR, now) * MINUTE == at("2025-06-30T00:00")
    assert end_of(date(2025, 6, 30), CALENDAR, now) * MINUTE == at("2025-06-30T09:16")
