"""What agencies report for a period: how far the province has come with what is not counted event by event."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

from opscentre.simulation.clock import EPOCH
from opscentre.simulation.simulated_event import EventFactory, SimulatedEvent

YEAR = 365


class Gauge(NamedTuple):
    """Something measured; `subject` begins with the system that reports it."""

    subject: str
    unit: str
    every: Literal["day", "month", "quarter"]
    first: float
    """A year before the plan's today."""
    now: float
    """On that day; it goes on as it went. The targets are met by some, and missed by some."""
    bound: float
    """What it cannot go beyond: below where it falls."""
    digits: int = 0

    @property
    def system(self) -> str:
        """Id of the system that reports it."""
        return self.subject.partition(".")[0]


GAUGES = (
    Gauge("science.enterprises", "enterprises", "month", 14, 32, 60),
    Gauge("science.researchers", "people", "month", 190, 287, 500),
    Gauge("science.innovative-enterprises", "enterprises", "month", 18, 44, 90),
    Gauge("science.tasks-under-way", "tasks", "month", 9, 26, 40),
    Gauge("science.works-accepted", "works", "month", 2, 17, 25),
    Gauge("science.results-applied-share", "percent", "month", 21, 43.5, 100, 1),
    Gauge("science.enterprises-using-research-share", "percent", "quarter", 5.5, 9.2, 100, 1),
    Gauge("science.enterprises-innovating-share", "percent", "quarter", 8, 15.8, 100, 1),
    Gauge("finance.budget-share", "percent", "quarter", 0.4, 1.25, 3, 2),
    Gauge("finance.disbursed-share", "percent", "month", 4, 81, 100, 1),
    Gauge("population.vneid-rank", "rank", "month", 19, 9, 1),
    Gauge("front.organisations-online-share", "percent", "month", 30, 78, 100, 1),
    Gauge("front.members-registered-share", "percent", "month", 12, 55, 100, 1),
    Gauge("green.parks-under-conversion", "parks", "month", 1, 5, 15),
    Gauge("green.berths-with-shore-power", "berths", "month", 0, 6, 20),
    Gauge("green.renewable-power-share", "percent", "month", 11, 17.5, 100, 1),
    Gauge("ops-centre.systems-connected", "systems", "month", 3, 12, 13),
    Gauge("ops-centre.uptime-share", "percent", "day", 97.5, 99.6, 100, 2),
)
"""All of them; a catalogue without one of the systems does without its readings."""


class Readings:
    """Makes the readings of gauges, from a year before the plan's today until a year after it."""

    def __init__(self, today: date, factory: EventFactory) -> None:
        self._today = today
        self._factory = factory

    def of(self, gauge: Gauge, agency: str) -> Iterator[SimulatedEvent]:
        """All readings of a gauge, each reported some days after its period, and that of a day on the next morning."""
        factory = self._factory
        begin = _period_of(gauge, self._today - timedelta(days=YEAR))[1]
        while begin < self._today + timedelta(days=YEAR):
            period, after = _period_of(gauge, begin)
            delay = 0 if gauge.every == "day" else 1 + factory.below(5)
            day = (after - EPOCH).days + delay
            data = {
                "agency": agency,
                "period": period,
                "value": self._value(gauge, after),
                "unit": gauge.unit,
            }
            time = factory.clock.midnight(day) + 7 * 3600 + factory.below(3 * 3600)
            yield factory.event(gauge.system, "reading.reported", gauge.subject, time, data)
            begin = after

    def _value(self, gauge: Gauge, day: date) -> float:
        share = ((day - self._today).days + YEAR) / YEAR
        # Not quite straight; but where it stands today it stands exactly.
        wave = 0.1 * (self._factory.random.random() - 0.5) * max(0.0, 1 - share)
        value = gauge.first + (gauge.now - gauge.first) * (share + wave)
        least = min(value, gauge.bound) if gauge.now > gauge.first else max(value, gauge.bound)
        return float(round(least, gauge.digits))


def _period_of(gauge: Gauge, day: date) -> tuple[str, date]:
    """The period that a day is in, and the first day after it."""
    if gauge.every == "day":
        return day.isoformat(), day + timedelta(days=1)
    if gauge.every == "month":
        return f"{day:%Y-%m}", _month_after(day.year, day.month)
    quarter = (day.month + 2) // 3
    return f"{day.year}-Q{quarter}", _month_after(day.year, 3 * quarter)


def _month_after(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1)
