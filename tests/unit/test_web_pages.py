"""The pages' HTML and files: every kind of panel in both languages, and values that stay values."""

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest

from core.errors import ConfigurationError
from dashboards.colours import AMBER, BLUE, DARK, GREY, RED
from dashboards.model import Bars, Choice, Column, Lines, Map, Number, Panel, Placed, Screen, Table, Tiles
from dashboards.texts import LANGUAGES, Language
from tests.pages import HOSTILE, SERIES, TABLE, TO_CASES, same, samples
from web import texts
from web.address import Address, View
from web.cache import PanelCache, Result
from web.charts import Sheet, points
from web.database import Answer, Changes
from web.exports import columns_of, csv_text, json_bytes, xlsx_bytes
from web.figures import Option, check
from web.render import Renderer
from web.stream import event
from web.tables import Reader, seen

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 27, 1, 2, 3, tzinfo=UTC)
STATIC = Path(__file__).parents[2] / "web" / "static"
VOID = {"meta", "link", "input", "col", "br"}


class Page(HTMLParser):
    """What a page is made of; an element that is not closed where it should be is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


async def _never() -> Changes:
    raise AssertionError


def renderer(screens: dict[Language, dict[str, Screen]] | None = None) -> Renderer:
    made = screens or {language: samples(language) for language in LANGUAGES}
    return Renderer(made, PanelCache(_never), ZONE)


def result(columns: str, *rows: Sequence[Any], error: str = "") -> Result:
    return Result(Answer(tuple(columns.split()), [tuple(row) for row in rows]), NOW, f"d{len(rows)}{error}", 0, error)


def fragment(panel: Panel, found: Result, language: Language = "vi", view: View | None = None) -> str:
    """A panel's HTML on a screen of its own, from which `cases` can be reached."""
    screen = Screen("one", language, same("One"), same("One."), [Placed(panel, 8, 9)])
    made = renderer({language: {**samples(language), "one": screen}})
    html = made.fragment(screen, Address(language, "one", views={1: view} if view else {}), 1, found)
    Page(html)
    return html


BARS = Bars(same("B"), "", link=TO_CASES)
TILES = Tiles(same("T"), "", TO_CASES)
PLACES = Map(same("M"), "", TO_CASES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["wall", "every", "cases"])
def test_a_page_is_whole_in_both_languages(name: str, language: Language) -> None:
    screen = samples(language)[name]
    unknown = Result(None, NOW, "x", 0, "away")
    results = {number: unknown for number, one in enumerate(screen.panels, 1) if hasattr(one.panel, "query")}
    values = {choice.parameter: ("*",) if choice.many else ("h1",) for choice in screen.choices}
    options = {one.parameter: [Option("h1", HOSTILE, True), Option(HOSTILE, "x", False)] for one in screen.choices}
    address = Address(language, name, values, rotate=30)
    page = Page(renderer().page(screen, address, options, results))
    attributes = [attribute for _, each in page.elements for attribute in each]
    assert ("html", {"lang": language}) == (page.elements[0][0], {"lang": page.elements[0][1]["lang"]})
    assert not [one for one in attributes if one == "style" or re.fullmatch("on[a-z]+", one)]
    assert all(each.get("src") for tag, each in page.elements if tag == "script")
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(ids) == len(set(ids))
    assert [each for tag, each in page.elements if tag == "h1"]
    assert screen.title.of(language) in page.words
    assert texts.NOT_KNOWN.of(language) in page.words
    following = next(each["content"] for tag, each in page.elements if each.get("http-equiv") == "refresh")
    assert (
        following
        == f"30;url=/{language}/{'wall' if name == 'every' else 'every' if name == 'wall' else 'wall'}?rotate=30"
    )


def test_the_numbers_of_nothing_zero_and_unknown_look_different() -> None:
    number = Number(same("N"), "", alarming=True)
    zero, none, no_row = (
        fragment(number, one) for one in (result("value", [0]), result("value", [None]), result("value"))
    )
    unknown = fragment(number, Result(None, NOW, "x", 0, "away"))
    assert none == no_row
    assert len({zero, none, unknown}) == 3
    assert "Chưa có dữ liệu" in none
    assert "Không rõ" in unknown
    assert not any("is-missed" in one for one in (zero, none, unknown))
    assert "is-missed" in fragment(number, result("value", [1]))


def test_a_status_is_mark_word_and_colour() -> None:
    number = fragment(Number(same("N"), "", kind="percent"), result("value status", [Decimal("90.65"), "at_risk"]))
    assert ("is-at_risk" in number, "◆" in number, "Có nguy cơ" in number, "90,7\u00a0%" in number) == (True,) * 4
    tiles = fragment(TILES, result("name shown status code", ["Chỉ tiêu", "1,5 %", "missed", "h1"]), "en")
    assert all(one in tiles for one in ("is-missed", "✖", "Missed", "/en/cases?agency=h1&amp;state=overdue"))


def test_a_value_that_cannot_be_shown_takes_nothing_from_the_page(caplog: pytest.LogCaptureFixture) -> None:
    assert "Không rõ" in fragment(Number(same("N"), ""), result("value", ["no number"]))
    assert "cannot be shown" in caplog.text


def test_figures_that_could_not_be_asked_anew_say_of_when_they_are() -> None:
    old = fragment(Number(same("N"), ""), result("value", [5], error="away"), "en")
    assert "<b>5</b>" in old
    assert "2026-11-27 08:02" in old


@pytest.mark.parametrize(
    ("panel", "columns", "row"),
    [
        (Number(same("N"), "", kind="text"), "value", [HOSTILE]),
        (TILES, "name shown status code", [HOSTILE, HOSTILE, HOSTILE, HOSTILE]),
        (BARS, "name value code", [HOSTILE, 3, HOSTILE]),
        (PLACES, "lon lat name value status code", [107, 10, HOSTILE, 3, HOSTILE, HOSTILE]),
        (Table(same("T"), "", [Column("a", same("A"), link=TO_CASES)]), "a code", [HOSTILE, HOSTILE]),
        (Lines(same("L"), "", [Column("a", same(HOSTILE))]), "time a", [date(2026, 1, 1), 1]),
    ],
)
def test_a_hostile_value_stays_a_value(panel: Panel, columns: str, row: list[Any]) -> None:
    html = fragment(panel, result(columns, row), view=View(filter="script"))
    assert "<script" not in html
    assert 'alert("' not in html
    assert "49" not in html
    assert event("p1", html).count(b"\n\n") == 1
    assert all(
        line.startswith((b"event: p1", b"data: ")) for line in event("p1", html + "\r\nevent: x\r\r").split(b"\n")[:-2]
    )


def test_a_table_is_sorted_by_value_and_what_has_none_comes_last() -> None:
    rows = [
        {"name": name, "n": n, "s": s}
        for name, n, s in (("b", 9, "met"), ("ă", None, None), ("C", 1131, "missed"), ("a", 10, "at_risk"))
    ]
    table = Table(
        same("T"), "", [Column("name", same("N")), Column("n", same("n"), "whole"), Column("s", same("s"), "status")]
    )

    def order(sort: str, text: str = "") -> str:
        return "".join(row["name"] for row in seen(table, rows, View(sort, text), Reader("vi", ZONE)))

    assert (order(""), order("n"), order("-n"), order("name"), order("s")) == ("băCa", "baCă", "Cabă", "abCă", "Cabă")
    assert (order("", "1.131"), order("", "ĐẠT"), order("-n", "nguy cơ")) == ("C", "bC", "a")


def test_a_tables_links_sort_and_lead_on() -> None:
    columns = "code name overdue share status due at age"
    row = ["h1", "Xã", 1131, None, "missed", date(2026, 11, 3), NOW, 7300]
    vi, en = (fragment(TABLE, result(columns, row), language, View("-due")) for language in LANGUAGES)
    assert all(
        one in vi
        for one in ("1.131", "—", "✖ Không đạt", "03/11/2026", "27/11/2026 08:02", "2 giờ", 'aria-sort="descending"')
    )
    assert all(
        one in en for one in ("1,131", "✖ Missed", "2026-11-03", "2026-11-27 08:02", "2 h", "/en/one?sort1=due#p1")
    )
    assert "alarm" in vi


def test_a_map_is_fitted_and_its_names_do_not_meet() -> None:
    sheet = Sheet(400, 300, 12)
    rows = [{"lon": 107 + i / 10, "lat": 10 + i % 3, "name": f"n{i}", "value": i, "status": "met"} for i in range(30)]
    found = points(
        [*rows, {"lon": 400, "lat": 1, "name": "x", "value": 1}, {"lon": None, "lat": 1, "name": "y"}], sheet
    )
    assert len(found) == 30
    assert all(0 < one.x < 400 and 0 < one.y < 300 for one in found)
    assert max(found, key=lambda one: one.size).amount == 29
    assert any(one.label for one in found)
    (together,) = points([{**rows[0], "value": 2}, {**rows[0], "value": None}, {**rows[0], "value": 3}], sheet)
    assert (together.amount, together.rows) == (5, 3)


def test_files_have_the_values_themselves() -> None:
    found = result(
        "code name overdue share status due at age",
        ["h", "=1+1", 1131, Decimal("90.55"), "missed", date(2026, 11, 3), NOW, 7],
    )
    assert found.answer
    rows, columns = found.answer.dicts(), columns_of(TABLE, found.answer.columns)
    read = list(csv.reader(io.StringIO(csv_text(columns, rows, "vi", ZONE))))
    assert read[0][:3] == ["Cơ quan", "Quá hạn", "Tỷ lệ"]
    assert read[1] == ["'=1+1", "1131", "90.55", "✖ Không đạt", "2026-11-03", "2026-11-27T08:02:03+07:00", "7"]
    document = json.loads(json_bytes("T", found, rows, ZONE))
    assert (document["rows"][0]["share"], document["rows"][0]["at"]) == (90.55, "2026-11-27T08:02:03+07:00")
    with ZipFile(io.BytesIO(xlsx_bytes("T", columns, rows, "vi", ZONE))) as book:
        sheet, strings = (book.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "sharedStrings"))
    assert "<v>1131</v>" in sheet
    assert "<f>" not in sheet
    assert "=1+1" in strings


def test_fragments_are_made_once_for_the_same_figures_and_address() -> None:
    made, screen = renderer(), samples("vi")["every"]
    address = Address("vi", "every", {"agency": ("*",)})
    first = made.fragment(screen, address, 1, result("value", [1]))
    assert made.fragment(screen, address, 1, result("value", [2])) is first
    assert made.fragment(screen, address, 1, result("value", [2], error="x")) is not first


def test_a_query_that_names_what_nobody_can_choose_is_refused() -> None:
    wrong = Screen(
        "one", "vi", same("One"), same("One."), [Placed(Bars(same("B"), "SELECT :agency, :since, :who"), 4, 4)]
    )
    with pytest.raises(ConfigurationError, match="agency, who"):
        check(wrong)
    check(Screen("one", "vi", same("One"), same("One."), [], [Choice("agency", same("A"), "SELECT 1")]))


def test_every_library_is_the_one_that_is_written_down() -> None:
    written = dict(
        re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (STATIC / "LIBRARIES.md").read_text(), re.MULTILINE)
    )
    ours = {"app.js", "app.css", "icon.svg", "LIBRARIES.md", "inter-OFL.txt"}
    assert set(written) | ours == {path.name for path in STATIC.iterdir()}
    assert {name: sha256((STATIC / name).read_bytes()).hexdigest() for name in written} == written


def test_the_statuses_have_the_colours_of_the_screens() -> None:
    css = (STATIC / "app.css").read_text().lower()
    for status, colour in (("missed", RED), ("at_risk", AMBER), ("no_data", GREY), ("on_track", DARK), ("met", BLUE)):
        assert f".ground.is-{status} {{ background: {colour.lower()};" in css


def test_a_first_page_weighs_little() -> None:
    assert sum(path.stat().st_size for path in STATIC.iterdir() if path.suffix in (".js", ".css", ".woff2")) < 210_000


def test_charts_have_a_series_a_line() -> None:
    html = fragment(
        Lines(same("L"), "", SERIES), result("time received processed", [date(2026, 1, 1), 1, None], [NOW, 2, 3])
    )
    found = next(each["data-lines"] for tag, each in Page(html).elements if "data-lines" in each)
    assert json.loads(found or "")["series"][1] == {"label": "Giải quyết", "values": [None, 3], "kind": "whole"}
