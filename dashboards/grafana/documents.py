"""The dashboards as JSON: what is committed and what is published."""

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana.context import uid
from dashboards.grafana.layout import built
from dashboards.model import Screen
from dashboards.screens import screens
from dashboards.texts import LANGUAGES, Text
from schemas.catalogue.model import Catalogue

_PLAYLIST = Text("Trung tâm điều hành", "Operations centre")
GENERATED = Path(__file__).parent.parent / "generated"


def documents(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Every dashboard by its uid, in both languages, for a province's catalogue."""
    made: dict[str, dict[str, Any]] = {}
    for language in LANGUAGES:
        shown = screens(catalogue, language)
        for screen in shown.values():
            document = rendered(screen, shown, catalogue.province.zone)
            made[str(document["uid"])] = document
    return made


def playlists(catalogue: Catalogue) -> dict[str, list[str]]:
    """The playlist of each language by its name: the uids of the listed screens."""
    return {
        _PLAYLIST.of(language): [
            uid(screen.name, language) for screen in screens(catalogue, language).values() if screen.listed
        ]
        for language in LANGUAGES
    }


def rendered(screen: Screen, shown: dict[str, Screen], zone: str) -> dict[str, Any]:
    """A screen's dashboard as JSON; `shown`: every screen of its language."""
    document: dict[str, Any] = json.loads(JSONEncoder().encode(built(screen, shown, zone)))
    return document


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
    made = {GENERATED / f"{name}.json": _text(document) for name, document in documents(catalogue).items()}
    there = {path: path.read_text(encoding="utf-8") for path in GENERATED.glob("*.json")}
    return {path: made.get(path) for path in made.keys() | there.keys() if made.get(path) != there.get(path)}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
