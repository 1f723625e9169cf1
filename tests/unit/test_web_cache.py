"""The pages' cache: one query for many askers, what is stale, what is bounded, what becomes of errors."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UnavailableError
from web.cache import AT_MOST_A_TENTH, ERROR_SECONDS, Bounded, PanelCache, Result, Watch
from web.database import Answer, Changes

Value = TypeVar("Value")


class World:
    """A database with one figure, a clock that stands until it is moved, and what both were asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.figure = 0
        self.mark = "0"
        self.asked = 0
        self.takes = 0.0
        self.away = False
        self.open = asyncio.Event()
        self.open.set()
        self.cache = PanelCache(self.changes, lambda: self.now)

    async def changes(self) -> Changes:
        if self.away:
            raise UnavailableError("away")
        return Changes(datetime(2026, 11, 27, tzinfo=UTC), self.mark)

    async def ask(self) -> Answer:
        self.asked += 1
        await self.open.wait()
        self.now += self.takes
        if self.away:
            raise UnavailableError("away")
        return Answer(("value",), [(self.figure,)])

    async def get(self, key: str = "a", refresh: float = 30) -> Result:
        return await self.cache.get(key, self.ask, refresh)

    async def settled(self) -> None:
        """Let what was begun come to its end."""
        for _ in range(10):
            await asyncio.sleep(0)


def run(steps: Coroutine[Any, Any, Value]) -> Value:
    return asyncio.run(steps)


def figure(result: Result) -> int | None:
    return result.answer.rows[0][0] if result.answer else None


def test_many_askers_wait_for_one_query() -> None:
    async def steps() -> None:
        world = World()
        world.open.clear()
        asking = [asyncio.create_task(world.get()) for _ in range(300)]
        await world.settled()
        world.open.set()
        assert {figure(one) for one in await asyncio.gather(*asking)} == {0}
        assert world.asked == 1

    run(steps())


def test_an_asker_who_leaves_takes_the_answer_from_nobody() -> None:
    async def steps() -> None:
        world = World()
        world.open.clear()
        first, second = asyncio.create_task(world.get()), asyncio.create_task(world.get())
        await world.settled()
        first.cancel()
        world.open.set()
        assert figure(await second) == 0
        assert world.asked == 1

    run(steps())


def test_what_is_stale_is_served_while_the_next_is_made() -> None:
    async def steps() -> None:
        world = World()
        await world.cache.tick()
        await world.get()
        world.figure, world.mark, world.now = 1, "1", 29.0
        await world.cache.tick()
        world.open.clear()
        assert figure(await world.get()) == 0
        world.open.set()
        await world.settled()
        assert figure(await world.get()) == 1
        assert world.asked == 2

    run(steps())


def test_what_nobody_looked_at_for_long_is_asked_before_it_is_shown() -> None:
    async def steps() -> None:
        world = World()
        await world.get()
        world.figure, world.now = 1, 31.0
        world.open.clear()
        asking = [asyncio.create_task(world.get()) for _ in range(3)]
        await world.settled()
        world.open.set()
        assert [figure(one) for one in await asyncio.gather(*asking)] == [1, 1, 1]
        assert world.asked == 2

    run(steps())


def test_what_was_counted_makes_stale_and_nothing_else_before_its_time() -> None:
    async def steps() -> None:
        world = World()
        await world.cache.tick()
        await world.get()
        world.now = 20.0
        await world.get()
        await world.settled()
        assert world.asked == 1
        world.mark = "1"
        await world.cache.tick()
        await world.get()
        await world.settled()
        assert world.asked == 2

    run(steps())


@pytest.mark.parametrize(("takes", "pause"), [(0.0, 1.0), (0.3, 3.0), (2.0, 20.0)])
def test_a_query_takes_a_tenth_of_the_time_at_most(takes: float, pause: float) -> None:
    assert pause == max(1.0, takes * AT_MOST_A_TENTH)

    async def steps() -> None:
        world = World()
        world.takes = takes
        watch = Watch()
        await world.cache.tick()
        world.cache.watch(watch, 1, "a", world.ask, 1000)
        begun = world.now
        while world.now < 100:
            world.mark = str(world.now)
            await world.cache.tick()
            await world.settled()
            world.now += 0.25
        assert 0.7 * 100 / pause <= world.asked <= (world.now - begun) / pause + 1

    run(steps())


def test_who_watches_is_told_of_another_figure_and_of_no_same_one() -> None:
    async def steps() -> None:
        world = World()
        watches = [Watch() for _ in range(50)]
        for watch in watches:
            world.cache.watch(watch, 3, "a", world.ask, 1000)
        await world.cache.tick()
        await world.settled()
        assert {tuple(watch.changed) for watch in watches} == {(3,)}
        for figure_now, told in ((0, False), (1, True)):
            for watch in watches:
                watch.changed.clear()
            world.figure, world.mark, world.now = figure_now, f"{world.mark}+", world.now + 2
            await world.cache.tick()
            await world.settled()
            assert [bool(watch.changed) for watch in watches] == [told] * 50
        assert world.asked == 3
        for watch in watches:
            world.cache.leave(watch)
        world.mark, world.now = "more", world.now + 5
        await world.cache.tick()
        await world.settled()
        assert world.asked == 3

    run(steps())


def test_an_error_is_kept_for_a_moment_and_the_figures_before_it_stay() -> None:
    async def steps() -> None:
        world = World()
        await world.get()
        world.now, world.away = 40.0, True
        await world.get()
        await world.settled()
        failed = await world.get()
        assert (figure(failed), bool(failed.error), world.asked) == (0, True, 2)
        world.now, world.away = world.now + ERROR_SECONDS - 1, False
        assert (await world.get()).error
        world.now += 1
        await world.get()
        await world.settled()
        healed = await world.get()
        assert (healed.error, world.asked) == ("", 3)
        assert healed.digest != failed.digest

    run(steps())


def test_while_the_database_is_away_only_the_look_out_asks_it() -> None:
    async def steps() -> None:
        world = World()
        await world.get("a")
        world.away = True
        await world.cache.tick()
        world.now = 1000.0
        assert figure(await world.get("a")) == 0
        unknown = await world.get("b")
        assert (unknown.answer, unknown.error) == (None, "away")
        assert world.asked == 1
        world.away, world.figure = False, 7
        watch = Watch()
        world.cache.watch(watch, 1, "a", world.ask, 1000)
        await world.cache.tick()
        await world.settled()
        assert (figure(await world.get("a")), watch.changed) == (7, {1})

    run(steps())


def test_results_are_bounded_but_for_those_that_are_watched() -> None:
    async def steps() -> None:
        world = World()
        watch = Watch()
        world.cache.watch(watch, 1, "watched", world.ask, 30)
        await world.get("watched")
        for number in range(2100):
            await world.get(str(number))
        before = world.asked
        assert len(world.cache) == 2000
        await world.get("watched")
        assert world.asked == before

    run(steps())


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60)), max_size=100))
def test_what_is_kept_is_bounded_in_number_and_bytes(puts: list[tuple[int, int]]) -> None:
    kept: Bounded[int, int] = Bounded(5, 100)
    for key, size in puts:
        kept.put(key, size, size)
        assert len(kept) <= 5
        assert kept.bytes <= 100
        assert kept.bytes == sum(kept.values())
        assert kept.get(key) == size


@given(st.lists(st.integers(0, 50), max_size=100))
def test_what_is_pinned_stays(keys: list[int]) -> None:
    kept: Bounded[int, int] = Bounded(3, 1000, pinned=lambda value: value == 7)
    kept.put(7, 7, 1)
    for key in keys:
        kept.put(key, key, 1)
    assert kept.get(7) == 7
