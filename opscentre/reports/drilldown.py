"""What stands behind a figure: each case and item, with what it counts for, from its own history.

It is the fold that the counters are made of, so what these count for adds up to the figure.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, assert_never

import psycopg

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
    Target,
    Term,
)
from schemas.counters import KINDS
from schemas.evaluation import ReportedValue
from schemas.evaluation.figures import group_of
from schemas.evaluation.formulas import matches
from schemas.timekeeping.moments import MINUTE
from streams.fold.cases import CaseFold, CaseState, UndoneFinish
from streams.fold.contributions import CounterDeltas, Fold, Folds, State, contribution_delta, state_at
from streams.fold.history import Entry
from streams.fold.rules import CaseRules
from streams.write.copy_text import history_from_text

# What was closed before the period counts for nothing within it, unless it was also opened within it.
_CASES = """
    SELECT subject, history FROM cases WHERE system = %(system)s AND kind = %(group)s
    AND (opened_at IS NULL OR opened_at < to_timestamp(%(end)s))
    AND (closed_at IS NULL OR closed_at >= to_timestamp(%(begin)s) OR opened_at >= to_timestamp(%(begin)s)
        OR number_reused > 0)
"""
_OPEN = {"open", "suspended", "overdue", "open_without_due", "opened_at_sum"}
"""Measures that what is closed counts nothing for."""
_TASK = "SELECT subject, history FROM cases WHERE system = %(system)s AND kind = 'task' AND subject = %(subject)s"
_ITEMS = "SELECT subject, history FROM items WHERE system = %(system)s AND register = %(group)s"
_READINGS = "SELECT subject, history FROM readings WHERE system = %(system)s AND name = %(name)s"

_ACTORS = """
    SELECT actor, dimensions FROM actors_month WHERE system = %s AND measure = %s AND bucket BETWEEN %s AND %s
    GROUP BY actor, dimensions, bucket HAVING sum(value) > 0
"""


class Span(NamedTuple):
    """From a moment on until before another, in microseconds since 1970, UTC."""

    begin: int
    end: int


class DrilldownRow(NamedTuple):
    """A case or an item as of the end of a period. Moments are microseconds since 1970, UTC."""

    subject: str
    agency: str
    dimensions: str
    state: str
    """Of a case `open`, `suspended`, `overdue`, `on time`, `late`, `without due time`, `closed` or `incomplete`; of an
    item `standing`."""
    since: int | None
    """When the case was opened, or since when the item stands."""
    due: int | None = None
    closed: int | None = None
    left: int | None = None
    """Minutes of office time left until it is due, or left when it was closed; negative once it was due."""
    due_moved_by_day: date | None = None
    """The day of the calendar whose change moved the due time."""
    percent: int | None = None
    undone: tuple[UndoneFinish, ...] = ()
    """Its finishes that reopenings have undone, the first one first."""
    amounts: tuple[int, ...] = ()
    """What it counts for, of each term."""


def rows(
    connection: psycopg.Connection,
    rules: CaseRules,
    system: str,
    terms: Sequence[Term],
    agencies: Collection[str],
    span: Span,
) -> Iterator[DrilldownRow]:
    """The cases and items that count for any of the terms, at these agencies, within a span or at its end.

    Of flows nothing is kept but the counters and the archive: there are none.
    """
    folds = Folds(rules)
    values = {"system": system, "begin": span.begin / 1e6, "end": span.end / 1e6}
    for register in sorted({group_of(term.of) for term in terms if term.of.endswith(".standing")}):
        of_items = folds.item(system, register)
        for subject, history in _histories(connection, _ITEMS, {**values, "group": register}):
            amounts = _amounts(of_items, history, terms, agencies, span)
            if any(amounts):
                item, _ = state_at(of_items, history, span.end - 1)
                name = "standing" if item.standing else "gone"
                yield DrilldownRow(subject, item.agency, item.dimensions, name, item.since, amounts=amounts)
    for kind in sorted({group_of(term.of) for term in terms if group_of(term.of) in KINDS}):
        of_cases = folds.case(system, kind)
        # Of what is open at the end, what was closed by then is no part: of a million cases some thousands are read.
        open_only = all(term.of.rpartition(".")[2] in _OPEN for term in terms if group_of(term.of) == kind)
        since = {"begin": values["end"]} if open_only else {}
        for subject, history in _histories(connection, _CASES, {**values, **since, "group": kind}):
            amounts = _amounts(of_cases, history, terms, agencies, span)
            if any(amounts):
                state, _ = state_at(of_cases, history, span.end - 1)
                yield _case(subject, of_cases, state, rules, span.end)._replace(amounts=amounts)


def task(connection: psycopg.Connection, rules: CaseRules, system: str, subject: str, end: int) -> DrilldownRow | None:
    """A named task as of a moment; None where it was not assigned by then."""
    fold = Folds(rules).case(system, "task")
    for _, history in _histories(connection, _TASK, {"system": system, "subject": subject}):
        state, _ = state_at(fold, history, end - 1)
        if state.opened_at is not None:
            return _case(subject, fold, state, rules, end)
    return None


def readings(connection: psycopg.Connection, system: str, name: str) -> list[ReportedValue]:
    """The reading that stands of each agency and period."""
    found = []
    for subject, history in _histories(connection, _READINGS, {"system": system, "name": name}):
        latest, period = history[-1], subject.rpartition(" ")[2]
        value = latest.detail[0], latest.time, latest.id
        found.append(ReportedValue(system, name, latest.agency, period, *value))
    return found


def _histories(
    connection: psycopg.Connection, query: str, values: Mapping[str, object]
) -> Iterator[tuple[str, list[Entry]]]:
    with connection.cursor(name="histories") as cursor:
        cursor.itersize = 20_000
        for subject, text in cursor.execute(query.encode(), values):
            yield subject, history_from_text(text)


def _amounts(
    fold: Fold[State], history: Sequence[Entry], terms: Sequence[Term], agencies: Collection[str], span: Span
) -> tuple[int, ...]:
    if not any(entry.agency in agencies for entry in history):
        return ()
    counted: CounterDeltas = {}
    contribution_delta(fold, [], history, counted)
    return tuple(
        sum(
            amount
            for (_, measure, agency, dimensions, minute), amount in counted.items()
            if measure == term.of
            and (0 if term.at_the_end else span.begin) <= minute * MINUTE < span.end
            and agency in agencies
            and matches(term, dimensions)
        )
        for term in terms
    )


def _case(subject: str, fold: CaseFold, state: CaseState, rules: CaseRules, end: int) -> DrilldownRow:
    until = state.closed_at or state.paused_at or end  # the clock stands still while it is suspended
    left = None
    if state.due is not None and state.opened_at is not None:
        left = rules.working(state.opened_by, rules.calendar_at(until)).left(until, state.due) // MINUTE
    name = state.name
    if name == "closed":
        unasked = "without due time" if state.finished else "closed"
        name = {True: "on time", False: "late", None: unasked}[fold.on_time(state)]
    elif state.due is not None and (name == "open" or fold.missed(state)) and fold.overdue_at(state.due) < end:
        name = "overdue"
    return DrilldownRow(
        subject,
        state.agency,
        state.dimensions,
        name,
        state.opened_at,
        state.due,
        state.closed_at,
        left,
        state.due_moved_by_day,
        state.done,
        state.undone,
    )


_UNWANTED = {"late", "overdue", "suspended", "incomplete", "contradictory"}


def rank_by_harm(formula: Formula, targets: Iterable[Target], found: Iterable[DrilldownRow]) -> list[DrilldownRow]:
    """Of the rows behind a formula those that make it what it should not be, the worst first.

    Of a share these are what it is the share of, where less is wanted, else what it lacks; of a mean and an age what
    weighs most; of cases otherwise those with the least office time left.
    """
    match formula:
        case Count() | Stock() | Distinct() | Reported() | Milestone() | Score():
            pass
        case Mean(numerator=over):
            return sorted(found, key=lambda one: (-sum(one.amounts[: len(over)]), one.subject))
        case Age():
            return sorted(found, key=lambda one: (one.since or 0, one.subject))
        case Ratio(numerator=over, denominator=under):
            if {group_of(term.of) for term in over} != {group_of(term.of) for term in under}:
                return []  # what the one is cannot be told of the other
            fewer = any(target.at_most is not None for target in targets)
            if fewer or all(term.of.rpartition(".")[2] in _UNWANTED for term in over):
                found = [one for one in found if any(one.amounts[: len(over)])]
            else:
                found = [one for one in found if not any(one.amounts[: len(over)])]
        case _:
            assert_never(formula)
    return sorted(found, key=lambda one: (one.left is None, one.left or 0, one.since or 0, one.subject))


def actors(connection: psycopg.Connection, system: str, term: Term, first: date, last: date) -> set[str]:
    """Who did what a term says at least once within calendar months, given by their first days."""
    acted = connection.execute(_ACTORS, (system, term.of, first, last))
    return {actor for actor, dimensions in acted if matches(term, dimensions)}
