"""Writing the generated documents into the checkout."""

from pathlib import Path

from dashboards.reference import reference
from schemas.catalogue.load import load_catalogue
from schemas.docs import documents as schemas_documents

ROOT = Path(__file__).parent.parent
_SCREENS = "docs/screens.md"


def stale(root: Path) -> list[str]:
    """Paths below `root` that differ from what would be generated now from the shipped catalogue.

    What is generated no more is among them: it is to be deleted.
    """
    found, path = schemas_documents.stale(root), root / _SCREENS
    written = path.read_text(encoding="utf-8") if path.is_file() else None
    return found if written == reference(load_catalogue()) else sorted([*found, _SCREENS])


def write_documents() -> list[str]:
    """Write what is stale, remove what is left over; return the paths."""
    catalogue = load_catalogue()
    wanted = {**schemas_documents.documents(catalogue), _SCREENS: reference(catalogue)}
    changed = stale(ROOT)
    for path in changed:
        file = ROOT / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[path], encoding="utf-8")
        else:
            file.unlink()
    return changed
