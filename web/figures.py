"""From an address to figures: what is chosen where nothing was, what a panel's query is given, and who keeps it."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import ConfigurationError
from dashboards.formats import shown
from dashboards.model import Choice, Note, Screen
from dashboards.parameters import PERIOD, for_psycopg, named
from web import texts
from web.address import ALL, Address
from web.cache import Ask, PanelCache, Result, Watch
from web.database import Answer

CHOICES_SECONDS = 60.0
"""After which the names to choose from are asked anew, whatever is counted."""


@dataclass(frozen=True)
class Option:
    """What can be chosen: a value and its name."""

    value: str
    name: str
    chosen: bool


@dataclass(frozen=True)
class _Question:
    key: Hashable
    ask: Ask
    refresh: float


class Figures:
    """The figures of all screens, through the cache."""

    def __init__(
        self, cache: PanelCache, ask: Callable[[str, Mapping[str, Any]], Awaitable[Answer]], zone: ZoneInfo
    ) -> None:
        self.cache, self.zone = cache, zone
        self._ask = ask

    async def chosen(self, screen: Screen, address: Address) -> tuple[Address, dict[str, list[Option]]]:
        """The address with the values of what was not chosen, and what there is to choose, by the parameter.

        What was chosen though it is not offered stays, as an option of its own.
        """
        offered: dict[str, list[Option]] = {}
        for choice in screen.choices:
            given = address.values.get(choice.parameter)
            options = await self._options(screen, address, choice) if choice.query else []
            if given is None:
                given = ALL if choice.many else ((options[0][0],) if options else ("",))
                address = replace(address, values={**address.values, choice.parameter: given})
            known = {value for value, _ in options}
            options += [(value, value) for value in given if value not in known and given != ALL and choice.query]
            offered[choice.parameter] = [Option(value, name, value in given) for value, name in options]
        return address, offered

    async def result(self, screen: Screen, address: Address, number: int) -> Result:
        """What a panel shows; `address` has all values chosen, `number` is that of a panel with a query."""
        asked = self._question(screen, address, str(number), _query(screen, number), screen.refresh)
        return await self.cache.get(asked.key, asked.ask, asked.refresh)

    def watch(self, watch: Watch, screen: Screen, address: Address) -> None:
        """Keep all panels of an open page new."""
        for number in asking(screen):
            asked = self._question(screen, address, str(number), _query(screen, number), screen.refresh)
            self.cache.watch(watch, number, asked.key, asked.ask, asked.refresh)

    async def _options(self, screen: Screen, address: Address, choice: Choice) -> list[tuple[str, str]]:
        asked = self._question(screen, address, choice.parameter, choice.query, CHOICES_SECONDS)
        result = await self.cache.get(asked.key, asked.ask, asked.refresh)
        rows = result.answer.dicts() if result.answer else []
        return [(str(row["value"]), str(row["name"])) for row in rows]

    def _question(self, screen: Screen, address: Address, what: str, query: str, refresh: float) -> _Question:
        given = {name: self._given(screen, address, name) for name in named(query)}
        key = (screen.name, what, screen.language, *sorted((name, str(value)) for name, value in given.items()))
        statement = for_psycopg(query, screen.choices)

        def ask() -> Awaitable[Answer]:
            return self._ask(statement, {name: self._bound(screen, name, value) for name, value in given.items()})

        return _Question(key, ask, refresh)

    def _given(self, screen: Screen, address: Address, name: str) -> Any:
        """A parameter as the address has it: it is the same one later, though "now" is not."""
        if name == "since":
            return address.since
        if name == "until":
            return address.until
        values = address.values[name]
        many = next(choice.many for choice in screen.choices if choice.parameter == name)
        return list(values) if many else values[0]

    def _bound(self, screen: Screen, name: str, value: Any) -> Any:
        """A parameter as the database is given it: days become moments."""
        if name not in PERIOD:
            return value
        now = datetime.now(UTC).astimezone(self.zone)
        if name == "since":
            day = value or now.date() - timedelta(days=screen.days)
            return datetime.combine(day, time.min, self.zone)
        return datetime.combine(value, time.max, self.zone) if value else now


def asking(screen: Screen) -> list[int]:
    """The numbers, from 1, of the panels that ask the database."""
    return [number for number, placed in enumerate(screen.panels, 1) if not isinstance(placed.panel, Note)]


PERIODS = (1, 7, 30, 90, 365)
"""Days back that a period may begin with, for viewers to choose; any day may stand in an address."""


def periods(screen: Screen, address: Address, zone: ZoneInfo) -> list[Option]:
    """The periods of a screen that a viewer may choose, by their first days; the address' own among them."""
    today, language = datetime.now(zone).date(), screen.language
    firsts = {"": screen.days} | {
        (today - timedelta(days=days)).isoformat(): days for days in PERIODS if days != screen.days
    }
    asked = address.since.isoformat() if address.since else ""
    found = [
        Option(first, texts.LAST_DAYS.of(language).format(days=days), first == asked and not address.until)
        for first, days in sorted(firsts.items(), key=lambda one: one[1])
    ]
    if address.until or asked not in firsts:
        span = [shown(day, "day", language, zone) for day in (address.since, address.until)]
        found.append(Option(asked, f"{span[0] or '…'} – {span[1] or '…'}", chosen=True))
    return found


def check(screen: Screen) -> None:
    """A query names only what can be chosen.

    Raises:
        ConfigurationError: it names another parameter.
    """
    known = {choice.parameter for choice in screen.choices} | set(PERIOD)
    queries = [*(_query(screen, number) for number in asking(screen)), *(choice.query for choice in screen.choices)]
    missing = sorted({name for query in queries for name in named(query)} - known)
    if missing:
        raise ConfigurationError(
            f"screen {screen.name}: its queries name {', '.join(missing)}, which nobody can choose"
        )


def _query(screen: Screen, number: int) -> str:
    panel = screen.panels[number - 1].panel
    assert not isinstance(panel, Note)  # callers take numbers from `asking`
    return panel.query
