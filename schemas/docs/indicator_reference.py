"""`docs/indicators.md`: what every indicator is worked out from, for the people who look at the screens."""

from collections.abc import Iterable, Iterator

from schemas.catalogue.indicators import (
    Age,
    Component,
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
    Target,
    Term,
)
from schemas.catalogue.model import Catalogue
from schemas.docs.json_schema import MADE

PARTS = {
    "opened": "{}s opened",
    "open": "{}s open",
    "suspended": "{}s suspended",
    "overdue": "{}s open and overdue",
    "closed": "{}s closed",
    "on_time": "{}s closed on time",
    "late": "{}s closed late",
    "incomplete": "{}s closed without ever being opened",
    "contradictory": "{}s that ended before they began",
    "worked": "minutes of office time from opening to closing, of {}s closed on time or late",
    "opened_at_sum": "the time at which open {}s were opened",
    "progress": "percent of which {}s are done",
    "standing": "{}s standing",
}
"""Last part of a measure's name → what is counted; a flow's name has none of these."""

_INTRODUCTION = """\
Every figure is one of the indicators of the [catalogue](catalogue.md#indicators), worked out from what the systems'
[events](events.md) come to. Of what happens, that is what happened within the period asked for; of what stands (open,
overdue, standing …), what stands at its end. Agencies include all that is below them. Where nothing was reported there
is no value, which is not the same as zero.

The period is what an indicator is usually asked of: the running month, quarter or year up to today, or always, which
is all that there has ever been. It can be asked of any other.
"""

_TARGETS = """\
All that is to be reached, by the end of a day. A day that is assumed is not given by the programme. A target that is
past stays as it was.
"""


def indicator_reference(catalogue: Catalogue) -> str:
    """The page, for the indicators of a catalogue."""
    indicators = list(catalogue.indicators.values())
    parts = [f"<!-- {MADE} -->\n\n# Indicators\n\n{_INTRODUCTION}", f"## Targets\n\n{_TARGETS}"]
    parts += [
        f"They are what `{system.id}`, {system.name.vi} ({system.name.en}), shows: it has no indicators of its own.\n"
        for system in catalogue.derived.values()
    ]
    parts.append(_scorecard(indicators))
    for system in catalogue.systems.values():
        own = [indicator for indicator in indicators if indicator.file.system == system.id]
        if own:
            parts.append(f"## {system.id}\n\n{system.name.vi} ({system.name.en}).\n")
            parts.extend(_section(indicator, catalogue) for indicator in own)
    return "\n".join(parts)


def _scorecard(indicators: Iterable[Indicator]) -> str:
    targets = [
        (target.due, indicator.id, indicator, target) for indicator in indicators for target in indicator.file.target
    ]
    rows = [
        f"| {due}{_assumed(target)} | [{indicator.file.name.en}](#{id_}) | {_bound(target)} | {indicator.file.unit} |"
        for due, id_, indicator, target in sorted(targets, key=lambda found: found[:2])
    ]
    return "\n".join(["| due | indicator | target | unit |", "|---|---|---|---|", *rows, ""])


def _assumed(target: Target) -> str:
    return " (assumed)" if target.assumed else ""


def _bound(target: Target) -> str:
    return f"at least {target.at_least:g}" if target.at_least is not None else f"at most {target.at_most:g}"


def _section(indicator: Indicator, catalogue: Catalogue) -> str:
    file = indicator.file
    names = f"**{file.name.vi}** ({file.name.en})."
    described = f" {file.description.en}" if file.description else ""
    split = f" Also by {file.by}." if file.by else ""
    lines = [
        f"### {indicator.id}",
        "",
        f"{names}{described}",
        "",
        f"Unit: {file.unit}. Period: {file.period}.{split}",
        "",
    ]
    lines += [f"- {line}" for line in _definition(file.formula)]
    lines += [f"- {_target(target, catalogue)}" for target in file.target]
    if isinstance(file.formula, Score):
        lines += ["", *_components(file.formula.components)]
    return "\n".join([*lines, ""])


def _target(target: Target, catalogue: Catalogue) -> str:
    who = ", ".join(catalogue.agencies[code].name.en for code in target.agencies)
    note = f" {target.note.en}" if target.note else ""
    return f"Target: {_bound(target)} by {target.due}{_assumed(target)}{f', for {who}' if who else ''}.{note}"


def _definition(formula: Formula) -> Iterator[str]:
    """What an indicator is, in words; a line for each part."""
    match formula:
        case Count():
            yield f"How many within the period: {_sum(formula.of)}."
        case Stock():
            yield f"How many at the end of the period: {_sum(formula.of)}."
        case Ratio():
            yield f"Numerator: {_sum(formula.numerator)}."
            yield f"Denominator: {_sum(formula.denominator)}."
            if formula.scale != 100:
                yield f"Times {formula.scale:g}."
        case Mean():
            yield f"Sum: {_sum(formula.numerator)}."
            yield f"Divided by the number of: {_sum(formula.denominator)}."
            if formula.divisor != 1:
                yield f"Divided by {formula.divisor:g}."
        case Age():
            yield f"Days since {formula.case}s that are open at the end of the period were opened, on average."
        case Distinct():
            yield f"Denominator: {formula.register_name}s standing (`{formula.register_name}.standing`)."
            each = "; ".join(_term(term) for term in formula.did)
            yield f"Numerator: those of them that are named, in the months of the period, by each of: {each}."
        case Reported():
            which = "added up over agencies" if formula.rollup == "sum" else "the latest of all agencies"
            yield f"Reading `{formula.reading}`, {which}."
        case Milestone():
            yield f"Task `{formula.task}`: 100 once it is completed, before that what was reported last."
        case Score():
            points = sum(component.points for component in formula.components)
            measured = sum(component.points for component in formula.components if component.indicator)
            yield f"Points of the components that are measured, of what these could give: {measured:g} of {points:g}."


def _sum(terms: Iterable[Term]) -> str:
    return " + ".join(_term(term) for term in terms)


def _term(term: Term) -> str:
    thing, _, part = term.of.rpartition(".")
    words = f"{PARTS[part].format(thing)} (`{term.of}`)" if part in PARTS else f"`{term.of}` events"
    where = " and ".join(
        f"{field} {' or '.join(f'`{value}`' for value in values)}" for field, values in term.where.items()
    )
    return f"{words}{f' with {where}' if where else ''}{' since ever' if term.since_ever else ''}"


def _components(components: Iterable[Component]) -> list[str]:
    rows = [
        f"| {one.group} | {one.name.vi} ({one.name.en}) | {one.points:g} | {_measured(one)} |" for one in components
    ]
    return ["| group | component | points | measured by |", "|---|---|---|---|", *rows]


def _measured(component: Component) -> str:
    if component.indicator is None:
        return "not measured"
    return f"[{component.indicator}](#{component.indicator}), full at {component.full_at:g}"
