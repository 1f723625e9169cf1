"""The value of an indicator for each agency, from figures.

An agency's value includes all below it: numerators and denominators add up along the tree, never the values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, assert_never

from schemas.catalogue.indicators import (
    Age,
    Count,
    Distinct,
    Indicator,
    Mean,
    Milestone,
    Ratio,
    Reported,
    Score,
    Stock,
    Term,
    dimension_fields,
)
from schemas.evaluation.figures import Figures, ReportedValue, group_of
from schemas.evaluation.periods import months, span
from schemas.events.effects import MAX_READING

_DAY = 24 * 60


class Value(NamedTuple):
    """What an indicator is for an agency. No value is another thing than zero."""

    numerator: float | None
    denominator: float | None
    """None where the formula has none."""
    value: float | None


Values = Mapping[tuple[str, str], Value]
"""(agency, dimensions) → value; without dimensions it is the whole. Who has never reported anything is not in it."""

_Amounts = Mapping[str, float]
"""Agency → amount, with all below it."""


def evaluate(indicator: Indicator, figures: Figures, catalogue: Mapping[str, Indicator]) -> Values:
    """The values of an indicator for each agency, and for each value that it is split by.

    Args:
        indicator: What is asked.
        figures: Of the period that it is asked of.
        catalogue: The indicators by id, of which a score's components are some.
    """
    system, by = indicator.file.system, indicator.file.by
    match indicator.file.formula:
        case Count(of=terms) | Stock(of=terms):
            return _each(system, terms, [], by, figures, lambda n, _: Value(n, None, n))
        case Ratio(numerator=terms, denominator=over, scale=scale):
            return _each(system, terms, over, by, figures, lambda n, d: Value(n, d, n * scale / d if d else None))
        case Mean(numerator=terms, denominator=over, divisor=divisor):
            return _each(system, terms, over, by, figures, lambda n, d: Value(n, d, n / d / divisor if d else None))
        case Age(case=case):
            return _age(system, case, figures)
        case Distinct() as distinct:
            return _distinct(system, distinct, by, figures)
        case Reported() as reported:
            return _reading(system, reported, figures)
        case Milestone(task=task):
            return _milestone(system, task, figures)
        case Score() as score:
            return _score(score, figures, catalogue)
    assert_never(indicator.file.formula)


def matches(term: Term, dimensions: str) -> bool:
    """Whether what has these dimensions is part of a term."""
    return all(part(term.of, dimensions, field) in allowed for field, allowed in term.where.items())


def part(measure: str, dimensions: str, field: str) -> str:
    """The value of a field among the dimensions of a measure; empty where it has none."""
    fields, values = dimension_fields(measure), dimensions.split(" ")
    index = fields.index(field) if field in fields else len(values)
    return values[index] if index < len(values) else ""


def _each(
    system: str,
    numerator: Sequence[Term],
    denominator: Sequence[Term],
    by: str | None,
    figures: Figures,
    value: Callable[[float, float], Value],
) -> Values:
    over, under = _sum(system, numerator, None, figures), _sum(system, denominator, None, figures)
    groups = {group_of(term.of) for term in (*numerator, *denominator)}
    found = {(one, ""): value(over.get(one, 0), under.get(one, 0)) for one in _reporting(system, groups, figures)}
    if by is None:
        return found
    # Of what happens or stands without that field, a count knows no part; a ratio takes it whole.
    split = numerator if denominator else [term for term in numerator if by in dimension_fields(term.of)]
    for dimensions, agencies in _dimensions(system, (*split, *denominator), by, figures).items():
        over, under = (
            _sum(system, split, (by, dimensions), figures),
            _sum(system, denominator, (by, dimensions), figures),
        )
        found |= {(one, dimensions): value(over.get(one, 0), under.get(one, 0)) for one in agencies}
    return found


def _sum(system: str, terms: Iterable[Term], only: tuple[str, str] | None, figures: Figures) -> _Amounts:
    """What the terms add up to within the period; `only` what has a value of a field, where it has that field."""
    found: dict[str, float] = {}
    for term in terms:
        for agency, dimensions, at_end, before in figures.counted.get((system, term.of), ()):
            if not matches(term, dimensions):
                continue
            if only and only[0] in dimension_fields(term.of) and part(term.of, dimensions, only[0]) != only[1]:
                continue
            amount = at_end if term.at_the_end else at_end - before
            for one in figures.above.get(agency, ()):
                found[one] = found.get(one, 0) + amount
    return found


def _dimensions(system: str, terms: Iterable[Term], by: str, figures: Figures) -> Mapping[str, set[str]]:
    """The values that a field has of any of the terms → the agencies where it has them, and all above them."""
    found: dict[str, set[str]] = {}
    for term in terms:
        for agency, dimensions, _, _ in figures.counted.get((system, term.of), ()):
            if matches(term, dimensions) and (value := part(term.of, dimensions, by)):
                found.setdefault(value, set()).update(figures.above.get(agency, ()))
    return found


def _reporting(system: str, groups: Iterable[str], figures: Figures) -> set[str]:
    """The agencies that have ever reported anything of these kinds, registers or flows, and all above them."""
    wanted = {(system, group) for group in groups}
    return {
        one for of, group, agency in figures.reporting if (of, group) in wanted for one in figures.above.get(agency, ())
    }


def _age(system: str, case: str, figures: Figures) -> Values:
    opened = _sum(system, [Term(of=f"{case}.open")], None, figures)
    since = _sum(system, [Term(of=f"{case}.opened_at_sum")], None, figures)
    found = {}
    for one in _reporting(system, [case], figures):
        count = opened.get(one, 0)
        minutes = figures.minute * count - since.get(one, 0)
        found[one, ""] = Value(minutes, count, minutes / count / _DAY if count else None)
    return found


def _distinct(system: str, distinct: Distinct, by: str | None, figures: Figures) -> Values:
    first, last = months(figures.starts, figures.ends)
    everybody = [
        {
            acted.actor
            for acted in figures.actors
            if (acted.system, acted.measure) == (system, term.of)
            and first <= acted.month <= last
            and matches(term, acted.dimensions)
        }
        for term in distinct.did
    ]
    active = set.intersection(*everybody)
    counts = {(one, ""): [0, 0] for one in _reporting(system, [distinct.register_name], figures)}
    for item in figures.items:
        if (item.system, item.register) == (system, distinct.register_name):
            found_in = {"", part(f"{distinct.register_name}.standing", item.dimensions, by) if by else ""}
            for key in ((one, dimensions) for one in figures.above.get(item.agency, ()) for dimensions in found_in):
                count = counts.setdefault(key, [0, 0])
                count[0] += item.subject in active
                count[1] += 1
    return {key: Value(did, all_, did * 100 / all_ if all_ else None) for key, (did, all_) in counts.items()}


def latest_readings(readings: Iterable[ReportedValue], ends: date) -> list[ReportedValue]:
    """Of each agency the reading of the latest period that is over by the end of a day; the latest of all first."""
    latest: dict[str, ReportedValue] = {}
    for one in readings:
        if span(one.period)[1] <= ends:
            latest[one.agency] = max(latest.get(one.agency, one), one, key=_rank)
    return sorted(latest.values(), key=_rank, reverse=True)


def _rank(one: ReportedValue) -> tuple[object, ...]:
    return span(one.period)[1], one.reported_at, one.id


def _reading(system: str, reported: Reported, figures: Figures) -> Values:
    of_it = (one for one in figures.readings if (one.system, one.name) == (system, reported.reading))
    below: dict[str, list[float]] = {}
    for one in latest_readings(of_it, figures.ends):
        for ancestor in figures.above.get(one.agency, ()):
            below.setdefault(ancestor, []).append(one.value)
    found = {}
    for ancestor, values in below.items():
        counted = values if reported.rollup == "sum" else values[:1]
        value = sum(counted) if all(abs(one) <= MAX_READING for one in counted) else None
        found[ancestor, ""] = Value(value, None, value)
    return found


def _milestone(system: str, task: str, figures: Figures) -> Values:
    return {
        (ancestor, ""): Value(state.percent, None, state.percent)
        for state in figures.tasks
        if (state.system, state.subject) == (system, task) and state.percent is not None
        for ancestor in figures.above.get(state.agency, ())
    }


def _score(score: Score, figures: Figures, catalogue: Mapping[str, Indicator]) -> Values:
    sums: dict[str, list[float]] = {}
    for points, full_at, values in _measured(score, figures, catalogue):
        for (agency, dimensions), (_, _, value) in values.items():
            if dimensions == "" and value is not None:
                earned = sums.setdefault(agency, [0.0, 0.0])
                earned[0] += points * min(1.0, value / full_at)
                earned[1] += points
    return {(agency, ""): Value(got, out_of, got * 100 / out_of) for agency, (got, out_of) in sums.items()}


def _measured(
    score: Score, figures: Figures, catalogue: Mapping[str, Indicator]
) -> Iterator[tuple[float, float, Values]]:
    for component in score.components:
        if component.indicator is not None:
            values = evaluate(catalogue[component.indicator], figures, catalogue)
            yield component.points, component.full_at, values
