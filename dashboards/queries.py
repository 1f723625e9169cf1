"""SQL that several panels share, and how a panel carries its query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.cog.builder import Builder

from dashboards.texts import DASH, Language, Text
from schemas.catalogue.model import Catalogue
from schemas.views.quoting import identifier, literal

DATA_SOURCE_TYPE, DATA_SOURCE_UID = "postgres", "opscentre"

_NO_VALUES = (
    "NULL::date AS starts, NULL::date AS ends, NULL::text AS agency, NULL::float8 AS numerator, "
    "NULL::float8 AS denominator, NULL::float8 AS value"
)

OVERDUE = "c.state IN ('open', 'suspended') AND c.overdue_at <= now()"
"""The condition that a case, of the table `cases` as `c`, is overdue."""

MOST_ROWS = 500
"""Of a list that has no natural end."""


@dataclass
class PanelQuery(variants.Dataquery, Builder[variants.Dataquery]):
    """A query of Grafana's PostgreSQL data source, which the SDK does not have; to its panels it is a builder, too."""

    sql: str
    format: Literal["table", "time_series"] = "table"

    def build(self) -> variants.Dataquery:
        """The query itself."""
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        return {
            "refId": "A",
            "datasource": {"type": DATA_SOURCE_TYPE, "uid": DATA_SOURCE_UID},
            "format": self.format,
            "rawQuery": True,
            "editorMode": "code",
            "rawSql": self.sql,
        }


def rows_of_texts(rows: Iterable[tuple[str | None, ...]], columns: int) -> str:
    """Rows of so many texts each as a table of SQL, also where there are none."""
    made = [f"SELECT {', '.join(f'{literal(text)}::text' for text in row)}" for row in rows]
    return f"({' UNION ALL '.join(made) or 'SELECT ' + ', '.join(['NULL::text'] * columns) + ' WHERE false'})"


def or_dash(text: str) -> str:
    """A text, or a dash where it is null."""
    return f"coalesce({text}, '{DASH}')"


@dataclass(frozen=True)
class Sql:
    """Fragments of SQL for a province's catalogue and a language."""

    catalogue: Catalogue
    language: Language

    @property
    def province(self) -> str:
        """Its code as an agency."""
        return self.catalogue.province.code

    @property
    def zone(self) -> str:
        """The province's, an IANA name."""
        return self.catalogue.province.zone

    def days_since(self, moment: str) -> str:
        """Local days from a moment's own to today."""
        return f"indicators.today() - ({moment} AT TIME ZONE '{self.zone}')::date"

    def name(self, table: str) -> str:
        """The name in a row of `agencies` or of `indicators.catalogue`."""
        return f"{table}.name_{self.language}"

    def agency(self, code: str) -> str:
        """The name of an agency, of the table `agencies` as `a`; its code where it is not there."""
        return f"coalesce({self.name('a')}, {code})"

    def choice(self, code: str) -> str:
        """What chooses an agency on a dashboard: the province is all of its agencies, so it chooses all."""
        return f"CASE {code} WHEN '{self.province}' THEN '$__all' ELSE {code} END"

    def word(self, column: str, words: Mapping[str, Text], otherwise: str | None = None) -> str:
        """The word for what a column says; `otherwise`: the expression for what has none, null where there is none."""
        known = " ".join(f"WHEN '{value}' THEN '{text.of(self.language)}'" for value, text in words.items())
        return f"CASE {column} {known}{f' ELSE {otherwise}' if otherwise else ''} END"

    def total_today(self, measure: str) -> str:
        """How much of a measure there was today until now, of all systems; null where there was none.

        What lies ahead today is not counted yet.
        """
        kind, _, _ = measure.partition(".")
        systems = self.catalogue.systems.values()
        ids = ((one.id,) for one in systems if any(event.startswith(f"{kind}.") for event in one.events))
        return f"""SELECT sum(c.value)::bigint AS value
FROM {rows_of_texts(ids, 1)} AS s (system),
    indicators.counted(s.system, {literal(measure)}, indicators.today(), indicators.today()) AS c"""

    def running(self, indicator: str) -> str:
        """(agency, numerator, denominator, value) of an indicator in the running month; an agency's has all below it.

        There is no row of an agency that never reported, and none at all where the catalogue has no such indicator.
        """
        return f"{self.monthly(indicator)} AND ends = indicators.today()"

    def join_running(self, alias: str, indicator: str) -> str:
        """The join of what `running` gives to the agencies as `a`."""
        return f"JOIN ({self.running(indicator)}) AS {alias} ON {alias}.agency = a.code"

    def monthly(self, indicator: str) -> str:
        """(starts, agency, numerator, denominator, value) of an indicator in each of the last months."""
        if indicator not in self.catalogue.indicators:
            return f"SELECT * FROM (SELECT {_NO_VALUES}) AS nothing WHERE false"
        return (
            f"SELECT starts, agency, numerator, denominator, value FROM indicators.{identifier(indicator)} "
            "WHERE period = 'month' AND dimensions = ''"
        )

    def figure(self, value: str, *, signed: bool = False) -> str:
        """A number as text, in the language's way, to two decimals, without needless zeros; null where it is."""
        form = f"FM{'SG' if signed else ''}999,999,999,990.99"
        text = f"rtrim(to_char({value}, '{form}'), '.')"
        return f"translate({text}, ',.', '.,')" if self.language == "vi" else text

    def day(self, day: str) -> str:
        """A day as text, for a table."""
        return f"to_char({day}, '{'DD/MM/YYYY' if self.language == 'vi' else 'YYYY-MM-DD'}')"

    def local(self, moment: str) -> str:
        """A moment as local text, for a table."""
        form = "DD/MM/YYYY HH24:MI" if self.language == "vi" else "YYYY-MM-DD HH24:MI"
        return f"to_char({moment} AT TIME ZONE '{self.zone}', '{form}')"
