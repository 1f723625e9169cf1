"""The stream of records that a plan gives, in the order of publishing."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from heapq import heappop, heappush
from random import Random
from typing import Any

from core.publisher import STRUCTURED_HEADERS, encode
from opscentre.simulation import faults
from opscentre.simulation.clock import DAY
from opscentre.simulation.plan import Plan, Shares, SimulatedRecord
from opscentre.simulation.programme import Programme
from opscentre.simulation.province import Province
from opscentre.simulation.simulated_event import SimulatedEvent
from schemas.topics import topic_name

_LATENCY = 2.0
"""Seconds within which a healthy system publishes what happened."""


def simulate(plan: Plan) -> Iterator[SimulatedRecord]:
    """All records of a plan before its `end`; what would be published later (late, resent) is left out.

    Nothing waits here: `at` says when a record is due, and `publish_when_due` waits for it.
    """
    return _Stream(plan).records()


class _Stream:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._province = Province(plan)
        # Faults of what differs from day to day must not change those of what does not.
        self._random = Random(f"{plan.run} faults")
        self._programme_random = Random(f"{plan.run} {plan.today} faults")
        self._start = plan.start.timestamp()
        self._end = plan.end.timestamp()
        # Waiting to be published: when, a number against ties, the system, an event or a broken value, the reason.
        self._waiting: list[tuple[float, int, str, dict[str, Any], bytes | None, str | None]] = []
        self._number = 0

    def records(self) -> Iterator[SimulatedRecord]:
        shares, programme = self._plan.shares, Programme(self._plan)
        self._schedule(self._province.before(), shares, self._random)
        # A task whose assignment was taken back for good would be missing from the screens ever after.
        self._schedule(programme.assigned(), replace(shares, retracted=0), self._programme_random)
        self._schedule(programme.reported(), shares, self._programme_random)
        waiting = self._waiting
        for until, events in self._chunks():
            self._schedule(events, shares, self._random)
            while waiting and waiting[0][0] < until:
                at, _, system, event, value, reason = heappop(waiting)
                if reason is None:
                    value = encode(event)
                key = event["subject"].encode()
                known = event if reason is None else None
                yield SimulatedRecord(at, topic_name(system), key, value, STRUCTURED_HEADERS, known, reason)

    def _chunks(self) -> Iterator[tuple[float, Iterable[SimulatedEvent]]]:
        """What begins, chunk by chunk, with the instant before which nothing of later chunks is published."""
        plan, province = self._plan, self._province
        live = self._end if plan.live_from is None else plan.live_from.timestamp()
        day = province.clock.day(self._start)
        while (midnight := province.clock.midnight(day)) < min(live, self._end):
            begun_by = float("inf") if plan.live_from is None else live
            yield min(midnight + DAY, live, self._end), province.day(day, self._start, begun_by)
            day += 1
        while live < self._end:
            until = min(live + 60, self._end)
            yield until, province.minute(int(live) + 1, plan.live_rate)
            live = until

    def _schedule(self, events: Iterable[SimulatedEvent], shares: Shares, random: Random) -> None:
        chance = random.random
        for time, system, event in events:
            natural = at = max(time, self._start) + _LATENCY * chance()
            delay = chance()
            if delay < shares.late:
                at += DAY * (1 + 9 * chance())
            elif delay < shares.late + shares.out_of_order:
                at += 300 + 6 * 3600 * chance()
            self._push(at, system, event)
            if chance() < shares.duplicates:
                self._resend(at, system, event, random)
            revised = self._revise(natural, system, event, shares, random)
            if chance() < shares.broken:
                self._break(at, system, event, revised, random)

    def _push(
        self, at: float, system: str, event: dict[str, Any], value: bytes | None = None, reason: str | None = None
    ) -> None:
        # Counted even when left out, so that a later end changes nothing of what comes before.
        self._number += 1
        if at < self._end:
            heappush(self._waiting, (at, self._number, system, event, value, reason))

    def _resend(self, at: float, system: str, event: dict[str, Any], random: Random) -> None:
        again = at + 1 + random.expovariate(1 / 3600)
        if random.random() < 0.5:
            event = {**event, "time": self._province.clock.text(int(again))}
        self._push(again, system, event)

    def _revise(self, natural: float, system: str, event: dict[str, Any], shares: Shares, random: Random) -> bool:
        """Perhaps a correction or retraction; it may well arrive before what it revises, where that is late."""
        fate = random.random()
        if fate >= shares.corrected + shares.retracted:
            return False
        revision = faults.corrected(event, random) if fate < shares.corrected else None
        if revision is None and not shares.retracted:
            return False
        revision = revision or faults.retracted(event)
        self._push(natural + 600 + 2 * DAY * random.random(), system, revision)
        return True

    def _break(self, at: float, system: str, event: dict[str, Any], revised: bool, random: Random) -> None:
        reason = faults.REASONS[int(random.random() * len(faults.REASONS))]
        # One fate an event: whether a conflict with a revision that no longer stands is one is not for us to test.
        if reason == faults.CONFLICT and (revised or faults.altered(event, random) is None):
            reason = "invalid_data"
        self._number += 1
        value = faults.broken(event, reason, f"{self._plan.run}-x{self._number}", random)
        self._push(at + 1 + 3600 * random.random(), system, event, value, reason)
