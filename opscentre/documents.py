"""Writing the generated documents into the checkout."""

from pathlib import Path

from schemas.catalogue.load import load_catalogue
from schemas.docs.documents import documents, stale

ROOT = Path(__file__).parent.parent


def write_documents() -> list[str]:
    """Write what is stale, remove what is left over; return the paths."""
    wanted = documents(load_catalogue(None))
    changed = stale(ROOT)
    for path in changed:
        file = ROOT / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[path])
        else:
            file.unlink()
    return changed
