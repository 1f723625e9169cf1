"""The status as a table for people, once or live."""

from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def status_table(report: dict[str, Any], rate: float | None = None) -> RenderableType:
    """The status as three small tables. `rate` is events a second, where somebody measures it."""
    flow = _table("Events")
    flow.add_row("counted", _number(report["events"]))
    if rate is not None:
        flow.add_row("a second", f"{rate:,.0f}")
    flow.add_row("duplicates dropped", _number(report["duplicates"]))
    letters = sum(report["dead_letters"].values())
    flow.add_row("dead letters", Text(_number(letters), style="yellow" if letters else ""))
    flow.add_row("lag", _number(report["lag"]))
    tables: list[RenderableType] = [flow]
    for kind, counts in report["cases"].items():
        table = _table(f"{kind.capitalize()}s")
        for name in ("open", "overdue", "suspended", "closed", "on_time", "late"):
            style = "bold red" if name == "overdue" and counts[name] else ""
            table.add_row(name.replace("_", " "), Text(_number(counts[name]), style=style))
        tables.append(table)
    rest = _table("Registers and flows")
    for name, counts in report["items"].items():
        rest.add_row(f"{name}s standing", _number(counts["standing"]))
    for name, count in report["flows"].items():
        rest.add_row(name.replace(".", " "), _number(count))
    tables.append(rest)
    title = Text(f"as of {report['as_of']}" if "as_of" in report else "as of now", style="dim")
    return Group(title, Columns(tables, padding=(0, 2)))


def _table(title: str) -> Table:
    table = Table(title=title, show_header=False, title_style="bold", min_width=26)
    table.add_column(style="dim")
    table.add_column(justify="right")
    return table


def _number(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"
