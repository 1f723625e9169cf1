"""Indicators and explanations as tables for people, readable in a terminal of 120 columns."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opscentre.reports.indicators import Asked

_COLOURS = {"met": "green", "on_track": "green", "at_risk": "yellow", "missed": "bold red"}
_WORKING_DAY = 480
_TERMINAL, _NARROWEST = 120, 24
"""Columns that a table is to fit into, and that a name needs all the same."""


def indicators_table(report: dict[str, Any], asked: Asked) -> RenderableType:
    """Indicators by system, a row each, and one more for each further target."""
    known = asked.catalogue.systems | asked.catalogue.derived
    rows: dict[str, list[list[Text]]] = {}
    for id_, one in report["indicators"].items():
        for place, target in enumerate(one["targets"] or [None]):
            head = [Text()] * 3 if place else [Text.assemble(one["name"], " ", (id_, "dim")), *_value(one)]
            rest = _target(target, report["agency"]) if target else [Text()] * (len(_HEADS) - 3)
            rows.setdefault(one["system"], []).append([*head, *rest])
    tables = _by_system(rows)
    agency = asked.catalogue.agencies[report["agency"]]
    lines: list[RenderableType] = [
        Text(f"{asked.name(agency.name)} ({agency.code}), as of {_day(asked.day)}", style="bold")
    ]
    for system, table in tables.items():
        lines += ["", Text(f"{asked.name(known[system].name)} ({system})", style="bold cyan"), table]
    note = "pace, needed: change of the value in a working day · at due: at this pace · * the day due is assumed"
    return Group(*lines, "", Text(note, style="dim"))


_HEADS = ("", "value", "", "target", "due", "left", "pace", "needed", "at due", "status")
_UNIT, _STATUS = 2, len(_HEADS) - 1


def _by_system(rows: dict[str, list[list[Text]]]) -> dict[str, Table]:
    """A table a system, one as wide as the other. Only names and units are broken: a number cut short is another."""
    widths = [
        max([len(head), *(row[n].cell_len for of in rows.values() for row in of)]) for n, head in enumerate(_HEADS)
    ]
    widths[_UNIT] = min(widths[_UNIT], 12)
    widths[0] = max(_NARROWEST, min(widths[0], _TERMINAL - sum(widths[1:]) - len(_HEADS)))
    tables: dict[str, Table] = {}
    for system, cells in rows.items():
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=not tables, header_style="dim")
        for n, head in enumerate(_HEADS):
            text = n in {0, _UNIT, _STATUS}
            justify: Literal["left", "right"] = "left" if text else "right"
            table.add_column(head, width=widths[n], justify=justify, no_wrap=n not in {0, _UNIT})
        for row in cells:
            table.add_row(*row)
        tables[system] = table
    return tables


def _value(one: dict[str, Any]) -> tuple[Text, Text]:
    if one["value"] is None:
        return Text("no data", style="dim"), Text()
    return Text(number(one["value"]), style="bold"), Text("%" if one["unit"] == "percent" else one["unit"])


def _target(target: dict[str, Any], agency: str) -> list[Text]:
    goal = f"≥ {number(target['at_least'])}" if target["at_least"] is not None else f"≤ {number(target['at_most'])}"
    status = target["status"].replace("_", " ") + (", decided" if target["decided"] else "")
    if target["agency"] != agency:
        status += f" {target['agency']}"  # of one below it
    ahead = target["days_left"] >= 0
    cells = [
        goal,
        f"{target['due']:%d/%m/%y}" + ("*" if target["assumed"] else " "),
        f"{target['days_left']:,}" if ahead else "",
        _dash(target["pace"]) if ahead else "",
        _dash(target["pace_needed"]) if ahead else "",
        _dash(target["projected"] if ahead else target["value"]),
    ]
    return [
        *map(Text, cells),
        Text(status, style=_COLOURS.get(target["status"], "dim")),
    ]


def _dash(value: float | None) -> str:
    return "" if value is None else number(value)


def explanation_table(report: dict[str, Any], asked: Asked) -> RenderableType:
    """What an indicator is worked out from, and what stands behind it."""
    agency = asked.catalogue.agencies[report["agency"]]
    starts = f"{_day(report['starts'])} – " if report["starts"] else "until "
    value = " ".join(map(str, _value(report))).strip()
    lines: list[RenderableType] = [
        Text.assemble((report["name"], "bold"), f"  ({report['indicator']}, {report['system']})"),
        Text(f"{asked.name(agency.name)} ({agency.code}), {starts}{_day(report['ends'])}: {value}"),
    ]
    if report["description"]:
        lines.append(Text(report["description"], style="dim"))
    lines.append(Text(f"= {report['definition']}"))
    behind = _behind(report["behind"]) if report["behind"]["total"] else [_below(report["below"])]
    for part in (_terms(report), _components(report["components"]), *behind):
        if part is not None:
            lines += ["", part]
    return Group(*lines)


def _terms(report: dict[str, Any]) -> RenderableType | None:
    rows = [(one["side"], _term(one), number(one["amount"])) for one in report["terms"]]
    if not rows and report["numerator"] is not None and report["denominator"] is not None:
        rows = [(side, "", number(report[side])) for side in ("numerator", "denominator")]
    return _table(["", "", ">"], rows) if rows else None


def _term(term: dict[str, Any]) -> str:
    where = ", ".join(f"{field}: {' or '.join(values)}" for field, values in term["where"].items())
    return f"{term['of']} [{where}]" if where else term["of"]


def _components(components: list[dict[str, Any]]) -> RenderableType | None:
    if not components:
        return None
    rows = []
    for one in components:
        earned = "no data" if one["value"] is None else number(one["earned"])
        rows.append(
            (
                one["name"],
                one["indicator"] or "not measured",
                number(one["value"]),
                earned,
                number(one["points"]),
            )
        )
    return _table(["component", "indicator", ">value", ">earned", ">of points"], rows)


def _below(agencies: list[dict[str, Any]]) -> RenderableType | None:
    """Where there is nothing to list, of flows and scores, the agencies themselves."""
    rows = [(one["agency"], one["agency_name"], number(one["value"])) for one in agencies]
    return _table(["agency", "", ">value"], rows) if rows else None


def _behind(behind: dict[str, Any]) -> Iterable[RenderableType]:
    rows = behind["worst"]
    if len(behind["by_agency"]) > 1:
        owed = [(one["agency"], one["agency_name"], number(one["count"])) for one in behind["by_agency"][:10]]
        yield _table(["agency", "", ">how many"], owed)
        if len(behind["by_agency"]) > 10:
            yield Text(f"and {len(behind['by_agency']) - 10:,} other agencies", style="dim")
    shown = {name for row in rows for name, value in row.items() if value not in (None, "", [])}
    columns = [name for name in _COLUMNS if name in shown]
    yield _table([_COLUMNS[name] for name in columns], [[_cell(name, row[name]) for name in columns] for row in rows])
    if behind["total"] > len(rows):
        yield Text(f"and {behind['total'] - len(rows):,} more (--limit)", style="dim")


_COLUMNS = {
    "subject": "which",
    "agency_name": "agency",
    "dimensions": "dimensions",
    "state": "state",
    "period": "period",
    "value": ">value",
    "since": "since",
    "due": "due",
    "closed": "closed",
    "reported_at": "reported",
    "office_minutes_left": ">office left",
    "due_moved_by_day": "due moved by",
    "undone": "closed before",
    "percent": ">percent",
    "missing": "did not",
}
"""What a row has → the head of its column, `>` for numbers."""


_WORDS = {True: " (on time)", False: " (late)", None: ""}


def _cell(name: str, value: Any) -> RenderableType:
    if value is None:
        return ""
    if name == "office_minutes_left":
        days, minutes = divmod(abs(value), _WORKING_DAY)
        text = f"{days:,} d {minutes // 60} h" if days else f"{minutes // 60} h {minutes % 60} min"
        return Text(f"−{text}", style="red") if value < 0 else text
    if name == "undone":
        return ", ".join(f"{_cell('closed', one['closed'])}{_WORDS[one['on_time']]}" for one in value)
    if isinstance(value, datetime):
        return f"{value:%d/%m/%y %H:%M}"
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, list):
        return ", ".join(value)
    return number(value) if isinstance(value, int | float) else str(value)


def _table(heads: Iterable[str], rows: Iterable[Iterable[RenderableType]]) -> Table:
    heads = list(heads)
    table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=any(head.strip(">") for head in heads))
    cells = [list(row) for row in rows]
    for place, head in enumerate(heads):
        # What a row is of stands first, and is never cut: people look for it in their own system.
        width = max((len(str(row[0])) for row in cells), default=0) if place == 0 else None
        table.add_column(
            head.removeprefix(">"),
            justify="right" if head.startswith(">") else "left",
            min_width=width and min(width, 48),
        )
    for row in cells:
        # As text: a term's filter in brackets is none of rich's marks.
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def number(value: float | None) -> str:
    """A number as people read it: whole where it is, else with a decimal or two."""
    if value is None:
        return "–"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.1f}"
