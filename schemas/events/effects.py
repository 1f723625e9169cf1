"""The four things an event can do, as base classes of the event classes.

An event class says what it does by what it inherits; nothing else in the project knows a type by name.
A case's and an item's classes also say in which order they sort among events of the same instant, because the
source systems' clocks have whole seconds.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from schemas.events.envelope import instant_schema

TYPE_PREFIX = "vn.opscentre."

MAX_READING: Final = 1e15
"""No reading is farther from zero: sums of what is cannot overflow, and every whole number until there is exact."""

ARCHIVED: Final = "archived"
"""The context in which what was accepted once is read again: a limit that came later does not undo that."""


class _Instant:
    """Absurd years ("9999-12-31" for "no limit") cannot be counted with: leave the field out instead."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return instant_schema(
            "(199[0-9]|2[01][0-9]{2})",
            "must be RFC 3339 between 1990 and 2199, such as 2025-04-03T08:15:00+07:00",
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": "date-time"}


Instant = Annotated[datetime, _Instant]
"""A moment with its offset from UTC, RFC 3339."""

CODE_PATTERN = r"^[^\s\u0000-\u001f\u007f-\u009f]+$"
Code = Annotated[str, Field(min_length=1, max_length=100, pattern=CODE_PATTERN)]
"""A code or number out of somebody's register: no white space, no control characters."""

PERIOD_PATTERN = r"^[12][0-9]{3}(-Q[1-4]|-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"
Period = Annotated[str, Field(pattern=PERIOD_PATTERN)]
"""A year, quarter, month or day of the province: 2025, 2025-Q2, 2025-06, 2025-06-30.

That there is such a day, and that it has begun, is asked of what comes in (`mistakes.period_mistake`), not of what the
archive has already.
"""


class Event(BaseModel):
    """What all events' data have in common. Never personal data: no citizen's name or number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    type: ClassVar[str]
    """CloudEvents `type`, `vn.opscentre.<noun>.<past-tense verb>.v<n>`."""
    name: ClassVar[str]
    """The type without prefix and version, as counters and screens show it: `dossier.received`."""
    dimensions: ClassVar[tuple[str, ...]] = ()
    """The fields by which counters of this event are split; see `dimensions_of`."""

    agency: Code = Field(description="Code of the unit that owes it or did it, as in the catalogue.")

    def __init_subclass__(cls, *, name: str = "", version: int = 1, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if name:
            cls.name = name
            cls.type = f"{TYPE_PREFIX}{name}.v{version}"


class Flow(Event):
    """Something happened: count it."""

    actor: ClassVar[str | None] = None
    """The field that says who did it, under a pseudonym, where it is asked how many different ones did."""


class Case(Event):
    """Something an agency owes by a due time; `subject` is the case's own number."""

    kind: ClassVar[str]
    by_day: ClassVar[bool]
    """True: late begins at local midnight after the due date. False: at the due instant."""
    order: ClassVar[int]


class Opened(Case):
    """The case begins. Never reopens one that is closed."""

    order = 0
    procedure_field: ClassVar[str | None] = None
    """The field with the procedure's code. Its limit gives a due time where the agency sends none; the limit is that
    of the channel, which is then the first of `dimensions`."""
    due_at: Instant | None = Field(
        default=None,
        description="When the agency has to be done. None: the procedure's limit, if it has one; else it is neither "
        "on time nor late.",
    )


class Extended(Case):
    """The agency has been given until another due time."""

    order = 1
    due_at: Instant = Field(description="The new due time.")


class Suspended(Case):
    """The clock stands still: the agency waits for somebody else. What was missed before stays missed and overdue."""

    order = 2


class Resumed(Case):
    """The clock runs again."""

    order = 3
    due_at: Instant | None = Field(
        default=None,
        description="The due time from now on, where the agency gives one. Nothing where the last one had been missed.",
    )


class Closed(Case):
    """The case has ended; of several closings the one with the lowest precedence number is the finish."""

    order = 4
    precedence: ClassVar[int] = 0
    timed: ClassVar[bool] = True
    """False: closed, but neither on time nor late (withdrawn by the citizen)."""


class Reopened(Case):
    """A closed case is owed again. The time since it was closed is no work; what had been finished late stays late."""

    order = 5
    due_at: Instant | None = Field(
        default=None,
        description="The due time from now on, where the agency gives one. None: the office time that was left when "
        "the case was closed goes on from now.",
    )


class Progressed(Case):
    """How much of the case is done; of several the latest stands."""

    order = 6
    percent: int = Field(ge=0, le=100, description="Done so far, in percent of the whole.")


class Item(Event):
    """Something that stands in a register or no longer does; `subject` is the item's own number."""

    register_name: ClassVar[str]
    order: ClassVar[int]


class Added(Item):
    """The item stands from now on."""

    order = 0


class Removed(Item):
    """The item no longer stands."""

    order = 1


def _measured(value: float, info: ValidationInfo) -> float:
    if abs(value) > MAX_READING and info.context != ARCHIVED:
        raise PydanticCustomError(
            "reading",
            "must be no farther from zero than 1,000,000,000,000,000; of what was not measured send no reading",
        )
    return value


class Reading(Event):
    """A value that an agency reports for a period; `subject` names what was measured. Of several the latest stands.

    It counts for its period, whenever it was said: December is reported in January.
    """

    period: Period = Field(description="The period that the value is of: 2025, 2025-Q2, 2025-06 or 2025-06-30.")
    value: Annotated[float, AfterValidator(_measured)] = Field(
        allow_inf_nan=False,
        description="The value, as far from zero as 10^15 at most.",
        json_schema_extra={"minimum": -MAX_READING, "maximum": MAX_READING},
    )
    unit: Code = Field(description="Unit of the value, such as percent, enterprises, rank.")
    note: str | None = Field(default=None, max_length=500, description="What to know about it; never personal data.")


_WORDS = {None: "-", False: "false", True: "true"}


def dimensions_of(values: Iterable[str | bool | None]) -> str:
    """What a counter is split by, as text, from the values of an event's `dimensions`: `online full`, - where not said.

    No field that is a dimension can contain white space, so the values can be told apart again.
    """
    return " ".join([value if isinstance(value, str) else _WORDS[value] for value in values])


Effect = Literal["flow", "case", "item", "reading"]


def effect_of(event: type[Event]) -> Effect:
    """Which of the effects an event class has."""
    effects: tuple[tuple[type[Event], Effect], ...] = ((Case, "case"), (Item, "item"), (Reading, "reading"))
    return next((effect for base, effect in effects if issubclass(event, base)), "flow")
