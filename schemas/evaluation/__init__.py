"""Working out indicators from plain figures: what the SQL views say, once more and independently of them. Pure."""

from schemas.evaluation.figures import ActorMonth, Figures, ReportedValue, StandingItem, TaskState, lineage
from schemas.evaluation.formulas import Value, Values, evaluate
from schemas.evaluation.periods import first_day, months, span

__all__ = [
    "ActorMonth",
    "Figures",
    "ReportedValue",
    "StandingItem",
    "TaskState",
    "Value",
    "Values",
    "evaluate",
    "first_day",
    "lineage",
    "months",
    "span",
]
