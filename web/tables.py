"""A table's rows as a viewer wants them, by value and not by how it reads; and how each cell reads. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.formats import shown
from dashboards.model import Column, Table
from dashboards.statuses import STATUSES
from dashboards.texts import DASH, Language
from web.address import View

MOST_SHOWN = 200
"""Rows on a page; all of them are in the files."""
_FIGURES = frozenset({"whole", "decimal", "percent", "figure", "seconds"})

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reader:
    """How values read to somebody: in a language, with times of a zone."""

    language: Language
    zone: ZoneInfo

    def cell(self, column: Column, row: Row) -> str:
        """A cell's text; a dash where there is nothing to say."""
        value = row.get(column.name)
        if column.kind == "status" and value not in STATUSES:
            return DASH if value is None else str(value)
        return shown(value, column.kind, self.language, self.zone) or DASH


def to_the_right(column: Column) -> bool:
    """Whether a column's texts stand to the right, as figures do."""
    return column.right or column.kind in _FIGURES


def seen(table: Table, rows: Sequence[Row], view: View, reader: Reader) -> list[Row]:
    """The rows that have the filter's text in a cell, sorted; in the query's order where no column is named.

    What has no value comes last, whichever way the rest is sorted.
    """
    wanted = view.filter.casefold().strip()
    kept = [
        row for row in rows if not wanted or any(wanted in reader.cell(one, row).casefold() for one in table.columns)
    ]
    by = next((column for column in table.columns if column.name == view.sort.removeprefix("-")), None)
    if by is None:
        return kept
    known = [row for row in kept if _value(by, row) is not None]
    known.sort(key=lambda row: _rank(_value(by, row)), reverse=view.sort.startswith("-"))
    return [*known, *(row for row in kept if _value(by, row) is None)]


def cell_class(column: Column, row: Row) -> str:
    """What a cell looks like: its side, and the status or the alarm that colours it."""
    value = row.get(column.name)
    status = row.get(column.status or column.name) if column.status or column.kind == "status" else None
    classes = [
        "right" if to_the_right(column) else "",
        "" if column.kind == "text" and not column.right else "whole",
        f"is-{status}" if status in STATUSES else "",
    ]
    if value is None:
        classes.append("none")
    elif column.alarming and is_alarming(value):
        classes.append("alarm")
    return " ".join(filter(None, classes))


def is_alarming(value: Any) -> bool:
    """Whether a number is above zero."""
    return isinstance(value, int | float | Decimal) and value > 0


def _value(column: Column, row: Row) -> Any:
    return row.get(column.sort or column.name)


def _rank(value: Any) -> tuple[int, Any]:
    """Values of a column are of one kind; should they not be, each kind is sorted by itself."""
    if isinstance(value, int | float | Decimal):
        return 0, value
    if isinstance(value, datetime):
        return 1, value.timestamp()
    if isinstance(value, date):
        return 2, value.toordinal()
    if value in STATUSES:
        return 3, list(STATUSES).index(value)
    return 4, str(value).casefold()
