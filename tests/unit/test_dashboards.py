"""The dashboards as documents: both languages alike, laid out without overlap, and not stale."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from dashboards.columns import PERCENT, WHOLE_NUMBER, Column, Link, key, select
from dashboards.documents import documents, stale
from dashboards.panels import GRID_WIDTH, NAVIGATION
from dashboards.publish import data_source, digest
from dashboards.queries import Sql
from dashboards.statuses import COLOURS, STATUSES
from dashboards.texts import LANGUAGES, UNITS, Language, Text
from tests.helpers import CATALOGUE

DOCUMENTS = documents(CATALOGUE)


def test_every_dashboard_is_there_in_every_language() -> None:
    assert set(DOCUMENTS) == {f"opscentre-{name}-{language}" for name in NAVIGATION for language in LANGUAGES}


def test_the_committed_documents_are_what_would_be_generated_now() -> None:
    assert stale(CATALOGUE) == []


@pytest.mark.parametrize("name", NAVIGATION)
def test_both_languages_show_the_same(name: str) -> None:
    vi, en = (DOCUMENTS[f"opscentre-{name}-{language}"]["panels"] for language in ("vi", "en"))
    assert [(p["id"], p["type"], p["gridPos"]) for p in vi] == [(p["id"], p["type"], p["gridPos"]) for p in en]
    assert all(a["title"] != b["title"] for a, b in zip(vi, en, strict=True))


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_panels_fit_and_do_not_overlap(document: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in document["panels"]]
    assert all(place["x"] + place["w"] <= GRID_WIDTH for place in places)
    for a, b in combinations(places, 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        assert apart or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    ids = [panel["id"] for panel in document["panels"]]
    assert sorted(ids) == list(range(1, len(ids) + 1))


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_variables_are_quoted_in_sql_and_every_link_leads_to_a_dashboard(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    queries = " ".join(target["rawSql"] for panel in document["panels"] for target in panel["targets"])
    variables = document["templating"].get("list", [])
    allowed = {f"${{{variable['name']}:sqlstring}}" for variable in variables}
    assert set(re.findall(r"\$(?!__)(?:\w+|{[^}]*})", queries)) <= allowed
    assert set(re.findall(r"/d/([\w-]+)", text)) <= set(DOCUMENTS)
    assert [variable["id"] for variable in variables] == [variable["name"] for variable in variables]


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("vi", {"agency": "Cơ quan", "indicator": "Chỉ tiêu"}),
        ("en", {"agency": "Agency", "indicator": "Target"}),
    ],
)
def test_what_a_viewer_chooses_is_called_what_it_is(language: Language, labels: dict[str, str]) -> None:
    shown = [document for uid, document in DOCUMENTS.items() if uid.endswith(f"-{language}")]
    variables = [variable for document in shown for variable in document["templating"].get("list", [])]
    assert {variable["name"]: variable["label"] for variable in variables} == labels


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_behind_a_target_is_on_a_dashboard_that_takes_what_the_link_chooses(language: Language) -> None:
    table = DOCUMENTS[f"opscentre-scorecard-{language}"]["panels"][2]
    chosen = set(re.findall(r"var-(\w+)=", json.dumps(table)))
    screens = set(re.findall(rf"opscentre-\w+-{language}", table["targets"][0]["rawSql"]))
    assert screens == {f"opscentre-{name}-{language}" for name in ("services", "target")}
    assert chosen == {variable["name"] for uid in screens for variable in DOCUMENTS[uid]["templating"]["list"]}


def test_every_unit_has_its_vietnamese() -> None:
    units = {one.file.unit for one in CATALOGUE.indicators.values()}
    assert {name for name in units if UNITS[name].vi == UNITS[name].en} == {"percent"}
    assert all(text.en == name for name, text in UNITS.items() if name != "percent")


def test_a_unit_that_is_not_known_shows_as_the_catalogue_has_it() -> None:
    words = Sql(CATALOGUE, "vi").word("c.unit", UNITS, "c.unit")
    assert "WHEN 'works' THEN 'công trình'" in words
    assert words.endswith(" ELSE c.unit END")


def test_a_column_tells_grafana_what_is_special_about_it_and_nothing_else() -> None:
    name = Text("Tên", "Name")
    assert Column(name, "a.name").properties("en") == []
    column = Column(name, "a.name", width=90, right=True, dash=True, number=PERCENT, link=Link("/d/there"))
    assert {told.id_val: told.value for told in column.properties("vi")} == {
        "custom.width": 90,
        "custom.align": "right",
        "noValue": "—",
        "unit": "percent",
        "decimals": 1,
        "links": [{"title": "Tên", "url": "/d/there"}],
    }
    assert {told.id_val: told.value for told in key("code", "a.code").properties("en")} == {"custom.hidden": True}
    whole = Column(name, "a.value", number=WHOLE_NUMBER, link=Link("/d/there", Text("Xem", "See"))).properties("en")
    assert [told.value for told in whole] == ["locale", 0, [{"title": "See", "url": "/d/there"}]]


def test_a_query_gives_its_columns_by_their_headings() -> None:
    columns = [key("code", "a.code"), Column(Text("Tên", "Name"), "a.name")]
    assert select("vi", columns, "FROM a") == 'SELECT\n    a.code AS "code",\n    a.name AS "Tên"\nFROM a'
    assert select("en", columns[1:], "FROM a", ctes="WITH a AS (TABLE b)") == (
        'WITH a AS (TABLE b)\nSELECT\n    a.name AS "Name"\nFROM a'
    )


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_is_special_about_a_column_is_said_of_one_that_its_query_gives(document: dict[str, Any]) -> None:
    for panel in document["panels"]:
        given = re.findall(r'AS "([^"]+)"', panel["targets"][0]["rawSql"])
        assert len(given) == len(set(given)), panel["title"]
        told = [override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]]
        assert [name for name in given if name in told] == told


def test_no_status_is_told_by_its_colour_alone() -> None:
    shown = STATUSES.values()
    assert len({one.mark for one in shown}) == len({one.colour for one in shown}) == len(STATUSES) == len(COLOURS)


def test_a_mark_gives_its_colour_whatever_follows_it() -> None:
    """Without slashes Grafana has a regular expression match the whole text."""
    patterns = re.findall(r'"pattern": "(.*?)"', json.dumps(list(DOCUMENTS.values()), ensure_ascii=False))
    assert {pattern[:3] for pattern in patterns} >= {f"/^{mark}" for mark in COLOURS}
    assert all(pattern.endswith("/") for pattern in patterns)


def test_the_digest_is_of_the_content_only() -> None:
    assert digest({"title": "a", "id": 1, "version": 2}) == digest({"version": 9, "title": "a"})
    assert digest({"title": "a"}) != digest({"title": "b"})


def test_the_data_source_is_what_the_connection_string_says() -> None:
    made = data_source("postgresql://reader:p%40ss@db.example.vn:5433/centre?sslmode=require")
    assert (made["url"], made["user"], made["jsonData"]["database"]) == ("db.example.vn:5433", "reader", "centre")
    assert made["jsonData"]["sslmode"] == "require"
    assert made["secureJsonData"] == {"password": "p@ss"}
