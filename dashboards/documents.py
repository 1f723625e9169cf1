"""The dashboards as JSON: what is committed and what is published."""

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.behind_target import behind_target
from dashboards.overview import overview
from dashboards.pipeline import pipeline
from dashboards.scorecard import scorecard
from dashboards.services import services
from dashboards.texts import LANGUAGES
from schemas.catalogue.model import Catalogue

GENERATED = Path(__file__).parent / "generated"


_DASHBOARDS = (scorecard, behind_target, overview, services, pipeline)


def documents(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Every dashboard by its uid, in both languages, for a province's catalogue."""
    screens = [make(language, catalogue) for make in _DASHBOARDS for language in LANGUAGES]
    built = [screen.build() for screen in screens]
    return {str(made.uid): json.loads(JSONEncoder().encode(made)) for made in built}


def write(catalogue: Catalogue) -> list[Path]:
    """Write the generated documents; return those that changed."""
    GENERATED.mkdir(exist_ok=True)
    changed = _stale(catalogue)
    for path, text in changed.items():
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
    return sorted(changed)


def stale(catalogue: Catalogue) -> list[Path]:
    """Generated documents that are not what would be generated now."""
    return sorted(_stale(catalogue))


def _stale(catalogue: Catalogue) -> dict[Path, str | None]:
    """Path → the text that it should have, None where it should not be, of those that differ."""
    made = {GENERATED / f"{uid}.json": _text(document) for uid, document in documents(catalogue).items()}
    there = {path: path.read_text(encoding="utf-8") for path in GENERATED.glob("*.json")}
    return {path: made.get(path) for path in made.keys() | there.keys() if made.get(path) != there.get(path)}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
