"""The event stream of an open page: each panel that has a new result as its HTML, and a sign of life."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from dashboards.model import Screen
from web.address import Address
from web.cache import Watch
from web.figures import Figures
from web.render import HEARTBEAT_SECONDS, Renderer


def event(name: str, html: str) -> bytes:
    """One server-sent event; no line of the text is taken for another field."""
    lines = html.replace("\r", " ").replace("\n", "\ndata: ")
    return f"event: {name}\ndata: {lines}\n\n".encode()


async def events(
    figures: Figures, renderer: Renderer, screen: Screen, address: Address, have: list[str]
) -> AsyncIterator[bytes]:
    """What the page is to be told, for as long as it is open. `have` are the digests of what it shows, by panel."""
    watch = Watch()
    shown = dict(enumerate(have, 1))
    figures.watch(watch, screen, address)
    watch.changed.update(number for number, entry in watch.entries.items() if entry.result)
    beaten_at = float("-inf")
    try:
        while True:
            watch.woken.clear()
            changed, watch.changed = sorted(watch.changed), set()
            for number in changed:
                result = watch.entries[number].result
                if result is not None and result.digest != shown.get(number):
                    shown[number] = result.digest
                    yield event(f"p{number}", renderer.fragment(screen, address, number, result))
            if time.monotonic() >= beaten_at + HEARTBEAT_SECONDS:
                beaten_at = time.monotonic()
                yield event("beat", renderer.beat(screen.language, renderer.now(watch.as_of()), wall=screen.wall))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, beaten_at + HEARTBEAT_SECONDS - time.monotonic())):
                    await watch.woken.wait()
    finally:
        figures.cache.leave(watch)
