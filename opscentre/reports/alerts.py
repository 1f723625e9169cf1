"""`opscentre alerts`: deadlines that were missed, and whether people have been told."""

from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.database import scalar
from schemas.catalogue.load import Catalogue

_NEWEST = """
    SELECT a.system, a.kind, a.subject, a.agency, a.due_at, a.overdue_at, a.raised_at, a.suppressed,
        coalesce(c.state = 'open' AND c.overdue_at <= now(), false) AS overdue
    FROM alerts AS a LEFT JOIN cases AS c USING (system, kind, subject)
    ORDER BY a.raised_at DESC, a.suppressed NULLS FIRST, a.overdue_at DESC, a.subject LIMIT %s
"""


def alerts_report(connection: psycopg.Connection, limit: int) -> dict[str, Any]:
    """How many alerts there are and what became of them, with the newest `limit`.

    `sent` counts those that go out to whoever is to be told, `suppressed` the others by reason, `outbox` messages still
    to reach Kafka, `deliveries` messages to recipients by state, `sweeps` when each system was last swept.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        newest = cursor.execute(_NEWEST, (limit,)).fetchall()
    counts: dict[str | None, int] = dict(
        connection.execute("SELECT suppressed, count(*) FROM alerts GROUP BY suppressed").fetchall()
    )
    return {
        "sent": counts.pop(None, 0),
        "suppressed": counts,
        "outbox": scalar(connection, "SELECT count(*) FROM outbox"),
        "deliveries": dict(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall()),
        "sweeps": dict(connection.execute("SELECT system, swept_at FROM sweeps ORDER BY system").fetchall()),
        "newest": newest,
    }


def alerts_table(report: dict[str, Any], catalogue: Catalogue) -> RenderableType:
    """The report for people; times are the province's."""
    table = Table("raised", title="Missed deadlines", title_style="bold")
    table.add_column("case", no_wrap=True)
    for name in ("agency", "due", "alert"):
        table.add_column(name)
    for alert in report["newest"]:
        agency = catalogue.agencies.get(alert["agency"])
        due, raised = (alert[name].astimezone(catalogue.zone) for name in ("due_at", "raised_at"))
        table.add_row(
            f"{raised:%d/%m %H:%M:%S}",
            Text(alert["subject"], style="red" if alert["overdue"] else ""),
            Text(agency.name.vi if agency else alert["agency"]),
            f"{due:%d/%m/%Y %H:%M}",
            f"none: {alert['suppressed']}" if alert["suppressed"] else "sent",
        )
    return Group(table, Text(_summary(report, catalogue.zone), style="dim"))


def _summary(report: dict[str, Any], zone: ZoneInfo) -> str:
    suppressed = sum(report["suppressed"].values())
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(report["deliveries"].items()))
    swept = max(report["sweeps"].values(), default=None)
    when = f"last sweep {swept.astimezone(zone):%H:%M:%S}" if swept else "not swept yet: is a worker running?"
    return (
        f"{report['sent']:,} sent, {suppressed:,} only listed · {when} · "
        f"messages: {states or 'none to anybody (OPSCENTRE_NOTIFY and `opscentre notifier`)'}"
    )
