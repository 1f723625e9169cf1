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

# What became of a message is what became of its best delivery: told is whoever is reached by one.
_MESSAGES = """
    SELECT message, CASE WHEN bool_or(state = 'delivered') THEN 'delivered'
        WHEN bool_or(state = 'pending') THEN 'pending' WHEN bool_or(state = 'failed') THEN 'failed'
        ELSE 'nobody' END AS told
    FROM deliveries
"""
_NEWEST = f"""
    SELECT a.system, a.kind, a.subject, a.agency, a.due_at, a.overdue_at, a.raised_at, a.suppressed,
        CASE WHEN a.suppressed IS NULL THEN coalesce(m.told, 'nobody') END AS told, a.ended, a.ended_at,
        coalesce(c.state IN ('open', 'suspended') AND c.overdue_at <= now() AND a.ended IS NULL, false) AS overdue
    FROM (
        SELECT * FROM alerts ORDER BY raised_at DESC, suppressed NULLS FIRST, overdue_at DESC, subject LIMIT %s
    ) AS a
    LEFT JOIN cases AS c USING (system, kind, subject)
    LEFT JOIN LATERAL ({_MESSAGES} WHERE message = a.sweep || '/' || a.agency GROUP BY message) AS m ON true
    ORDER BY a.raised_at DESC, a.suppressed NULLS FIRST, a.overdue_at DESC, a.subject
"""  # noqa: S608 - all parts are ours
_TOLD = f"""
    SELECT coalesce(m.told, 'nobody'), sum(a.alerts)::bigint FROM (
        SELECT sweep || '/' || agency AS message, count(*) AS alerts FROM alerts WHERE suppressed IS NULL
        GROUP BY sweep, agency
    ) AS a LEFT JOIN ({_MESSAGES} GROUP BY message) AS m USING (message) GROUP BY 1
"""  # noqa: S608 - all parts are ours
_RECIPIENTS = """
    SELECT address, count(*) FILTER (WHERE state = 'delivered') AS delivered,
        count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'removed') AS removed,
        (array_agg(error ORDER BY created_at DESC) FILTER (WHERE state IN ('pending', 'failed')))[1] AS error
    FROM deliveries GROUP BY recipient, address ORDER BY address
"""
_WORDS = {
    "delivered": "told",
    "pending": "waits to be sent",
    "failed": "could not be sent",
    "nobody": "nobody told",
}


def alerts_report(connection: psycopg.Connection, limit: int) -> dict[str, Any]:
    """How many alerts there are and what became of them, with the newest `limit`.

    `raised` counts those of which somebody is to be told, `told` the same by what became of that (`delivered`,
    `pending`, `failed`, `nobody`: no message to anybody yet), `suppressed` the others by reason, `ended` those of
    either that no longer stand, by reason. `outbox` counts messages still to reach Kafka, `deliveries` messages to
    recipients by state, `recipients` the same by address, with the last error of what has not arrived; `sweeps` says
    when each system was last swept.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        newest = cursor.execute(_NEWEST.encode(), (limit,)).fetchall()
        recipients = cursor.execute(_RECIPIENTS).fetchall()
    return {
        "raised": scalar(connection, "SELECT count(*) FROM alerts WHERE suppressed IS NULL"),
        "told": dict(connection.execute(_TOLD.encode()).fetchall()),
        "suppressed": dict(
            connection.execute(
                "SELECT suppressed, count(*) FROM alerts WHERE suppressed IS NOT NULL GROUP BY suppressed"
            ).fetchall()
        ),
        "ended": dict(
            connection.execute("SELECT ended, count(*) FROM alerts WHERE ended IS NOT NULL GROUP BY ended").fetchall()
        ),
        "outbox": scalar(connection, "SELECT count(*) FROM outbox"),
        "deliveries": dict(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall()),
        "recipients": recipients,
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
            _became(alert),
        )
    return Group(table, *_troubled(report), Text(_summary(report, catalogue.zone), style="dim"))


def _became(alert: dict[str, Any]) -> str:
    if alert["suppressed"]:
        return f"none: {alert['suppressed']}"
    told = _WORDS[alert["told"]]
    return f"{told}, then {alert['ended']}" if alert["ended"] else told


def _troubled(report: dict[str, Any]) -> list[Text]:
    """A line for each address that messages have not reached."""
    return [
        Text(f"{one['address']}: {one['pending']:,} wait, {one['failed']:,} given up; {one['error']}", style="yellow")
        for one in report["recipients"]
        if one["error"]
    ]


def _summary(report: dict[str, Any], zone: ZoneInfo) -> str:
    suppressed = sum(report["suppressed"].values())
    raised = ", ".join(f"{count:,} {_WORDS[told]}" for told, count in sorted(report["told"].items()))
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(report["deliveries"].items()))
    swept = max(report["sweeps"].values(), default=None)
    when = f"last sweep {swept.astimezone(zone):%H:%M:%S}" if swept else "not swept yet: is a worker running?"
    return (
        f"{report['raised']:,} raised{f' ({raised})' if raised else ''}, {suppressed:,} only listed · {when} · "
        f"messages: {states or 'none to anybody (OPSCENTRE_NOTIFY and `opscentre notifier`)'}"
    )
