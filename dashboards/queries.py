"""SQL that several panels share, and how a panel carries it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Self

from grafana_foundation_sdk.cog import runtime, variants
from grafana_foundation_sdk.cog.builder import Builder

from dashboards.texts import Language
from schemas.catalogue.model import Catalogue
from schemas.views.quoting import identifier, literal

DATA_SOURCE_TYPE, DATA_SOURCE_UID = "postgres", "opscentre"
DATA_SOURCE = {"type": DATA_SOURCE_TYPE, "uid": DATA_SOURCE_UID}

_NO_VALUES = (
    "NULL::date AS starts, NULL::date AS ends, NULL::text AS agency, NULL::float8 AS numerator, "
    "NULL::float8 AS denominator, NULL::float8 AS value"
)

Format = Literal["table", "time_series"]


@dataclass
class Query(variants.Dataquery):
    """A query of Grafana's PostgreSQL data source, which the SDK does not have."""

    sql: str
    format: Format = "table"
    ref_id: str = "A"

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        return {
            "refId": self.ref_id,
            "datasource": DATA_SOURCE,
            "format": self.format,
            "rawQuery": True,
            "editorMode": "code",
            "rawSql": self.sql,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The reverse of `to_json`."""
        return cls(data["rawSql"], data["format"], data["refId"])


runtime.Runtime().register_dataquery_variant(runtime.DataqueryConfig(DATA_SOURCE_TYPE, Query.from_json))


@dataclass
class PanelQuery(Builder[variants.Dataquery]):
    """A query as the SDK's panels take it."""

    query: Query

    def build(self) -> variants.Dataquery:
        """The query."""
        return self.query


def rows_of_texts(rows: Iterable[tuple[str | None, ...]], columns: int) -> str:
    """Rows of so many texts each as a table of SQL, also where there are none."""
    made = [f"SELECT {', '.join(f'{literal(text)}::text' for text in row)}" for row in rows]
    return f"({' UNION ALL '.join(made) or 'SELECT ' + ', '.join(['NULL::text'] * columns) + ' WHERE false'})"


@dataclass(frozen=True)
class Sql:
    """Fragments of SQL for a province's catalogue and a language.

    Stocks and sums until now are whole days before today, and today by minutes: what lies ahead (a case will be
    overdue at midnight) must not be counted yet.
    """

    catalogue: Catalogue
    language: Language

    @property
    def zone(self) -> str:
        """The province's, an IANA name."""
        return self.catalogue.province.zone

    @property
    def today(self) -> str:
        """The local day."""
        return f"(now() AT TIME ZONE '{self.zone}')::date"

    @property
    def name(self) -> str:
        """An agency's name, of the table `agencies` as `a`."""
        return f"a.name_{self.language}"

    def counted(self, since: str | None = None) -> str:
        """`counted (measure, agency, dimensions, value)`: every difference until now, from the local day `since` on."""
        days = f"AND bucket >= {since}" if since else ""
        return f"""counted AS (
    SELECT measure, agency, dimensions, value FROM counters_day WHERE bucket < {self.today} {days}
    UNION ALL
    SELECT measure, agency, dimensions, value FROM counters_minute
    WHERE bucket >= date_trunc('day', now(), '{self.zone}') AND bucket <= now()
)"""

    @property
    def month(self) -> str:
        """The first day of this month."""
        return f"date_trunc('month', {self.today})::date"

    def total(self, measure: str, since: str) -> str:
        """How much of a measure there was since then; nothing where there was none."""
        counted = self.counted(since)
        return f"WITH {counted}\nSELECT sum(value)::bigint AS value FROM counted WHERE measure = '{measure}'"

    def running(self, indicator: str) -> str:
        """(agency, numerator, denominator, value) of an indicator in the running month; an agency's has all below it.

        There is no row of an agency that never reported, and none at all where the catalogue has no such indicator.
        """
        return f"{self.monthly(indicator)} AND ends = indicators.today()"

    def monthly(self, indicator: str) -> str:
        """(starts, agency, numerator, denominator, value) of an indicator in each of the last months."""
        if indicator not in self.catalogue.indicators:
            return f"SELECT * FROM (SELECT {_NO_VALUES}) AS nothing WHERE false"
        return (
            f"SELECT starts, agency, numerator, denominator, value FROM indicators.{identifier(indicator)} "
            "WHERE period = 'month' AND dimensions = ''"
        )

    def figure(self, value: str, decimals: int = 2, *, signed: bool = False) -> str:
        """A number as text, in the language's way, without needless zeros; null where it is."""
        form = f"FM{'SG' if signed else ''}999,999,999,990.{'9' * decimals}"
        text = f"rtrim(to_char({value}, '{form}'), '.')"
        return f"translate({text}, ',.', '.,')" if self.language == "vi" else text

    def day(self, day: str) -> str:
        """A day as text, for a table."""
        return f"to_char({day}, '{'DD/MM/YYYY' if self.language == 'vi' else 'YYYY-MM-DD'}')"

    def local(self, moment: str) -> str:
        """A moment as local text, for a table."""
        form = "DD/MM/YYYY HH24:MI" if self.language == "vi" else "YYYY-MM-DD HH24:MI"
        return f"to_char({moment} AT TIME ZONE '{self.zone}', '{form}')"
