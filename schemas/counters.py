"""What is counted: the key of a counter, and the measures that the event classes give."""

from collections.abc import Mapping

from schemas.events import BY_TYPE
from schemas.events.effects import Case, Flow, Item

Totals = Mapping[tuple[str, str, str, str], int]
"""(system, measure, agency, dimensions) → how much."""

KINDS = sorted({event.kind for event in BY_TYPE.values() if issubclass(event, Case)})
REGISTERS = sorted({event.register_name for event in BY_TYPE.values() if issubclass(event, Item)})
FLOWS = sorted({event.name for event in BY_TYPE.values() if issubclass(event, Flow)})
CASE_MEASURES = (
    "opened",
    "open",
    "closed",
    "on_time",
    "late",
    "without_due",
    "open_without_due",
    "overdue",
    "suspended",
    "reopened",
    "number_reused",
    "incomplete",
    "contradictory",
)
AT_A_FINISH = frozenset(
    f"{kind}.{part}"
    for kind in KINDS
    for part in ("closed", "on_time", "late", "without_due", "worked", "incomplete", "contradictory")
)
"""Measures of what happens when a case ends. One that is undone later had never been, for any period."""
