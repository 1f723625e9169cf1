"""The scorecard on the real database: every target, who owes it, and nothing red that has no data."""

import shutil
from pathlib import Path
from typing import Any

import psycopg

from dashboards.documents import documents
from schemas.catalogue.load import TEMPLATE, load_catalogue
from streams.recount.rebuild import apply_catalogue
from streams.write.writer import Writer
from tests.helpers import CATALOGUE, Log, cloud_event
from tests.screens import local, panel, queries, run

TARGETS = "Every target: where, until when, who"
AGENCIES = "One-stop shops by agency, this month"
PROVINCE = CATALOGUE.province.code
HERE, THERE = sorted(CATALOGUE.systems["one-stop"].agencies & CATALOGUE.systems["science"].agencies - {PROVINCE})[:2]
TARGETED = sorted(
    (one.file.name.en, due.strftime("%Y-%m-%d"))
    for one in CATALOGUE.indicators.values()
    for due in [target.due for target in one.file.target for _ in target.agencies or [PROVINCE]]
)
HOSTILE = """'; DROP TABLE cases; -- " ${agency} <script> \\' Xã"""


def scorecard(connection: psycopg.Connection) -> dict[str, dict[str, object]]:
    """Its rows by the indicator's id."""
    return {row["indicator"]: row for row in run(connection, panel("scorecard", TARGETS))}


def task(name: str, id: str, day: float, **data: Any) -> dict[str, object]:  # noqa: A002
    return cloud_event(name, "police-ops/operations-centre", local(day), id, system="police-ops", **data)


def test_every_target_shows_and_nothing_is_red_that_has_no_data(connection: psycopg.Connection) -> None:
    found = run(connection, panel("scorecard", TARGETS))
    assert sorted((row["Target"], row["Due"].removesuffix(" *")) for row in found) == TARGETED
    assert {row["Status"] for row in found} == {"○ No data"}
    assert {row["Now"] for row in found} == {"—"}
    assert all(row["Who owes"] for row in found)
    counts = {row["name"]: row["value"] for row in run(connection, panel("scorecard", "Targets"))}
    assert counts == {
        "Missed": "✖\xa00",
        "At risk": "◆\xa00",
        "No data": f"○\xa0{len(TARGETED)}",
        "On track": "▲\xa00",
        "Met": "✔\xa00",
    }
    assert run(connection, panel("scorecard", AGENCIES)) == []


def test_what_was_not_reported_is_no_number(connection: psycopg.Connection) -> None:
    for name, title in [("overview", "Open"), ("overview", "On time this month"), ("services", "Overdue")]:
        assert [row["value"] for row in run(connection, panel(name, title))] == [None]


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
    assert (row["Status"], row["Now"], row["To reach"]) == ("✖ Missed", "60 %", "≥ 100 %")
    assert (row["Pace/day"], row["Needed/day"], row["Projected"]) == ("—", "—", "—")
    assert row["Who owes"] == CATALOGUE.agencies[owner].name.en
    assert row["screen"] == "opscentre-target-en"
    (found,) = run(connection, panel("target", "Tasks and other cases"), indicator=f"'{row['indicator']}'")
    assert (found["Number"], found["Done"]) == ("police-ops/operations-centre", "60 %")
    assert found["Days overdue"] == 400
    (province, agency) = sorted(
        run(connection, panel("target", "By agency, the furthest off first"), indicator=f"'{row['indicator']}'"),
        key=lambda row: row["Agency"] != CATALOGUE.agencies[PROVINCE].name.en,
    )
    assert (province["Today"], agency["Today"], agency["As counted"]) == ("60", "60", "60")
    done = task("task.completed", "3", -1, agency=owner)
    writer.commit(Log(system="police-ops", number=1).batch(done))
    (found,) = run(connection, panel("target", "Tasks and other cases"), indicator=f"'{row['indicator']}'")
    assert (found["State"], found["Done"], found["Days overdue"]) == ("closed", "100 %", None)


def test_what_was_decided_shows_beside_what_it_was_corrected_to(connection: psycopg.Connection, writer: Writer) -> None:
    reading = cloud_event(
        "reading.reported", "science.enterprises", local(-600), system="science", period="2025-03", value=31.5
    )
    writer.commit(Log(system="science").batch(reading))
    assert scorecard(connection)["science-enterprises"]["As decided"] == "—"
    target = "(indicator, agency, due, at_least, value, status, decided_at)"
    connection.execute(
        f"INSERT INTO decisions {target} SELECT indicator, agency, due, at_least, 1234.5, 'missed', "
        "'2026-01-03T20:00:00Z' FROM indicators.targets WHERE indicator = 'science-enterprises'"
    )
    row = scorecard(connection)["science-enterprises"]
    assert (row["Status"], row["Now"], row["As decided"]) == ("✖ Missed", "31.5", "✎ 1,234.5 (2026-01-04)")
    assert row["To reach"] == "≥ 31 enterprises"
    vietnamese = panel("scorecard", "Từng chỉ tiêu: đang ở đâu, còn bao lâu, ai chịu trách nhiệm", "vi")
    (row,) = (row for row in run(connection, vietnamese) if row["indicator"] == "science-enterprises")
    assert (row["Hiện tại"], row["Khi chốt"]) == ("31,5", "✎ 1.234,5 (04/01/2026)")
    assert row["Mục tiêu"] == "≥ 31 doanh nghiệp"
    (reported,) = run(connection, panel("target", "What agencies reported"), indicator="'science-enterprises'")
    assert (reported["Period"], reported["Reported value"]) == ("2025-03", "31.5")


def test_one_stop_shops_show_what_their_indicators_say(connection: psycopg.Connection, writer: Writer) -> None:
    def received(subject: str, due: float, agency: str) -> dict[str, object]:
        return cloud_event("dossier.received", subject, local(-20), f"r-{subject}", agency=agency, due_at=local(due))

    writer.commit(Log().batch(received("late", -2, HERE), received("in time", 5, HERE), received("waits", 5, THERE)))
    whole, first, second = run(connection, panel("scorecard", AGENCIES))
    assert (whole["code"], whole["Overdue"], whole["On time"]) == ("$__all", 1, 0)
    assert (first["code"], first["Overdue"], first["On time"]) == (HERE, 1, 0)
    assert (second["code"], second["Overdue"], second["On time"]) == (THERE, 0, None)
    row = scorecard(connection)["full-process-share"]
    assert (row["screen"], row["code"]) == ("opscentre-services-en", "$__all")


def test_an_agency_may_be_called_anything(connection: psycopg.Connection, writer: Writer) -> None:
    due = cloud_event("dossier.received", "d", local(-20), agency=HERE, due_at=local(-2))
    writer.commit(Log().batch(due))
    connection.execute("UPDATE agencies SET name_vi = %s, name_en = %s", (HOSTILE, HOSTILE))
    connection.execute("UPDATE indicators.catalogue SET name_en = %s", (HOSTILE,))
    assert {(row["Target"], row["Who owes"]) for row in scorecard(connection).values()} == {(HOSTILE, HOSTILE)}
    assert {row["Agency"] for row in run(connection, panel("scorecard", AGENCIES))} == {HOSTILE}
    assert [row["Agency"] for row in run(connection, panel("services", "Overdue dossiers"))] == [HOSTILE]
    assert run(connection, panel("target", "The target"), indicator="'''; DROP TABLE cases; --'") == []


def test_a_province_with_its_first_indicator_only_has_its_screens(database: str, tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    shutil.copytree(TEMPLATE, folder)
    catalogue = load_catalogue(folder)
    apply_catalogue(database, catalogue)
    with psycopg.connect(database, autocommit=True) as connection:
        for document in documents(catalogue).values():
            for sql, _ in queries(document):
                run(connection, sql, indicator="'full-process-share'")
