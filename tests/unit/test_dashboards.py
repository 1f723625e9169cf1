"""The dashboards as documents: both languages alike, laid out without overlap, and not stale."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from dashboards.documents import documents, stale
from dashboards.panels import COLUMNS, NAVIGATION
from dashboards.publish import data_source, digest
from dashboards.statuses import COLOURS, STATUSES
from dashboards.texts import LANGUAGES, Language
from dashboards.units import unit
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
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
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
    assert {name for name in units if unit(name, "vi") == unit(name, "en")} == {"percent"}
    assert unit("buffaloes", "vi") == "buffaloes"


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
