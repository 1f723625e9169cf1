"""Every screen as a person sees it: in a real browser, at a desk's, a wall's and a phone's size."""

import re
import sys
import time
from collections.abc import Callable, Iterator

import orjson
import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from typer.testing import CliRunner

from core.readers import make_reader
from core.settings import Settings
from dashboards.model import Note
from dashboards.screens import screens
from dashboards.texts import LANGUAGES, Language
from opscentre.cli import app
from opscentre.devservices.install import need
from opscentre.devservices.kafka import Kafka
from opscentre.devservices.ports import free_port
from opscentre.devservices.process import Process, wait_until
from opscentre.devservices.timescaledb import TimescaleDB
from streams.write.writer import Writer
from tests.conftest import commands_of, copied, empty_topics, installation_of
from tests.helpers import CATALOGUE, RULEBOOK, Log, cloud_event, commune
from tests.province import MONTHS, fill, pages_answer

pytestmark = pytest.mark.slow
SIZES = {"wall": (1920, 1080), "laptop": (1366, 768), "phone": (390, 844)}
SCREENS = screens(CATALOGUE, "vi")
EMPTY = {"quality": {3}, "pipeline": {10}, "target": {5, 6}}
"""Panels, by number, that may have nothing to show: cases and reports of a target that has none, messages to nobody."""

# What is cut off or lies over something else. Tables scroll within themselves, and are meant to.
_CUT = """() => {
  const wrong = [];
  const words = '.k-number .value, .tile .figure, .tile .caption, h1, h2, .bars .caption';
  for (const node of document.querySelectorAll(words)) {
    if (node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflow !== 'visible')
      wrong.push(`${node.closest('.panel')?.id ?? ''} is cut: ${node.textContent.trim().slice(0, 60)}`);
  }
  const panels = [...document.querySelectorAll('.panel')].map((node) => [node.id, node.getBoundingClientRect()]);
  for (const [i, [one, a]] of panels.entries())
    for (const [other, b] of panels.slice(i + 1))
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        wrong.push(`${one} lies over ${other}`);
  if (document.documentElement.scrollWidth > window.innerWidth) wrong.push('the page is wider than its window');
  return wrong;
}"""

# What is too faint to be read, by WCAG 2.2: 4.5 to 1, of large letters 3 to 1.
_FAINT = r"""() => {
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll('body *:not(svg *)')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node), size = parseFloat(style.fontSize);
    const [a, b] = [light(rgb(style.color).slice(0, 3)), light(ground(node))].sort((x, y) => y - x);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if ((a + 0.05) / (b + 0.05) < least) faint.push(`faint: ${node.textContent.trim().slice(0, 40)}`);
  }
  return faint;
}"""


@pytest.fixture(scope="module")
def options(
    kafka: Kafka, timescaledb: TimescaleDB, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """An installation with a province's year in it."""
    with empty_topics(kafka, CATALOGUE) as bootstrap, copied(timescaledb, template) as dsn:
        fill(dsn)
        own = {"target_months": MONTHS, "web": f"http://127.0.0.1:{free_port()}"}
        made = installation_of(bootstrap, dsn, tmp_path_factory.mktemp("pages")).model_copy(update=own)
        make_reader(made)
        yield made


@pytest.fixture(scope="module")
def address(options: Settings, environment: Callable[[Settings], dict[str, str]]) -> Iterator[str]:
    """Of the pages of it, which run as a process of their own."""
    process = Process("web", options.data)
    process.start([sys.executable, "-m", "opscentre", "web"], environment(options))
    try:
        wait_until(lambda: pages_answer(options), 60)
        yield options.web
    finally:
        process.stop(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    need("chromium", "chromium", print)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a laptop's size."""
    width, height = SIZES["laptop"]
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


def go(page: Page, url: str) -> None:
    """Open a page and wait for what it shows; its stream stays open for good."""
    page.goto(url, wait_until="load")
    page.wait_for_selector(".panel, .error")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_whole_at_every_size(name: str, language: Language, address: str, page: Page) -> None:
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else wrong.append(request.url)
    )
    shown = screens(CATALOGUE, language)[name]
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        go(page, f"{address}/{language}/{name}")
        wrong += [f"{size}: {one}" for one in [*page.evaluate(_CUT), *page.evaluate(_FAINT)]]
        assert page.locator("html").get_attribute("lang") == language
        for number, placed in enumerate(shown.panels, 1):
            body = page.locator(f"#p{number} .body")
            title = placed.panel.title.of(language)
            assert page.locator(f"#t{number}").inner_text() == title
            assert body.locator(".unknown").count() == 0, title
            if not isinstance(placed.panel, Note) and name != "case" and number not in EMPTY.get(name, ()):
                assert body.locator(".nothing").count() == 0, f"{title} shows nothing"
    assert wrong == []


def test_from_a_red_tile_to_the_case_and_who_owes_it_in_two_clicks(address: str, page: Page) -> None:
    go(page, f"{address}/vi/wall")
    page.locator(".k-number .is-missed a").first.click()
    page.wait_for_url(re.compile("/vi/deadlines"))
    first = page.locator("section", has_text="Quá hạn, lâu nhất trước").locator("tbody tr").first
    subject, agency = first.locator("td").nth(0).inner_text(), first.locator("td").nth(3).inner_text()
    first.locator("a").first.click()
    page.wait_for_url(re.compile("/vi/case"))
    facts = page.locator("#p1 tbody tr")
    assert subject in facts.inner_text()
    assert agency in facts.inner_text()
    assert page.locator("#p2 tbody tr").count() >= 1


def test_figures_are_those_of_the_command_line(address: str, options: Settings, page: Page) -> None:
    with commands_of(options):
        status = orjson.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    dossiers = status["cases"]["dossier"]
    overdue = sum(kind["overdue"] for kind in status["cases"].values())
    go(page, f"{address}/en/services")
    assert number(page, "Overdue") == dossiers["overdue"]
    assert number(page, "Suspended") == dossiers["suspended"]
    go(page, f"{address}/en/wall")
    assert number(page, "Overdue, all kinds") == overdue
    assert number(page, "Received today") >= 0


def number(page: Page, title: str) -> int:
    """What a panel with this title shows."""
    panel = page.locator(".k-number").filter(has=page.get_by_role("heading", name=title, exact=True))
    return int(re.sub(r"\D", "", panel.locator("b").first.inner_text()))


def test_an_open_page_follows_what_is_counted_within_two_seconds(address: str, options: Settings, page: Page) -> None:
    go(page, f"{address}/en/pipeline")
    before, writer, log = number(page, "Events counted"), Writer(options.dsn, RULEBOOK), Log(7)
    try:
        writer.commit(log.batch(cloud_event("signature.used", id=f"new {time.time()}")))
        begun = time.monotonic()
        page.wait_for_function(
            "(wanted) => document.querySelector('.k-number b').textContent.replace(/\\D/g, '') == wanted",
            arg=str(before + 1),
            timeout=10_000,
        )
        assert time.monotonic() - begun < 2
    finally:
        writer.close()


def test_a_database_that_is_away_is_told_and_found_again(
    address: str, options: Settings, timescaledb: TimescaleDB, page: Page
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(options.dsn)["dbname"])
    go(page, f"{address}/vi/pipeline")
    before = number(page, "Sự kiện đã đếm")
    timescaledb.refuse_connections(name)
    try:
        page.wait_for_selector("#beat .banner", timeout=30_000)
        assert number(page, "Sự kiện đã đếm") == before  # and not "no data"
        assert page.locator(".nothing", has_text="Chưa có dữ liệu").count() == 0
    finally:
        timescaledb.accept_connections(name)
    page.wait_for_selector("#beat .banner", state="detached", timeout=60_000)


def test_hostile_values_stay_values(address: str, options: Settings, page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)>'; DROP TABLE cases; -- ${__user} \\ %s {{7*7}}"
    writer = Writer(options.dsn, RULEBOOK)
    try:
        due = "2025-04-10T17:00:00+07:00"
        event = cloud_event("dossier.received", hostile, id="hostile", agency=commune(), due_at=due)
        writer.commit(Log(8).batch(event))
    finally:
        writer.close()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    go(page, f"{address}/en/agency?agency={commune()}")
    page.get_by_role("link", name=hostile).first.click()
    page.wait_for_url(re.compile("/en/case"))
    assert hostile in page.locator("#p1 tbody tr").inner_text()
    assert dialogs == []
    answer = page.request.get(f"{address}/en/agency?agency={hostile}")
    assert answer.status in (200, 400, 404)
    assert "<img src=x" not in answer.text()
