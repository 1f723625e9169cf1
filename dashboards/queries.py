"""SQL that several panels share, and how a panel carries it."""

from dataclasses import dataclass
from typing import Any, Literal, Self

from grafana_foundation_sdk.cog import runtime, variants
from grafana_foundation_sdk.cog.builder import Builder

from dashboards.texts import Language

DATA_SOURCE_TYPE, DATA_SOURCE_UID = "postgres", "opscentre"
DATA_SOURCE = {"type": DATA_SOURCE_TYPE, "uid": DATA_SOURCE_UID}

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
class Target(Builder[variants.Dataquery]):
    """A query as the SDK's panels take it."""

    query: Query

    def build(self) -> variants.Dataquery:
        """The query."""
        return self.query


@dataclass(frozen=True)
class Sql:
    """Fragments of SQL for a province's zone and a language.

    Stocks and sums until now are whole days before today, and today by minutes: what lies ahead (a case will be
    overdue at midnight) must not be counted yet.
    """

    zone: str
    language: Language

    @property
    def today(self) -> str:
        """The local day."""
        return f"(now() AT TIME ZONE '{self.zone}')::date"

    @property
    def name(self) -> str:
        """An agency's name, of the table `agencies` as `a`."""
        return f"a.name_{self.language}"

    def counted(self, since: str | None = None) -> str:
        """`counted (measure, agency, label, value)`: every difference until now, from the local day `since` on."""
        days = f"AND bucket >= {since}" if since else ""
        return f"""counted AS (
    SELECT measure, agency, label, value FROM counters_day WHERE bucket < {self.today} {days}
    UNION ALL
    SELECT measure, agency, label, value FROM counters_minute
    WHERE bucket >= date_trunc('day', now(), '{self.zone}') AND bucket <= now()
)"""

    @property
    def month(self) -> str:
        """The first day of this month."""
        return f"date_trunc('month', {self.today})::date"

    def total(self, measure: str, since: str | None = None, where: str = "true") -> str:
        """How much of a measure there is now; nothing where it was never reported."""
        counted = self.counted(since)
        return (
            f"WITH {counted}\nSELECT sum(value)::bigint AS value FROM counted WHERE measure = '{measure}' AND {where}"
        )

    def share(self, since: str, where: str = "true") -> str:
        """Share of the dossiers finished since then that were on time, 0 to 1; nothing where none was finished."""
        return f"""WITH {self.counted(since)}
SELECT sum(value) FILTER (WHERE measure = 'dossier.on_time')::float8 / nullif(sum(value), 0) AS value
FROM counted WHERE measure IN ('dossier.on_time', 'dossier.late') AND {where}"""

    def local(self, moment: str) -> str:
        """A moment as local text, for a table."""
        form = "DD/MM/YYYY HH24:MI" if self.language == "vi" else "YYYY-MM-DD HH24:MI"
        return f"to_char({moment} AT TIME ZONE '{self.zone}', '{form}')"
