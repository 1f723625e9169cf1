"""`opscentre explain`: what an indicator is worked out from, and what stands behind it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, assert_never

import psycopg

from core.database import scalar
from core.errors import ConfigurationError
from opscentre.reports import drilldown
from opscentre.reports.drilldown import DrilldownRow, Span
from opscentre.reports.indicators import NOTHING, Asked, below, values_at
from schemas.catalogue.describe import describe, left_out
from schemas.catalogue.indicators import (
    Age,
    Count,
    Distinct,
    Formula,
    Indicator,
    Mean,
    Milestone,
    Ratio,
    Reported,
    Score,
    Stock,
    Term,
)
from schemas.evaluation import ReportedValue, Values, first_day, months, span
from schemas.evaluation.formulas import latest_readings, matches
from schemas.timekeeping.moments import MINUTE, time_of
from streams.fold.rules import CaseRules
from streams.recount.figures import end_of, midnight

_AMOUNTS = """
    SELECT m.measure, c.agency, c.dimensions, sum(c.value)::bigint
    FROM unnest(%s::text[]) AS m (measure), indicators.counted(%s, m.measure, %s, %s) AS c
    GROUP BY m.measure, c.agency, c.dimensions
"""


class Period(NamedTuple):
    """The local days that are asked about."""

    starts: date | None
    ends: date


def period_named(text: str, indicator: Indicator, latest: date) -> Period:
    """`running`, the indicator's own until today; or a year, quarter, month or day, until today at most.

    Raises:
        ConfigurationError: it is none of these, or still to come.
    """
    if text == "running":
        return Period(first_day(indicator.file.period, latest), latest)
    try:
        starts, ends = span(text)
    except ValueError:
        raise ConfigurationError(f"--period {text}: give one such as 2025, 2025-Q2, 2025-06 or running") from None
    if starts > latest:
        raise ConfigurationError(f"--period {text}: that is still to come; today is {latest}")
    return Period(starts, min(ends, latest))


def sides(formula: Formula) -> list[tuple[str, Term]]:
    """The terms of a formula, each with what it is for: `numerator`, `denominator`, or `sum` where there is but one."""
    match formula:
        case Count(of=of) | Stock(of=of):
            return [("sum", term) for term in of]
        case Ratio(numerator=over, denominator=under) | Mean(numerator=over, denominator=under):
            return [("numerator", term) for term in over] + [("denominator", term) for term in under]
        case Age(case=case):
            return [("numerator", Term(of=f"{case}.opened_at_sum")), ("denominator", Term(of=f"{case}.open"))]
        case Distinct() | Reported() | Milestone() | Score():
            return []
    assert_never(formula)


def explain(
    connection: psycopg.Connection,
    rules: CaseRules,
    asked: Asked,
    indicator: Indicator,
    period: Period,
    limit: int,
) -> dict[str, Any]:
    """The definition of an indicator, its value within a period, each term's amount, and what stands behind it.

    Args:
        connection: reads as of one moment; the views have to be those of the catalogue asked.
        rules: those in force.
        asked: for whom.
        indicator: what is explained.
        period: within which.
        limit: so many at most of what stands behind it, the worst.
    """
    file = indicator.file
    values = values_at(connection, indicator, *period)
    terms = sides(file.formula) + [("left out", term) for term in left_out(file.formula)]
    amounts = _amounts(connection, asked, indicator, period, [term for _, term in terms])
    return {
        "indicator": indicator.id,
        "name": asked.name(file.name),
        "description": file.description and asked.name(file.description),
        "definition": describe(file.formula).line,
        "system": file.system,
        "agency": asked.agency,
        "unit": file.unit,
        "starts": period.starts,
        "ends": period.ends,
        **values.get((asked.agency, ""), NOTHING)._asdict(),
        "terms": [
            {"side": side, "of": term.of, "where": term.where, "amount": amount}
            for (side, term), amount in zip(terms, amounts, strict=True)
        ],
        "components": _components(connection, asked, file.formula, period),
        "below": _below(asked, indicator, values),
        "behind": _behind(asked, _drilldown(connection, rules, asked, indicator, period), limit),
    }


def _below(asked: Asked, indicator: Indicator, values: Values) -> list[dict[str, Any]]:
    """The agencies directly below, the one with the least first; with the most, where less is wanted."""
    found = [
        {"agency": agency.code, "agency_name": asked.name(agency.name), **value._asdict()}
        for agency in asked.catalogue.agencies.values()
        if agency.parent == asked.agency and (value := values.get((agency.code, ""), NOTHING)).value is not None
    ]
    fewer = any(target.at_most is not None for target in indicator.file.target)
    return sorted(found, key=lambda one: one["value"], reverse=fewer)


def _amounts(
    connection: psycopg.Connection, asked: Asked, indicator: Indicator, period: Period, terms: Sequence[Term]
) -> list[int]:
    agencies = below(asked.catalogue, asked.agency)
    system, measures = indicator.file.system, sorted({term.of for term in terms})
    ever, within = (
        connection.execute(_AMOUNTS, (measures, system, starts, period.ends)).fetchall()
        for starts in (None, period.starts)
    )
    return [_amount(term, ever if term.at_the_end else within, agencies) for term in terms]


def _amount(term: Term, rows: Iterable[Sequence[Any]], agencies: Collection[str]) -> int:
    return sum(
        amount
        for measure, agency, dimensions, amount in rows
        if measure == term.of and agency in agencies and matches(term, dimensions)
    )


def _components(connection: psycopg.Connection, asked: Asked, formula: Formula, period: Period) -> list[dict[str, Any]]:
    if not isinstance(formula, Score):
        return []
    found = []
    for component in formula.components:
        value = None
        if component.indicator:
            other = asked.catalogue.indicators[component.indicator]
            value = values_at(connection, other, *period).get((asked.agency, ""), NOTHING).value
        found.append(
            {
                "code": component.code,
                "group": component.group,
                "name": asked.name(component.name),
                "indicator": component.indicator,
                "points": component.points,
                "value": value,
                "earned": None if value is None else component.points * min(1.0, value / component.full_at),
            }
        )
    return found


def _behind(asked: Asked, rows: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
    """How many rows there are, who owes them, and the worst."""
    owed = Counter(row["agency"] for row in rows)
    return {
        "total": len(rows),
        "by_agency": [
            {"agency": code, "agency_name": _agency_name(asked, code), "count": count}
            for code, count in sorted(owed.items(), key=lambda entry: (-entry[1], entry[0]))
        ],
        "worst": rows[:limit],
    }


def _drilldown(
    connection: psycopg.Connection, rules: CaseRules, asked: Asked, indicator: Indicator, period: Period
) -> list[dict[str, Any]]:
    """What stands behind an indicator, the worst first."""
    begin = midnight(period.starts, rules.calendar) if period.starts else 0
    now = scalar(connection, "SELECT now()")
    within = Span(begin * MINUTE, end_of(period.ends, rules.calendar, now) * MINUTE)
    formula, system = indicator.file.formula, indicator.file.system
    agencies = below(asked.catalogue, asked.agency)
    match formula:
        case Distinct(register_name=register):
            standing = [Term(of=f"{register}.standing")]
            found = drilldown.rows(connection, rules, system, standing, agencies, within)
            first, last = months(*period)
            did = [(term, drilldown.actors(connection, system, term, first, last)) for term in formula.did]
            return _idle(asked, found, did)
        case Reported(reading=name):
            values = drilldown.readings(connection, system, name)
            own = (one for one in values if one.agency in agencies)
            return [_reading(asked, one) for one in latest_readings(own, period.ends)]
        case Milestone(task=subject):
            task = drilldown.task(connection, rules, system, subject, within.end)
            return [{**_row(asked, task), "percent": task.percent}] if task and task.agency in agencies else []
        case Count() | Stock() | Ratio() | Mean() | Age():
            terms = [term for _, term in sides(formula)]
            found = drilldown.rows(connection, rules, system, terms, agencies, within)
            return [_row(asked, one) for one in drilldown.rank_by_harm(formula, indicator.file.target, found)]
        case Score():
            return []  # what its components are made of is behind these
    assert_never(formula)


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
        "undone": [
            {
                "closed": _local(asked, finish.closed_at),
                "on_time": finish.on_time,
                "reopened": _local(asked, finish.reopened_at),
            }
            for finish in one.undone
        ],
    }


def _reading(asked: Asked, one: ReportedValue) -> dict[str, Any]:
    return {
        "agency": one.agency,
        "agency_name": _agency_name(asked, one.agency),
        "period": one.period,
        "value": one.value,
        "reported_at": _local(asked, one.reported_at),
    }


def _local(asked: Asked, moment: int | None) -> datetime | None:
    return None if moment is None else time_of(moment).astimezone(asked.catalogue.zone)


def _agency_name(asked: Asked, code: str) -> str:
    agency = asked.catalogue.agencies.get(code)
    return asked.name(agency.name) if agency else code
