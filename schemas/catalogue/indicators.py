"""What an indicator is: an `indicators/<id>.toml` of the catalogue, as models.

One definition becomes a view in the database, the same in Python for a recount, a panel, and an alert. What it is
worked out from are the counters' measures (`dossier.opened`, `station.standing`, `signature.used`), which are of two
natures: some tell what happened within a period, others what stands at its end. Nothing was reported: no value, never
zero.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, assert_never, get_args, get_origin

from pydantic import AfterValidator, Field, model_validator

from schemas.catalogue.toml_table import AgencyCode, Name, Table, each_once
from schemas.events import BY_TYPE
from schemas.events.effects import (
    Added,
    Case,
    Closed,
    Event,
    Flow,
    Opened,
    Progressed,
    Reopened,
    Suspended,
    dimensions_of,
)

Period = Literal["month", "quarter", "year", "always"]
"""What an indicator is usually asked of: the running month, quarter or year, or all that there has ever been."""

AT_THE_END = frozenset(
    {"open", "suspended", "overdue", "open_without_due", "opened_at_sum", "progress", "done", "standing"}
)
"""Last parts of the measures that tell what stands at the end of a period; the others tell what happened within it."""


class Term(Table):
    """A measure of the system's counters, or that part of it whose dimensions have these values."""

    of: str
    """`dossier.opened`."""
    where: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(default_factory=dict)
    """Field of the event → the values that count: `{ channel = ["online"], service_level = ["full"] }`."""
    since_ever: bool = False
    """What has ever happened until the end of the period, not within it only: tasks ever completed."""

    @property
    def at_the_end(self) -> bool:
        """Whether it is what stands at the end of a period, not what happened within it."""
        return self.since_ever or self.of.rpartition(".")[2] in AT_THE_END


Terms = Annotated[list[Term], Field(min_length=1)]


class Count(Table):
    """How often something happened within the period. Agencies add up."""

    kind: Literal["count"]
    of: Terms


class Stock(Table):
    """How much stands at the end of the period. Agencies add up."""

    kind: Literal["stock"]
    of: Terms


class Ratio(Table):
    """One sum over another, times `scale`. Numerators and denominators of agencies add up, never the ratios."""

    kind: Literal["ratio"]
    numerator: Terms
    denominator: Terms
    scale: float = Field(default=100, gt=0)


class Mean(Table):
    """A sum of amounts over a number of things, divided by `divisor` (minutes of office time: 480 a working day)."""

    kind: Literal["mean"]
    numerator: Terms
    denominator: Terms
    divisor: float = Field(default=1, gt=0)


class Age(Table):
    """How long ago, in days on average, what is open at the end of the period was opened."""

    kind: Literal["age"]
    case: str
    """Kind of case: `dossier`."""


class Distinct(Table):
    """Of what stands in a register, the share in percent that has done each of these at least once in the period.

    The actor of the flows is the register's subject, under the same pseudonym. Of whole months only: different ones do
    not add up. It is asked of the calendar months that the period touches.
    """

    kind: Literal["distinct"]
    register_name: str
    did: Terms


class Reported(Table):
    """Each agency's reading of the latest period that is over by then: added up, or the latest of all agencies.

    A reading counts for its period, whenever it was said.
    """

    kind: Literal["reading"]
    reading: str
    """What was measured: the events' subject."""
    rollup: Literal["sum", "none"]


class Milestone(Table):
    """How far a named task has come, in percent: 100 once it is completed."""

    kind: Literal["milestone"]
    task: str
    """The task's number: the events' subject."""


class Component(Table):
    """A part of a score: so many points, in proportion to an indicator until it reaches `full_at`."""

    code: str
    group: str
    name: Name
    points: float = Field(gt=0)
    indicator: str | None = None
    """Id of the indicator; None: not measured, and not part of what the score is out of."""
    full_at: float = Field(default=100, gt=0)


def _codes_once(components: list[Component]) -> list[Component]:
    each_once([component.code for component in components])
    return components


class Score(Table):
    """Points of all components that are measured, in percent of what these could give."""

    kind: Literal["score"]
    components: Annotated[list[Component], Field(min_length=1), AfterValidator(_codes_once)]


Formula = Annotated[
    Count | Stock | Ratio | Mean | Age | Distinct | Reported | Milestone | Score, Field(discriminator="kind")
]


class Target(Table):
    """What is to be reached by the end of a local day; past targets stay where they are and are never overwritten."""

    due: date
    at_least: float | None = None
    at_most: float | None = None
    agencies: Annotated[list[AgencyCode], AfterValidator(each_once)] = Field(default_factory=list)
    """Who has to; empty: the province as a whole."""
    assumed: bool = False
    """The day is ours: the programme gives none."""
    note: Name | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> "Target":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("one of at_least and at_most is needed, and only one")
        return self


class IndicatorFile(Table):
    """`indicators/<id>.toml` as it is written; `Indicator` is the same with its id."""

    system: str
    name: Name
    description: Name | None = None
    unit: Annotated[str, Field(pattern=r"^[a-z]+( [a-z]+)*$")]
    """`percent`, `dossiers`, `working days` …"""
    period: Period
    by: str | None = None
    """A dimension of the events by which it is split as well: for counts, stocks, ratios and distincts' registers."""
    formula: Formula
    target: list[Target] = Field(default_factory=list)


@dataclass(frozen=True)
class Indicator:
    """An indicator by its id, the name of its file."""

    id: str
    file: IndicatorFile

    def later(self, months: int) -> "Indicator":
        """The same with every target due so many months later, at the latest on the month's last day."""
        moved = [target.model_copy(update={"due": months_later(target.due, months)}) for target in self.file.target]
        return Indicator(self.id, self.file.model_copy(update={"target": moved}))


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


Dimensions = Mapping[str, tuple[str, ...] | None]
"""The dimensions of a counter, in their order → the values that each may have; None: any code."""


def measures(events: Iterable[type[Event]]) -> dict[str, Dimensions]:
    """The measures that counters have of these event types."""
    found: dict[str, Dimensions] = {}
    for event in events:
        dimensions = {field: _values(event.model_fields[field].annotation) for field in event.dimensions}
        for name, split in _measures(event):
            mine = found.setdefault(name, {})
            if split:
                found[name] = {
                    **mine,
                    **{field: _either(mine.get(field, ()), values) for field, values in dimensions.items()},
                }
    return found


def _either(some: tuple[str, ...] | None, others: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The values of one field in several event types of a measure."""
    return None if some is None or others is None else tuple(dict.fromkeys(some + others))


def dimension_fields(measure: str) -> tuple[str, ...]:
    """The fields of the events that are the dimensions of a measure of the counters, in their order."""
    return _dimension_fields().get(measure, ())


@cache
def _dimension_fields() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(dimensions) for name, dimensions in measures(BY_TYPE.values()).items()}


def _measures(event: type[Event]) -> Iterator[tuple[str, bool]]:
    """Measures that an event type gives, and whether their dimensions are the event's."""
    if issubclass(event, Flow):
        yield event.name, True
    elif issubclass(event, Added):
        yield f"{event.register_name}.standing", True
    elif issubclass(event, Case):
        for base, parts in _PARTS.items():
            if issubclass(event, base):
                yield from ((f"{event.kind}.{part}", part in {"opened", "closed"}) for part in parts)
        if issubclass(event, Closed) and event.timed:
            yield from ((f"{event.kind}.{part}", False) for part in ("on_time", "late", "without_due", "worked"))


_PARTS: dict[type[Case], tuple[str, ...]] = {
    Opened: ("opened", "open", "opened_at_sum", "overdue", "open_without_due", "number_reused"),
    Suspended: ("suspended",),
    Closed: ("closed", "incomplete", "contradictory"),
    Reopened: ("reopened",),
    Progressed: ("progress", "done"),
}


def _values(annotation: Any) -> tuple[str, ...] | None:
    """What a field may be, as dimensions have it; None: any code."""
    found: list[str] = []
    for option in get_args(annotation) if isinstance(annotation, UnionType) else (annotation,):
        if option is bool:
            found += dimensions_of([True]), dimensions_of([False])
        elif option is NoneType:
            found.append(dimensions_of([None]))
        elif get_origin(option) is Literal:
            found += get_args(option)
        else:
            return None
    return tuple(found)


def terms(formula: Formula) -> Iterator[Term]:
    """The terms that a formula is made of; none for what is not of counters."""
    match formula:
        case Count() | Stock():
            yield from formula.of
        case Ratio() | Mean():
            yield from formula.numerator
            yield from formula.denominator
        case Distinct():
            yield from formula.did
        case Age() | Reported() | Milestone() | Score():
            return
        case _:
            assert_never(formula)
