"""Dashboards from samples of every kind of panel: colours, words, links, choices, places on the grid.

What holds of every dashboard is also asked of those that are published.
"""

import json
import re
import shutil
import subprocess
from itertools import combinations
from typing import Any
from urllib.parse import unquote

import pytest

from dashboards.colours import RED, RED_TEXT
from dashboards.grafana.documents import documents, rendered
from dashboards.model import GRID_WIDTH
from dashboards.screens import screens
from dashboards.statuses import COLOURS
from dashboards.texts import LANGUAGES, Language
from tests.helpers import CATALOGUE
from tests.sample_screens import HOSTILE, samples

ZONE = "Asia/Ho_Chi_Minh"
DOCUMENTS = {
    (name, language): rendered(screen, samples(language), ZONE)
    for language in LANGUAGES
    for name, screen in samples(language).items()
}
WALL, TABLE, CASE = (DOCUMENTS[name, "vi"] for name in ("wall", "table", "case"))
PUBLISHED = documents(CATALOGUE)
EVERY = pytest.mark.parametrize(
    "document", [*DOCUMENTS.values(), *PUBLISHED.values()], ids=[*map(" ".join, DOCUMENTS), *PUBLISHED]
)


def panel(document: dict[str, Any], kind: str, place: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = [one for one in document["panels"] if one["type"] == kind][place]
    return found


def told(panel: dict[str, Any], column: str) -> dict[str, Any]:
    """What Grafana is told of a column."""
    return {
        one["id"]: one["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"] == {"id": "byName", "options": column}
        for one in override["properties"]
    }


def sql(panel: dict[str, Any], place: int = 0) -> str:
    return str(panel["targets"][place]["rawSql"])


def mappings(mapped: list[dict[str, Any]]) -> dict[str, str]:
    """Pattern → colour."""
    return {one["options"]["pattern"]: one["options"]["result"]["color"] for one in mapped}


@EVERY
def test_panels_fit_and_do_not_overlap(document: dict[str, Any]) -> None:
    places = [one["gridPos"] for one in document["panels"]]
    assert all(place["x"] + place["w"] <= GRID_WIDTH and place["h"] > 0 for place in places)
    for a, b in combinations(places, 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        assert apart or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    assert [one["id"] for one in document["panels"]] == list(range(1, len(places) + 1))


@EVERY
def test_a_variable_stands_in_sql_only_as_a_literal(document: dict[str, Any]) -> None:
    asked = " ".join(sql(one, place) for one in document["panels"] for place in range(len(one.get("targets", []))))
    variables = document["templating"].get("list", [])
    allowed = {f"${{{one['name']}:sqlstring}}" for one in variables}
    assert set(re.findall(r"\$(?!__)(?:\w+|{[^}]*})", asked)) <= allowed
    assert [one["id"] for one in variables] == [one["name"] for one in variables]


@EVERY
def test_what_is_said_of_a_column_is_said_of_one_that_the_query_gives(document: dict[str, Any]) -> None:
    for one in document["panels"]:
        if "targets" in one:
            given = re.findall(r' AS "(\w+)",?$', sql(one), re.MULTILINE)
            assert given
            assert len(given) == len(set(given))
            assert {override["matcher"]["options"] for override in one["fieldConfig"]["overrides"]} <= set(given)


@pytest.mark.parametrize("name", screens(CATALOGUE, "vi"))
def test_both_languages_show_the_same(name: str) -> None:
    vi, en = (PUBLISHED[f"opscentre-{name}-{language}"]["panels"] for language in LANGUAGES)
    assert [(p["id"], p["type"], p["gridPos"]) for p in vi] == [(p["id"], p["type"], p["gridPos"]) for p in en]
    assert all(a["title"] != b["title"] for a, b in zip(vi, en, strict=True) if a.get("title"))


@EVERY
def test_nothing_is_asked_of_the_outside(document: dict[str, Any]) -> None:
    assert "http" not in json.dumps(document)


def test_a_number_is_coloured_by_the_mark_before_it_and_an_alarming_one_above_zero() -> None:
    judged, overdue, nothing = (panel(WALL, "stat", place) for place in range(1, 4))
    marks = {rf"/^\s*{mark}/": colour for mark, colour in COLOURS.items()}
    assert mappings(judged["fieldConfig"]["defaults"]["mappings"]) == marks
    assert mappings(overdue["fieldConfig"]["defaults"]["mappings"]) == marks
    assert """CASE CASE WHEN (shown."value")::numeric > 0 THEN 'missed' END WHEN 'missed' THEN '✖""" in sql(overdue)
    assert "'○\N{NO-BREAK SPACE}Nobody reported (vi)'" in sql(nothing)
    assert nothing["fieldConfig"]["defaults"]["noValue"] == "Mất dữ liệu"


def test_a_wall_says_its_titles_large() -> None:
    judged, tiles = panel(WALL, "stat", 1), panel(WALL, "stat", 4)
    assert {one.get("title", "") for one in WALL["panels"]} == {""}
    assert told(judged, "value")["displayName"] == "Judged (vi)"
    assert judged["options"]["text"] == {"titleSize": 24, "valueSize": 54}
    assert judged["options"]["textMode"] == tiles["options"]["textMode"] == "value_and_name"
    written = [one["options"]["content"] for one in WALL["panels"] if one["type"] == "text"]
    assert [re.sub("<[^>]*>", "", one) for one in written[:3]] == [
        "Wall (vi)For the hall. (vi)",
        "Targets (vi)",
        "Places (vi)",
    ]


def test_a_wall_says_when_it_was_answered_last() -> None:
    clock = panel(WALL, "stat")
    assert told(clock, "value")["displayName"] == "Lúc này"
    assert "now()" in sql(clock)
    assert clock["fieldConfig"]["defaults"]["noValue"] == "Mất dữ liệu"


def test_what_is_shown_is_asked_for_whatever_its_displayed_name() -> None:
    for document in PUBLISHED.values():
        for one in document["panels"]:
            if one["type"] in ("stat", "bargauge"):
                asked = re.compile(one["options"]["reduceOptions"]["fields"].strip("/"))
                names = re.findall(r' AS "(\w+)",?$', sql(one), re.MULTILINE)
                assert [name for name in names if asked.search(told(one, name).get("displayName", name))] == ["value"]


def test_a_panel_stands_below_a_lower_one_beside_a_higher_one() -> None:
    places = [one["gridPos"] for one in CASE["panels"][1:]]
    assert [(place["x"], place["y"], place["w"], place["h"]) for place in places] == [
        (0, 1, 16, 9),
        (16, 1, 8, 4),
        (16, 5, 8, 5),
    ]


def test_other_screens_begin_with_what_they_are_for() -> None:
    assert ">Ai nợ &lt;gì&gt;.</div>" in TABLE["panels"][0]["options"]["content"]
    assert TABLE["description"].splitlines() == [
        "Ai nợ <gì>.",
        "Dành cho: Heads of office (vi)",
        "Khi có màu đỏ: Call them (vi)",
    ]
    assert WALL["description"] == "For the hall. (vi)"


def test_a_bar_says_its_value_in_the_screens_language_behind_its_name() -> None:
    found = panel(TABLE, "bargauge")
    assert told(found, "value")["displayName"] == "${__cell_0}"
    assert sql(found).startswith("SELECT\n    shown.\"name\" || ': '")
    assert found["options"]["valueMode"] == "hidden"
    assert "translate(to_char" in sql(found)


def test_a_line_is_called_by_its_heading_and_its_axis_is_in_the_screens_language() -> None:
    vi, en = (panel(DOCUMENTS["table", language], "timeseries") for language in LANGUAGES)
    assert (told(vi, "opened")["displayName"], told(en, "opened")["displayName"]) == ("Opened (vi)", "Opened")
    assert (told(vi, "time")["unit"], told(en, "time")["unit"]) == ("time:DD/MM", "time:MM-DD")
    assert told(vi, "opened")["color"] == {"mode": "fixed", "fixedColor": RED_TEXT}
    assert told(vi, "share")["unit"] == "percent"


def test_a_tile_is_called_by_its_name_alone() -> None:
    assert told(panel(WALL, "stat", 4), "value") == {"displayName": "${__cell_0}"}
    assert sql(panel(WALL, "stat", 4)).startswith('SELECT\n    shown."name" AS "name"')
    assert told(panel(WALL, "stat", 4), "carried_id") == {"custom.hidden": True, "noValue": ""}


def test_a_note_is_no_markup() -> None:
    content = WALL["panels"][-1]["options"]["content"]
    assert content.startswith("## What &lt;to&gt; do (vi)\n\n")
    assert "<script>" in HOSTILE
    assert "<" not in content


def test_columns_read_in_the_screens_language_whatever_the_browsers() -> None:
    vi, en = (panel(DOCUMENTS["table", language], "table") for language in LANGUAGES)
    assert [told(vi, name)["unit"] for name in ("day", "moment", "whole")] == [
        "time:DD/MM/YYYY",
        "time:DD/MM/YYYY HH:mm",
        "string",
    ]
    assert [told(en, name)["unit"] for name in ("day", "moment")] == ["time:YYYY-MM-DD", "time:YYYY-MM-DD HH:mm"]
    assert (told(vi, "whole")["displayName"], told(en, "whole")["displayName"]) == ("Whole (vi)", "Whole")
    assert {told(vi, name).get("custom.align") for name in ("whole", "goal", "span")} == {"right"}
    assert told(vi, "code")["custom.width"] == 130  # 120 as it is defined, but its heading needs more
    assert told(vi, "code")["noValue"] == "—"
    assert [told(vi, name)["custom.filterable"] for name in ("code", "day", "whole", "goal")] == [
        True,
        True,
        False,
        False,
    ]
    assert vi["fieldConfig"]["defaults"]["noValue"] == "None is overdue (vi) (nếu góc có dấu đỏ: mất dữ liệu)"


def test_a_status_and_what_it_colours_stand_on_its_ground_and_an_alarming_figure_is_red() -> None:
    table = panel(TABLE, "table")
    for name in ("status", "share"):
        assert told(table, name)["custom.cellOptions"]["type"] == "color-background"
        assert set(mappings(told(table, name)["mappings"]).values()) == set(COLOURS.values())
    assert mappings(told(table, "whole")["mappings"]) == {"/[1-9]/": RED_TEXT}


def links(document: dict[str, Any]) -> set[str]:
    found = re.findall(r'"url": "(/d/[^"]*\?[^"]*)"', json.dumps(document, ensure_ascii=False))
    return set(found)


def test_a_link_carries_the_row_what_is_chosen_and_the_period() -> None:
    agency = "var-agency=${__data.fields.carried_code:percentencode}"
    chosen = "${indicator:queryparam}&${number:queryparam}"
    case = "var-kind=dossier%20%26%20more&var-number=${__data.fields.carried_id:percentencode}"
    assert links(TABLE) == {
        f"/d/opscentre-table-vi?{agency}&{chosen}&${{__url_time_range}}",
        f"/d/opscentre-case-vi?{case}&${{__url_time_range}}",
    }
    assert links(WALL) == {
        f"/d/opscentre-table-vi?{agency}&kiosk",
        "/d/opscentre-table-vi?var-indicator=${__data.fields.carried_id:percentencode}&kiosk",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_to_a_screen_of_its_language_that_takes_what_it_brings(language: Language) -> None:
    there = screens(CATALOGUE, language)
    for name in there:
        document = PUBLISHED[f"opscentre-{name}-{language}"]
        assert set(re.findall(r"/d/([\w-]+)", json.dumps(document))) <= set(PUBLISHED)
        for link in links(document):
            found = re.fullmatch(rf"/d/opscentre-([\w-]+)-{language}\?(.*)", link)
            assert found, link
            brought = set(re.findall(r"var-(\w+)=|\${(\w+):queryparam}", unquote(found[2])))
            assert {a or b for a, b in brought} <= {one.parameter for one in there[found[1]].choices}


def test_a_wall_fills_a_screen_and_needs_no_more() -> None:
    walls = [screen.name for screen in screens(CATALOGUE, "vi").values() if screen.wall]
    assert walls
    for name in walls:
        places = [one["gridPos"] for one in PUBLISHED[f"opscentre-{name}-vi"]["panels"]]
        assert 24 <= max(place["y"] + place["h"] for place in places) <= 27


def test_navigation_has_the_listed_screens_and_the_other_language() -> None:
    ways = {one["title"]: one for one in TABLE["links"]}
    assert {title: one["url"] for title, one in ways.items()} == {
        "Wall (vi)": "/d/opscentre-wall-vi",
        "Table (vi)": "/d/opscentre-table-vi",
        "English": "/d/opscentre-table-en",
    }
    assert all(one["includeVars"] for one in ways.values())
    assert {title: one["keepTime"] for title, one in ways.items()} == {
        "Wall (vi)": False,
        "Table (vi)": True,
        "English": True,
    }
    assert DOCUMENTS["case", "en"]["links"][-1]["url"] == "/d/opscentre-case-vi"


def test_a_screen_without_a_period_has_none_to_choose() -> None:
    assert WALL["timepicker"]["hidden"]
    assert not TABLE["timepicker"]["hidden"]
    assert TABLE["time"] == {"from": "now-90d", "to": "now"}
    assert (WALL["refresh"], TABLE["refresh"], TABLE["timezone"]) == ("5s", "30s", ZONE)


def test_what_is_chosen_from_a_list_and_what_is_typed() -> None:
    agency, indicator, number = TABLE["templating"]["list"]
    assert (agency["type"], agency["multi"], agency["allValue"]) == ("query", True, "'*'")
    assert agency["current"] == {"selected": True, "text": ["All"], "value": ["$__all"]}
    assert (indicator["multi"], indicator["includeAll"]) == (False, False)
    assert (number["type"], number["label"], number["query"]) == ("textbox", "Số", "")


def test_a_map_has_a_layer_a_shape_and_a_query_for_each_status_and_no_ground_of_others() -> None:
    found = panel(WALL, "geomap")
    layers = found["options"]["layers"]
    assert [layer["filterData"]["options"] for layer in layers] == [one["refId"] for one in found["targets"]]
    assert layers[-1]["config"]["style"]["color"]["fixed"] == RED
    assert "'missed'" in sql(found, -1)
    assert len({layer["config"]["style"]["symbol"]["fixed"] for layer in layers}) == len(COLOURS)
    assert found["options"]["basemap"]["config"]["url"].startswith("data:image/png;base64,")


def test_a_browser_sorts_ranks_in_tabs_and_blanks_as_ranks() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    ranked = [format(rank, "016b").translate({48: "\t", 49: " "}) + text for rank, text in enumerate("98A7,-✖ 6" * 40)]
    script = """
        const texts = JSON.parse(process.argv[1]);
        const old = (a, b) => a.localeCompare(b, undefined, {sensitivity: 'base'});
        const now = new Intl.Collator('en', {sensitivity: 'base', numeric: true}).compare;
        for (const order of [old, now]) for (let i = 1; i < texts.length; i++)
            if (order(texts[i - 1], texts[i]) >= 0) throw texts[i];
    """
    subprocess.run([node, "-e", script, json.dumps(ranked)], check=True, timeout=60)
