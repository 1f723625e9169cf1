"""The programme around the plan's today: tasks assigned in all systems, readings, procedures that go online."""

from collections.abc import Iterator
from random import Random
from typing import Any

from opscentre.simulation.assignments import ASSIGNMENTS, Assignment
from opscentre.simulation.clock import DAY, EPOCH, Clock
from opscentre.simulation.plan import DOSSIERS, Plan
from opscentre.simulation.procedures import procedure_events
from opscentre.simulation.readings import GAUGES, Readings
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent

WEEK = 7 * DAY
STALLED = 85
"""Percent beyond which what is not completed does not come."""


class Programme:
    """Makes the events of the programme; the same for all plans of one run and one day."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        prefix = f"{plan.run}-{plan.today:%y%m%d}"
        self._factory = EventFactory(prefix, Clock(plan.start), Random(prefix))
        self._today = self._factory.clock.midnight((plan.today - EPOCH).days)

    def assigned(self) -> Iterator[SimulatedEvent]:
        """Tasks and procedures, in no order; what happens later than the plan ends is among it."""
        return self._to_publish(self._assigned())

    def reported(self) -> Iterator[SimulatedEvent]:
        """Readings, likewise."""
        return self._to_publish(self._reported())

    def _to_publish(self, events: Iterator[SimulatedEvent]) -> Iterator[SimulatedEvent]:
        since = float("-inf") if self._plan.volumes.past else self._plan.start.timestamp()
        return (one for one in events if one.time >= since)

    def _assigned(self) -> Iterator[SimulatedEvent]:
        plan = self._plan
        if DOSSIERS in plan.assignees:
            yield from procedure_events(plan.procedures, plan.assignees[DOSSIERS][0], self._today, self._factory)
        for number, task in enumerate(ASSIGNMENTS):
            if assignees := plan.assignees.get(task.system):
                first = assignees[number % len(assignees)] if task.spread else assignees[0]
                yield from self._task(task, task.agency if task.agency in assignees else first)

    def _reported(self) -> Iterator[SimulatedEvent]:
        readings = Readings(self._plan.today, self._factory)
        for gauge in GAUGES:
            if assignees := self._plan.assignees.get(gauge.system):
                yield from readings.of(gauge, assignees[0])

    def _task(self, task: Assignment, agency: str) -> Iterator[SimulatedEvent]:
        """A task from its assignment on: how it goes week by week, and its end, if there is one."""
        due, first = self._five_o_clock(task.due), self._five_o_clock(task.due - task.extended)
        begin = first - task.days * DAY
        end = None if task.done is None else self._five_o_clock(task.done) - 3600
        data = {"programme": task.programme, "title": task.title, "due_at": self._text(first)}
        yield self._step(task, "assigned", begin, agency, **data)
        pause = range(0)
        if task.suspended:
            paused = begin + (first - begin) // 2
            pause = range(paused, paused + task.suspended * DAY)
            yield self._step(task, "suspended", pause.start, agency, reason="Chờ ý kiến của bộ, ngành")
            yield self._step(task, "resumed", pause.stop, agency)
        if task.extended:
            data = {"due_at": self._text(due), "reason": "Khối lượng công việc tăng"}
            yield self._step(task, "extended", first - DAY, agency, **data)
        yield from self._progress(task, agency, range(begin + WEEK, end or due + 365 * DAY, WEEK), pause, end or due)
        if end is not None and task.reopened:
            too_soon = end - task.reopened * DAY
            yield self._step(task, "completed", too_soon, agency)
            yield self._step(task, "reopened", too_soon + 2 * DAY, agency, reason="Kết quả chưa đạt yêu cầu")
        if end is not None:
            name, why = ("cancelled", {"reason": "Không còn phù hợp"}) if task.cancelled else ("completed", {})
            yield self._step(task, name, end, agency, **why)

    def _progress(
        self, task: Assignment, agency: str, weeks: range, pause: range, end: int
    ) -> Iterator[SimulatedEvent]:
        """A report a week, but for the time of a pause."""
        whole = 100 if task.done is not None else STALLED
        for week in weeks:
            time = week + self._factory.below(3600)
            if time not in pause:
                share = min(1.0, (week - weeks.start + WEEK) / (end - weeks.start + WEEK))
                yield self._step(task, "progressed", time, agency, percent=int(whole * share))

    def _step(self, task: Assignment, name: str, time: int, agency: str, **data: Any) -> SimulatedEvent:
        return self._factory.event(task.system, f"task.{name}", task.subject, time, {"agency": agency, **data})

    def _five_o_clock(self, day: int) -> int:
        return self._today + day * DAY + 17 * 3600

    def _text(self, instant: int) -> str:
        return self._factory.clock.text(instant)
