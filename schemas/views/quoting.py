"""Texts of a catalogue as SQL: whatever a name holds, it stays one literal or one identifier."""

from collections.abc import Iterable


def literal(value: str | float | None) -> str:
    """A text, a number or nothing as an SQL literal."""
    if value is None:
        return "NULL"
    if not isinstance(value, str):
        return repr(value)
    doubled = value.replace("'", "''")
    return f"E'{doubled.replace(BACKSLASH, BACKSLASH * 2)}'" if BACKSLASH in value else f"'{doubled}'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def row(values: Iterable[str | float | None]) -> str:
    """A row of VALUES."""
    return f"({', '.join(literal(value) for value in values)})"


def insert(table: str, rows: Iterable[Iterable[str | float | None]]) -> str:
    """The statement that fills a table with rows; none where there are none."""
    values = ",\n    ".join(map(row, rows))
    return f"INSERT INTO {table} VALUES\n    {values};\n" if values else ""


BACKSLASH = "\\"
