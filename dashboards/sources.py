"""SQL that several screens share, for a province and a language; `:agency` is the one that a viewer chose.

An agency has what all below it have; the province has everything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboards.statuses import STATUSES
from dashboards.texts import DASH, UNITS, Language, Text
from schemas.catalogue.model import Catalogue
from schemas.views.formulas import function_of
from schemas.views.quoting import literal

MOST_ROWS = 500
"""Of a list that has no natural end."""

_NOTHING = (
    "SELECT NULL::text AS agency, NULL::text AS dimensions, NULL::float8 AS numerator, NULL::float8 AS denominator, "
    "NULL::float8 AS value WHERE false"
)


def rows_of_texts(rows: Iterable[tuple[str | None, ...]], columns: int) -> str:
    """Rows of so many texts each as a table of SQL, also where there are none."""
    made = [f"SELECT {', '.join(f'{literal(text)}::text' for text in row)}" for row in rows]
    return f"({' UNION ALL '.join(made) or 'SELECT ' + ', '.join(['NULL::text'] * columns) + ' WHERE false'})"


def below(column: str, agency: str = ":agency") -> str:
    """The condition that a column's agency is the one chosen, or below it."""
    return f"{column} IN (SELECT t.agency FROM indicators.tree AS t WHERE t.ancestor = {agency})"


def of_systems(column: str, systems: Iterable[str]) -> str:
    """The condition that a column's system is one of these; false where there are none."""
    listed = ", ".join(map(literal, systems))
    return f"{column} IN ({listed})" if listed else "false"


@dataclass(frozen=True)
class Sources:
    """Fragments of SQL."""

    catalogue: Catalogue
    language: Language

    @property
    def province(self) -> str:
        """Its code as an agency, as a literal."""
        return literal(self.catalogue.province.code)

    @property
    def zone(self) -> str:
        """The province's, an IANA name, as a literal."""
        return literal(self.catalogue.province.zone)

    def text(self, text: Text) -> str:
        """A text in the language, as a literal."""
        return literal(text.of(self.language))

    def name(self, table: str) -> str:
        """The name in a row of a table that has both."""
        return f"{table}.name_{self.language}"

    def agency(self, code: str) -> str:
        """The name of an agency, of `screens.agencies` as `a`; its code where it is not there."""
        return f"coalesce({self.name('a')}, {code})"

    def word(self, column: str, words: Mapping[str, Text], otherwise: str | None = None) -> str:
        """The word for what a column says; `otherwise`: the expression for what has none, else itself."""
        known = " ".join(f"WHEN {literal(value)} THEN {self.text(text)}" for value, text in words.items())
        return f"CASE {column} {known} ELSE {otherwise or column} END"

    def unit(self, column: str) -> str:
        """What an indicator counts."""
        return self.word(column, UNITS)

    def values(self, indicator: str, starts: str | None = None, ends: str = "indicators.today()") -> str:
        """(agency, dimensions, numerator, denominator, value) of an indicator; of its running period unless said.

        There is no row of an agency that never reported, and none at all where the catalogue has no such indicator.
        """
        found = self.catalogue.indicators.get(indicator)
        if found is None:
            return f"({_NOTHING})"
        starts = starts or f"indicators.first_day('{found.file.period}', {ends})"
        return f"{function_of(indicator)}({starts}, {ends})"

    def value(self, indicator: str, agency: str = ":agency", what: str = "value") -> str:
        """One value of an agency, as an expression; null where there is none."""
        return f"(SELECT v.{what} FROM {self.values(indicator)} AS v WHERE v.agency = {agency} AND v.dimensions = '')"

    def join(self, alias: str, indicator: str, code: str = "a.code") -> str:
        """The join of an indicator's values to agencies."""
        return f"LEFT JOIN {self.values(indicator)} AS {alias} ON {alias}.agency = {code} AND {alias}.dimensions = ''"

    def at_months(self, indicator: str, agency: str = ":agency", months: int = 12) -> str:
        """(time, value) of an indicator by month, the running one last: of the month, or as of its last day."""
        found = self.catalogue.indicators.get(indicator)
        if found is None:
            return "(SELECT NULL::timestamptz AS time, NULL::float8 AS value WHERE false)"
        starts = f"indicators.first_day('{found.file.period}', m.ends)"
        return f"""(SELECT indicators.begin_of(m.starts) AS time, v.value
    FROM (SELECT f::date AS starts, least((f + interval '1 month')::date - 1, indicators.today()) AS ends
        FROM generate_series(date_trunc('month', indicators.today()::timestamp) - interval '{months - 1} months',
            indicators.today()::timestamp, interval '1 month') AS f) AS m
    LEFT JOIN LATERAL {function_of(indicator)}({starts}, m.ends) AS v ON v.agency = {agency} AND v.dimensions = '')"""

    def statuses_of(self, indicators: Iterable[str]) -> str:
        """`indicators.indicator_status` of some indicators: the fewer, the faster."""
        return f"indicators.status_at(indicators.today(), ARRAY[{', '.join(map(literal, indicators))}]::text[])"

    def figure(self, value: str) -> str:
        """A number as text, in the language's way, to two decimals, without needless zeros; null where it is."""
        text = f"rtrim(to_char(({value})::numeric, 'FM999,999,999,990.99'), '.')"
        return f"translate({text}, ',.', '.,')" if self.language == "vi" else text

    def with_unit(self, value: str, unit: str) -> str:
        """A figure, a share's to one decimal with its sign; a dash where there is none."""
        share = self.figure(f"round(({value})::numeric, 1)")
        return f"coalesce(CASE {unit} WHEN 'percent' THEN {share} || '\u00a0%' ELSE {self.figure(value)} END, '{DASH}')"

    def statuses(self) -> str:
        """(place, status): what needs attention first."""
        rows = ", ".join(f"({place}, '{status}')" for place, status in enumerate(STATUSES))
        return f"(VALUES {rows}) AS k (place, status)"
