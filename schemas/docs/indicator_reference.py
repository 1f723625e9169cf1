"""`docs/indicators.md`: what every indicator is worked out from, for the people who look at the screens."""

from collections.abc import Iterable

from schemas.catalogue.describe import describe
from schemas.catalogue.indicators import Component, Indicator, Score, Target
from schemas.catalogue.model import Catalogue
from schemas.docs.json_schema import MADE

_INTRODUCTION = """\
Every figure is one of the indicators of the [catalogue](catalogue.md#indicators), worked out from what the systems'
[events](events.md) come to. Of what happens, that is what happened within the period asked for; of what stands (open,
overdue, standing …), what stands at its end. Agencies include all that is below them. Where nothing was reported there
is no value, which is not the same as zero.

What was finished within a period counts there as long as it stands: where a case is reopened, or a better closing takes
the place of the first, the finish that is undone is no longer part of its period, whenever that is told.

What had no due time when it was closed (nobody gave one, and the procedure has no limit, or a code that the catalogue
does not know) is neither on time nor late: it is no part of a share on time, neither above nor below. How many these
are is counted by itself (`dossier.without_due`, `task.without_due` …), and so is what is open and has none
(`dossier.open_without_due` …): `opscentre status` shows both.

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
    lines += [f"- {line}" for line in describe(file.formula).sentences]
    lines += [f"- {_target(target, catalogue)}" for target in file.target]
    if isinstance(file.formula, Score):
        lines += ["", *_components(file.formula.components)]
    return "\n".join([*lines, ""])


def _target(target: Target, catalogue: Catalogue) -> str:
    who = ", ".join(catalogue.agencies[code].name.en for code in target.agencies)
    note = f" {target.note.en}" if target.note else ""
    return f"Target: {_bound(target)} by {target.due}{_assumed(target)}{f', for {who}' if who else ''}.{note}"


def _components(components: Iterable[Component]) -> list[str]:
    rows = [
        f"| {one.group} | {one.name.vi} ({one.name.en}) | {one.points:g} | {_measured(one)} |" for one in components
    ]
    return ["| group | component | points | measured by |", "|---|---|---|---|", *rows]


def _measured(component: Component) -> str:
    if component.indicator is None:
        return "not measured"
    return f"[{component.indicator}](#{component.indicator}), full at {component.full_at:g}"
