"""The columns of a table: what each is called in both languages, the SQL of its cells, and how they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from grafana_foundation_sdk.models import dashboard as models

from dashboards.colours import RED_TEXT
from dashboards.texts import DASH, Language, Text

Property = models.DynamicConfigValue
"""One thing that Grafana is told of a column: its path in the field's configuration, and the value."""


class NumberFormat(NamedTuple):
    """How numbers are shown: `unit` as Grafana calls it, and digits after the decimal sign."""

    unit: str
    decimals: int


WHOLE_NUMBER, ONE_DECIMAL, PERCENT = NumberFormat("locale", 0), NumberFormat("locale", 1), NumberFormat("percent", 1)


class Link(NamedTuple):
    """Where a click on a cell leads; the heading is its title, where it has none of its own."""

    url: str
    title: Text | None = None


@dataclass(frozen=True)
class Column:
    """A column of a query's answer, and how a table shows it. Of what is not said, Grafana decides."""

    heading: Text
    sql: str
    """The expression that gives its cells."""
    width: int | None = None
    """Pixels."""
    min_width: int | None = None
    """Pixels; it takes the room that the others leave."""
    right: bool = False
    """To the right, as figures are; numbers are there anyway."""
    dash: bool = False
    """Show "—" for empty cells instead of "No data"."""
    number: NumberFormat | None = None
    colour: Sequence[Property] = ()
    """`red_above_zero` or `by_mark`."""
    link: Link | None = None
    hidden: bool = False
    """In the answer for links to read, but not shown."""

    def properties(self, language: Language) -> list[Property]:
        """What Grafana has to be told of it; nothing of most."""
        told = {
            "custom.hidden": self.hidden or None,
            "custom.width": self.width,
            "custom.minWidth": self.min_width,
            "custom.align": "right" if self.right else None,
            "noValue": DASH if self.dash else None,
            "unit": self.number and self.number.unit,
            "decimals": self.number and self.number.decimals,
            "links": self.link and [{"title": (self.link.title or self.heading).of(language), "url": self.link.url}],
        }
        return [*(Property(path, value) for path, value in told.items() if value is not None), *self.colour]


def key(name: str, sql: str) -> Column:
    """A hidden column, which links read by its name."""
    return Column(Text(name, name), sql, hidden=True)


def select(language: Language, columns: Sequence[Column], source: str, *, ctes: str = "") -> str:
    """The query that gives these columns.

    Args:
        language: of the headings.
        columns: from left to right.
        source: from `FROM` on.
        ctes: common table expressions that the source reads, from `WITH` on.
    """
    cells = ",\n    ".join(f'{column.sql} AS "{column.heading.of(language)}"' for column in columns)
    query = f"SELECT\n    {cells}\n{source}"
    return f"{ctes}\n{query}" if ctes else query


def red_above_zero() -> list[Property]:
    """The colour of numbers that should be zero. Both keys: the first is Grafana 9's, the second that of 10."""
    steps = [{"value": None, "color": "text"}, {"value": 1, "color": RED_TEXT}]
    return [
        Property("custom.displayMode", "color-text"),
        Property("custom.cellOptions", {"type": "color-text"}),
        Property("thresholds", {"mode": "absolute", "steps": steps}),
    ]


def by_mark(colours: Mapping[str, str], *, ground: bool = False) -> list[Property]:
    """The colour, by its first character, of a text or of the ground behind it."""
    mode = "color-background" if ground else "color-text"
    return [
        Property("custom.displayMode", f"{mode}-solid" if ground else mode),
        Property("custom.cellOptions", {"type": mode, **({"mode": "basic"} if ground else {})}),
        Property("mappings", mark_mappings(colours)),
        Property("thresholds", {"mode": "absolute", "steps": [{"value": None, "color": "text"}]}),
    ]


def mark_mappings(colours: Mapping[str, str], then: str = "") -> list[models.ValueMapping]:
    """Value mappings that colour texts by the mark they begin with; `then`: a regular expression for what follows."""

    def mapping(place: int, mark: str, colour: str) -> models.RegexMap:
        result = models.ValueMappingResult(color=colour, index=place)
        return models.RegexMap(options=models.DashboardRegexMapOptions(pattern=f"/^{mark}{then}/", result=result))

    return [mapping(place, mark, colour) for place, (mark, colour) in enumerate(colours.items())]
