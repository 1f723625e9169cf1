"""docs/glossary.md against code and tables: what a term names is there, under that very name."""

import pkgutil
import re
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
import typer.main

from opscentre.cli import app


class Row(NamedTuple):
    """A term of the glossary."""

    term: str
    meaning: str
    vietnamese: str
    where: str


TEXT = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    Row(*(cell.strip() for cell in line.strip("|").split("|")))
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| term |")
]
NAMED = [found for row in ROWS for found in re.findall(r"(table |column |)`([^`]+)`", row.where)]
TABLES = [name for kind, name in NAMED if kind == "table "]
COLUMNS = [name for kind, name in NAMED if kind == "column "]
COMMANDS = [name for kind, name in NAMED if not kind and name.startswith("opscentre ")]
OBJECTS = [name for kind, name in NAMED if not kind and not name.startswith("opscentre ")]


def test_every_term_stands_once_with_meaning_vietnamese_and_where() -> None:
    assert len(ROWS) == TEXT.count("\n| ") - TEXT.count("\n| term |") > 60
    assert len({row.term for row in ROWS}) == len(ROWS)
    assert [row for row in ROWS if not all(row) or "`" not in row.where] == []


@pytest.mark.parametrize("name", OBJECTS)
def test_a_class_or_function_has_the_name_that_the_glossary_gives_it(name: str) -> None:
    assert pkgutil.resolve_name(name) is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_name_that_the_glossary_gives_it(name: str) -> None:
    group = typer.main.get_command(app)
    assert name.removeprefix("opscentre ") in group.commands  # type: ignore[attr-defined]


def test_tables_and_columns_have_the_names_that_the_glossary_gives_them(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT table_name, column_name FROM information_schema.columns").fetchall()
    assert {table for table, _ in rows} >= set(TABLES)
    assert {f"{table}.{column}" for table, column in rows} >= set(COLUMNS)
