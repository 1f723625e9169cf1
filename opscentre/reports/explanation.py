"""`opscentre explain`: what an indicator is worked out from, as far as the counters tell."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import psycopg

from core.errors import ConfigurationError
from opscentre.reports.indicators import NOTHING, Asked, below, values_at
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
from schemas.evaluation import Values, first_day, span
from schemas.evaluation.formulas import matches

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
        case _:
            return []


def explain(connection: psycopg.Connection, asked: Asked, indicator: Indicator, period: Period) -> dict[str, Any]:
    """The definition of an indicator, its value within a period, and each term's amount."""
    file = indicator.file
    values = values_at(connection, indicator, *period)
    agencies = below(asked.catalogue, asked.agency)
    terms = sides(file.formula)
    return {
        "indicator": indicator.id,
        "name": asked.name(file.name),
        "description": file.description and asked.name(file.description),
        "definition": definition(file.formula),
        "system": file.system,
        "agency": asked.agency,
        "unit": file.unit,
        "starts": period.starts,
        "ends": period.ends,
        **values.get((asked.agency, ""), NOTHING)._asdict(),
        "terms": [
            {"side": side, "of": term.of, "where": term.where, "amount": amount}
            for (side, term), amount in zip(
                terms, _amounts(connection, asked, indicator, period, agencies), strict=True
            )
        ],
        "components": _components(connection, asked, file.formula, period),
        "below": _below(asked, indicator, values),
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
    connection: psycopg.Connection, asked: Asked, indicator: Indicator, period: Period, agencies: Collection[str]
) -> list[int]:
    terms = [term for _, term in sides(indicator.file.formula)]
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


def definition(formula: Formula) -> str:
    """How a formula is worked out, in a line."""
    match formula:
        case Count(of=of):
            return f"{_sum(of)}, within the period"
        case Stock(of=of):
            return f"{_sum(of)}, at the end of the period"
        case Ratio(numerator=over, denominator=under, scale=scale):
            return f"{_sum(over)} ÷ {_sum(under)} × {scale:g}"
        case Mean(numerator=over, denominator=under, divisor=divisor):
            return f"{_sum(over)} ÷ {_sum(under)}" + (f" ÷ {divisor:g}" if divisor != 1 else "")
        case Age(case=case):
            return f"days since it was opened, on average, of each {case} that is open at the end of the period"
        case Distinct(register_name=register, did=did):
            each = " and ".join(map(_term, did))
            return f"share of what stands in register {register}, that did {each} in the months of the period"
        case Reported(reading=reading, rollup="sum"):
            return f"latest reading of {reading} of each agency, added up"
        case Reported(reading=reading):
            return f"latest reading of {reading}"
        case Milestone(task=task):
            return f"progress of task {task}; 100 once it is completed"
        case Score():
            return "points of the components that are measured, in percent of what these could give"


def _sum(terms: Sequence[Term]) -> str:
    text = " + ".join(map(_term, terms))
    return f"({text})" if len(terms) > 1 else text


def _term(term: Term) -> str:
    where = ", ".join(f"{field}: {' or '.join(values)}" for field, values in term.where.items())
    return f"{term.of} [{where}]" if where else term.of
