"""Addresses: what is chosen, the period, and how tables stand are in the query string, and nowhere else.

`/vi/services?agency=H06.05&since=2025-06-01&sort3=-overdue&filter3=xã`. Pure; nothing here knows what values exist.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from core.errors import AddressError
from dashboards.model import Link, Screen, Table
from dashboards.texts import LANGUAGES, Language, Text
from web import texts

ALL = ("*",)
"""The value of a choice of many that is not narrowed."""
_VIEW = re.compile(r"(sort|filter)([1-9]\d{0,2})")
_LONGEST_ROTATION = 3600


def wrong(text: Text, status: int, **named: str) -> AddressError:
    """What is said to whoever wrote an address; `named` are the text's blanks."""
    return AddressError({language: text.of(language).format(**named) for language in LANGUAGES}, status)


@dataclass(frozen=True)
class View:
    """How a table stands: `sort` is a column's name, with a minus the largest first; `filter` a text in its rows."""

    sort: str = ""
    filter: str = ""


@dataclass(frozen=True)
class Address:
    """What a page was asked for. Values that were not chosen are absent until `chosen` gives them."""

    language: Language
    screen: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: date | None = None
    until: date | None = None
    """The last day, as a whole; none: until now."""
    views: Mapping[int, View] = field(default_factory=dict)
    """By the panel's number, from 1."""
    rotate: int = 0
    """Seconds after which the next screen follows; 0: it stays."""

    @property
    def path(self) -> str:
        """Of the page."""
        return f"/{self.language}/{self.screen}"

    @property
    def query(self) -> str:
        """The query string: one for one meaning, whatever the order it was written in."""
        return urlencode(self.pairs())

    @property
    def url(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def pairs(self, *, without: Iterable[str] = ()) -> list[tuple[str, str]]:
        """The query string's pairs, for a form's hidden fields; `without` names those that the form gives itself."""
        days = [(name, day) for name, day in (("since", self.since), ("until", self.until)) if day]
        pairs = [(name, value) for name in sorted(self.values) for value in self.values[name] if value != "*"]
        pairs += [(name, day.isoformat()) for name, day in days]
        for number, view in sorted(self.views.items()):
            pairs += [
                (f"{kind}{number}", text) for kind, text in (("sort", view.sort), ("filter", view.filter)) if text
            ]
        if self.rotate:
            pairs.append(("rotate", str(self.rotate)))
        left_out = set(without)
        return [pair for pair in pairs if pair[0] not in left_out]

    def panel(self, number: int, suffix: str) -> str:
        """The address of a panel as data, or of its fragment: `/vi/services/3.csv?…`."""
        return f"{self.path}/{number}.{suffix}" + (f"?{self.query}" if self.query else "")

    def sorted_by(self, number: int, column: str) -> str:
        """The page with a table sorted by a column; what was sorted by it the other way round."""
        view = self.views.get(number, View())
        turned = f"-{column}" if view.sort == column else column
        return f"{replace(self, views={**self.views, number: replace(view, sort=turned)}).url}#p{number}"

    def in_language(self, language: Language) -> str:
        """The same page in a language."""
        return replace(self, language=language).url

    def to(self, screen: Screen) -> str:
        """Another screen, with what is chosen here and can be chosen there."""
        return self._at(screen, self.values)

    def linked(self, link: Link, row: Mapping[str, Any], screens: Mapping[str, Screen]) -> str | None:
        """Where a link of a row leads; nowhere where the screen is missing, or the row has not what it carries."""
        target = screens.get(link.screen)
        carried = {name: row.get(column) for name, column in link.carry.items()}
        if target is None or any(value is None for value in carried.values()):
            return None
        chosen = {**{name: str(value) for name, value in carried.items()}, **link.constants}
        return self._at(target, {**self.values, **{name: (value,) for name, value in chosen.items()}})

    def _at(self, screen: Screen, values: Mapping[str, tuple[str, ...]]) -> str:
        kept = {
            choice.parameter: values[choice.parameter] if choice.many else values[choice.parameter][:1]
            for choice in screen.choices
            if values.get(choice.parameter, ALL) != ALL
        }
        since, until = (self.since, self.until) if screen.days else (None, None)
        return Address(self.language, screen.name, kept, since, until).url


def read(screen: Screen, pairs: Sequence[tuple[str, str]]) -> Address:
    """What a query string asks of a screen. A value, whatever it is, stays a value.

    Raises:
        AddressError: it names what the screen has not, or a day that is none.
    """
    values: dict[str, tuple[str, ...]] = {}
    days: dict[str, date] = {}
    views: dict[int, View] = {}
    rotate = 0
    many = {choice.parameter: choice.many for choice in screen.choices}
    for name, value in pairs:
        if "\0" in value:
            raise wrong(texts.NO_NUL, 400, name=name)
        if name in many:
            if value:  # an empty field of a form is one that was not filled in
                values[name] = (*values.get(name, ()), value) if many[name] else (value,)
        elif name in ("since", "until") and screen.days:
            if value:
                days[name] = _day(value)
        elif name == "rotate":
            rotate = _seconds(value)
        elif match := _VIEW.fullmatch(name):
            number = int(match[2])
            views[number] = _view(screen, number, views.get(number, View()), match[1], value)
        else:
            known = ", ".join([*many, *(("since", "until") if screen.days else ())]) or "—"
            raise wrong(texts.NO_SUCH_PARAMETER, 400, name=name, known=known)
    if days.get("since", date.min) > days.get("until", date.max):
        raise wrong(texts.REVERSED, 400)
    chosen = {name: tuple(dict.fromkeys(each)) for name, each in values.items() if "*" not in each or not many[name]}
    return Address(screen.language, screen.name, chosen, days.get("since"), days.get("until"), views, rotate)


def _view(screen: Screen, number: int, view: View, kind: str, value: str) -> View:
    panel = screen.panels[number - 1].panel if number <= len(screen.panels) else None
    if not isinstance(panel, Table):
        raise wrong(texts.NO_SUCH_PANEL, 400, name=str(number))
    if kind == "filter":
        return replace(view, filter=value)
    if value.removeprefix("-") not in {"", *(column.name for column in panel.columns)}:
        raise wrong(texts.NO_SUCH_COLUMN, 400, name=value)
    return replace(view, sort=value)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise wrong(texts.NOT_A_DAY, 400, name=value) from None


def _seconds(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 5 <= int(value) <= _LONGEST_ROTATION:
        raise wrong(texts.NOT_SECONDS, 400, name=value)
    return int(value)
