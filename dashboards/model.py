"""What a screen is made of, as data: two renderers show it, Grafana's (`dashboards.grafana`) and the pages' (`web`).

A panel's query gives columns by name, each with the value itself; how a value reads in a language is the renderer's.
Queries ask views and name what a viewer chooses (`:agency`, `:since`); see `dashboards.parameters`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dashboards.texts import NO_DATA, Language, Text

GRID_WIDTH = 24
"""Panels' widths are columns of this grid, their heights its rows (of 38 pixels on a wall)."""

Kind = Literal["text", "whole", "decimal", "percent", "figure", "day", "moment", "clock", "seconds", "status"]
"""How a value reads: `decimal` has one digit after the sign, `figure` up to two, `percent` one and its sign; `day` and
`moment` are local dates, `clock` is the time of today, else the day; `seconds` is a span; `status` is one of
`statuses.STATUSES`: mark, word and colour."""


@dataclass(frozen=True)
class Link:
    """To another screen. What is chosen on this one goes along; `carry` says what is chosen there instead.

    `carry` is parameter → name of the row's column that has the value.
    """

    screen: str
    carry: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    """Parameter → value, whatever the row."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its name in the query's answer, and how it is shown."""

    name: str
    heading: Text
    kind: Kind = "text"
    width: int = 0
    """Pixels on a wall; 0: what the others leave."""
    alarming: bool = False
    """Numbers above zero are red."""
    status: str = ""
    """The column that has the status which colours this one."""
    link: Link | None = None
    right: bool = False
    """Texts that stand for figures stand to the right, as figures do; they are sorted by `sort`."""
    sort: str = ""
    """The column to sort by, where it is not this one."""


@dataclass(frozen=True)
class Asking:
    """What every panel has that asks something."""

    title: Text
    query: str
    nothing: Text = field(default=NO_DATA, kw_only=True)
    """What it says where there is nothing to show."""
    note: Text | None = field(default=None, kw_only=True)
    """What its figures mean."""


@dataclass(frozen=True)
class Number(Asking):
    """One number on a coloured ground. The query gives one row: `value`, and `status` where it is judged."""

    kind: Kind = "whole"
    alarming: bool = False
    """Anything above zero is red."""
    link: Link | None = None


@dataclass(frozen=True)
class Tiles(Asking):
    """A tile a row: `name`, `shown` (a text), `status` or null, and columns that the link carries."""

    link: Link | None = None
    columns: int = 5


@dataclass(frozen=True)
class Lines(Asking):
    """Values over time: the query gives `time` and a column a line, by the names of `series`."""

    series: Sequence[Column]
    bars: bool = False


@dataclass(frozen=True)
class Bars(Asking):
    """A bar a row: `name`, `value`, and columns that the link carries."""

    kind: Kind = "whole"
    link: Link | None = None


@dataclass(frozen=True)
class Table(Asking):
    """Rows, in the query's order until a viewer sorts them otherwise. Columns that are not listed are for links."""

    columns: Sequence[Column]


@dataclass(frozen=True)
class Map(Asking):
    """Places: `lon`, `lat`, `name`, `value`, `status`, and columns that the link carries. No outside map is asked."""

    link: Link | None = None


@dataclass(frozen=True)
class Note:
    """Words: what a screen shows and what is to be done."""

    title: Text
    text: Text


Panel = Number | Tiles | Lines | Bars | Table | Map | Note


@dataclass(frozen=True)
class Choice:
    """What a viewer chooses: the query gives `value` and `name`. With `many` several or all (`*`), else one.

    Without a query it is typed, or comes from a link.
    """

    parameter: str
    label: Text
    query: str = ""
    many: bool = False


@dataclass(frozen=True)
class Placed:
    """A panel and its size on the grid. Panels follow each other from left to right, in rows."""

    panel: Panel
    width: int
    height: int


@dataclass(frozen=True)
class Screen:
    """One purpose, in the language that it was made for."""

    name: str
    language: Language
    title: Text
    purpose: Text
    """Its first line: what it is for."""
    panels: Sequence[Placed]
    choices: Sequence[Choice] = ()
    days: int = 0
    """Days back that its period begins with; 0: it has no period to choose."""
    refresh: int = 30
    """Seconds after which Grafana asks anew."""
    wall: bool = False
    """For a wall: fills 1920×1080, nothing to scroll."""
    listed: bool = True
    """Whether it is in the navigation; what only links lead to is not."""
    viewers: Text = NO_DATA
    """Who looks at it."""
    when_red: Text = NO_DATA
    """What to do when a figure is red."""
