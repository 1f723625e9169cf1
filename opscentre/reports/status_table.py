"""The status as a table for people, once or live."""

from datetime import datetime
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.catalogue.load import Catalogue


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
    tables: list[RenderableType] = [flow, _cases(report["cases"])]
    rest = _table("Registers, flows, readings")
    for name, counts in report["items"].items():
        rest.add_row(f"{name}s standing", _number(counts["standing"]))
    for name, count in report["flows"].items():
        rest.add_row(name.replace(".", " "), _number(count))
    rest.add_row("readings", _number(sum(reading["count"] for reading in report["readings"].values())))
    tables.append(rest)
    title = Text(f"as of {report['as_of']}" if "as_of" in report else "as of now", style="dim")
    aside = [
        Text.assemble((f"{place} is not read: ", "bold red"), why) for place, why in (report["set_aside"] or {}).items()
    ]
    notes = [
        Text.assemble(("opened under the number of another agency's or year's: ", "yellow"), f"{case}, {times:,} times")
        for case, times in (report["numbers_reused"] or {}).items()
    ]
    undated = ", ".join(
        f"{count:,} {kind}s" for kind, counts in report["cases"].items() if (count := counts["open_without_due"])
    )
    if undated:
        notes.append(Text(f"open without a due time, never overdue: {undated}"))
    return Group(title, *aside, *notes, Columns(tables, padding=(0, 2)))


_SHOWN = ("open", "overdue", "suspended", "closed", "on_time", "late", "without_due")


def _cases(cases: dict[str, dict[str, Any]]) -> Table:
    table = Table(title="Cases", title_style="bold")
    table.add_column(style="dim")
    for name in _SHOWN:
        table.add_column(name.replace("_", " "), justify="right")
    for kind, counts in cases.items():
        cells = (Text(_number(counts[name]), style=_style(name, counts[name])) for name in _SHOWN)
        table.add_row(f"{kind}s", *cells)
    return table


def _style(name: str, count: int) -> str:
    return "bold red" if name == "overdue" and count else ""


def first_minutes(
    report: dict[str, Any], rate: float, since: datetime | None, alerts: dict[str, Any], catalogue: Catalogue
) -> RenderableType:
    """What there is to see in the first five minutes, each named, with a mark once it has happened.

    Args:
        report: the status.
        rate: events a second.
        since: when the first event happened.
        alerts: `alerts_report`.
        catalogue: for zone and names.
    """
    table = Table(title="The first five minutes", title_style="bold", show_header=False, box=None, padding=(0, 1))
    catching_up = f", {report['lag']:,} records still to be counted" if report["lag"] > 1000 else ""
    days = (datetime.now(catalogue.zone) - since).days if since else 0
    _step(table, rate > 0, "data moves", f"{rate:,.0f} events a second")
    history = f"events since {since.astimezone(catalogue.zone):%d/%m/%Y}" if since else "on its way"
    _step(table, days > 0 and not catching_up, "history behind it", history + catching_up)
    told = [alert for alert in alerts["newest"] if not alert["suppressed"]]
    _step(
        table, bool(told), "a deadline missed, its alert raised", _alert(told[0], catalogue) if told else "after that"
    )
    if told:
        _step(table, True, "", f"{alerts['raised']:,} so far: .venv/bin/opscentre alerts")
    _step(table, None, "every target, and how it is coming on", ".venv/bin/opscentre indicators, in a second terminal")
    _step(table, None, "prove every number", ".venv/bin/opscentre recount")
    _step(table, None, "against what was published", ".venv/bin/opscentre simulate --verify")
    _step(table, None, "what was refused, and why", ".venv/bin/opscentre dead-letters list")
    return table


def _alert(alert: dict[str, Any], catalogue: Catalogue) -> str:
    agency = catalogue.agencies.get(alert["agency"])
    due, raised = (alert[name].astimezone(catalogue.zone) for name in ("due_at", "raised_at"))
    return (
        f"{alert['subject']} of {agency.name.vi if agency else alert['agency']}, due {due:%d/%m}, at {raised:%H:%M:%S}"
    )


def _step(table: Table, done: bool | None, what: str, detail: str) -> None:
    mark = "[cyan]→[/]" if done is None else "[green]✔[/]" if done else "[yellow]…[/]"
    table.add_row(mark if what else "", Text(what, style="bold"), Text(detail))


def _table(title: str) -> Table:
    table = Table(title=title, show_header=False, title_style="bold", min_width=26)
    table.add_column(style="dim")
    table.add_column(justify="right")
    return table


def _number(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"
