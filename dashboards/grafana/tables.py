"""A table: figures are texts of the screen's language that are sorted by their values, dates are moments."""

from typing import Any

from grafana_foundation_sdk.builders import table

from dashboards.formats import shown_sql
from dashboards.grafana.context import Context
from dashboards.grafana.looks import HIDDEN, nothing_or_lost, on_ground, properties, red_above_zero
from dashboards.grafana.queries import (
    PanelQuery,
    carried,
    carried_cells,
    data_source,
    given,
    marked,
    rows,
    severity,
    sorted_by,
)
from dashboards.model import Column, Table
from dashboards.texts import DASH, Language

_FIGURES = {"whole", "decimal", "percent", "figure", "seconds"}
_SORTED = _FIGURES | {"clock"}
_LEAST = 220
"""Pixels that a column keeps whose names lead on, if it has what the others leave; a narrow screen is scrolled."""
_MOMENTS: dict[Language, dict[str, str]] = {
    "vi": {"day": "time:DD/MM/YYYY", "moment": "time:DD/MM/YYYY HH:mm"},
    "en": {"day": "time:YYYY-MM-DD", "moment": "time:YYYY-MM-DD HH:mm"},
}
"""Units that Grafana writes a moment in; the words are those of `formats.shown`."""


def table_panel(context: Context, panel: Table) -> table.Panel:
    """A table in the order of its query. What its links carry is there in hidden columns."""
    linked = [column.link for column in panel.columns if column.link is not None]
    carries = dict.fromkeys(name for link in linked for name in link.carry.values())
    cells = {column.name: cell(column, context.language, context.zone) for column in panel.columns}
    built = (
        table.Panel()
        .title(context.say(panel.title))
        .datasource(data_source())
        .with_target(PanelQuery(rows(context.asked(panel.query), {**cells, **carried_cells(carries)})))
        .no_value(context.say(nothing_or_lost(panel.nothing)))
    )
    if panel.note is not None:
        built.description(context.say(panel.note))
    for column in panel.columns:
        built.override_by_name(column.name, properties(_told(context, column)))
    for name in carries:
        built.override_by_name(carried(name), HIDDEN)
    return built


def cell(column: Column, language: Language, zone: str) -> str:
    """The expression of a column's cells: a moment, or a text that is sorted by the column's value."""
    value = given(column.name)
    if column.kind == "day":
        return f"{value}::timestamp AT TIME ZONE '{zone}'"
    if column.kind == "moment":
        return value
    text = shown_sql(value, column.kind, language, zone)
    if column.status:
        text = marked(text, given(column.status))
    if column.sort:
        return sorted_by(text, given(column.sort))
    if column.kind == "status":
        return sorted_by(text, severity(value))
    return sorted_by(text, value) if column.kind in _SORTED else text


def _told(context: Context, column: Column) -> dict[str, Any]:
    figure = column.right or column.kind in _FIGURES
    heading = context.say(column.heading)
    told: dict[str, Any] = {
        "displayName": heading,
        "noValue": DASH,
        "unit": _MOMENTS[context.language].get(column.kind, "string"),
        "custom.filterable": not figure,
        "custom.width": max(column.width, _wide(heading, not figure)) if column.width else None,
        "custom.minWidth": _LEAST if column.link and not column.width else None,
        "custom.align": "right" if figure else None,
    }
    if column.link is not None:
        told["links"] = [{"title": heading, "url": context.address(column.link)}]
    if column.kind == "status" or column.status:
        told |= on_ground()
    elif column.alarming:
        told |= red_above_zero()
    return told


def _wide(heading: str, filtered: bool) -> int:
    """Pixels that a heading needs, with the mark of how it is sorted and that to filter by."""
    return int(7.5 * len(heading)) + (48 if filtered else 32)
