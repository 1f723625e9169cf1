"""The pages from a real server on a real database: addresses, files, streams, and a database that goes away."""

import csv
import http.client
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import quote
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import psycopg
import pytest
import uvicorn

from core.readers import make_reader, reader_dsn
from core.settings import Settings
from dashboards.screens import screens
from dashboards.texts import LANGUAGES
from opscentre.devservices.ports import free_port
from opscentre.devservices.timescaledb import TimescaleDB
from schemas.catalogue.load import Catalogue
from tests.pages import HOSTILE, samples
from web.app import Pages, Screens, create_app

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SAMPLES: Screens = {language: samples(language) for language in LANGUAGES}
COUNT = """INSERT INTO partition_offsets (cluster, topic_id, partition, topic, next_offset, events)
VALUES ('c', 't', 0, 'events.x', 1, 1) ON CONFLICT (cluster, topic_id, partition) DO UPDATE
SET next_offset = partition_offsets.next_offset + 1, events = partition_offsets.events + 1,
    updated_at = clock_timestamp()"""


class Browser:
    """Asks one server."""

    def __init__(self, port: int, pages: Pages) -> None:
        self.port, self.pages = port, pages

    def get(self, path: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Status, body and headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body, answer.headers

    def text(self, path: str) -> str:
        """A body as text; the page must be there."""
        status, body, _ = self.get(path)
        assert status == 200, body.decode()
        return body.decode()

    @contextmanager
    def stream(self, path: str) -> Iterator[Callable[[str, str, float], float]]:
        """An open stream; what is yielded waits for an event of a name with a text, and says how long that took."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"

        def wait(name: str, text: str, seconds: float) -> float:
            begun, event = time.monotonic(), ""
            while time.monotonic() < begun + seconds:
                line = answer.readline().decode()
                event += line
                if line == "\n":
                    if event.startswith(f"event: {name}\n") and text in event:
                        return time.monotonic() - begun
                    event = ""
            raise AssertionError(f"no event {name} with {text} in {seconds} s")

        try:
            yield wait
        finally:
            connection.close()


@contextmanager
def serving(dsn: str, shown: Screens = SAMPLES) -> Iterator[Browser]:
    """A server of the pages, as `opscentre web` starts it."""
    options = Settings(dsn=dsn)
    make_reader(options)
    app, port = create_app(shown, reader_dsn(options), ZONE, "vi"), free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield Browser(port, app.state.pages)
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def browser(database: str) -> Iterator[Browser]:
    with serving(database) as one:
        yield one


def test_pages_fragments_and_files(browser: Browser, connection: psycopg.Connection) -> None:
    connection.execute(COUNT.encode())
    assert browser.get("/")[2]["Location"] == "/vi/wall"
    page = browser.text("/en/every?agency=h1&agency=h4&sort6=-overdue")
    assert page.index("Xã Số 10</a></td>") < page.index("Xã Số 9</a></td>")
    assert "P. 1 – Sở Tài chính" not in page
    assert "Not known" in page  # what cannot be reckoned stops none of the others
    _, _, headers = browser.get("/vi/wall")
    assert headers["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    rows = list(csv.reader(io.StringIO(browser.text("/en/every/6.csv?agency=h2&agency=h3&sort6=name"))))
    assert [row[1] for row in rows] == ["Overdue", "1131", "0"]
    document = json.loads(browser.text(f"/vi/every/6.json?filter6={quote('xã số')}"))
    assert [row["overdue"] for row in document["rows"]] == [9, 10]
    with ZipFile(io.BytesIO(browser.get("/vi/every/8.xlsx?since=2026-01-01&until=2026-01-09")[1])) as book:
        assert book.read("xl/worksheets/sheet1.xml").decode().count("<row ") == 10
    assert "<html" not in browser.text("/vi/every/1.html")
    assert browser.get("/static/app.css?v=1")[2]["Cache-Control"].startswith("public")
    assert json.loads(browser.text("/health"))["database"] == "ok"


REFUSED = (
    ("/vi/none", 404, "Không có màn hình"),
    ("/en/none", 404, "no screen"),
    ("/xx/wall", 404, "wall"),
    ("/en/every?what=1", 400, "no choice"),
    ("/en/every?since=1", 400, "no day"),
    ("/en/every/99.csv", 404, "no panel"),
    ("/en/every/12.csv", 404, "no panel"),
    ("/en/every/6.exe", 404, "no panel"),
    ("/en/every/6.csv/x", 404, "no such page"),
    ("/static/../app.py", 404, ""),
    ("/en/cases?text=%00", 400, "character"),
    ("/en/every/stream?what=1", 400, "no choice"),
)


def test_what_there_is_not_is_said(browser: Browser) -> None:
    for path, status, said in REFUSED:
        got, body, _ = browser.get(path)
        assert (path, got, said in body.decode()) == (path, status, True)


def test_a_hostile_or_long_value_reaches_the_database_as_a_value(browser: Browser) -> None:
    for value in (HOSTILE, "x" * 20_000, "'; DROP TABLE agencies; --"):
        (row,) = json.loads(browser.text(f"/en/cases/1.json?agency=h1&state=s&text={quote(value)}"))["rows"]
        assert row == {"code": "h1", "state": "s", "text": value}
    assert "<script>" not in browser.text(f"/en/cases?agency={quote(HOSTILE)}&text={quote(HOSTILE)}").split("<main")[1]


@pytest.mark.slow
def test_a_stream_follows_what_is_counted(browser: Browser, connection: psycopg.Connection) -> None:
    with browser.stream("/vi/wall/stream?have=") as wait:
        wait("beat", "Cập nhật", 10)
        for counted in (1, 2, 3):
            connection.execute(COUNT.encode())
            assert wait("p1", f"<b>{counted}</b>", 10) < 2


@pytest.mark.slow
def test_a_database_that_goes_away_is_said_and_followed_again(own_timescaledb: TimescaleDB) -> None:
    with psycopg.connect(own_timescaledb.dsn(), autocommit=True) as connection:
        connection.execute(COUNT.encode())
    with serving(own_timescaledb.dsn()) as browser, browser.stream("/en/wall/stream?have=") as wait:
        wait("p1", "<b>1</b>", 20)
        own_timescaledb.stop()
        wait("beat", "does not answer", 30)
        page = browser.text("/en/wall")
        assert "<b>1</b>" in page
        assert "figures are those of" in page
        assert browser.get("/health")[0] == 503
        unknown = browser.text("/en/every")
        assert "Not known" in unknown
        assert "No data" not in unknown.split("<main")[1].split('id="p6"')[0]
        own_timescaledb.start(print)
        with psycopg.connect(own_timescaledb.dsn(), autocommit=True) as connection:
            connection.execute(COUNT.encode())
        wait("p1", "<b>2</b>", 30)
        assert "does not answer" not in browser.text("/en/wall")


@pytest.mark.slow
def test_fifty_viewers_cost_the_database_no_more_than_one(browser: Browser, connection: psycopg.Connection) -> None:
    def asked(viewers: int) -> int:
        with ExitStack() as stack:
            waits = [stack.enter_context(browser.stream("/vi/wall/stream?have=")) for _ in range(viewers)]
            for wait in waits:
                wait("p3", "90,6", 20)
            before, begun = browser.pages.cache.queries, time.monotonic()
            for _ in range(4):
                (counted,) = connection.execute(f"{COUNT} RETURNING events".encode()).fetchone() or (0,)
                for wait in waits:
                    wait("p1", f"<b>{counted}</b>", 10)
            return round((browser.pages.cache.queries - before) / (time.monotonic() - begun))

    assert asked(50) <= asked(1) + 1


@pytest.mark.slow
def test_every_screen_of_the_province_has_a_page(database: str, catalogue: Catalogue) -> None:
    shown = {language: screens(catalogue, language) for language in LANGUAGES}
    with serving(database, shown) as browser:
        for language in LANGUAGES:
            for name in shown[language]:
                page = browser.text(f"/{language}/{name}")
                assert shown[language][name].purpose.of(language) in page.replace("&#39;", "'")
                assert 'class="unknown"' not in page
