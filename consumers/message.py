"""An alert as people read it: a title and a plain text, in one language. Pure."""

from collections.abc import Mapping
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from schemas.alerts import Alert
from schemas.catalogue.load import Agency

Language = Literal["vi", "en"]

MAX_CASES_NAMED = 20
"""How many cases are named in a message."""

KINDS: Mapping[str, Mapping[Language, str]] = {
    "dossier": {"vi": "hồ sơ", "en": "dossier"},
    "incident": {"vi": "vụ việc", "en": "incident"},
    "violation": {"vi": "vi phạm", "en": "violation"},
    "task": {"vi": "nhiệm vụ", "en": "task"},
    "credential": {"vi": "yêu cầu cấp giấy tờ", "en": "credential request"},
}
"""What a kind of case is called, in the singular."""


class Message(NamedTuple):
    """What is sent: plain texts, the body of several lines."""

    title: str
    body: str


class _Template(NamedTuple):
    title: str
    heading: str
    line: str
    more: str
    day: str


_TEMPLATES: Mapping[Language, _Template] = {
    "vi": _Template(
        title="[Quá hạn] {agency}: {count} việc",
        heading="{agency} ({code}) có {count} việc vừa quá hạn tính đến {time}:",
        line="- {kind} {subject}, hạn {due}",
        more="… và {count} việc khác.",
        day="%d/%m/%Y %H:%M",
    ),
    "en": _Template(
        title="[Overdue] {agency}: {count} cases",
        heading="{agency} ({code}) has newly missed {count} deadlines, as of {time}:",
        line="- {kind} {subject}, due {due}",
        more="… and {count} more.",
        day="%Y-%m-%d %H:%M",
    ),
}


def message(alert: Alert, agencies: Mapping[str, Agency], zone: ZoneInfo, language: Language) -> Message:
    """What people are told of an alert, times in `zone`. An agency or kind that nobody named is shown by its code."""
    template, data = _TEMPLATES[language], alert.data
    agency = agencies.get(data.agency)
    name = data.agency if agency is None else agency.name.vi if language == "vi" else agency.name.en
    shown = data.cases[:MAX_CASES_NAMED]
    lines = [
        template.heading.format(
            agency=name, code=data.agency, count=data.count, time=alert.time.astimezone(zone).strftime(template.day)
        )
    ]
    lines += [
        template.line.format(
            kind=KINDS.get(case.kind, {}).get(language, case.kind),
            subject=case.subject,
            due=case.due_at.astimezone(zone).strftime(template.day),
        )
        for case in shown
    ]
    if data.count > len(shown):
        lines.append(template.more.format(count=data.count - len(shown)))
    return Message(template.title.format(agency=name, count=data.count), "\n".join(lines))
