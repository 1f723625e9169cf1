"""Opening the catalogue that the settings name."""

from pathlib import Path

from opscentre.errors import ConfigurationError
from schemas.catalogues import Catalogue, CatalogueError, load_catalogue


def open_catalogue(folder: Path | None) -> Catalogue:
    """The catalogue in a folder, or the one shipped.

    Raises:
        ConfigurationError: it has mistakes; the message lists all of them.
    """
    try:
        return load_catalogue(folder)
    except CatalogueError as error:
        raise ConfigurationError(str(error)) from None
