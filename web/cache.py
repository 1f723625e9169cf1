"""What panels show, asked once for everybody.

A result a (screen, panel, parameters, language). Whoever asks while a query is under way waits for that one. A result
since which something was counted is served while the next is made, unless it is older than its refresh time. A failure
is kept for a moment, and the figures before it stay. Bounded in number and in bytes. So 300 viewers cost the database
no more than one.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

from core.errors import OpsCentreError, UnavailableError
from web.database import Answer, Changes

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
"""Between two looks at whether something was counted."""
AT_MOST_A_TENTH = 10
"""A query that takes a second is asked every ten."""
ERROR_SECONDS = 5.0
"""That a failure is kept."""
MOST_RESULTS, MOST_BYTES = 2000, 128 * 2**20
MOST_FRAGMENTS, MOST_FRAGMENT_BYTES = 2000, 64 * 2**20

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Ask = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True)
class Result:
    """What is known of a panel."""

    answer: Answer | None
    """The latest that was got; none: never any."""
    as_of: datetime
    """When that was asked."""
    digest: str
    """Another one when something else is to be shown."""
    size: int
    error: str = ""
    """Why there is no newer one."""


class Bounded(Generic[Key, Value]):
    """What was used last, bounded in number and in bytes; what is pinned stays."""

    def __init__(self, most: int, most_bytes: int, pinned: Callable[[Value], bool] = lambda _: False) -> None:
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._most, self._most_bytes, self._pinned = most, most_bytes, pinned
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """What is kept, and is used now."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep it, for what was not used for longest."""
        _, before = self._kept.pop(key, (None, 0))
        self._kept[key] = (value, size)
        self.bytes += size - before
        if len(self._kept) <= self._most and self.bytes <= self._most_bytes:
            return
        for old in [old for old, (kept, _) in self._kept.items() if old != key and not self._pinned(kept)]:
            self.bytes -= self._kept.pop(old)[1]
            if len(self._kept) <= self._most and self.bytes <= self._most_bytes:
                break

    def values(self) -> list[Value]:
        """All that is kept."""
        return [value for value, _ in self._kept.values()]


class Watch:
    """What one open page watches: `changed` are the numbers of its panels that have a new result."""

    def __init__(self) -> None:
        self.changed: set[int] = set()
        self.woken = asyncio.Event()
        self.entries: dict[int, _Entry] = {}

    def as_of(self) -> datetime | None:
        """When the oldest of its figures was asked."""
        results = [entry.result for entry in self.entries.values() if entry.result]
        return min((result.as_of for result in results if result.answer), default=None)


@dataclass(eq=False)
class _Entry:
    key: Hashable
    ask: Ask
    refresh: float
    result: Result | None = None
    asked: float = float("-inf")
    """When the query of its result began, and when that of the next one did."""
    began: float = float("-inf")
    seconds: float = 0.0
    mark: str | None = None
    """How far the count had come when it was asked."""
    task: asyncio.Task[None] | None = None
    watchers: set[tuple[Watch, int]] = field(default_factory=set)


class PanelCache:
    """The results, and what keeps those that are watched new: `run` beside the server, on its event loop."""

    def __init__(self, changes: Callable[[], Awaitable[Changes]], clock: Callable[[], float] = time.monotonic) -> None:
        self._changes, self._clock = changes, clock
        self._entries: Bounded[Hashable, _Entry] = Bounded(
            MOST_RESULTS, MOST_BYTES, lambda entry: bool(entry.watchers or entry.task)
        )
        self.fragments: Bounded[Hashable, str] = Bounded(MOST_FRAGMENTS, MOST_FRAGMENT_BYTES)
        """What was made of results: pages with the same figures and the same address share it."""
        self.last_event: datetime | None = None
        self.away = ""
        """Why the database does not answer; empty where it does."""
        self._mark: str | None = None
        self.queries = 0
        """Asked of the database so far, for those who want to know what viewers cost."""

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: Hashable, ask: Ask, refresh: float) -> Result:
        """What a panel shows: at once where there is anything not too old, else when the query is through.

        `refresh` are the seconds after which it is asked anew though nothing was counted, and is too old.
        """
        entry = self._entry(key, ask, refresh)
        if self._due(entry):
            self._start(entry)
        if entry.task is not None and self._clock() - entry.asked >= entry.refresh:
            await asyncio.shield(entry.task)
        assert entry.result is not None  # what a task leaves
        return entry.result

    def watch(self, watch: Watch, number: int, key: Hashable, ask: Ask, refresh: float) -> None:
        """Keep a panel new for as long as the page is open; its number is told when it is."""
        entry = self._entry(key, ask, refresh)
        entry.watchers.add((watch, number))
        watch.entries[number] = entry

    def leave(self, watch: Watch) -> None:
        """The page was closed."""
        for number, entry in watch.entries.items():
            entry.watchers.discard((watch, number))
        watch.entries.clear()

    async def run(self) -> None:
        """Look once a second whether something was counted; ask anew what is watched and due."""
        while True:
            begun = self._clock()
            await self.tick()
            await asyncio.sleep(max(0.0, begun + TICK_SECONDS - self._clock()))

    async def tick(self) -> None:
        """One look. While the database is away, only this asks it."""
        try:
            self.last_event, self._mark = await self._changes()
        except OpsCentreError as error:
            if not self.away:
                log.warning("%s", error)
            self.away = str(error)
            return
        if self.away:
            log.warning("the database answers again")
            self.away = ""
            for entry in self._entries.values():
                entry.mark = None  # who knows what came in meanwhile
        for entry in self._entries.values():
            if entry.watchers and self._due(entry):
                self._start(entry)

    def _entry(self, key: Hashable, ask: Ask, refresh: float) -> _Entry:
        entry = self._entries.get(key)
        if entry is None:
            entry = _Entry(key, ask, refresh)
            self._entries.put(key, entry, 0)
        return entry

    def _due(self, entry: _Entry) -> bool:
        """Whether to ask anew: at every look, but for its length, where a query is fast and something was counted."""
        if entry.task is not None:
            return False
        if entry.result is None:
            return True
        if self.away:
            return False
        pause = max(0.9 * TICK_SECONDS, AT_MOST_A_TENTH * entry.seconds, ERROR_SECONDS if entry.result.error else 0)
        age = self._clock() - entry.began
        return age >= pause and (age >= entry.refresh or entry.mark != self._mark or bool(entry.result.error))

    def _start(self, entry: _Entry) -> None:
        entry.task = asyncio.get_running_loop().create_task(self._renew(entry))

    async def _renew(self, entry: _Entry) -> None:
        before, entry.began, entry.mark = entry.result, self._clock(), self._mark
        as_of = datetime.now(UTC)
        try:
            if self.away:
                raise UnavailableError(self.away)
            self.queries += 1
            result = _result(await entry.ask(), as_of)
        except Exception as error:  # whatever it is, those who wait are told, and nobody else is stopped
            log.warning("%s: %s", entry.key, error, exc_info=not isinstance(error, OpsCentreError))
            old = before or Result(None, as_of, "", 0)
            result = Result(old.answer, old.as_of, f"{old.digest.removesuffix('!')}!", old.size, str(error))
        entry.seconds, entry.result, entry.task = self._clock() - entry.began, result, None
        entry.asked = entry.began
        self._entries.put(entry.key, entry, result.size)
        if before is None or before.digest != result.digest:
            for watch, number in entry.watchers:
                watch.changed.add(number)
                watch.woken.set()


def _result(answer: Answer, as_of: datetime) -> Result:
    text = repr(answer).encode()
    return Result(answer, as_of, hashlib.blake2b(text, digest_size=6).hexdigest(), len(text))
