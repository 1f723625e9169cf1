"""Opening the catalogue that the settings name, and showing it to those who read SQL."""

from pathlib import Path

import psycopg

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


def store_agencies(connection: psycopg.Connection, catalogue: Catalogue) -> None:
    """Make the table `agencies` what the catalogue says."""
    rows = [(a.code, a.parent, a.kind, a.name.vi, a.name.en) for a in catalogue.agencies.values()]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE agencies IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM agencies WHERE code <> ALL (%s)", (list(catalogue.agencies),))
        cursor.executemany(
            "INSERT INTO agencies (code, parent, kind, name_vi, name_en) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, kind = excluded.kind, "
            "name_vi = excluded.name_vi, name_en = excluded.name_en",
            rows,
        )
