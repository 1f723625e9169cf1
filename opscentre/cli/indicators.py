"""Commands about indicators: what they are, and what stands behind each of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import psycopg
import typer

from core.catalogue import open_catalogue
from core.database import at_one_moment, connect
from core.settings import settings
from opscentre.cli.output import Json, console, print_json
from opscentre.reports import drilldown as behind
from opscentre.reports.drilldown import DrilldownRow, Span
from opscentre.reports.explanation import Period, period_named, sides
from opscentre.reports.explanation import explain as explained
from opscentre.reports.indicators import Asked, agency_named, below, day_named, indicator_named, report, today
from opscentre.reports.tables import explanation_table, indicators_table
from schemas.catalogue.indicators import Distinct, Indicator, Milestone, Reported, Term
from schemas.evaluation import months
from schemas.evaluation.formulas import latest_readings
from schemas.timekeeping.moments import MINUTE, time_of
from streams.fold.rulebook import load_rulebook
from streams.fold.rules import CaseRules
from streams.recount.figures import end_of, midnight

Agency = Annotated[str | None, typer.Option(help="Code of the agency, with all below it; else the province.")]


def indicators(
    agency: Agency = None,
    as_of: Annotated[str | None, typer.Option(help="The end of this day, such as 2025-06-30; else now.")] = None,
    system: Annotated[str | None, typer.Option(help="Of this system only.")] = None,
    json: Json = False,
) -> None:
    """Every indicator: its value, and how its targets are coming on."""
    options = settings()
    catalogue = open_catalogue(options)
    with connect(options.dsn, "opscentre indicators") as connection:
        load_rulebook(connection, catalogue)  # the views have to be those of this catalogue
        at_one_moment(connection)
        now = today(connection)
        day = now if as_of is None else day_named(as_of, now)
        asked = Asked(catalogue, agency_named(catalogue, agency), day, options.language)
        found = report(connection, asked, system)
    if json:
        print_json(found)
    else:
        console.print(indicators_table(found, asked))


def explain(
    indicator: Annotated[str, typer.Argument(help="Id of the indicator, as `opscentre indicators` shows it.")],
    agency: Agency = None,
    period: Annotated[str, typer.Option(help="2025, 2025-Q2, 2025-06 or running.")] = "running",
    limit: Annotated[int, typer.Option(min=1, help="At most so many of what stands behind it, the worst.")] = 20,
    json: Json = False,
) -> None:
    """What an indicator is worked out from, and the cases behind it: the worst first, and who owes them."""
    options = settings()
    catalogue = open_catalogue(options)
    with connect(options.dsn, "opscentre explain") as connection:
        rules = load_rulebook(connection, catalogue).current
        at_one_moment(connection)
        one, now = indicator_named(catalogue, indicator), today(connection)
        asked = Asked(catalogue, agency_named(catalogue, agency), now, options.language)
        days = period_named(period, one, now)
        found = explained(connection, asked, one, days)
        rows = _behind(connection, asked, one, days, rules)
    owed = Counter(row["agency"] for row in rows)
    found["behind"] = {
        "total": len(rows),
        "by_agency": [
            {"agency": code, "agency_name": _agency_name(asked, code), "count": count}
            for code, count in sorted(owed.items(), key=lambda entry: (-entry[1], entry[0]))
        ],
        "worst": rows[:limit],
    }
    if json:
        print_json(found)
    else:
        console.print(explanation_table(found, asked))


def _behind(
    connection: psycopg.Connection, asked: Asked, indicator: Indicator, days: Period, rules: CaseRules
) -> list[dict[str, Any]]:
    """What stands behind an indicator, the worst first."""
    row = connection.execute("SELECT now()").fetchone()
    assert row is not None  # there is always a now
    begin = midnight(days.starts, rules.calendar) if days.starts else 0
    when = Span(begin * MINUTE, end_of(days.ends, rules.calendar, row[0]) * MINUTE)
    agencies, system = below(asked.catalogue, asked.agency), indicator.file.system
    match indicator.file.formula:
        case Distinct() as distinct:
            standing = [Term(of=f"{distinct.register_name}.standing")]
            found = behind.things(connection, rules, system, standing, agencies, when)
            first, last = months(days.starts, days.ends)
            did = [(term, behind.actors(connection, system, term, first, last)) for term in distinct.did]
            return _idle(asked, found, did)
        case Reported(reading=name):
            values = behind.readings(connection, system, name, when.end)
            return [
                {
                    "agency": one.agency,
                    "agency_name": _agency_name(asked, one.agency),
                    "period": one.period,
                    "value": one.value,
                    "reported_at": _local(asked, one.reported_at),
                }
                for one in latest_readings((one for one in values if one.agency in agencies), days.ends)
            ]
        case Milestone(task=subject):
            task = behind.task(connection, rules, system, subject, when.end)
            return [{**_row(asked, task), "percent": task.percent}] if task and task.agency in agencies else []
        case formula:
            terms = [term for _, term in sides(formula)]
            found = behind.things(connection, rules, system, terms, agencies, when)
            return [_row(asked, one) for one in behind.rank_by_harm(formula, indicator.file.target, found)]


def _idle(asked: Asked, officers: Iterable[DrilldownRow], did: Sequence[tuple[Term, set[str]]]) -> list[dict[str, Any]]:
    """Who stands in a register and did not do each of these: who did least of them first."""
    rows = [
        {**_row(asked, one), "missing": missing}
        for one in officers
        if (missing := [term.of for term, actors in did if one.subject not in actors])
    ]
    return sorted(rows, key=lambda row: (-len(row["missing"]), row["agency"], row["subject"]))


def _row(asked: Asked, one: DrilldownRow) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "agency": one.agency,
        "agency_name": _agency_name(asked, one.agency),
        "dimensions": one.dimensions,
        "state": one.state,
        "since": _local(asked, one.since),
        "due": _local(asked, one.due),
        "closed": _local(asked, one.closed),
        "office_minutes_left": one.left,
        "due_moved_by_day": one.due_moved_by_day,
    }


def _local(asked: Asked, moment: int | None) -> datetime | None:
    return None if moment is None else time_of(moment).astimezone(asked.catalogue.zone)


def _agency_name(asked: Asked, code: str) -> str:
    agency = asked.catalogue.agencies.get(code)
    return asked.name(agency.name) if agency else code


COMMANDS = (indicators, explain)
