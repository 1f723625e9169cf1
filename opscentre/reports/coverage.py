"""What the catalogue does not cover: days beyond its calendar's end, and procedures that it does not have."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from core.database import scalar
from schemas.catalogue.coverage import covered_until, covers
from schemas.catalogue.model import Catalogue
from schemas.events import BY_TYPE
from schemas.events.effects import Opened
from schemas.timekeeping.moments import moment_of
from streams.fold.rules import CaseRules

_OPENINGS = [event for event in BY_TYPE.values() if issubclass(event, Opened) and event.procedure_field]
_KINDS = [event.kind for event in _OPENINGS]
"""Kinds of cases whose due time may follow from a procedure's limit, and so from the calendar."""
_BEYOND = "SELECT count(*) FROM cases WHERE kind = ANY (%s) AND state IN ('open', 'suspended') AND due_at >= %s"

_PROCEDURES = """
    WITH opened AS (
        SELECT data::jsonb ->> 'procedure' AS code, subject FROM events
        WHERE type = ANY (%s) AND NOT retracted AND time >= now() - make_interval(days => %s)
    )
    SELECT code, count(DISTINCT subject) FROM opened WHERE code <> ALL (%s) GROUP BY code ORDER BY 2 DESC, 1
"""

RECENT_DAYS = 31
"""How far back procedures are looked for."""


class CalendarReach(NamedTuple):
    """How far the calendar reaches, and how far it has to, as local days."""

    until: date
    """The last day of the years whose days off are written down."""
    due_until: date
    """The latest day on which what is received now may be due."""
    covered: bool

    def report(self) -> dict[str, object]:
        """As JSON shows it."""
        return {"until": self.until.isoformat(), "due_until": self.due_until.isoformat(), "covered": self.covered}

    def warning(self) -> str | None:
        """A sentence for people, where the calendar does not reach far enough."""
        if self.covered:
            return None
        return (
            f"The calendar ends on {self.until}, and what is received now may be due as late as {self.due_until}. "
            "After its end only days of the week are off, so that due times are too early: add the days off of "
            f"{self.until.year + 1} to calendar.toml, without `since`, and run `opscentre migrate`."
        )


def calendar_reach(catalogue: Catalogue, now: datetime) -> CalendarReach:
    """How far the calendar reaches as of a moment."""
    today = now.astimezone(catalogue.zone).date()
    rules = CaseRules(catalogue.rules)
    due_until = max(today, rules.calendar.day(rules.latest_due(moment_of(now))))
    return CalendarReach(covered_until(catalogue, today), due_until, covers(catalogue, today, due_until))


def due_beyond(connection: psycopg.Connection, catalogue: Catalogue, until: date) -> int:
    """How many open cases are due after a local day, of the kinds whose due time may follow from the calendar."""
    after = until + timedelta(days=1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=catalogue.zone)
    return int(scalar(connection, _BEYOND, (_KINDS, midnight)))


def coverage_report(connection: psycopg.Connection, catalogue: Catalogue, now: datetime) -> dict[str, Any]:
    """What the catalogue does not cover of what is in the database, as JSON shows it.

    `beyond` counts the open cases that are due after the calendar's end; `unknown_procedures` has, by their codes, how
    many cases of the last 31 days name a procedure that the catalogue does not have. These have no limit.
    """
    reach = calendar_reach(catalogue, now)
    types = [event.type for event in _OPENINGS]
    unknown = connection.execute(_PROCEDURES, (types, RECENT_DAYS, list(catalogue.procedures))).fetchall()
    return {
        "calendar": {**reach.report(), "beyond": due_beyond(connection, catalogue, reach.until)},
        "unknown_procedures": dict(unknown),
    }


def coverage_warnings(report: dict[str, Any]) -> list[str]:
    """The same in sentences, for people; nothing where all is covered."""
    calendar, unknown = report["calendar"], report["unknown_procedures"]
    lines = []
    if calendar["beyond"]:
        lines.append(f"{calendar['beyond']:,} open cases are due after the calendar's end, {calendar['until']}.")
    if unknown:
        shown = ", ".join(f"{code} ({count:,})" for code, count in list(unknown.items())[:10])
        rest = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        lines.append(
            f"Procedures that procedures.toml does not have, of the last {RECENT_DAYS} days, with how many cases: "
            f"{shown}{rest}. These cases have no limit: mend the codes where they come from, or add the procedures."
        )
    return lines
