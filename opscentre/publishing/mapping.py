"""Mappings: how the rows of an agency's CSV export become events. `docs/publishing.md` is the reference.

`opscentre.publishing.mapping_rows` applies them. Mistakes in a mapping are told all at once, before a row is read.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.errors import MappingError
from opscentre.publishing.mapping_model import (
    BY_NAME,
    PLACEHOLDER,
    Condition,
    Constant,
    EventRule,
    FieldRule,
    Head,
    Mapping,
)
from schemas.catalogue.toml_files import TomlFile, choice
from schemas.events import SYSTEMS
from schemas.events.envelope import composed
from schemas.events.mistakes import say


def load_mapping(path: Path) -> Mapping:
    """Read a mapping.

    Raises:
        MappingError: every mistake in it: file, line where known, key, what was found, what is allowed.
    """
    file = TomlFile.read(path.parent, path.name)
    content = _composed(file.content)
    entries = content.pop("events", None)
    head = file.parse(Head, content) if file.readable else None
    rules: list[EventRule | None] = []
    if isinstance(entries, list) and entries and all(isinstance(entry, dict) for entry in entries):
        for number, entry in enumerate(entries):
            rules.append(_parse_rule(file, number, entry))
            _check_names(file, number, entry, content.get("system"))
            _check_id(file, number, entry.get("id"), content.get("key"))
    elif file.readable:
        file.problem(("events",), "at least one [[events]] table is needed")
    if file.problems or head is None:
        raise MappingError("the mapping is wrong:\n" + "\n".join(str(problem) for problem in file.problems))
    return Mapping(path.stem, head.system, head.key, head.rows, head.csv, tuple(rule for rule in rules if rule))


def _parse_rule(file: TomlFile, number: int, entry: dict[str, Any]) -> EventRule | None:
    """One [[events]] table. Its parts are parsed one by one, so that each mistake is told where it stands."""
    content, at = dict(entry), ("events", number)
    when, data = content.pop("when", []), content.pop("data", {})
    if not isinstance(data, dict):
        file.problem((*at, "data"), "is a table, [events.data], with one entry a field")
        data = {}
    conditions = [file.parse(Condition, part, (*at, "when")) for part in (when if isinstance(when, list) else [when])]
    fields = {name: file.parse(FieldRule, part, (*at, "data", name)) for name, part in data.items()}
    _check_fields(file, number, entry.get("type"), fields)
    rule = file.parse(EventRule, content, at)
    if rule is None:
        return None
    return rule.model_copy(
        update={
            "when": tuple(condition for condition in conditions if condition),
            "data": {name: part for name, part in fields.items() if part},
        }
    )


def _check_names(file: TomlFile, number: int, entry: dict[str, Any], system: object) -> None:
    """The event type is one of the system's, its fields exist, and none that it needs is left out."""
    at, name, data = ("events", number), entry.get("type"), entry.get("data", {})
    if not isinstance(name, str) or not isinstance(data, dict):
        return
    if name not in BY_NAME:
        file.problem((*at, "type"), f'"{name}" is no event type{choice(name, sorted(BY_NAME))}')
        return
    own = sorted(event.name for event in SYSTEMS.get(str(system), ()))
    if own and name not in own:
        file.problem((*at, "type"), f'"{name}" is no event type of {system}{choice(name, own)}')
    fields = BY_NAME[name].model_fields
    for found in data:
        if found not in fields:
            file.problem((*at, "data", found), f"is not a field of {name}{choice(found, fields)}")
    for needed, info in fields.items():
        if info.is_required() and needed not in data:
            file.problem((*at, "data", needed), f"is missing: {name} cannot do without it")


def _check_id(file: TomlFile, number: int, template: object, key: object) -> None:
    # More than the key would make another event of a corrected row, less would make one event of two rows.
    if isinstance(template, str) and isinstance(key, list) and set(PLACEHOLDER.findall(template)) != set(map(str, key)):
        columns = ", ".join(f"{{{column}}}" for column in key)
        file.problem(("events", number, "id"), f'"{template}" must be made of the columns of key, no others: {columns}')


def _check_fields(file: TomlFile, number: int, type_: object, fields: dict[str, FieldRule | None]) -> None:
    """What fields say whatever a row says fits them: a mistake in it would be one of every row."""
    for name, part in fields.items():
        if part is None or type_ not in BY_NAME or name not in BY_NAME[type_].model_fields:
            continue
        at = ("events", number, "data", name)
        for constant in part.constants():
            if wrong := _mistake(type_, name, constant):
                file.problem(at, f"{json.dumps(constant, ensure_ascii=False)} {wrong[1]}")
        if part.column is not None and part.values is None:
            wrong = _mistake(type_, name, _SAMPLES[part.type])
            if wrong and wrong[0].endswith("_type"):
                file.problem(at, f'{wrong[1]}, and type = "{part.type}" gives none')


_SAMPLES: dict[str, Constant] = {"text": "x", "bool": True, "int": 1, "float": 0.5, "datetime": "2025-04-03T08:15:00Z"}


def _mistake(type_: str, field: str, value: Constant) -> tuple[str, str] | None:
    """Kind and words of what is wrong with the value of a field; None where it fits."""
    try:
        BY_NAME[type_].model_validate({field: value})
    except ValidationError as error:
        return next(((one["type"], say(one)) for one in error.errors() if one["loc"][:1] == (field,)), None)
    return None


def _composed(part: Any) -> Any:
    """What a TOML file says, its letters composed: on macOS they may have been typed otherwise than in the export."""
    if isinstance(part, dict):
        return {composed(key): _composed(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_composed(value) for value in part]
    return composed(part) if isinstance(part, str) else part
