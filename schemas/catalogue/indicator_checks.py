"""Whether what an indicator says fits the rest of its catalogue; each check notes the mistakes in the file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from schemas.catalogue.checks import Codes, no_agency
from schemas.catalogue.grants import granted_events
from schemas.catalogue.indicators import (
    Age,
    Count,
    Dimensions,
    Distinct,
    Formula,
    IndicatorFile,
    Mean,
    Milestone,
    Ratio,
    Reported,
    Score,
    Stock,
    Target,
    Term,
    measures,
)
from schemas.catalogue.model import DerivedSystem, System
from schemas.catalogue.toml_files import TomlFile, TomlPath, choice, guess, quoted
from schemas.events import SYSTEMS
from schemas.events.effects import Added, Event, Flow, Opened, Reading

LONGEST_ID = 50
"""Characters; the database's names, which hold an id and a little more, end at 63."""
TAKEN = ("catalogue", "periods", "systems", "targets", "tree")
"""Names in the database beside which an indicator's view could not stand."""


@dataclass(frozen=True)
class Known:
    """What an indicator can name."""

    systems: Mapping[str, System | DerivedSystem | None]
    """By id; None where the file has mistakes."""
    indicators: Mapping[str, IndicatorFile | None]
    """By id; None where the file cannot be read into one."""
    codes: Codes | None
    province: str | None
    """Its code; None where the file has mistakes."""


def check_id(file: TomlFile, id_: str) -> None:
    """An indicator's id becomes the name of a view and part of a function's."""
    if not re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", id_):
        file.problem((), f'"{id_}", the file\'s name, must be lower-case ASCII letters and digits, joined by hyphens')
    elif len(id_) > LONGEST_ID:
        file.problem((), f"the file's name has {len(id_)} characters; at most {LONGEST_ID} are allowed")
    elif id_ in TAKEN:
        file.problem((), f'"{id_}" is the name of something else in the database: choose another')


def check_indicator(file: TomlFile, id_: str, indicator: IndicatorFile, known: Known) -> None:
    """All that an indicator names exists, and can be measured."""
    _check_targets(file, indicator.target, known)
    if isinstance(indicator.formula, Score):
        _check_components(file, id_, indicator.formula, known.indicators)
    name = indicator.system
    if name not in known.systems:
        file.problem(("system",), f"there is no file systems/{name}.toml{_allowed(name, list(known.systems))}")
    system = known.systems.get(name)
    if isinstance(system, DerivedSystem):
        file.problem(("system",), f'"{name}" publishes nothing: name the system whose events are measured')
    elif system:
        _Measured(file, system).check(indicator.formula, indicator.by)


def _check_targets(file: TomlFile, targets: Iterable[Target], known: Known) -> None:
    seen: set[tuple[date, str]] = set()
    for number, target in enumerate(targets):
        for code in target.agencies:
            if known.codes is not None and code not in known.codes:
                file.problem(("target", number, "agencies"), no_agency(code, known.codes), code)
        # Without agencies it is the province's, as with its code.
        for code in ["" if code == known.province else code for code in target.agencies] or [""]:
            if (target.due, code) in seen:
                whose = f' for "{code}"' if code else ""
                file.problem(("target", number, "due"), f"there is another target{whose} on {target.due}")
            seen.add((target.due, code))


def _check_components(file: TomlFile, id_: str, score: Score, indicators: Mapping[str, IndicatorFile | None]) -> None:
    for number, component in enumerate(score.components):
        named, where = component.indicator, ("formula", "components", number, "indicator")
        if named is None:
            continue
        if named == id_:
            file.problem(where, f'"{named}" is this score itself', named)
        elif named not in indicators:
            file.problem(where, f'there is no indicator "{named}"{guess(named, indicators)}', named)
        elif (part := indicators[named]) and isinstance(part.formula, Score):
            file.problem(where, f'"{named}" is a score, too: name the indicators that it is made of', named)


class _Measured:
    """Checks a formula against what the events that its system is granted can give."""

    def __init__(self, file: TomlFile, system: System) -> None:
        self._file = file
        self._id = system.id
        self._granted = granted_events(system)
        self._measures = measures(self._granted)

    def check(self, formula: Formula, by: str | None) -> None:
        """Note what is wrong with it, and with the field by which it is split."""
        split = self._check_formula(formula)
        if by is None:
            return
        if split is None:
            self._file.problem(("by",), f'"{by}": an indicator of kind "{formula.kind}" is not split')
        elif split and not any(by in dimensions for dimensions in split):
            fields = list(dict.fromkeys(field for dimensions in split for field in dimensions))
            allowed = choice(by, fields) if fields else ", which has none"
            self._file.problem(("by",), f'"{by}" is not one of the dimensions that are counted{allowed}')

    def _check_formula(self, formula: Formula) -> list[Dimensions] | None:
        """The dimensions by which it can be split, of the terms without mistakes; None where it cannot be split."""
        match formula:
            case Count() | Stock():
                return self._check_terms(("formula", "of"), formula.of, at_the_end=isinstance(formula, Stock))
            case Ratio():
                split = self._check_terms(("formula", "numerator"), formula.numerator)
                self._check_terms(("formula", "denominator"), formula.denominator)
                return split
            case Mean():
                self._check_terms(("formula", "numerator"), formula.numerator)
                self._check_terms(("formula", "denominator"), formula.denominator)
            case Distinct():
                return self._check_distinct(formula)
            case Age():
                kinds = [event.kind for event in self._granted if issubclass(event, Opened)]
                if formula.case not in kinds:
                    message = f'"{formula.case}" is not a kind of case of {self._id}{_allowed(formula.case, kinds)}'
                    self._file.problem(("formula", "case"), message)
            case Milestone():
                if "task.opened" not in self._measures:
                    self._file.problem(("formula", "kind"), self._lacking("tasks", "task.assigned"))
            case Reported():
                if not any(issubclass(event, Reading) for event in self._granted):
                    self._file.problem(("formula", "kind"), self._lacking("readings", "reading.reported"))
            case Score():
                pass  # of indicators, not of events
            case _:
                assert_never(formula)
        return None

    def _lacking(self, what: str, event: str) -> str:
        able = [id_ for id_, events in SYSTEMS.items() if event in {found.name for found in events}]
        if self._id in able:
            return f'{self._id} reports no {what}: "{event}" is not granted in systems/{self._id}.toml'
        return f"{self._id} reports no {what}; those who can are {', '.join(able)}"

    def _check_terms(self, where: TomlPath, terms: list[Term], *, at_the_end: bool | None = None) -> list[Dimensions]:
        """The dimensions of the terms without mistakes; `at_the_end`: which nature all have to be of."""
        found = []
        for number, term in enumerate(terms):
            if self._check_term((*where, number), term):
                found.append(self._measures[term.of])
                if at_the_end is not None and term.at_the_end != at_the_end:
                    nature, kind = ("stands at the end of", "stock") if term.at_the_end else ("happens within", "count")
                    message = f'"{term.of}" is what {nature} a period: that is of kind "{kind}"'
                    self._file.problem((*where, number, "of"), message, term.of)
        return found

    def _check_term(self, where: TomlPath, term: Term) -> bool:
        dimensions = self._measures.get(term.of)
        if dimensions is None:
            self._file.problem((*where, "of"), f'"{term.of}" {self._no_measure(term.of)}', term.of)
            return False
        for field, values in term.where.items():
            path = (*where, "where", field)
            if field not in dimensions:
                allowed = choice(field, dimensions) if dimensions else ", which has none"
                self._file.problem(path, f'"{field}" is not one of the dimensions of {term.of}{allowed}', term.of)
                return False
            possible = dimensions[field]
            for value in values:
                if possible is not None and value not in possible:
                    self._file.problem(path, f'"{value}" is not a value of {field}{choice(value, possible)}', value)
        return True

    def _no_measure(self, of: str) -> str:
        own = [event for event in SYSTEMS[self._id] if of in measures([event])]
        if own:
            events = " or ".join(f'"{event.name}"' for event in own)
            return f"is counted from {events}, which systems/{self._id}.toml does not grant"
        others = [id_ for id_, events in SYSTEMS.items() if of in measures(events)]
        if others:
            return f"is a measure of {', '.join(others)}, not of {self._id}"
        return f"is not a measure of {self._id}{_allowed(of, list(self._measures))}"

    def _check_distinct(self, formula: Distinct) -> list[Dimensions]:
        registers = [event.register_name for event in self._granted if issubclass(event, Added)]
        register = formula.register_name
        if register not in registers:
            message = f'"{register}" is not a register of {self._id}{_allowed(register, registers)}'
            self._file.problem(("formula", "register_name"), message)
        for number, term in enumerate(formula.did):
            where = ("formula", "did", number)
            if self._check_term(where, term) and not self._with_actor(term.of):
                able = [event.name for event in self._granted if _actor(event)]
                others = _allowed(term.of, able) if able else f", and no event of {self._id} does"
                message = f'"{term.of}" does not say who did it{others}'
                self._file.problem((*where, "of"), message, term.of)
            if term.since_ever:
                self._file.problem((*where, "since_ever"), "who did it is asked of the period's months only", term.of)
        standing = self._measures.get(f"{register}.standing")
        return [] if standing is None else [standing]

    def _with_actor(self, of: str) -> bool:
        return any(event.name == of and _actor(event) for event in self._granted)


def _actor(event: type[Event]) -> str | None:
    return event.actor if issubclass(event, Flow) else None


def _allowed(found: str, values: list[str]) -> str:
    """The nearest of the values, else all; for a message about one that is none of them."""
    return guess(found, values, f"; allowed: {quoted(values)}" if values else ": it has none")
