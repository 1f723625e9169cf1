"""The screens on the real database: every target, who owes it, and nothing red that has no data."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from dashboards.grafana.documents import documents
from dashboards.model import Note
from dashboards.screens import screens
from schemas.catalogue.load import TEMPLATE, load_catalogue
from streams.recount.rebuild import apply_catalogue
from streams.write.writer import Writer
from tests.helpers import CATALOGUE, Log, cloud_event
from tests.screens import local, rows_of, run

TARGETS = "Every target: where, until when, who"
BEHIND = "Open tasks and other cases behind it"
PROVINCE = CATALOGUE.province.code
HERE, THERE = sorted(CATALOGUE.systems["one-stop"].agencies & CATALOGUE.systems["science"].agencies - {PROVINCE})[:2]
TARGETED = sorted(
    (one.file.name.en, due.strftime("%Y-%m-%d"))
    for one in CATALOGUE.indicators.values()
    for due in [target.due for target in one.file.target for _ in target.agencies or [PROVINCE]]
)
HOSTILE = """'; DROP TABLE cases; -- " ${agency} <script> \\' Xã"""


def scorecard(connection: psycopg.Connection) -> Mapping[str, dict[str, Any]]:
    """Its rows by the indicator's id."""
    return {row["indicator"]: row for row in rows_of(connection, "scorecard", TARGETS)}


def task(name: str, id: str, day: float, **data: Any) -> dict[str, object]:  # noqa: A002
    return cloud_event(name, "police-ops/operations-centre", local(day), id, system="police-ops", **data)


def received(subject: str, due: float, agency: str, **data: Any) -> dict[str, object]:
    return cloud_event(
        "dossier.received", subject, local(-20), f"r-{subject}", agency=agency, due_at=local(due), **data
    )


def value(connection: psycopg.Connection, name: str, title: str, **chosen: str) -> Any:
    (row,) = rows_of(connection, name, title, **chosen)
    return row["value"]


def test_every_target_shows_and_nothing_is_red_that_has_no_data(connection: psycopg.Connection) -> None:
    found = rows_of(connection, "scorecard", TARGETS)
    assert sorted((row["name"], row["due_shown"].removesuffix("\u00a0*")) for row in found) == TARGETED
    assert {row["status"] for row in found} == {"no_data"}
    assert {row["now_shown"] for row in found} == {"—"}
    assert all(row["owner"] for row in found)
    counts = {row["name"]: (row["shown"], row["status"]) for row in rows_of(connection, "scorecard", "Targets")}
    assert counts == {
        "Missed": ("0", None),
        "At risk": ("0", None),
        "No data": (str(len(TARGETED)), "no_data"),
        "On track": ("0", None),
        "Met": ("0", None),
    }


def test_what_was_not_reported_is_no_number(connection: psycopg.Connection) -> None:
    assert value(connection, "services", "Full-process online") is None
    assert value(connection, "services", "Overdue") is None


def test_a_target_that_was_not_reached_is_red_and_leads_to_its_task(
    connection: psycopg.Connection, writer: Writer
) -> None:
    owner = CATALOGUE.systems["police-ops"].owner
    writer.commit(
        Log(system="police-ops").batch(
            task("task.assigned", "1", -600, agency=owner, due_at=local(-400)),
            task("task.progressed", "2", -500, agency=owner, percent=60),
        )
    )
    row = scorecard(connection)["police-operations-centre"]
    assert (row["status"], row["now_shown"], row["then_shown"], row["goal_value"]) == (
        "missed",
        "60\u00a0%",
        "60\u00a0%",
        100,
    )
    assert (row["pace"], row["pace_needed"], row["projected_shown"]) == (None, None, None)
    assert (row["owner"], row["code"]) == (CATALOGUE.agencies[owner].name.en, owner)
    (found,) = rows_of(connection, "target", BEHIND, indicator=row["indicator"])
    assert (found["subject"], found["percent"], found["days_late"]) == ("police-ops/operations-centre", 60, 400)
    writer.commit(Log(system="police-ops", number=1).batch(task("task.completed", "3", -1, agency=owner)))
    assert rows_of(connection, "target", BEHIND, indicator=row["indicator"]) == []
    row = scorecard(connection)["police-operations-centre"]
    assert (row["status"], row["now_shown"], row["then_shown"]) == ("missed", "100\u00a0%", "60\u00a0%")


def test_what_was_decided_shows_beside_what_it_was_corrected_to(connection: psycopg.Connection, writer: Writer) -> None:
    reading = cloud_event(
        "reading.reported", "science.enterprises", local(-600), system="science", period="2025-03", value=31.5
    )
    writer.commit(Log(system="science").batch(reading))
    assert scorecard(connection)["science-enterprises"]["decided"] is None
    target = "(indicator, agency, due, at_least, value, status, decided_at)"
    connection.execute(
        f"INSERT INTO decisions {target} SELECT indicator, agency, due, at_least, 1234.5, 'missed', "
        "'2026-01-03T20:00:00Z' FROM indicators.targets WHERE indicator = 'science-enterprises'"
    )
    row = scorecard(connection)["science-enterprises"]
    assert (row["status"], row["now_shown"], row["decided"]) == ("missed", "31.5", "✎ 1,234.5 (2026-01-04)")
    assert row["goal"] == "≥ 31 enterprises"
    (reported,) = rows_of(connection, "target", "What agencies reported", indicator="science-enterprises")
    assert (reported["period"], reported["value"]) == ("2025-03", 31.5)


def test_what_is_overdue_names_who_owes_since_when(connection: psycopg.Connection, writer: Writer) -> None:
    writer.commit(
        Log().batch(received("two days", -2, HERE), received("five days", -5, THERE), received("in time", 5, HERE))
    )
    found = rows_of(connection, "services", "Overdue dossiers")
    assert [(row["subject"], row["days_late"], row["code"]) for row in found] == [
        ("five days", 5, THERE),
        ("two days", 2, HERE),
    ]
    assert found[0]["agency"] == CATALOGUE.agencies[THERE].name.en
    here = rows_of(connection, "services", "Overdue dossiers", agency=HERE)
    assert [row["subject"] for row in here] == ["two days"]
    assert value(connection, "wall", "Overdue, all kinds") == 2
    assert value(connection, "agency", "Overdue, all kinds", agency=HERE) == 1


def test_what_will_be_overdue_is_not_overdue_yet(connection: psycopg.Connection, writer: Writer) -> None:
    due = cloud_event("dossier.received", "today", local(-20), "r-today", agency=HERE, due_at=local(0, 0))
    writer.commit(Log().batch(due))
    assert value(connection, "services", "Overdue") == 0
    assert value(connection, "wall", "Overdue, all kinds") == 0


def test_an_agency_may_be_called_anything(connection: psycopg.Connection, writer: Writer) -> None:
    writer.commit(Log().batch(received("d", -2, HERE)))
    connection.execute("UPDATE agencies SET name_vi = %s, name_en = %s", (HOSTILE, HOSTILE))
    connection.execute("UPDATE indicators.catalogue SET name_en = %s", (HOSTILE,))
    assert {(row["name"], row["owner"]) for row in scorecard(connection).values()} == {(HOSTILE, HOSTILE)}
    assert [row["agency"] for row in rows_of(connection, "services", "Overdue dossiers")] == [HOSTILE]
    assert rows_of(connection, "scorecard", TARGETS)
    assert rows_of(connection, "target", "The target", indicator="'; DROP TABLE cases; --") == []


def test_a_province_with_its_first_indicator_only_has_its_screens(database: str, tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    shutil.copytree(TEMPLATE, folder)
    catalogue = load_catalogue(folder)
    apply_catalogue(database, catalogue)
    assert documents(catalogue)
    with psycopg.connect(database, autocommit=True) as connection:
        for screen in screens(catalogue, "vi").values():
            for placed in screen.panels:
                if not isinstance(placed.panel, Note):
                    run(connection, screen, placed.panel.query, {"indicator": "full-process-share"})
