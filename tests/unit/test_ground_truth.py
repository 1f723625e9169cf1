"""What the figures must be, by hand; and the files from which what was published is made once more."""

import math
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from core.errors import ConfigurationError, UnavailableError
from core.kafka import TopicEnds
from opscentre.simulation import runs
from opscentre.simulation.due_times import DueTimes
from opscentre.simulation.expected import case, expected, flat, item
from opscentre.simulation.figures import GroundTruthFigures
from opscentre.simulation.ground_truth import GroundTruth, Statement
from opscentre.simulation.histories import sort_key
from opscentre.simulation.plan import Plan, Shares, SimulatedRecord, Volumes, plan_for
from opscentre.simulation.publish_lock import PublishLock
from opscentre.simulation.record_stream import simulate
from opscentre.simulation.runs import RunJournal, load
from schemas.catalogue.load import load_catalogue
from schemas.catalogue.model import Procedure
from schemas.catalogue.rules import CalendarRule, Limits, OfficeHours, Rules
from schemas.counters import CASE_MEASURES
from schemas.evaluation import evaluate
from schemas.events import BY_TYPE
from schemas.events.one_stop import Dossier
from schemas.events.telecom import Station
from schemas.timekeeping.moments import moment_of
from streams.fold import cases as fold
from streams.fold.contributions import Fold, Folds, contribution_at
from streams.fold.history import Entry
from streams.fold.rules import CaseRules
from tests.helpers import Json, cloud_event

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LIMITS = {
    "9.000001": [Limits(any="2 working_days", counter="3 working_days")],
    "9.000002": [Limits(online="8 hours")],
    "9.000003": [Limits(any="6 working_days"), Limits(since=date(2026, 1, 1), any="30 days")],
}
"""Of procedures that the shipped catalogue does not have, so that its own may change."""
SHIPPED = load_catalogue()
CATALOGUE = replace(
    SHIPPED,
    procedures={
        code: Procedure(code=code, name=SHIPPED.province.name, field="ho-tich", level="both", limits=limits)
        for code, limits in LIMITS.items()
    },
)
NOW = datetime(2025, 6, 1, 12, 0, tzinfo=ZONE)


def ground_truth_of(events: Iterable[Json]) -> GroundTruth:
    ground_truth = GroundTruth()
    for event in events:
        ground_truth.add(SimulatedRecord(0.0, "t", b"k", b"v", [], event, None))
    return ground_truth


def figures(*events: Json, now: datetime = NOW) -> dict[str, float]:
    found = expected(ground_truth_of(events), now, CATALOGUE)
    return {name: count for name, count in found.items() if count and name not in {"events", "duplicates"}}


def dossier(*steps: str, **data: Json) -> list[Json]:
    """Events of one dossier, each step a name and a time: `received 2025-04-01`; `data` by name."""
    events = []
    for number, step in enumerate(steps):
        name, time = step.split(" ")
        at = f"{time}T08:00:00+07:00" if len(time) == 10 else f"{time}+07:00"
        events.append(cloud_event(f"dossier.{name}", "D-1", at, f"{number}", **data.get(name, {})))
    return events


def counted(*steps: str, now: datetime = NOW, **data: Json) -> set[str]:
    """What one dossier counts for, without the way by which it came."""
    found = figures(*dossier(*steps, **data), now=now)
    assert set(found.values()) <= {1}
    names = {name.removeprefix("cases.dossier.") for name in found}
    return {name for name in names if not name.startswith("by_channel")}


LIMITED: Json = {"due_at": "2025-04-10T17:00:00+07:00"}
LATER: Json = {"due_at": "2025-05-10T17:00:00+07:00"}
EXTENDED = ("received 2025-04-01", "suspended 2025-04-02", "extended 2025-04-08", "resumed 2025-04-09")


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        (["received 2025-04-01"], {"opened", "open", "overdue"}),
        (["received 2025-04-01", "suspended 2025-04-02"], {"opened", "open", "suspended"}),
        (["received 2025-04-01", "suspended 2025-04-02", "resumed 2025-04-03"], {"opened", "open", "overdue"}),
        (["received 2025-04-01", "processed 2025-04-10T23:59:59"], {"opened", "closed", "on_time"}),
        (["received 2025-04-01", "processed 2025-04-11T00:00:00"], {"opened", "closed", "late"}),
        (["received 2025-04-01", "refused 2025-04-20"], {"opened", "closed", "late"}),
        (["received 2025-04-01", "withdrawn 2025-04-20"], {"opened", "closed"}),
        (["processed 2025-04-01", "received 2025-04-02"], {"opened", "closed", "on_time", "contradictory"}),
        (["processed 2025-04-01"], {"incomplete"}),
        (["suspended 2025-04-01"], set()),
        # The finish is the processing, else the return, else the refusal; of two such, the first.
        (["received 2025-04-01", "returned 2025-04-09", "processed 2025-04-20"], {"opened", "closed", "late"}),
        (["received 2025-04-01", "processed 2025-04-09", "returned 2025-04-20"], {"opened", "closed", "on_time"}),
        (["received 2025-04-01", "refused 2025-04-09", "returned 2025-04-20"], {"opened", "closed", "late"}),
        (["received 2025-04-01", "processed 2025-04-09", "withdrawn 2025-04-20"], {"opened", "closed", "on_time"}),
        (["received 2025-04-01", "processed 2025-04-09", "suspended 2025-04-20"], {"opened", "closed", "on_time"}),
    ],
)
def test_what_a_dossier_due_on_the_10th_of_april_counts_for_in_june(steps: list[str], names: set[str]) -> None:
    assert counted(*steps, received=LIMITED) == names


@pytest.mark.parametrize(
    ("now", "names"),
    [
        ("2025-04-01T07:59", set()),
        ("2025-04-01T08:00", {"opened", "open"}),
        ("2025-04-10T23:59", {"opened", "open"}),
        ("2025-04-11T00:00", {"opened", "open", "overdue"}),
        ("2025-04-20T07:59", {"opened", "open", "overdue"}),
        ("2025-04-20T08:00", {"opened", "closed", "late"}),
    ],
)
def test_figures_are_as_of_the_end_of_a_minute(now: str, names: set[str]) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=ZONE)
    for instant in (moment, moment + timedelta(seconds=59), moment.astimezone(UTC)):
        assert counted("received 2025-04-01", "processed 2025-04-20", now=instant, received=LIMITED) == names


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        (["received 2025-04-01", "extended 2025-04-09", "processed 2025-04-20"], "on_time"),
        (["extended 2025-03-31", "received 2025-04-01", "processed 2025-04-20"], "late"),
        (["received 2025-04-01", "resumed 2025-04-09", "processed 2025-04-20"], "on_time"),
        (["received 2025-04-01", "returned 2025-04-20", "extended 2025-04-21"], "late"),
        (["received 2025-04-01", "returned 2025-04-20", "resumed 2025-04-21"], "late"),
    ],
)
def test_the_last_due_time_given_before_the_end_counts(steps: list[str], end: str) -> None:
    found = counted(*steps, received=LIMITED, extended=LATER, resumed=LATER)
    assert found & {"on_time", "late"} == {end}


def test_a_closing_may_say_an_earlier_due_time_if_it_is_the_finish() -> None:
    steps = ["received 2025-04-01", "processed 2025-04-09", "processed 2025-04-20"]
    events = dossier(*steps, received=LIMITED)
    earlier = {"due_at": "2025-04-08T17:00:00+07:00"}
    for number, due, end in ((1, earlier, "late"), (1, LATER, "on_time"), (2, earlier, "on_time")):
        changed = [{**e, "data": {**e["data"], **due}} if e["id"] == str(number) else e for e in events]
        assert figures(*changed)[f"cases.dossier.{end}"] == 1


def test_of_two_receptions_the_first_opens_it() -> None:
    first = dossier("received 2025-04-01", received={"channel": "post"})
    second = dossier("received 2025-04-02", received={"channel": "online", **LIMITED})
    second[0]["id"] = "another"
    assert figures(*second, *first) == {
        "cases.dossier.opened": 1,
        "cases.dossier.open": 1,
        "cases.dossier.open_without_due": 1,
        "cases.dossier.by_channel.post": 1,
    }


def test_at_one_instant_the_order_of_effects_decides() -> None:
    at = "2025-04-01T08:00:00"
    assert counted(f"processed {at}", f"received {at}") == {"opened", "closed", "without_due"}
    assert counted(f"resumed {at}", f"suspended {at}", f"received {at}") == {"opened", "open", "open_without_due"}


@pytest.mark.parametrize(
    ("procedure", "steps", "end"),
    [
        # 2025-04-01 is a Tuesday; the 5th and 6th are a weekend, the 7th is a holiday.
        ("9.000001", ["received 2025-04-01", "processed 2025-04-03T23:59:59"], "on_time"),
        ("9.000001", ["received 2025-04-01", "processed 2025-04-04T00:00:00"], "late"),
        ("9.000001", ["received 2025-04-03", "processed 2025-04-08"], "on_time"),
        ("9.000002", ["received 2025-04-01T18:00:00", "processed 2025-04-02"], "on_time"),
        ("9.000002", ["received 2025-04-01T18:00:00", "processed 2025-04-03"], "late"),
        ("9.999999", ["received 2025-04-01", "processed 2026-04-01"], "without_due"),
        # Suspended for three working days: the 2nd, 3rd and 4th.
        (
            "9.000001",
            ["received 2025-04-01", "suspended 2025-04-02", "resumed 2025-04-08", "processed 2025-04-09"],
            "on_time",
        ),
        (
            "9.000001",
            ["received 2025-04-01", "suspended 2025-04-02", "resumed 2025-04-08", "processed 2025-04-10"],
            "late",
        ),
        # Closing ends a suspension, too: it was closed on the second of its two days.
        ("9.000001", ["received 2025-04-01", "suspended 2025-04-02", "processed 2025-05-15"], "on_time"),
        (
            "9.000001",
            ["suspended 2025-03-03", "received 2025-04-01", "resumed 2025-04-01T09:00:00", "processed 2025-04-04"],
            "late",
        ),
        # The limit in force on the day of the opening.
        ("9.000003", ["received 2025-12-31", "processed 2026-01-15"], "late"),
        ("9.000003", ["received 2026-01-02", "processed 2026-01-15"], "on_time"),
        # A day off on 2026-01-02 was made known on 2025-12-25.
        ("9.000003", ["received 2025-12-24", "processed 2026-01-05"], "on_time"),
        ("9.000003", ["received 2025-12-24", "processed 2026-01-06"], "late"),
        ("9.000001", ["received 2025-12-22", "processed 2026-01-05"], "late"),
    ],
)
def test_a_limit_gives_the_due_time_that_no_agency_gave(procedure: str, steps: list[str], end: str) -> None:
    found = counted(*steps, received={"procedure": procedure}, now=NOW + timedelta(days=365))
    assert found & {"on_time", "late", "without_due"} == {end}


def test_a_channel_may_have_a_limit_of_its_own() -> None:
    for procedure, channel, end in [
        ("9.000001", "post", "late"),
        ("9.000001", "counter", "on_time"),
        ("9.000002", "online", "late"),
        ("9.000002", "post", "without_due"),
    ]:
        received = {"procedure": procedure, "channel": channel}
        assert end in counted("received 2025-04-01", "processed 2025-04-04", received=received)


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        # Due on the 10th; the working days suspended are the 3rd and 4th.
        (["received 2025-04-01", "suspended 2025-04-03", "resumed 2025-04-08", "processed 2025-04-14"], "on_time"),
        (["received 2025-04-01", "suspended 2025-04-03", "resumed 2025-04-08", "processed 2025-04-15"], "late"),
        # An extension knows of the suspension until then: from it on the 8th is suspended, no more.
        (
            [*EXTENDED, "processed 2025-05-12"],
            "on_time",
        ),
        (
            [*EXTENDED, "processed 2025-05-13"],
            "late",
        ),
    ],
)
def test_the_agency_s_own_due_time_moves_by_what_is_suspended(steps: list[str], end: str) -> None:
    assert counted(*steps, received=LIMITED, extended=LATER) & {"on_time", "late"} == {end}


def test_only_a_case_that_is_open_and_not_overdue_is_moved_by_the_calendar() -> None:
    received = {"procedure": "9.000003"}
    open_case = ["received 2025-12-24"]
    for now, overdue in [("2026-01-05", False), ("2026-01-06", True)]:
        moment = datetime.fromisoformat(now).replace(tzinfo=ZONE)
        assert ("overdue" in counted(*open_case, now=moment, received=received)) == overdue
    missed = counted("received 2025-12-22", now=datetime(2025, 12, 25, tzinfo=ZONE), received={"procedure": "9.000001"})
    assert "overdue" in missed


def test_progress_changes_no_figure() -> None:
    assigned = cloud_event("task.assigned", "T-1", "2025-04-01T08:00:00+07:00", "1")
    progress = [
        cloud_event("task.progressed", "T-1", f"2025-04-0{day}T08:00:00+07:00", f"p{day}", percent=10 * day)
        for day in (1, 2)
    ]
    assert figures(assigned) == figures(*progress, assigned)
    assert figures(*progress) == {}


def test_a_task_is_its_system_s_own() -> None:
    tasks = [
        {**cloud_event("task.assigned", "T-1", id="1"), "source": f"/systems/{system}"} for system in ("green", "front")
    ]
    assert figures(*tasks)["cases.task.opened"] == 2


def test_of_the_readings_for_one_period_the_latest_stands() -> None:
    def reading(id_: str, day: int, value: float, **data: Any) -> Json:
        time = f"2025-04-{day:02}T08:00:00+07:00"
        return cloud_event("reading.reported", "science.enterprises", time, id_, value=value, **data)

    others = [reading("c", 1, 0.1, period="2025-Q2"), reading("d", 1, 0.2, agency="H06.05")]
    late, early, same = reading("a", 3, 5), reading("b", 2, 4), reading("A", 3, 6)
    for events in ([late, early, same, *others], [*others, same, late, early]):
        assert figures(*events) == {
            "readings.science.enterprises.count": 3,
            "readings.science.enterprises.total": math.fsum([5, 0.1, 0.2]),
        }
    assert figures(early, now=datetime(2025, 4, 1, tzinfo=ZONE)) == {}


def test_items_stand_under_their_last_label_until_removed() -> None:
    def station(name: str, day: int, subject: str = "S-1", **data: Any) -> Json:
        return cloud_event(f"station.{name}", subject, f"2025-04-{day:02}T08:00:00+07:00", f"{subject}-{day}", **data)

    on, gone = station("activated", 1, operator="viettel"), station("deactivated", 3)
    other, again = station("activated", 2, "S-2", operator="viettel"), station("activated", 4, operator="mobifone")
    assert figures(on, gone) == {}
    assert figures(gone, on, other) == {"items.station.standing": 1, "items.station.by_dimension.viettel": 1}
    assert figures(again, on, other, gone) == {
        "items.station.standing": 2,
        "items.station.by_dimension.viettel": 1,
        "items.station.by_dimension.mobifone": 1,
    }


def test_what_stands_is_counted_and_all_that_came_is_told() -> None:
    one = cloud_event("signature.used", id="1")
    taken_back = cloud_event("signature.used", id="2", revision=1, retracted=True)
    ground_truth = ground_truth_of(
        [one, one, cloud_event("signature.used", id="2"), taken_back, cloud_event("signature.used", id="3")]
    )
    ground_truth.add(SimulatedRecord(0.0, "t", b"k", None, [], None, "empty_value"))
    assert expected(ground_truth, NOW, CATALOGUE) == {
        "events": 4,
        "duplicates": 1,
        "dead_letters.empty_value": 1,
        "lag": 0,
        "flows.signature.used": 2,
    }


@pytest.mark.parametrize(
    ("reopened", "again", "late", "in_time", "share"), [(3, 3, 0, 1, 25), (4, 4, 0, 2, 100 / 3), (1, 0, 0, 1, 50)]
)
def test_a_month_s_share_is_of_what_was_finished_in_it_and_still_stands(
    reopened: int, again: int, late: int, in_time: int, share: float
) -> None:
    """Of those settled in time in May and reopened in June, some are settled once more, late; the others are open."""
    events: list[Json] = []

    def add(name: str, subject: str, time: str, **data: Any) -> None:
        at = f"2025-{time}:00+07:00"
        events.append(cloud_event(f"incident.{name}", subject, at, f"{len(events)}", **data))

    for number in range(reopened):
        add("reported", f"R-{number}", "05-20T08:00", due_at="2025-05-25T08:00:00+07:00")
        add("settled", f"R-{number}", "05-21T08:00")
        add("reopened", f"R-{number}", "06-02T08:00")
        if number < again:
            add("settled", f"R-{number}", "06-20T08:00")
    for number in range(late + in_time):
        add("reported", f"S-{number}", "06-01T08:00", due_at="2025-06-05T08:00:00+07:00")
        add("settled", f"S-{number}", "06-06T08:00" if number < late else "06-02T08:00")
    truth = GroundTruthFigures(ground_truth_of(events), datetime(2025, 6, 28, tzinfo=ZONE), SHIPPED)
    shown = SHIPPED.indicators["incidents-on-time-share"]
    agency = events[0]["data"]["agency"]
    assert evaluate(shown, truth.of(date(2025, 6, 1)), SHIPPED.indicators)[agency, ""].value == pytest.approx(share)
    since_may = truth.of(date(2025, 5, 1))
    assert all(since_may.at_end.get(key, 0) >= amount for key, amount in since_may.before.items())


# The histories below take place from Thursday to Tuesday, in which the calendar is changed three times.
CALENDAR = [
    CalendarRule(date=date(2025, 4, 5), off=False, since=None, agencies=[]),
    CalendarRule(date=date(2025, 4, 4), off=True, since=None, agencies=["B"]),
    CalendarRule(date=date(2025, 4, 5), off=True, since=date(2025, 4, 4), agencies=["B"]),
    CalendarRule(date=date(2025, 4, 7), off=True, since=date(2025, 4, 5), agencies=[]),
    CalendarRule(date=date(2025, 4, 7), off=False, since=date(2025, 4, 7), agencies=[]),
    CalendarRule(date=date(2025, 4, 7), off=False, since=None, agencies=["C"]),
    CalendarRule(date=date(2025, 4, 8), off=True, since=date(2025, 4, 5), agencies=[], hours=["12:00-17:00"]),
]
RULES = Rules(
    zone=str(ZONE),
    office_hours=[
        OfficeHours(days=["monday", "tuesday", "wednesday", "thursday", "friday"], hours=["07:00-17:00"]),
        OfficeHours(since=date(2025, 4, 6), days=["monday", "tuesday"], hours=["09:00-15:00"]),
        OfficeHours(since=date(2025, 4, 6), days=["wednesday", "thursday"], hours=["09:00-12:00"]),
    ],
    agency_hours={"A": [OfficeHours(days=["thursday", "friday", "sunday"], hours=["08:00-11:30", "13:00-24:00"])]},
    calendar=CALENDAR,
    limits={
        "p": [Limits(any="4 hours", online="1 working_days"), Limits(since=date(2025, 4, 5), any="2 days")],
        "q": [Limits(online="9 hours")],
    },
)


@pytest.mark.parametrize("by_day", [True, False])
def test_cases_and_items_are_for_the_workers_what_they_are_here(by_day: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two say the same in different ways: whichever is wrong, one of 8,000 histories of some days shows it."""
    monkeypatch.setattr(Dossier, "by_day", by_day)
    monkeypatch.setitem(fold._BY_DAY, "dossier", by_day)
    folds, random, start = Folds(CaseRules(RULES)), Random(1), datetime(2025, 4, 3, 8, tzinfo=ZONE)
    due_times, until = DueTimes(RULES), start + timedelta(hours=120)
    kinds = [(kind, kind.order) for kind in BY_TYPE.values() if issubclass(kind, Dossier | Station)]
    counted: Counter[str] = Counter()

    def hours() -> datetime:
        return (start + timedelta(hours=5 * random.randrange(24))).astimezone(UTC)

    for _ in range(8_000):
        family = random.choice([Dossier, Dossier, Dossier, Station])
        chosen = random.choices([one for one in kinds if issubclass(one[0], family)], k=random.randrange(1, 8))
        history, entries = [], []
        for number, (kind, order) in enumerate(chosen):
            time, due = hours(), hours() if "due_at" in kind.model_fields and random.random() < 0.4 else None
            due = due or (hours() if kind.name == "dossier.extended" else None)
            dimensions = random.choice(["online full", "- -", "post -"]) if kind.dimensions else ""
            id_, agency = str(number), random.choice("ABC")
            procedure = random.choice("pqx") if kind.name == "dossier.received" else None
            history.append(
                Statement(
                    0, False, "s", kind.type, "1", time, id_, due, dimensions, agency, procedure, None, None, None
                )
            )
            due_moment = None if due is None else moment_of(due)
            entries.append(Entry(moment_of(time), order, id_, kind.name, agency, due_moment, dimensions, procedure))
        is_case = family is Dossier
        history.sort(key=sort_key)
        found = Counter(case(history, until, due_times) if is_case else item(history))
        entries.sort()
        folded: Fold[Any] = folds.case("s", "dossier") if is_case else folds.item("s", "station")
        wanted: Counter[str] = Counter()
        for (_, measure, _, dimensions), (_, amount) in contribution_at(folded, entries, moment_of(until) - 1).items():
            name = measure.partition(".")[2]
            if name in {*CASE_MEASURES, "standing"}:
                wanted[name] += amount
            if dimensions and name in {"opened", "standing"}:
                wanted[f"by_{'channel' if is_case else 'dimension'}.{dimensions.partition(' ')[0]}"] += 1
        assert found == wanted, history
        counted += found
    assert min(counted[name] for name in (*CASE_MEASURES, "standing")) > 20


def test_figures_of_a_report_by_their_path() -> None:
    report = {"events": None, "cases": {"dossier": {"open": 2, "by_channel": {"post": 1}}}, "flows": {"a.b": 3}}
    assert dict(flat(report)) == {
        "events": 0,
        "cases.dossier.open": 2,
        "cases.dossier.by_channel.post": 1,
        "flows.a.b": 3,
    }


def plan(live: bool = False) -> Plan:
    start = datetime(2025, 3, 3, 1, 2, 3, tzinfo=ZONE)
    end, volumes, shares = start + timedelta(days=1.1), Volumes(30, 30, 30), Shares(duplicates=0.1)
    live_from = start + timedelta(days=1, microseconds=5) if live else None
    return plan_for(load_catalogue(), 5, start, end, volumes=volumes, shares=shares, live_from=live_from)


def ends() -> dict[str, TopicEnds]:
    return {"events.telecom": TopicEnds("id", {0: 7, 1: 9})}


@pytest.mark.parametrize("live", [False, True])
def test_the_file_of_a_run_gives_once_more_what_was_published(tmp_path: Path, live: bool) -> None:
    published = list(simulate(plan(live)))[:500]
    with RunJournal(tmp_path, plan(live), ends) as journal:
        for record in published:
            assert not journal.add(record)
        journal.checkpoint()
    (run,) = load(tmp_path)
    assert list(run.records()) == published
    assert (run.published, run.under_way, run.end_offsets) == (500, 0, ends())
    assert run.plan.run == plan(live).run
    assert list(run.in_doubt()) == []


def test_a_run_that_was_killed_shows_what_may_have_been_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "RECORDS_BETWEEN_CHECKPOINTS", 10)
    made = list(simulate(plan()))
    with RunJournal(tmp_path, plan(), ends) as journal:
        for number, record in enumerate(made[:25], 1):
            assert journal.add(record) == (number in {10, 20})
            if number in {10, 20}:
                journal.checkpoint()
    (run,) = load(tmp_path)
    assert (run.published, run.under_way) == (20, 10)
    assert list(run.in_doubt()) == list(enumerate(made[:30]))[20:]
    assert list(replace(run, missing=frozenset({3})).records()) == [*made[:3], *made[4:20]]


def test_another_version_of_the_simulation_is_noticed(tmp_path: Path) -> None:
    with RunJournal(tmp_path, plan(), ends) as journal:
        for record in simulate(plan()):
            journal.add(record._replace(value=b"as it was then"))
        journal.checkpoint()
    (run,) = load(tmp_path)
    with pytest.raises(ConfigurationError, match="another version of the simulation"):
        list(run.records())
    with pytest.raises(ConfigurationError, match="another version of the simulation"):
        list(run.in_doubt())


def test_runs_come_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    assert load(tmp_path / "none") == []
    for seed in (3, 1, 2):
        with RunJournal(tmp_path, replace(plan(), seed=seed), ends):
            pass
    assert [run.plan.seed for run in load(tmp_path)] == [3, 1, 2]


def test_the_file_of_a_run_of_0_1_0_is_read(tmp_path: Path) -> None:
    with RunJournal(tmp_path, plan(), ends) as journal:
        journal.add(next(simulate(plan())))
        journal.checkpoint()
    (run,), (file,) = load(tmp_path), tmp_path.glob("*.json")
    content = orjson.loads(file.read_bytes())
    content["places"] = content.pop("end_offsets")
    content["plan"]["owing"] = content["plan"].pop("assignees")
    file.write_bytes(orjson.dumps(content))
    assert load(tmp_path) == [run]
    assert (run.end_offsets, run.published) == (ends(), 1)
    assert run.plan.assignees


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"plan": {}, "end_offsets": {}, "missing": []}'])
def test_a_file_that_is_no_run_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"x\.json is not the file of a simulation's run"):
        load(tmp_path)


def test_the_lock_is_exclusive_only_while_nobody_publishes(tmp_path: Path) -> None:
    with PublishLock(tmp_path) as one, PublishLock(tmp_path) as two, PublishLock(tmp_path) as verifier:
        one.acquire()
        two.acquire()
        one.release()
        with pytest.raises(UnavailableError, match="does not come to rest"), verifier.exclusive(0.1):
            pass
        two.release()
        acquired = threading.Event()

        def acquire() -> None:
            one.acquire()
            acquired.set()

        thread = threading.Thread(target=acquire)
        with verifier.exclusive(0.1):
            thread.start()
            assert not acquired.wait(0.2)
        assert acquired.wait(5)
        thread.join()


def test_simulations_that_come_and_go_keep_nobody_out(tmp_path: Path) -> None:
    over = threading.Event()

    def busy() -> None:
        with PublishLock(tmp_path) as lock:
            while not over.is_set():
                lock.acquire()
                over.wait(0.005)
                lock.release()

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    with PublishLock(tmp_path) as verifier:
        for _ in range(20):
            with verifier.exclusive(5):
                pass
    over.set()
    for thread in threads:
        thread.join()
