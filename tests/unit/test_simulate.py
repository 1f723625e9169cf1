"""The simulated province: the same plan the same records, every fault there, the truth exact."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from opscentre.publisher import Headers
from opscentre.simulation import faults
from opscentre.simulation.emissions import simulate
from opscentre.simulation.plan import Emission, Place, Plan, Shares, Volumes
from opscentre.simulation.play import play
from opscentre.simulation.truth import Truth
from schemas.envelope import REASONS
from schemas.events import BY_TYPE

Json = dict[str, Any]
ZONE = timezone(timedelta(hours=7))
START = datetime(2025, 3, 3, tzinfo=ZONE)
PLACES = [Place("H06.01"), Place("H06.26506", 10.35, 107.07), Place("H06.26526", 10.36, 107.09)]


def plan(seed: int = 1, days: float = 20, **changes: object) -> Plan:
    values: dict[str, object] = {"volumes": Volumes(dossiers=60, signatures=60, workfiles=40)}
    values.update(changes)
    end = START + timedelta(days=days)
    return Plan(seed, START, end, PLACES, PLACES, PLACES[1:], PLACES, PLACES, **values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def emissions() -> list[Emission]:
    return list(simulate(plan()))


class Notes:
    """A log that knows what was handed over, and how much of it each time it rested."""

    def __init__(self, full_at: int = 0) -> None:
        self.added: list[Emission] = []
        self.rests: list[int] = []
        self._full_at = full_at

    def add(self, emission: Emission) -> bool:
        self.added.append(emission)
        return len(self.added) == self._full_at

    def rest(self) -> None:
        self.rests.append(len(self.added))


class Memory:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.values: list[bytes | None] = []
        self.flushes = 0

    def send(self, event: dict[str, object]) -> None:
        raise AssertionError("play sends records as they are")

    def send_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        self.values.append(value)

    def flush(self) -> None:
        self.flushes += 1


def test_the_same_plan_gives_the_same_bytes(emissions: list[Emission]) -> None:
    assert list(simulate(plan())) == emissions


@pytest.mark.parametrize("other", [plan(seed=2), plan(volumes=Volumes(dossiers=61)), plan(live_from=START)])
def test_another_plan_shares_no_id(emissions: list[Emission], other: Plan) -> None:
    ids = {emission.event["id"] for emission in emissions if emission.event}
    found = [emission.event["id"] for emission in simulate(plan(seed=2, days=3)) if emission.event]
    assert other.run != plan().run
    assert ids.isdisjoint(found)


@pytest.mark.parametrize("live_from", [None, START + timedelta(days=2.3)])
def test_a_later_end_only_adds(live_from: datetime | None) -> None:
    shorter = list(simulate(plan(days=2.4, live_from=live_from)))
    longer = list(simulate(plan(days=2.6, live_from=live_from)))
    assert longer[: len(shorter)] == shorter
    assert longer[len(shorter)].at >= (START + timedelta(days=2.4)).timestamp()


def test_in_order_and_none_before_it_happened(emissions: list[Emission]) -> None:
    assert all(a.at <= b.at for a, b in pairwise(emissions))
    for emission in emissions:
        if emission.event:
            assert datetime.fromisoformat(emission.event["time"]).timestamp() <= emission.at


def test_whole_events_are_valid_and_go_to_their_topic(emissions: list[Emission]) -> None:
    for emission in emissions:
        if emission.event:
            assert emission.value is not None
            assert json.loads(emission.value) == emission.event
            BY_TYPE[emission.event["type"]].model_validate(emission.event["data"])
            assert emission.topic == "events." + emission.event["source"].removeprefix("/systems/")
            assert emission.key == emission.event["subject"].encode()


def test_every_type_occurs() -> None:
    occurred = {e.event["type"] for e in simulate(plan(days=150, volumes=Volumes(20, 2, 2))) if e.event}
    assert occurred == set(BY_TYPE)


def test_every_reason_occurs_and_is_known() -> None:
    broken = Counter(e.broken for e in simulate(plan(shares=Shares(broken=0.2))) if e.broken)
    assert set(broken) == set(faults.REASONS) <= set(REASONS)


def test_no_faults_without_shares() -> None:
    truth = Truth()
    events = 0
    for emission in simulate(plan(shares=Shares(0, 0, 0, 0, 0, 0))):
        truth.add(emission)
        events += 1
    assert (truth.events, truth.duplicates, truth.broken.total()) == (events, 0, 0)


def test_shares_are_kept() -> None:
    shares = Shares(duplicates=0.1, broken=0.1, corrected=0.0, retracted=0.0, late=0, out_of_order=0)
    truth = Truth()
    for emission in simulate(plan(days=60, shares=shares)):
        truth.add(emission)
    assert 0.09 < truth.duplicates / truth.events < 0.11
    assert 0.09 < truth.broken.total() / truth.events < 0.11


def test_truth_is_what_a_plain_recount_says(emissions: list[Emission]) -> None:
    truth = Truth()
    first: dict[tuple[str, str, int], Json] = {}
    whole = 0
    for emission in emissions:
        truth.add(emission)
        if emission.event:
            whole += 1
            event = emission.event
            first.setdefault((event["source"], event["id"], event.get("revision", 0)), event)
    highest = {key[:2]: key for key in sorted(first)}
    standing = [first[key] for key in highest.values() if not first[key].get("retracted")]
    assert len(highest) > len(standing) > 1000
    assert truth.events == len(first)
    assert truth.duplicates == whole - len(first)
    assert {(one.id, one.revision, one.type, one.subject, one.time) for one in truth.standing()} == {
        (event["id"], event.get("revision", 0), event["type"], event["subject"], datetime.fromisoformat(event["time"]))
        for event in standing
    }


def test_a_revision_may_come_before_what_it_revises() -> None:
    def emission(revision: int, subject: str) -> Emission:
        event = {
            "source": "/systems/e-office",
            "id": "1",
            "type": "vn.opscentre.signature.used.v1",
            "revision": revision,
            "subject": subject,
            "time": "2025-04-03T08:15:00+07:00",
            "data": {"agency": "H06.01", "officer": "o-1"},
        }
        return Emission(0.0, "t", b"k", b"v", [], event, None)

    truth = Truth()
    for revision, subject in [(1, "b"), (0, "a"), (0, "a"), (1, "B"), (2, "c"), (1, "b")]:
        truth.add(emission(revision, subject))
    assert (truth.events, truth.duplicates) == (3, 3)
    assert [one.subject for one in truth.standing()] == ["c"]


def test_conflicts_come_after_their_event_and_differ(emissions: list[Emission]) -> None:
    content: dict[str, object] = {}
    conflicts = 0
    for emission in simulate(plan(shares=Shares(broken=0.3))):
        if emission.event:
            content.setdefault(emission.event["id"], emission.event["data"])
        elif emission.broken == faults.CONFLICT:
            conflicts += 1
            assert emission.value is not None
            event = json.loads(emission.value)
            assert content[event["id"]] != event["data"]
    assert conflicts > 10


def test_four_of_five_dossiers_are_on_time() -> None:
    due: dict[str, str] = {}
    finished: dict[str, str] = {}
    for emission in simulate(plan(days=200, shares=Shares(0, 0, 0, 0, 0, 0))):
        event = emission.event
        if event is None or ".dossier." not in event["type"]:
            continue
        if "due_at" in event["data"]:
            due[event["subject"]] = event["data"]["due_at"]
        if event["type"].endswith(".processed.v1"):
            finished[event["subject"]] = event["time"]
    on_time = sum(time[:10] <= due.get(subject, "9")[:10] for subject, time in finished.items())
    assert 0.76 < on_time / len(finished) < 0.82


def test_live_events_come_at_the_rate() -> None:
    live = START + timedelta(days=1)
    shares = Shares(0, 0, 0, 0, 0, 0)
    found = list(simulate(plan(days=1 + 1 / 24, live_from=live, live_rate=5, shares=shares)))
    hour = [emission for emission in found if emission.at >= live.timestamp()]
    assert 17_000 < len(hour) < 25_000


def test_play_waits_for_what_is_to_come_only() -> None:
    clock = [START.timestamp() + 86_400.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    sink, log = Memory(), Notes()
    whole = list(simulate(plan(days=1.2)))
    past = sum(emission.at <= clock[0] for emission in whole)
    count = play(whole, sink, log, now=lambda: clock[0], sleep=sleep)
    assert count == len(whole) == len(sink.values)
    assert whole[past].at - START.timestamp() - 86_400 <= sum(slept) <= 0.2 * 86_400
    assert clock[0] == pytest.approx(whole[-1].at)
    assert log.added == whole
    assert {past, count} <= set(log.rests)


def test_play_stops_when_told() -> None:
    sink, log = Memory(), Notes()
    whole = list(simulate(plan(days=2)))
    middle = whole[len(whole) // 2].at
    count = play(whole, sink, log, now=lambda: middle, sleep=lambda seconds: None, stopped=lambda: True)
    assert count == len(sink.values) == sum(emission.at <= middle for emission in whole)
    assert sink.flushes >= 1
    assert (log.added, log.rests[-1]) == (whole[:count], count)


def test_play_rests_when_its_log_is_full_and_at_the_end() -> None:
    sink, log = Memory(), Notes(full_at=7)
    whole = list(simulate(plan(days=1)))
    play(whole, sink, log)
    assert log.rests == [7, len(whole)]
    assert sink.flushes == 2


def test_play_rests_every_few_seconds_where_it_never_waits_long() -> None:
    clock = [START.timestamp()]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    sink, log = Memory(), Notes()
    shares = Shares(0, 0, 0, 0, 0, 0)
    whole = list(simulate(plan(days=1 / 24, live_from=START, live_rate=20, shares=shares)))
    play(whole, sink, log, now=lambda: clock[0], sleep=sleep)
    assert 1200 < len(log.rests) <= 1800


def test_a_plan_needs_zones() -> None:
    with pytest.raises(ValueError, match="end has no zone"):
        Plan(1, START, datetime(2025, 4, 1), PLACES, PLACES, PLACES, PLACES, PLACES)
    assert plan().run == Plan(1, START, datetime(2030, 1, 1, tzinfo=UTC), [], [], [], [], [], Volumes(60, 60, 40)).run
