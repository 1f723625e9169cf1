"""What a formula is in SQL: a query of (agency, dimensions, numerator, denominator, value) between `starts` and `ends`.

The queries are bodies of functions with these two parameters. An agency's row holds all below it too.
"""

from collections.abc import Sequence
from typing import assert_never

from schemas.catalogue.indicators import (
    Age,
    Count,
    Distinct,
    Formula,
    Mean,
    Milestone,
    Ratio,
    Reported,
    Score,
    Stock,
    Term,
    dimension_fields,
)
from schemas.events import BY_TYPE
from schemas.events.effects import MAX_READING, Flow
from schemas.views.history_sql import READ, REPORTED, STANDING, TASK
from schemas.views.quoting import identifier, literal

_FLOWS = {event.name for event in BY_TYPE.values() if issubclass(event, Flow)}


def function_of(indicator: str) -> str:
    """The function that has the values of an indicator for any period."""
    return f"indicators.{identifier('at_' + indicator.replace('-', '_'))}"


def formula_sql(system: str, formula: Formula, by: str | None) -> str:
    """The query of a formula of a system; `by` is the field by whose values it is split as well."""
    match formula:
        case Count(of=terms) | Stock(of=terms):
            return _summed(system, terms, [], by, "numerator")
        case Ratio(numerator=terms, denominator=over, scale=scale):
            return _summed(system, terms, over, by, f"numerator * {_float(scale)} / nullif(denominator, 0)")
        case Mean(numerator=terms, denominator=over, divisor=divisor):
            return _summed(system, terms, over, by, f"numerator / nullif(denominator, 0) / {_float(divisor)}")
        case Age(case=case):
            return _age(system, case)
        case Distinct():
            return _distinct(system, formula, by)
        case Reported(reading=reading, rollup=rollup):
            return (
                REPORTED.format(system=literal(system), name=literal(reading), limit=_float(MAX_READING)) + READ[rollup]
            )
        case Milestone(task=task):
            return TASK.format(system=literal(system), task=literal(task))
        case Score():
            return _score(formula)
    assert_never(formula)


def _float(value: float) -> str:
    return f"{float(value)!r}::float8"


def _summed(system: str, numerator: Sequence[Term], denominator: Sequence[Term], by: str | None, value: str) -> str:
    rows = _rows(system, numerator, denominator, by)
    under = "denominator" if denominator else "NULL::float8"
    return f"SELECT agency, dimensions, numerator, {under}, {value} FROM ({rows}) AS summed"


def _age(system: str, case: str) -> str:
    rows = _rows(system, [Term(of=f"{case}.opened_at_sum")], [Term(of=f"{case}.open")], None)
    minutes = "extract(epoch FROM indicators.end_of(ends))::float8 / 60 * denominator - numerator"
    return (
        f"SELECT agency, dimensions, minutes, denominator, minutes / nullif(denominator, 0) / 1440 "
        f"FROM (SELECT *, {minutes} AS minutes FROM ({rows}) AS summed) AS open"
    )


def _rows(system: str, numerator: Sequence[Term], denominator: Sequence[Term], by: str | None) -> str:
    """Numerators and denominators of each agency and dimensions, from counters; each measure is read once a span."""
    every = dict.fromkeys((term.of, term.at_the_end) for term in (*numerator, *denominator))
    parts = [_term(system, _of(numerator, *one), _of(denominator, *one), by) for one in every]
    counted = (
        "SELECT agency, part, sum(numerator) AS numerator, sum(denominator) AS denominator "
        f"FROM ({' UNION ALL '.join(parts)}) AS terms (agency, part, numerator, denominator) GROUP BY agency, part"
    )
    groups = [_group(term.of) for term in (*numerator, *denominator)]
    return _rolled_up(system, counted, groups, by, whole_where_unsplit=bool(denominator))


def _of(terms: Sequence[Term], measure: str, at_the_end: bool) -> list[Term]:
    return [term for term in terms if term.of == measure and term.at_the_end == at_the_end]


def _term(system: str, over: Sequence[Term], under: Sequence[Term], by: str | None) -> str:
    """Terms of one measure and span."""
    terms = (*over, *under)
    measure, fields = terms[0].of, dimension_fields(terms[0].of)
    part = _part(fields, by) if by in fields else "NULL"
    starts = "NULL" if terms[0].at_the_end else "starts"
    return (
        f"SELECT agency, {part}, {_amount(over)}, {_amount(under)} "
        f"FROM indicators.counted({literal(system)}, {literal(measure)}, {starts}, ends) "
        f"WHERE {' OR '.join(f'({_matches(term)})' for term in terms)}"
    )


def _amount(terms: Sequence[Term]) -> str:
    return " + ".join(f"CASE WHEN {_matches(term)} THEN value ELSE 0 END" for term in terms) or "0"


def _matches(term: Term) -> str:
    """The condition that dimensions are part of a term."""
    fields = dimension_fields(term.of)
    conditions = [
        f"{_part(fields, field)} IN ({', '.join(map(literal, values))})" for field, values in term.where.items()
    ]
    return " AND ".join(conditions) or "true"


def _part(fields: Sequence[str], field: str | None) -> str:
    """The value of a field among dimensions; empty where it has none."""
    place = fields.index(field) + 1 if field in fields else len(fields) + 1
    return f"split_part(dimensions, ' ', {place})"


def _group(measure: str) -> tuple[str, str]:
    """The first and the last of the measures that tell of the same kind of case, register or flow."""
    if measure in _FLOWS:
        return measure, measure
    kind = measure.partition(".")[0]
    return f"{kind}.", f"{kind}.~"


def _rolled_up(
    system: str, counted: str, groups: Sequence[tuple[str, str]], by: str | None, *, whole_where_unsplit: bool = False
) -> str:
    """(agency, dimensions, numerator, denominator) of every agency that ever reported, from those of each by itself.

    Of what has no such field as it is split by, a ratio takes the whole for each part; a count has no part of it.
    """
    same_part = "c.part = l.part OR c.part IS NULL" if whole_where_unsplit else "c.part = l.part"
    reporting = " UNION ".join(
        f"SELECT agency FROM indicators.reporting({literal(system)}, {literal(first)}, {literal(last)}, ends)"
        for first, last in dict.fromkeys(groups)
    )
    whole = f"""WITH counted AS (
    SELECT t.ancestor AS agency, c.part, sum(c.numerator) AS numerator, sum(c.denominator) AS denominator
    FROM ({counted}) AS c JOIN indicators.tree AS t ON t.agency = c.agency GROUP BY t.ancestor, c.part
)
SELECT r.agency, '' AS dimensions, coalesce(w.numerator, 0)::float8 AS numerator,
    coalesce(w.denominator, 0)::float8 AS denominator
FROM ({reporting}) AS r
LEFT JOIN (
    SELECT agency, sum(numerator) AS numerator, sum(denominator) AS denominator FROM counted GROUP BY agency
) AS w ON w.agency = r.agency"""
    if by is None:
        return whole
    return f"""{whole}
UNION ALL
SELECT l.agency, l.part, sum(c.numerator)::float8, sum(c.denominator)::float8
FROM (SELECT DISTINCT agency, part FROM counted WHERE part <> '') AS l
JOIN counted AS c ON c.agency = l.agency AND ({same_part})
GROUP BY l.agency, l.part"""


def _distinct(system: str, distinct: Distinct, by: str | None) -> str:
    register = distinct.register_name
    part = _part(dimension_fields(f"{register}.standing"), by) if by else "NULL"
    # Not as a join: nothing tells the planner how many a month has, and it would compare each with each.
    active = " AND ".join(f"subject IN ({_actors(system, term)})" for term in distinct.did)
    counted = (
        f"SELECT agency, {part} AS part, count(*) FILTER (WHERE {active}) AS numerator, count(*) AS denominator "
        f"FROM ({STANDING.format(system=literal(system), register=literal(register))}) AS standing GROUP BY 1, 2"
    )
    rows = _rolled_up(system, counted, [_group(f"{register}.standing")], by)
    value = "numerator * 100 / nullif(denominator, 0)"
    return f"SELECT agency, dimensions, numerator, denominator, {value} FROM ({rows}) AS summed"


def _actors(system: str, term: Term) -> str:
    return (
        f"SELECT actor FROM public.actors_month WHERE system = {literal(system)} AND measure = {literal(term.of)} "
        "AND bucket >= coalesce(date_trunc('month', starts::timestamp)::date, '-infinity') AND bucket <= ends "
        f"AND {_matches(term)} GROUP BY actor HAVING sum(value) > 0"
    )


def _score(score: Score) -> str:
    measured = " UNION ALL ".join(
        f"SELECT agency, {place}, {_float(one.points)}, value / {_float(one.full_at)} "
        f"FROM {function_of(one.indicator)}(starts, ends) WHERE dimensions = ''"
        for place, one in enumerate(score.components)
        if one.indicator is not None
    )
    nothing = "SELECT NULL, 0, 0::float8, 0::float8 WHERE false"
    return (
        "SELECT agency, '', got, out_of, got * 100 / out_of FROM ("
        "SELECT agency, sum(points * least(1, share) ORDER BY place) AS got, sum(points ORDER BY place) AS out_of "
        f"FROM ({measured or nothing}) AS measured (agency, place, points, share) "
        "WHERE share IS NOT NULL GROUP BY agency) AS summed"
    )
