"""The dashboards as they are committed and published, and the words that screens share."""

from dashboards.grafana.documents import documents, playlists, stale
from dashboards.grafana.publish import data_source, digest
from dashboards.screens import screens
from dashboards.statuses import COLOURS, STATUSES
from dashboards.texts import LANGUAGES, UNITS
from tests.helpers import CATALOGUE


def test_every_screen_is_a_dashboard_in_every_language() -> None:
    names = screens(CATALOGUE, "vi")
    assert set(documents(CATALOGUE)) == {f"opscentre-{name}-{language}" for name in names for language in LANGUAGES}


def test_the_committed_documents_are_what_would_be_generated_now() -> None:
    assert stale(CATALOGUE) == []


def test_a_playlist_has_the_listed_screens_of_its_language() -> None:
    shown = screens(CATALOGUE, "en").values()
    assert playlists(CATALOGUE)["Operations centre"] == [f"opscentre-{one.name}-en" for one in shown if one.listed]
    assert len(playlists(CATALOGUE)) == len(LANGUAGES)


def test_every_unit_has_its_vietnamese() -> None:
    units = {one.file.unit for one in CATALOGUE.indicators.values()}
    assert {name for name in units if UNITS[name].vi == UNITS[name].en} == {"percent"}
    assert all(text.en == name for name, text in UNITS.items() if name != "percent")


def test_no_status_is_told_by_its_colour_alone() -> None:
    shown = STATUSES.values()
    assert len({one.mark for one in shown}) == len({one.colour for one in shown}) == len(STATUSES) == len(COLOURS)


def test_the_digest_is_of_the_content_only() -> None:
    assert digest({"title": "a", "id": 1, "version": 2}) == digest({"version": 9, "title": "a"})
    assert digest({"title": "a"}) != digest({"title": "b"})


def test_the_data_source_is_what_the_connection_string_says() -> None:
    made = data_source("postgresql://reader:p%40ss@db.example.vn:5433/centre?sslmode=require")
    assert (made["url"], made["user"], made["jsonData"]["database"]) == ("db.example.vn:5433", "reader", "centre")
    assert made["jsonData"]["sslmode"] == "require"
    assert made["secureJsonData"] == {"password": "p@ss"}
