"""The generated documents: JSON Schemas, the AsyncAPI document, the references of events and of indicators."""

import json
from pathlib import Path

from schemas.alerts import ALERT_NAME
from schemas.catalogue.grants import publishers_of_types
from schemas.catalogue.load import load_catalogue
from schemas.catalogue.model import Catalogue
from schemas.docs.asyncapi import asyncapi
from schemas.docs.event_reference import reference
from schemas.docs.indicator_reference import indicator_reference
from schemas.docs.json_schema import Json, alert_schema, event_schema, versioned_name

_SCHEMAS = "docs/schemas"


def documents(catalogue: Catalogue) -> dict[str, str]:
    """Every generated document, as path from the project's root → text."""
    made = {
        "docs/events.md": reference(catalogue),
        "docs/indicators.md": indicator_reference(catalogue),
        "docs/asyncapi.json": _text(asyncapi(catalogue)),
    }
    made[f"{_SCHEMAS}/{ALERT_NAME}.json"] = _text(alert_schema())
    for event, systems in publishers_of_types(catalogue.systems.values()).items():
        made[f"{_SCHEMAS}/{versioned_name(event)}.json"] = _text(event_schema(event, systems))
    return made


def stale(root: Path) -> list[str]:
    """Paths below `root` that differ from what would be generated now from the shipped catalogue.

    Schemas of event types that are no more are among them: they are to be deleted.
    """
    made = documents(load_catalogue())
    changed = [path for path, text in made.items() if not _same(root / path, text)]
    left = {f"{_SCHEMAS}/{path.name}" for path in (root / _SCHEMAS).glob("*.json")} - made.keys()
    return sorted([*changed, *left])


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _text(content: Json) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
