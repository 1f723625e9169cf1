"""Opening the catalogue that the settings name, beginning another one, and showing it to those who read SQL."""

import shutil
from hashlib import sha256
from pathlib import Path

import psycopg

from core.database import scalar
from core.errors import ConfigurationError
from core.settings import Settings
from schemas.catalogue.load import TEMPLATE, Catalogue, CatalogueError, load_catalogue
from schemas.views import views_sql


def open_catalogue(options: Settings) -> Catalogue:
    """The catalogue that the settings name, or the one shipped; its targets moved by a demonstration's months.

    Raises:
        ConfigurationError: it has mistakes; the message lists all of them.
    """
    try:
        catalogue = load_catalogue(options.catalogue)
    except CatalogueError as error:
        raise ConfigurationError(str(error)) from None
    return catalogue.later(options.target_months) if options.target_months else catalogue


def write_template(folder: Path) -> list[Path]:
    """Write the small catalogue that another province starts from; return the files written.

    Raises:
        ConfigurationError: there is something in the folder already, or it cannot be written to.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ConfigurationError(f"{folder} is not empty, and nothing in it is overwritten: name another folder")
        shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    except OSError as error:
        raise ConfigurationError(f"a catalogue cannot be written to {folder}: {error.strerror or error}") from None
    return sorted(folder.rglob("*.toml"))


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


def make_views(connection: psycopg.Connection, catalogue: Catalogue) -> None:
    """Make the schema `indicators` what the catalogue says, in the running transaction; where it is so, do nothing.

    Takes exclusive locks on the views, until the transaction ends.
    """
    text = views_sql(catalogue)
    version = sha256(text.encode()).hexdigest()
    if scalar(connection, "SELECT obj_description('indicators'::regnamespace, 'pg_namespace')") != version:
        connection.execute(text.encode())
        connection.execute(f"COMMENT ON SCHEMA indicators IS '{version}'".encode())
