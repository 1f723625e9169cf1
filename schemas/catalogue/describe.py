"""What a formula says, in words: in a line of a terminal, and in sentences for the people who look at the screens."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, assert_never

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
)

PARTS = {
    "opened": "{}s opened",
    "number_reused": "openings under the number of another agency's or year's {}",
    "open": "{}s open",
    "suspended": "{}s suspended",
    "overdue": "{}s open and overdue",
    "closed": "{}s closed",
    "on_time": "{}s closed on time",
    "late": "{}s closed late",
    "without_due": "{}s closed that had no due time",
    "reopened": "reopenings of {}s",
    "open_without_due": "{}s open that have no due time",
    "incomplete": "{}s closed without ever being opened",
    "contradictory": "{}s that ended before they began",
    "worked": "minutes of office time from opening to closing, of {}s closed on time, late or without a due time",
    "opened_at_sum": "the time at which open {}s were opened",
    "progress": "percent of which {}s are done",
    "done": "{}s done",
    "standing": "{}s standing",
}
"""Last part of a measure's name → what is counted; a flow's name has none of these."""


class Description(NamedTuple):
    """How a formula is worked out, for two kinds of readers."""

    line: str
    """As a sum of the measures by their names, for who asks at a terminal."""
    sentences: list[str]
    """One for each part, with the measures in words, for the reference."""


def describe(formula: Formula) -> Description:
    """How a formula is worked out."""
    match formula:
        case Count(of=of):
            return Description(f"{_sum(of)}, within the period", [f"How many within the period: {_words(of)}."])
        case Stock(of=of):
            return Description(
                f"{_sum(of)}, at the end of the period", [f"How many at the end of the period: {_words(of)}."]
            )
        case Ratio(numerator=over, denominator=under, scale=scale):
            sentences = [f"Numerator: {_words(over)}.", f"Denominator: {_words(under)}."]
            sentences += [f"Left out: {_word(term)}." for term in left_out(formula)]
            if scale != 100:
                sentences.append(f"Times {scale:g}.")
            return Description(f"{_sum(over)} ÷ {_sum(under)} × {scale:g}", sentences)
        case Mean(numerator=over, denominator=under, divisor=divisor):
            line = f"{_sum(over)} ÷ {_sum(under)}"
            sentences = [f"Sum: {_words(over)}.", f"Divided by the number of: {_words(under)}."]
            if divisor == 1:
                return Description(line, sentences)
            return Description(f"{line} ÷ {divisor:g}", [*sentences, f"Divided by {divisor:g}."])
        case Age(case=case):
            return Description(
                f"days since it was opened, on average, of each {case} that is open at the end of the period",
                [f"Days since {case}s that are open at the end of the period were opened, on average."],
            )
        case Distinct(register_name=register, did=did):
            return Description(
                f"share of what stands in register {register}, that did {_each(did, ' and ', _name)} "
                "in the months of the period",
                [
                    f"Denominator: {register}s standing (`{register}.standing`).",
                    "Numerator: those of them that are named, in the months of the period, by each of: "
                    f"{_each(did, '; ', _word)}.",
                ],
            )
        case Reported(reading=reading, rollup="sum"):
            return Description(
                f"reading of {reading} of each agency for the latest period over by then, added up",
                [f"Reading `{reading}` of the latest period over by then, added up over agencies."],
            )
        case Reported(reading=reading):
            return Description(
                f"reading of {reading} for the latest period over by then",
                [f"Reading `{reading}` of the latest period over by then, of all agencies."],
            )
        case Milestone(task=task):
            return Description(
                f"progress of task {task}; 100 once it is completed",
                [f"Task `{task}`: 100 once it is completed, before that what was reported last."],
            )
        case Score(components=components):
            points = sum(one.points for one in components)
            measured = sum(one.points for one in components if one.indicator)
            return Description(
                "points of the components that are measured, in percent of what these could give",
                [f"Points of the components that are measured, of what these could give: {measured:g} of {points:g}."],
            )
    assert_never(formula)


def left_out(formula: Formula) -> list[Term]:
    """What a share on time is silent about: what had no due time is no part of it."""
    if not isinstance(formula, Ratio):
        return []
    named = {term.of for term in (*formula.numerator, *formula.denominator)}
    kinds = {of.removesuffix(".on_time") for of in named if of.endswith(".on_time")}
    others = [f"{kind}.without_due" for kind in sorted(kinds) if f"{kind}.closed" not in named]
    return [Term(of=of) for of in others if of not in named]


def _sum(terms: Sequence[Term]) -> str:
    text = _each(terms, " + ", _name)
    return f"({text})" if len(terms) > 1 else text


def _words(terms: Sequence[Term]) -> str:
    return _each(terms, " + ", _word)


def _each(terms: Sequence[Term], between: str, said: Callable[[Term], str]) -> str:
    return between.join(map(said, terms))


def _name(term: Term) -> str:
    where = ", ".join(f"{field}: {' or '.join(values)}" for field, values in term.where.items())
    return f"{term.of} [{where}]" if where else term.of


def _word(term: Term) -> str:
    thing, _, part = term.of.rpartition(".")
    words = f"{PARTS[part].format(thing)} (`{term.of}`)" if part in PARTS else f"`{term.of}` events"
    where = " and ".join(
        f"{field} {' or '.join(f'`{value}`' for value in values)}" for field, values in term.where.items()
    )
    return f"{words}{f' with {where}' if where else ''}{' since ever' if term.since_ever else ''}"
