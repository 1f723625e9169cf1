"""`docs/events.md`: every event type for the people who write the systems that publish them."""

import json
from collections.abc import Iterable
from pathlib import Path

from schemas.catalogue.grants import granted_events, publishers_of_types
from schemas.catalogue.model import Catalogue, System
from schemas.docs.json_schema import MADE, Json, attributes, data_schema, versioned_name
from schemas.events.effects import (
    Added,
    Case,
    Closed,
    Event,
    Extended,
    Item,
    Opened,
    Progressed,
    Reading,
    Removed,
    Reopened,
    Resumed,
    Suspended,
    effect_of,
)
from schemas.events.envelope import AHEAD, EARLIEST, MAX_BYTES, REASONS, SOURCE_PREFIX

EXAMPLES = Path(__file__).parents[1] / "examples"

_SHARED = "Shared by several systems"

_STEPS: dict[type[Event], str] = {
    Opened: "opens the {noun}",
    Extended: "gives the {noun} another due time",
    Suspended: "suspends the {noun}: its clock stands still",
    Resumed: "resumes the {noun}: its clock runs again",
    Closed: "closes the {noun}",
    Reopened: "reopens the {noun}",
    Progressed: "says how much of the {noun} is done",
    Added: "enters the {noun} in its register",
    Removed: "strikes the {noun} off its register",
}

_INTRODUCTION = """\
The centre reads CloudEvents 1.0 from Kafka. A system writes to its own topic only, `events.<system>`; the record's key
is the event's `subject`. Both modes are read: structured (the value is the whole event, as in the examples here) and
binary (the value is `data`, the attributes are headers `ce_id`, `ce_source` …). `asyncapi.json` and the JSON Schemas in
`schemas/` beside this page say the same to programs.

**Sending again is safe.** An event is known by its system and `id`: what has been counted is not counted again, even
with a new `time`. The order in which events come does not matter, and late events are welcome.

**A number is one case's for good.** Where numbers begin anew each year, or each agency has its own, put these into the
`subject`: `H06.26506/2026/0015`. An opening by another agency or in another year under a number that a case has opens
nothing; `opscentre status` counts these and names the numbers.

**Steps with dates only**, or of one second, keep their order by `sequence` (CloudEvents' extension): suspended, resumed
and suspended again on one day are 1, 2 and 3. Without it, events of one instant count by what they do: opened,
extended, suspended, resumed, closed, reopened. Their order in Kafka decides nothing: an event that is sent again, or
through another partition, must come to the same.

**Corrections** use the same `id` with a higher `revision`; the highest stands. `"retracted": true` takes an event back.

**No personal data**, ever: no citizen's name or number; officers by a pseudonym. Fields not listed here are refused.
"""


def reference(catalogue: Catalogue) -> str:
    """The page, for the systems of a catalogue and the types granted to them."""
    systems = list(catalogue.systems.values())
    parts = [f"<!-- {MADE} -->\n\n# Events\n\n{_INTRODUCTION}", _contents(systems), _attributes(systems[0])]
    shared = {event: publishers for event, publishers in publishers_of_types(systems).items() if len(publishers) > 1}
    for system in systems:
        granted = granted_events(system)
        parts.append(_system_heading(system, [event for event in granted if event in shared]))
        parts.extend(_event_section(event) for event in granted if event not in shared)
    if shared:
        parts.append(f"## {_SHARED}\n")
        parts.extend(_event_section(event, publishers) for event, publishers in shared.items())
    parts.append(_refusals())
    return "\n".join(parts)


def _contents(systems: list[System]) -> str:
    rows = [
        f"| [{system.id}](#{system.id}) | `{system.topic}` | {_links(granted_events(system))} |" for system in systems
    ]
    return "\n".join(["| system | topic | event types |", "|---|---|---|", *rows, ""])


def _links(events: list[type[Event]]) -> str:
    return ", ".join(f"[{event.name}](#{_anchor(event.name)})" for event in events)


def _anchor(heading: str) -> str:
    """Where a link within the page leads to this heading."""
    return heading.lower().replace(".", "").replace(" ", "-")


def _attributes(system: System) -> str:
    """The table of the attributes, which all events share but for the values of `source` and `type`."""
    schemas = attributes(granted_events(system)[0], [system.id])
    schemas["source"] = {"type": "string", "description": "`/systems/<system>`: the system that the topic belongs to."}
    schemas["type"] = {"type": "string", "description": "What happened, as given below."}
    optional = {"datacontenttype", "dataschema", "revision", "retracted", "sequence"}
    rows = [_row(name, schema, required=name not in optional) for name, schema in schemas.items()]
    rows.append("| `data` | object | yes | What the type adds, as given below. |")
    limits = (
        f"An event may be at most {MAX_BYTES:,} bytes long. `time` must not be before the year {EARLIEST.year}, nor "
        f"more than {AHEAD.seconds // 60} minutes ahead of the broker's clock. "
        "Extension attributes of your own are allowed."
    )
    return "\n".join(["## Attributes of every event", "", *_HEAD, *rows, "", limits, ""])


def _system_heading(system: System, shared: list[type[Event]]) -> str:
    names = f"{system.name.vi} ({system.name.en})"
    more = f" Sends types [{_SHARED.lower()}](#{_anchor(_SHARED)}): {_links(shared)}." if shared else ""
    return f"## {system.id}\n\n{names}. Topic `{system.topic}`, source `{SOURCE_PREFIX}{system.id}`.{more}\n"


def _event_section(event: type[Event], publishers: Iterable[str] = ()) -> str:
    """All about a type; `publishers` are named where they are several."""
    schema = data_schema(event)
    required = schema["required"]
    rows = [_row(name, field, required=name in required) for name, field in schema["properties"].items()]
    senders = ", ".join(f"[{system}](#{system})" for system in publishers)
    example = json.loads((EXAMPLES / event.name / "valid" / "full.json").read_text(encoding="utf-8"))
    return "\n".join(
        [
            f"### {event.name}",
            "",
            event.__doc__ or "",
            "",
            f"Type `{event.type}`, [schema](schemas/{versioned_name(event)}.json). {_effect(event)}"
            + (f" Sent by {senders}." if senders else ""),
            "",
            *_HEAD,
            *rows,
            "",
            "```json",
            json.dumps(example, ensure_ascii=False, indent=2),
            "```",
            "",
        ]
    )


def _effect(event: type[Event]) -> str:
    """What the event does to the counters, in words."""
    if issubclass(event, Case):
        noun, subject = event.kind, f"`subject` is the {event.kind}'s own number"
        by = "by day: late begins at midnight after the due date" if event.by_day else "by the instant of its due time"
        end = f" On time or late is decided {by}." if issubclass(event, Opened | Closed) else ""
        if issubclass(event, Closed) and not event.timed:
            end = " It counts neither as on time nor as late."
    elif issubclass(event, Item):
        noun, end = event.register_name, ""
        subject = f"`subject` is the {event.register_name}'s own number in the register"
    elif issubclass(event, Reading):
        return (
            "Effect: **reading**, a value of a period; `subject` names what was measured. Of several of the same "
            "system, name, agency and period the one with the latest `time` stands."
        )
    else:
        return "Effect: **flow**, every event counts as one; `subject` is the number of the thing it happened to."
    step = next(words for base, words in _STEPS.items() if issubclass(event, base)).format(noun=noun)
    return f"Effect: **{effect_of(event)}**, {step}; {subject}.{end}"


_WORDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "null": "null",
}
_HEAD = ["| field | type | required | meaning |", "|---|---|---|---|"]


def _row(name: str, schema: Json, *, required: bool) -> str:
    return f"| `{name}` | {_type(schema)} | {'yes' if required else 'no'} | {schema['description']} |"


def _type(schema: Json) -> str:
    """The type of a value in words, with the limits that a sender has to know."""
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "format" in schema:
        return {"date-time": "date and time with offset (RFC 3339)", "uri": "URI"}[schema["format"]]
    parts = [_WORDS[schema["type"]]]
    if "maxLength" in schema:
        parts.append(f"at most {schema['maxLength']} characters")
    if "minimum" in schema:
        parts.append(f"{schema['minimum']} to {schema['maximum']}")
    return ", ".join(parts)


def _refusals() -> str:
    rows = [f"| `{code}` | {meaning} |" for code, meaning in REASONS.items()]
    heading = "## Why an event is refused"
    text = "An event that cannot be counted is kept as a dead letter, with one of these reasons, and can be replayed."
    return "\n".join([heading, "", text, "", "| reason | meaning |", "|---|---|", *rows, ""])
