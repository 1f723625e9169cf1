"""The dashboards as JSON: what is committed and what is published."""

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.overview import overview
from dashboards.pipeline import pipeline
from dashboards.services import services
from dashboards.texts import LANGUAGES

GENERATED = Path(__file__).parent / "generated"


def documents(zone: str) -> dict[str, dict[str, Any]]:
    """Every dashboard by its uid, in both languages, for a province's time zone (an IANA name)."""
    screens = [make(language, zone) for make in (overview, services, pipeline) for language in LANGUAGES]
    built = [screen.build() for screen in screens]
    return {str(made.uid): json.loads(JSONEncoder().encode(made)) for made in built}


def write(zone: str) -> list[Path]:
    """Write the generated documents; return those that changed."""
    GENERATED.mkdir(exist_ok=True)
    changed = _stale(zone)
    for path, text in changed.items():
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
    return sorted(changed)


def stale(zone: str) -> list[Path]:
    """Generated documents that are not what would be generated now."""
    return sorted(_stale(zone))


def _stale(zone: str) -> dict[Path, str | None]:
    """Path → the text that it should have, None where it should not be, of those that differ."""
    made = {GENERATED / f"{uid}.json": _text(document) for uid, document in documents(zone).items()}
    there = {path: path.read_text(encoding="utf-8") for path in GENERATED.glob("*.json")}
    return {path: made.get(path) for path in made.keys() | there.keys() if made.get(path) != there.get(path)}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
