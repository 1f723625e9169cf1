"""The stream of records that a plan gives, in the order of publishing."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any

from opscentre.publisher import STRUCTURED_HEADERS, encode
from opscentre.simulation import faults
from opscentre.simulation.plan import Emission, Plan
from opscentre.simulation.province import Province
from opscentre.simulation.security import Happening
from opscentre.simulation.texts import DAY
from schemas.topics import topic_name

_LATENCY = 2.0
"""Seconds within which a healthy system publishes what happened."""


def simulate(plan: Plan) -> Iterator[Emission]:
    """All emissions of a plan before its `end`; what would be published later (late, resent) is left out.

    Nothing waits here: `at` says when an emission is due, and `play` waits for it.
    """
    return _Stream(plan).emissions()


class _Stream:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._province = Province(plan)
        self._random = Random(f"{plan.run} faults")
        self._start = plan.start.timestamp()
        self._end = plan.end.timestamp()
        # Waiting to be published: when, a number against ties, the system, an event or a broken value, the reason.
        self._waiting: list[tuple[float, int, str, dict[str, Any], bytes | None, str | None]] = []
        self._number = 0

    def emissions(self) -> Iterator[Emission]:
        self._schedule(self._province.before())
        waiting = self._waiting
        for until, happenings in self._chunks():
            self._schedule(happenings)
            while waiting and waiting[0][0] < until:
                at, _, system, event, value, reason = heappop(waiting)
                if reason is None:
                    value = encode(event)
                key = event["subject"].encode()
                known = event if reason is None else None
                yield Emission(at, topic_name(system), key, value, STRUCTURED_HEADERS, known, reason)

    def _chunks(self) -> Iterator[tuple[float, Iterable[Happening]]]:
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

    def _schedule(self, happenings: Iterable[Happening]) -> None:
        chance, shares = self._random.random, self._plan.shares
        for time, system, event in happenings:
            natural = at = max(time, self._start) + _LATENCY * chance()
            delay = chance()
            if delay < shares.late:
                at += DAY * (1 + 9 * chance())
            elif delay < shares.late + shares.out_of_order:
                at += 300 + 6 * 3600 * chance()
            self._push(at, system, event)
            if chance() < shares.duplicates:
                self._resend(at, system, event)
            revised = self._revise(natural, system, event)
            if chance() < shares.broken:
                self._break(at, system, event, revised)

    def _push(
        self, at: float, system: str, event: dict[str, Any], value: bytes | None = None, reason: str | None = None
    ) -> None:
        # Counted even when left out, so that a later end changes nothing of what comes before.
        self._number += 1
        if at < self._end:
            heappush(self._waiting, (at, self._number, system, event, value, reason))

    def _resend(self, at: float, system: str, event: dict[str, Any]) -> None:
        again = at + 1 + self._random.expovariate(1 / 3600)
        if self._random.random() < 0.5:
            event = {**event, "time": self._province.clock.text(int(again))}
        self._push(again, system, event)

    def _revise(self, natural: float, system: str, event: dict[str, Any]) -> bool:
        """Perhaps a correction or retraction; it may well arrive before what it revises, where that is late."""
        fate, shares = self._random.random(), self._plan.shares
        if fate >= shares.corrected + shares.retracted:
            return False
        revision = faults.corrected(event, self._random) if fate < shares.corrected else None
        revision = revision or faults.retracted(event)
        self._push(natural + 600 + 2 * DAY * self._random.random(), system, revision)
        return True

    def _break(self, at: float, system: str, event: dict[str, Any], revised: bool) -> None:
        reason = faults.REASONS[int(self._random.random() * len(faults.REASONS))]
        # One fate an event: whether a conflict with a revision that no longer stands is one is not for us to test.
        if reason == faults.CONFLICT and (revised or faults.altered(event, self._random) is None):
            reason = "invalid_data"
        self._number += 1
        value = faults.broken(event, reason, f"{self._plan.run}-x{self._number}", self._random)
        self._push(at + 1 + 3600 * self._random.random(), system, event, value, reason)
