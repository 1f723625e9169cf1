"""What the one-stop desks live through: dossiers from reception to the return of the result, and fees paid online."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from opscentre.simulation.clock import DAY, day_off, working_days_later
from opscentre.simulation.plan import DOSSIERS, Plan, SimulatedProcedure
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent
from schemas.timekeeping.working_time import Limit

CHANNELS = ("online",) * 16 + ("counter",) * 3 + ("post",)
LEVELS = {"online": ("full", "full", "full", "partial")}
APPLICANTS = ("citizen",) * 8 + ("business",) * 2
POPULAR = {"chung-thuc": 8, "ho-tich": 4}
"""Fields with most dossiers, and how much more often each of their procedures is asked for."""
DEFAULT_PROCEDURES = tuple(
    SimulatedProcedure(code, "other", "both", {})
    for code in ("2.000815", "2.000884", "1.001193", "1.000894", "2.001009", "1.004222", "1.000656", "2.002226")
)
"""Of the simulation where the catalogue has none."""
LIMITS = tuple(Limit(days, "days") for days in (5, 7, 10, 10, 15, 15, 20, 30))
"""What agencies promise, weighted by repetition, so that processing takes about seven days on average."""
GATEWAYS = ("national",) * 9 + ("local",)
REASONS = ("supplement", "supplement", "payment", "other")
ON_TIME = 0.747
"""Of those that have a due time; with those that have none it is about 78.4 % of all."""
WITHOUT_DUE_TIME = 0.15
"""Of those of which the agency says no due time: the procedure's limit decides, if there is one."""
SAME_DAY = 0.25
SUSPENDED, EXTENDED, REFUSED, WITHDRAWN, RETURNED = 0.10, 0.02, 0.02, 0.015, 0.8
REOPENED = 0.05
"""Of those processed whose result was not handed out."""
RESUMED_WITHOUT_DUE_TIME = 0.5
"""Of those that are resumed without a new due time: the old one moves by what was suspended."""


class Dossiers:
    """Makes the events of dossiers and payments."""

    def __init__(self, plan: Plan, factory: EventFactory) -> None:
        self._factory = factory
        # The run's number is in the serial, so that simulations of the same days are different dossiers.
        self._series = int(plan.run[:5], 16)
        # Some agencies have ten times the dossiers of others.
        weights, sites = Random(plan.seed), plan.agencies.get(DOSSIERS, ())
        self._desks = [site for site in sites for _ in range(1 + int(weights.paretovariate(1.2)) % 10)]
        procedures = plan.procedures or DEFAULT_PROCEDURES
        self._procedures = {commune: _weighted(procedures, commune) for commune in (True, False)}
        self._limits = {
            (procedure.code, channel): Limit.parse(text)
            for procedure in procedures
            for channel in set(CHANNELS)
            if (text := procedure.limit(channel))
        }

    def dossier(self, time: int) -> Iterator[SimulatedEvent]:
        """A dossier that is received now, and all that comes of it."""
        if not self._desks:
            return
        factory = self._factory
        chance, text = factory.random.random, factory.clock.text
        site = factory.choice(self._desks)
        agency, procedure, channel = site.code, factory.choice(self._procedures[site.commune]), factory.choice(CHANNELS)
        subject = f"{agency}-{factory.clock.short(time)}-{self._series}{factory.serial:04d}"
        data = {
            "agency": agency,
            "procedure": procedure,
            "channel": channel,
            "service_level": factory.choice(LEVELS.get(channel, ("partial",))),
            "applicant": factory.choice(APPLICANTS),
        }
        said = chance() >= WITHOUT_DUE_TIME
        due = self._due(time, factory.choice(LIMITS) if said else self._limits.get((procedure, channel)))
        if said and due is not None:
            data["due_at"] = text(due)
        yield factory.event(DOSSIERS, "dossier.received", subject, time, data)
        last = time
        if due is not None and chance() < SUSPENDED:
            last, moved = time + 3600 + factory.below(DAY), (1 + factory.below(10)) * DAY
            data = {"agency": agency, "reason": factory.choice(REASONS)}
            yield factory.event(DOSSIERS, "dossier.suspended", subject, last, data)
            last, due = last + moved, due + moved
            data = (
                {"agency": agency} if chance() < RESUMED_WITHOUT_DUE_TIME else {"agency": agency, "due_at": text(due)}
            )
            yield factory.event(DOSSIERS, "dossier.resumed", subject, last, data)
        if due is not None and chance() < EXTENDED:
            last, due = max(last + 60, due - factory.below(2 * DAY)), due + 5 * DAY
            data = {"agency": agency, "due_at": text(due)}
            yield factory.event(DOSSIERS, "dossier.extended", subject, last, data)
        yield from self._ending(agency, subject, channel, last, due)

    def _due(self, time: int, limit: Limit | None) -> int | None:
        """When a limit ends, about: who has to know it exactly asks the catalogue's rules."""
        if limit is None:
            return None
        clock = self._factory.clock
        day = clock.day(time)
        match limit.unit:
            case "working_days":
                day = working_days_later(day, limit.amount)
            case "hours":
                day = working_days_later(day, limit.amount // 8)
            case "months":
                day += 30 * limit.amount
            case _:
                day += limit.amount
        return clock.midnight(day) + 17 * 3600

    def _ending(self, agency: str, subject: str, channel: str, last: int, due: int | None) -> Iterator[SimulatedEvent]:
        factory = self._factory
        chance, finish = factory.random.random, self._finish(last, due)
        kind = chance()
        if kind < WITHDRAWN:
            yield factory.event(DOSSIERS, "dossier.withdrawn", subject, finish, {"agency": agency})
        elif kind < WITHDRAWN + REFUSED:
            data: dict[str, Any] = {"agency": agency, "reason": "Không đủ điều kiện"}
            yield factory.event(DOSSIERS, "dossier.refused", subject, finish, data)
        else:
            paid = channel == "online" and chance() < 0.6
            if paid:
                data = {"agency": agency, "gateway": factory.choice(GATEWAYS), "dossier": subject}
                yield factory.event(DOSSIERS, "payment.made", f"TT-{subject}", last + 60 + factory.below(600), data)
            data = {
                "agency": agency,
                "outcome": "approved" if chance() < 0.97 else "rejected",
                "paid_online": paid,
                "digitised": chance() < 0.8,
            }
            yield factory.event(DOSSIERS, "dossier.processed", subject, finish, data)
            if chance() < RETURNED:
                handed = finish + 600 + factory.below(2 * DAY)
                yield factory.event(DOSSIERS, "dossier.returned", subject, handed, {"agency": agency})
            elif chance() < REOPENED:
                yield from self._reopened(agency, subject, finish + DAY + factory.below(10 * DAY), data)

    def _reopened(self, agency: str, subject: str, time: int, ending: dict[str, Any]) -> Iterator[SimulatedEvent]:
        """A complaint was right: it is taken up again, half of the time until another due time, and processed anew."""
        factory, data = self._factory, {"agency": agency}
        if factory.chance(0.5):
            data["due_at"] = factory.clock.text(factory.clock.midnight(factory.clock.day(time) + 3) + 17 * 3600)
        yield factory.event(DOSSIERS, "dossier.reopened", subject, time, data)
        yield factory.event(DOSSIERS, "dossier.processed", subject, time + 3600 + factory.below(5 * DAY), ending)

    def _finish(self, last: int, due: int | None) -> int:
        """When it ends: after `last`, in office hours where there is room; by day on time for ON_TIME of them."""
        factory = self._factory
        clock = factory.clock
        first = clock.day(last)
        if factory.random.random() < SAME_DAY or due is None:
            return last + 900 + factory.below(2 * 3600)
        due_day = clock.day(due)
        # Those of the same day are all on time, so of the others more are late.
        if factory.random.random() < (ON_TIME - SAME_DAY) / (1 - SAME_DAY):
            day = first + factory.below(max(1, due_day - first + 1))
            while day_off(day) and day > first:
                day -= 1
        else:
            day = max(due_day, first) + 1 + int(factory.random.expovariate(0.4))
            while day_off(day):
                day += 1
        return max(last + 900, clock.midnight(day) + factory.office_hour())


def _weighted(procedures: Sequence[SimulatedProcedure], commune: bool) -> list[str]:
    """Codes of the procedures that communes, or departments, are asked for, repeated as often as that happens."""
    level = "commune" if commune else "province"
    fitting = [procedure for procedure in procedures if procedure.level in {level, "both"}] or procedures
    return [procedure.code for procedure in fitting for _ in range(POPULAR.get(procedure.field, 1))]
