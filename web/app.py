"""The server of the pages: which address gives what, and the headers that go with everything."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import AddressError
from dashboards.model import Note, Screen
from dashboards.texts import LANGUAGES, Language, Text
from web import texts
from web.address import Address, read, wrong
from web.cache import PanelCache, Result
from web.database import Database
from web.exports import columns_of, csv_text, json_bytes, xlsx_bytes
from web.figures import Figures, Option, asking, check
from web.render import STATIC, Renderer
from web.stream import events

log = logging.getLogger(__name__)

Screens = Mapping[Language, Mapping[str, Screen]]
MOST_STREAMS = 1000
"""Pages that may be open at a time."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Pages:
    """The screens, and what answers for them."""

    def __init__(self, screens: Screens, dsn: str, zone: ZoneInfo, language: Language) -> None:
        for each in screens.values():
            for screen in each.values():
                check(screen)
        self.database = Database(dsn)
        self.cache = PanelCache(self.database.changes)
        self.figures = Figures(self.cache, self.database.ask, zone)
        self.renderer = Renderer(screens, self.cache, zone)
        self._screens, self._language, self._zone = screens, language, zone
        self._streams = 0

    @asynccontextmanager
    async def running(self, _: Starlette) -> AsyncIterator[None]:
        """Connections and the look-out for what was counted, for as long as the server runs."""
        async with self.database:
            await self.cache.tick()
            looking = asyncio.create_task(self.cache.run())
            try:
                yield
            finally:
                looking.cancel()
                with suppress(asyncio.CancelledError):
                    await looking

    async def first(self, _: Request) -> Response:
        """To the wall, else to the first screen."""
        screens = self._screens[self._language]
        if not screens:
            raise HTTPException(404)
        first = next((one for one in screens.values() if one.wall), next(iter(screens.values())))
        return RedirectResponse(f"/{self._language}/{first.name}")

    async def health(self, _: Request) -> Response:
        """Whether the database answers, and when the last event was counted; 503 where it does not."""
        last = self.cache.last_event.astimezone(self._zone).isoformat() if self.cache.last_event else None
        document = {"database": self.cache.away or "ok", "last_event": last, "streams": self._streams}
        return JSONResponse(document, 503 if self.cache.away else 200)

    async def page(self, request: Request) -> Response:
        """A screen."""
        screen, address, options = await self._asked(request)
        numbers = asking(screen)
        found = await asyncio.gather(*(self.figures.result(screen, address, number) for number in numbers))
        return HTMLResponse(self.renderer.page(screen, address, options, dict(zip(numbers, found, strict=True))))

    async def panel(self, request: Request) -> Response:
        """A panel's fragment, or its figures as a file: all rows that its table's filter leaves, in its order."""
        screen, address, _ = await self._asked(request)
        number, suffix = request.path_params["number"], request.path_params["suffix"]
        panel = screen.panels[number - 1].panel if 1 <= number <= len(screen.panels) else None
        if (
            panel is None
            or suffix not in ("html", "csv", "xlsx", "json")
            or (isinstance(panel, Note) and suffix != "html")
        ):
            raise wrong(texts.NO_SUCH_PANEL, 404, name=f"{number}.{suffix}")
        result = None if isinstance(panel, Note) else await self.figures.result(screen, address, number)
        if suffix == "html" or result is None:
            return HTMLResponse(self.renderer.fragment(screen, address, number, result))
        return await asyncio.to_thread(self._file, screen, address, number, result, suffix)

    async def stream(self, request: Request) -> Response:
        """What changes on an open page."""
        if self._streams >= MOST_STREAMS:
            return self._wrong(request, 503, texts.BUSY, texts.TOO_MANY)
        have = request.query_params.get("have", "").split(",")
        screen, address, _ = await self._asked(request, without="have")

        if request.method == "HEAD":  # nothing would end it
            return Response(media_type="text/event-stream")

        async def counted() -> AsyncIterator[bytes]:
            self._streams += 1
            try:
                async for each in events(self.figures, self.renderer, screen, address, have):
                    yield each
            finally:
                self._streams -= 1

        return StreamingResponse(counted(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _asked(self, request: Request, without: str = "") -> tuple[Screen, Address, dict[str, list[Option]]]:
        language, name = request.path_params["language"], request.path_params["screen"]
        screen = self._screens[language].get(name) if language in LANGUAGES else None
        if screen is None:
            raise wrong(texts.NO_SUCH_SCREEN, 404, name=name)
        address = read(screen, [pair for pair in request.query_params.multi_items() if pair[0] != without])
        return screen, *await self.figures.chosen(screen, address)

    def _file(self, screen: Screen, address: Address, number: int, result: Result, suffix: str) -> Response:
        panel = screen.panels[number - 1].panel
        title, language, zone = panel.title.of(screen.language), screen.language, self._zone
        if result.answer is None:
            return Response(result.error, 503, media_type="text/plain")
        rows = self.renderer.rows(screen, address, number, result)
        headers = {"Content-Disposition": f'attachment; filename="{screen.name}-{number}.{suffix}"'}
        if suffix == "json":
            return Response(json_bytes(title, result, rows, zone), media_type="application/json")
        columns = columns_of(panel, result.answer.columns)
        if suffix == "csv":
            return Response(csv_text(columns, rows, language, zone), media_type="text/csv", headers=headers)
        return Response(xlsx_bytes(title, columns, rows, language, zone), media_type=_XLSX, headers=headers)

    async def refused(self, request: Request, error: Exception) -> Response:
        """What an address asks for that there is not, in the language of the address."""
        if isinstance(error, AddressError):
            heading = texts.NOT_FOUND if error.status == HTTPStatus.NOT_FOUND else texts.BAD_ADDRESS
            return self._wrong(request, error.status, heading, Text(error.texts["vi"], error.texts["en"]))
        if isinstance(error, HTTPException):
            if error.status_code == HTTPStatus.NOT_FOUND:
                return self._wrong(request, 404, texts.NOT_FOUND, texts.NO_SUCH_PAGE)
            return Response(error.detail, error.status_code, headers=error.headers)
        return self._wrong(request, 500, texts.FAILED, texts.WRONG_HERE)  # Starlette logs what it was

    def _wrong(self, request: Request, status: int, heading: Text, text: Text) -> Response:
        named = request.url.path.split("/")[1]
        language = next((one for one in LANGUAGES if one == named), self._language)
        return HTMLResponse(self.renderer.error(language, status, heading, text), status, _HEADERS)


class _Headers:
    """Headers that go with every answer; files under a versioned address may be kept for good."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if (
                    scope["path"].startswith("/static/")
                    and scope["query_string"]
                    and message["status"] == HTTPStatus.OK
                ):
                    headers["Cache-Control"] = "public, max-age=31536000, immutable"
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def create_app(screens: Screens, dsn: str, zone: ZoneInfo, language: Language) -> Starlette:
    """The application: `screens` by language and name, days of `zone`, `language` where an address names none.

    Raises:
        ConfigurationError: a screen's query names what nobody can choose.
    """
    pages = Pages(screens, dsn, zone, language)
    handlers: dict[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        AddressError: pages.refused,
        HTTPException: pages.refused,
        Exception: pages.refused,
    }
    app = Starlette(
        routes=[
            Route("/", pages.first),
            Route("/health", pages.health),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/{language}/{screen}", pages.page),
            Route("/{language}/{screen}/stream", pages.stream),
            Route("/{language}/{screen}/{number:int}.{suffix}", pages.panel),
        ],
        middleware=[Middleware(_Headers), Middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)],
        exception_handlers=handlers,
        lifespan=pages.running,
    )
    app.state.pages = pages
    return app
