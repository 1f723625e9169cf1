"""The simulated province: the same plan the same records, every fault there, the ground truth exact."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.publisher import Headers
from opscentre.simulation import faults
from opscentre.simulation.assignments import ASSIGNMENTS
from opscentre.simulation.ground_truth import GroundTruth
from opscentre.simulation.pacing import publish_when_due
from opscentre.simulation.plan import (
    LOOKBACK,
    Plan,
    Shares,
    SimulatedProcedure,
    SimulatedRecord,
    Site,
    Volumes,
    plan_for,
)
from opscentre.simulation.readings import GAUGES
from opscentre.simulation.record_stream import simulate
from schemas.catalogue.load import load_catalogue
from schemas.events import BY_TYPE, SYSTEMS
from schemas.events.effects import Event
from schemas.events.envelope import REASONS

Json = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
ZONE = timezone(timedelta(hours=7))
START = datetime(2025, 3, 3, tzinfo=ZONE)
SITES = [Site("H06.01", commune=False), Site("H06.26506", 10.35, 107.07), Site("H06.26526", 10.36, 107.09)]
AGENCIES = {system: SITES[1:] if system == "telecom" else SITES for system in SYSTEMS}
ASSIGNEES = {system: ["H06.01"] for system in SYSTEMS}
PROCEDURES = [
    SimulatedProcedure("2.000815", "chung-thuc", "commune", {}),
    SimulatedProcedure("1.001193", "ho-tich", "both", {"online": "2 working_days", "any": "3 days"}),
    SimulatedProcedure("1.004222", "duong-bo", "province", {"any": "10 working_days"}),
    SimulatedProcedure("2.002226", "luat-su", "province", {"any": "1 months"}),
    SimulatedProcedure("1.000894", "ho-tich", "commune", {"counter": "8 hours"}),
]


def plan(seed: int = 1, days: float = 20, **changes: object) -> Plan:
    values: dict[str, object] = {"volumes": Volumes(dossiers=60, signatures=60, workfiles=40), "procedures": PROCEDURES}
    values.update(changes)
    end = START + timedelta(days=days)
    return Plan(seed, START, end, AGENCIES, ASSIGNEES, **values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def records() -> list[SimulatedRecord]:
    return list(simulate(plan()))


class MemoryJournal:
    """A journal that knows what was handed over, and how much of it at each checkpoint."""

    def __init__(self, full_at: int = 0) -> None:
        self.added: list[SimulatedRecord] = []
        self.checkpoints: list[int] = []
        self._full_at = full_at

    def add(self, record: SimulatedRecord) -> bool:
        self.added.append(record)
        return len(self.added) == self._full_at

    def checkpoint(self) -> None:
        self.checkpoints.append(len(self.added))


class MemorySink:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.values: list[bytes | None] = []
        self.flushes = 0

    def send(self, event: dict[str, object]) -> None:
        raise AssertionError("records are sent as they are")

    def send_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self.values.append(value)

    def flush(self) -> None:
        self.flushes += 1


def test_the_same_plan_gives_the_same_bytes(records: list[SimulatedRecord]) -> None:
    assert list(simulate(plan())) == records


@pytest.mark.parametrize("other", [plan(seed=2), plan(volumes=Volumes(dossiers=61)), plan(live_from=START)])
def test_another_plan_shares_no_id(records: list[SimulatedRecord], other: Plan) -> None:
    ids = {record.event["id"] for record in records if record.event}
    found = [record.event["id"] for record in simulate(plan(seed=2, days=3)) if record.event]
    assert other.run != plan().run
    assert ids.isdisjoint(found)


@pytest.mark.slow
@pytest.mark.parametrize("live_from", [None, START + timedelta(days=2.3)])
def test_a_later_end_only_adds(live_from: datetime | None) -> None:
    shorter = list(simulate(plan(days=2.4, live_from=live_from)))
    longer = list(simulate(plan(days=2.6, live_from=live_from)))
    assert longer[: len(shorter)] == shorter
    assert longer[len(shorter)].at >= (START + timedelta(days=2.4)).timestamp()


def test_in_order_and_none_before_it_happened(records: list[SimulatedRecord]) -> None:
    assert all(a.at <= b.at for a, b in pairwise(records))
    for record in records:
        if record.event:
            assert datetime.fromisoformat(record.event["time"]).timestamp() <= record.at


def test_whole_events_are_valid_and_go_to_their_topic(records: list[SimulatedRecord]) -> None:
    for record in records:
        if record.event:
            assert record.value is not None
            assert json.loads(record.value) == record.event
            BY_TYPE[record.event["type"]].model_validate(record.event["data"])
            assert record.topic == "events." + record.event["source"].removeprefix("/systems/")
            assert record.key == record.event["subject"].encode()


def test_every_type_occurs_and_only_in_the_systems_that_may_send_it() -> None:
    many = [replace(PROCEDURES[0], code=f"2.{number:06}") for number in range(100)]
    occurred: defaultdict[str, set[str]] = defaultdict(set)
    for record in simulate(plan(days=150, volumes=Volumes(20, 2, 2), procedures=many)):
        if record.event:
            occurred[record.topic.removeprefix("events.")].add(record.event["type"])
    assert occurred.keys() == SYSTEMS.keys()
    assert all(occurred[system] <= {event.type for event in events} for system, events in SYSTEMS.items())
    assert set().union(*occurred.values()) == set(BY_TYPE)


def test_each_system_says_only_what_the_shipped_catalogue_grants_it() -> None:
    catalogue = load_catalogue()
    shares, volumes = Shares(0, 0, 0, 0, 0, 0), Volumes(60, 60, 60)
    owed: defaultdict[str, set[str]] = defaultdict(set)
    for record in simulate(plan_for(catalogue, 1, START, START + timedelta(days=20), volumes=volumes, shares=shares)):
        assert record.event is not None
        system = catalogue.systems[record.topic.removeprefix("events.")]
        name, agency = BY_TYPE[record.event["type"]].name, record.event["data"]["agency"]
        assert system.granted(name)
        assert agency in system.agencies
        if name == "task.assigned":
            owed[system.id].add(agency)
    assert owed["front"] == {catalogue.systems["front"].owner}
    assert len(owed["science"]) > 5


def test_agencies_that_do_not_stand_all_the_time_do_nothing() -> None:
    catalogue = load_catalogue()
    begun, ended, leaving = sorted(code for code, one in catalogue.agencies.items() if one.kind == "commune")[:3]
    changes = {begun: {"valid_from": START.date() - timedelta(days=700)}, ended: {"valid_to": START.date()}}
    changes[leaving] = {"valid_to": START.date() + timedelta(days=20)}
    agencies = {code: one.model_copy(update=changes.get(code, {})) for code, one in catalogue.agencies.items()}
    made = plan_for(replace(catalogue, agencies=agencies), 1, START, START + timedelta(days=20))
    acting = {site.code for sites in made.agencies.values() for site in sites} | set(chain(*made.assignees.values()))
    assert acting & changes.keys() == {leaving}


@pytest.mark.slow
def test_nothing_is_told_of_before_the_time_that_agencies_have_to_stand() -> None:
    for days in (1, 30):
        made = plan_for(load_catalogue(), 1, START, START + timedelta(days=days))
        told = [one.event["time"] for one in simulate(made) if one.event]
        assert START - LOOKBACK < min(map(datetime.fromisoformat, told)) < START - timedelta(days=300)


def test_every_reason_occurs_and_is_known() -> None:
    broken = Counter(e.broken for e in simulate(plan(shares=Shares(broken=0.2))) if e.broken)
    assert set(broken) == set(faults.REASONS) <= set(REASONS)


def test_no_faults_without_shares() -> None:
    ground_truth = GroundTruth()
    events = 0
    for record in simulate(plan(shares=Shares(0, 0, 0, 0, 0, 0))):
        ground_truth.add(record)
        events += 1
    assert (ground_truth.events, ground_truth.duplicates, ground_truth.broken.total()) == (events, 0, 0)


def test_shares_are_kept() -> None:
    shares = Shares(duplicates=0.1, broken=0.1, corrected=0.0, retracted=0.0, late=0, out_of_order=0)
    ground_truth = GroundTruth()
    for record in simulate(plan(days=60, shares=shares)):
        ground_truth.add(record)
    assert 0.09 < ground_truth.duplicates / ground_truth.events < 0.11
    assert 0.09 < ground_truth.broken.total() / ground_truth.events < 0.11


def test_ground_truth_is_what_a_plain_recount_says(records: list[SimulatedRecord]) -> None:
    ground_truth = GroundTruth()
    first: dict[tuple[str, str, int], Json] = {}
    whole = 0
    for record in records:
        ground_truth.add(record)
        if record.event:
            whole += 1
            event = record.event
            first.setdefault((event["source"], event["id"], event.get("revision", 0)), event)
    highest = {key[:2]: key for key in sorted(first)}
    standing = [first[key] for key in highest.values() if not first[key].get("retracted")]
    assert len(highest) > len(standing) > 1000
    assert ground_truth.events == len(first)
    assert ground_truth.duplicates == whole - len(first)
    assert {(one.id, one.revision, one.type, one.subject, one.time) for one in ground_truth.current()} == {
        (event["id"], event.get("revision", 0), event["type"], event["subject"], datetime.fromisoformat(event["time"]))
        for event in standing
    }


def test_a_revision_may_come_before_what_it_revises() -> None:
    def record(revision: int, subject: str) -> SimulatedRecord:
        event = {
            "source": "/systems/e-office",
            "id": "1",
            "type": "vn.opscentre.signature.used.v1",
            "revision": revision,
            "subject": subject,
            "time": "2025-04-03T08:15:00+07:00",
            "data": {"agency": "H06.01", "officer": "o-1"},
        }
        return SimulatedRecord(0.0, "t", b"k", b"v", [], event, None)

    ground_truth = GroundTruth()
    for revision, subject in [(1, "b"), (0, "a"), (0, "a"), (1, "B"), (2, "c"), (1, "b")]:
        ground_truth.add(record(revision, subject))
    assert (ground_truth.events, ground_truth.duplicates) == (3, 3)
    assert [one.subject for one in ground_truth.current()] == ["c"]


@pytest.mark.parametrize("kind", BY_TYPE.values(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("example", ["minimal", "full"])
def test_what_is_altered_is_other_content_for_the_worker_too(kind: type[Event], example: str) -> None:
    event = json.loads((EXAMPLES / kind.name / "valid" / f"{example}.json").read_bytes())
    said = kind.model_validate(event["data"])
    for seed in range(20):
        other = faults.altered(event, Random(seed))
        assert other is None or kind.model_validate(other["data"]) != said


def test_conflicts_come_after_their_event_and_differ(records: list[SimulatedRecord]) -> None:
    content: dict[str, object] = {}
    conflicts = 0
    for record in simulate(plan(shares=Shares(broken=0.3))):
        if record.event:
            content.setdefault(record.event["id"], record.event["data"])
        elif record.broken == faults.CONFLICT:
            conflicts += 1
            assert record.value is not None
            event = json.loads(record.value)
            assert content[event["id"]] != event["data"]
    assert conflicts > 10


@pytest.fixture(scope="module")
def faultless() -> list[Json]:
    """All events of two hundred days in which nothing goes wrong."""
    return [one.event for one in simulate(plan(days=200, shares=Shares(0, 0, 0, 0, 0, 0))) if one.event]


def test_four_of_five_dossiers_are_on_time(faultless: list[Json]) -> None:
    due: dict[str, str] = {}
    finished: dict[str, str] = {}
    for event in faultless:
        if ".dossier." not in event["type"]:
            continue
        if "due_at" in event["data"]:
            due[event["subject"]] = event["data"]["due_at"]
        if event["type"].endswith(".processed.v1"):
            finished[event["subject"]] = event["time"]
    on_time = sum(time[:10] <= due.get(subject, "9")[:10] for subject, time in finished.items())
    assert 0.76 < on_time / len(finished) < 0.82


def said(events: list[Json], name: str, field: str) -> Counter[bool]:
    """How many events of a type have a field, and how many have not."""
    return Counter(field in event["data"] for event in events if event["type"] == f"vn.opscentre.{name}.v1")


@pytest.mark.parametrize("name", ["dossier.received", "dossier.resumed", "credential.requested"])
def test_some_due_times_are_left_to_the_rules(faultless: list[Json], name: str) -> None:
    found = said(faultless, name, "due_at")
    assert 0.05 < found[False] / found.total() < 0.6


def test_fees_are_paid_online_for_the_dossiers_that_say_so(faultless: list[Json]) -> None:
    paid = {event["data"]["dossier"] for event in faultless if "payment.made" in event["type"]}
    processed = [event for event in faultless if "dossier.processed" in event["type"]]
    assert {event["subject"] for event in processed if event["data"]["paid_online"]} <= paid
    assert not paid & {event["subject"] for event in processed if not event["data"]["paid_online"]}


@pytest.mark.parametrize("days", [30, 365, 900])
def test_around_today_some_targets_are_met_some_missed_and_the_last_are_ahead(days: int) -> None:
    volumes = Volumes(1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    end = START + timedelta(days=days)
    due: dict[str, str] = {}
    done: dict[str, str] = {}
    for record in simulate(plan(days=days, volumes=volumes, shares=Shares(0, 0, 0, 0, 0, 0))):
        if record.event and ".task." in record.event["type"]:
            data, subject = record.event["data"], record.event["subject"]
            due[subject] = data.get("due_at", due.get(subject))
            if record.event["type"].endswith(".completed.v1"):
                done[subject] = record.event["time"]
    today = end.isoformat()[:10]
    missed = {subject for subject, day in due.items() if day[:10] < done.get(subject, today)[:10]}
    ahead = {subject for subject, day in due.items() if day[:10] > today}
    assert len(due) == len(ASSIGNMENTS)
    assert {"one-stop/full-process-services", "one-stop/full-process-share", "front/member-database"} <= missed
    assert {"ops-centre/official-operation", "police-ops/operations-centre", "green/green-ports"} <= ahead - done.keys()
    assert {"one-stop/upgrade", "finance/fee-proposal", "tourism/digital-product"} <= done.keys() - missed


def test_readings_come_for_every_period_and_grow() -> None:
    values: defaultdict[str, dict[str, float]] = defaultdict(dict)
    shares, volumes = Shares(0, 0, 0, 0, 0, 0), Volumes(1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    for record in simulate(plan(days=30, volumes=volumes, shares=shares)):
        if record.event and "reading" in record.event["type"]:
            data = record.event["data"]
            assert data["period"] not in values[record.event["subject"]]
            values[record.event["subject"]][data["period"]] = data["value"]
    assert values.keys() == {gauge.subject for gauge in GAUGES}
    months = [f"2024-{month:02}" for month in range(5, 13)] + ["2025-01", "2025-02"]
    assert sorted(values["science.enterprises"])[:10] == months
    assert sorted(values["finance.budget-share"])[:2] == ["2024-Q3", "2024-Q4"]
    assert max(values["ops-centre.uptime-share"]) == "2025-03-31"
    for gauge in GAUGES:
        (_, first), *_, (_, last) = sorted(values[gauge.subject].items())
        assert (last > first) == (gauge.now > gauge.first), gauge.subject


def test_of_the_eligible_procedures_more_become_full_process_services() -> None:
    many = [replace(PROCEDURES[0], code=f"2.{number:06}") for number in range(100)]
    full: list[set[str]] = []
    for published in (0, 1):
        events = [one.event for one in simulate(plan(days=30, procedures=many, shares=Shares(0, 0, 0, 0, 0, 0)))]
        levels: dict[str, str] = {}
        for event in events:
            if event and "procedure.published" in event["type"] and (published or event["subject"] not in levels):
                levels[event["subject"]] = event["data"]["service_level"]
        assert len(levels) == 100
        full.append({code for code, level in levels.items() if level == "full"})
    assert 20 < len(full[0]) < 60 < len(full[1]) < 95


def test_what_goes_on_tells_nothing_of_before_again() -> None:
    going_on = list(simulate(plan(days=2, volumes=Volumes(5, 5, 5, past=False))))
    programme = [e.event for e in going_on if e.event and f"{plan_day(2):%y%m%d}" in e.event["id"].split("-")]
    assert {event["type"].split(".")[2] for event in programme} == {"reading", "task"}
    assert all(datetime.fromisoformat(event["time"]) >= START for event in programme)
    assert not any("task.assigned" in event["type"] for event in programme)


def plan_day(days: int) -> datetime:
    return START + timedelta(days=days)


def test_another_day_changes_nothing_but_the_programme() -> None:
    def ids(days: float) -> list[tuple[str, Json]]:
        found = [one.event for one in simulate(plan(days=days)) if one.event]
        return [(event["id"], event) for event in found if event["id"].count("-") == 1]

    shorter, longer = ids(2.5), ids(4.5)
    assert longer[: len(shorter)] == shorter


def test_live_events_come_at_the_rate() -> None:
    live = START + timedelta(days=1)
    shares = Shares(0, 0, 0, 0, 0, 0)
    found = list(simulate(plan(days=1 + 1 / 24, live_from=live, live_rate=5, shares=shares)))
    hour = [record for record in found if record.at >= live.timestamp()]
    assert 17_000 < len(hour) < 25_000


def test_publishing_waits_for_what_is_to_come_only() -> None:
    clock = [START.timestamp() + 86_400.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    sink, journal = MemorySink(), MemoryJournal()
    whole = list(simulate(plan(days=1.2)))
    past = sum(record.at <= clock[0] for record in whole)
    count = publish_when_due(whole, sink, journal, now=lambda: clock[0], sleep=sleep)
    assert count == len(whole) == len(sink.values)
    assert whole[past].at - START.timestamp() - 86_400 <= sum(slept) <= 0.2 * 86_400
    assert clock[0] == pytest.approx(whole[-1].at)
    assert journal.added == whole
    assert {past, count} <= set(journal.checkpoints)


def test_publishing_stops_when_told() -> None:
    sink, journal = MemorySink(), MemoryJournal()
    whole = list(simulate(plan(days=2)))
    middle = whole[len(whole) // 2].at
    count = publish_when_due(whole, sink, journal, now=lambda: middle, sleep=lambda seconds: None, stopped=lambda: True)
    assert count == len(sink.values) == sum(record.at <= middle for record in whole)
    assert sink.flushes >= 1
    assert (journal.added, journal.checkpoints[-1]) == (whole[:count], count)


def test_there_is_a_checkpoint_when_the_journal_asks_for_it_and_at_the_end() -> None:
    sink, journal = MemorySink(), MemoryJournal(full_at=7)
    whole = list(simulate(plan(days=1)))
    publish_when_due(whole, sink, journal)
    assert journal.checkpoints == [7, len(whole)]
    assert sink.flushes == 2


@pytest.mark.slow
def test_there_is_a_checkpoint_every_few_seconds_where_it_never_waits_long() -> None:
    clock = [START.timestamp()]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    sink, journal = MemorySink(), MemoryJournal()
    shares = Shares(0, 0, 0, 0, 0, 0)
    whole = list(simulate(plan(days=1 / 24, live_from=START, live_rate=20, shares=shares)))
    publish_when_due(whole, sink, journal, now=lambda: clock[0], sleep=sleep)
    assert 1200 < len(journal.checkpoints) <= 1800


def test_a_plan_needs_zones() -> None:
    with pytest.raises(ValueError, match="end has no zone"):
        Plan(1, START, datetime(2025, 4, 1), {})
    assert plan().run == Plan(1, START, datetime(2030, 1, 1, tzinfo=UTC), {}, volumes=Volumes(60, 60, 40)).run
