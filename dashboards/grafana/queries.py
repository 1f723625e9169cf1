"""A definition's query as Grafana asks it: with its variables, and each value as a text of the screen's language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.statuses import STATUSES
from schemas.views.quoting import identifier, literal

DATA_SOURCE_TYPE, DATA_SOURCE_UID = "postgres", "opscentre"

NO_DATA = STATUSES["no_data"]
NBSP = "\N{NO-BREAK SPACE}"
_RANK_BITS = 16


@dataclass
class PanelQuery(variants.Dataquery, Builder[variants.Dataquery]):
    """A query of Grafana's PostgreSQL data source, which the SDK does not have; to its panels it is a builder, too."""

    sql: str
    format: Literal["table", "time_series"] = "table"
    ref: str = "A"

    def build(self) -> variants.Dataquery:
        """The query itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        return {
            "refId": self.ref,
            "datasource": {"type": DATA_SOURCE_TYPE, "uid": DATA_SOURCE_UID},
            "format": self.format,
            "rawQuery": True,
            "editorMode": "code",
            "rawSql": self.sql,
        }


def data_source() -> models.DataSourceRef:
    """Where panels and variables ask."""
    return models.DataSourceRef(type_val=DATA_SOURCE_TYPE, uid=DATA_SOURCE_UID)


def given(column: str) -> str:
    """A column of the definition's query, in a cell's expression."""
    return f"shown.{identifier(column)}"


def given_or_null(column: str) -> str:
    """A column as a text; null where the definition's query has no such column."""
    return f"to_jsonb(shown) ->> {literal(column)}"


def carried(column: str) -> str:
    """The name under which a column is there for links; not its own, which a listed column may have."""
    return f"carried_{column}"


def carried_cells(columns: Iterable[str]) -> dict[str, str]:
    """The hidden cells that links read. All of a choice is `*` in a definition and has a name of its own in Grafana."""
    return {
        carried(
            column
        ): f"coalesce(CASE {given(column)}::text WHEN '*' THEN '$__all' ELSE {given(column)}::text END, '')"
        for column in columns
    }


def rows(query: str, cells: Mapping[str, str], where: str = "true", *, always: bool = False) -> str:
    """The query of these cells, name → expression, in the order in which the definition's query gives its rows.

    `always`: where there is none, a row of nothing.
    """
    # The order of a subquery is not promised to what stands around it, that of its row numbers is.
    numbered = f"(SELECT row_number() OVER () AS in_order, asked.* FROM (\n{query.strip()}\n) AS asked) AS shown"
    source = f"(SELECT) AS always LEFT JOIN {numbered} ON true" if always else numbered
    return f"SELECT\n    {_listed(cells)}\nFROM {source}\nWHERE {where}\nORDER BY shown.in_order"


def one_row(query: str, cells: Mapping[str, str]) -> str:
    """The same of the first row; where there is none, a row of nothing: what is missing is to be said, too."""
    return (
        f"SELECT\n    {_listed(cells)}\nFROM (SELECT) AS always LEFT JOIN (SELECT * FROM (\n{query.strip()}\n"
        ") AS asked LIMIT 1) AS shown ON true"
    )


def _listed(cells: Mapping[str, str]) -> str:
    return ",\n    ".join(f"{expression} AS {identifier(name)}" for name, expression in cells.items())


def marked(text: str, status: str) -> str:
    """A text with its status' mark before it; without a status as it is."""
    marks = " ".join(f"WHEN '{code}' THEN '{one.mark}{NBSP}'" for code, one in STATUSES.items())
    return f"CASE {status} {marks} ELSE '' END || {text}"


def or_nothing(text: str, words: str) -> str:
    """A text, or the words for nothing behind the mark of no data."""
    return f"coalesce({text}, {literal(NO_DATA.mark + NBSP + words)})"


def severity(status: str) -> str:
    """The place of a status, what needs attention first."""
    places = " ".join(f"WHEN '{code}' THEN {place}" for place, code in enumerate(STATUSES))
    return f"CASE {status} {places} END"


def sorted_by(text: str, value: str) -> str:
    """A text that Grafana, which sorts texts as texts, sorts by a value.

    Before it stands the value's rank among the rows, in tabs and blanks: a browser shows neither at the beginning of a
    cell, and sorts a tab before a blank.
    """
    rank = f"(dense_rank() OVER (ORDER BY {value} NULLS FIRST))::int::bit({_RANK_BITS})::text"
    return f"translate({rank}, '01', E'\\t ') || {text}"
