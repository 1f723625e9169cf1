"""Every panel of every screen asked both ways, as the pages do and as Grafana does: the same rows, the same words."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from dashboards.formats import shown
from dashboards.grafana.context import Context
from dashboards.grafana.maps import nearer
from dashboards.grafana.variables import variable
from dashboards.model import Bars, Column, Lines, Link, Map, Note, Number, Panel, Screen, Table, Tiles
from dashboards.statuses import STATUSES
from dashboards.texts import LANGUAGES, Language
from opscentre.devservices.timescaledb import TimescaleDB
from streams.write.writer import Writer
from tests.conftest import copied
from tests.helpers import CATALOGUE, RULEBOOK, Log, cloud_event
from tests.sample_screens import FIGURES, samples
from tests.screens import SCREENS, Chosen, Rows, as_grafana_sends, first_choice, local, run, targets

HERE, THERE = sorted(CATALOGUE.systems["one-stop"].agencies - {CATALOGUE.province.code})[:2]
ZONE = CATALOGUE.zone


def fill(dsn: str) -> None:
    """Dossiers overdue here and there, in time and suspended; a task; stations; a reading; what was refused."""

    def received(subject: str, due: float, agency: str) -> dict[str, Any]:
        return cloud_event(
            "dossier.received", subject, local(-20), f"r-{subject}", agency=agency, due_at=local(due), channel="online"
        )

    owner = CATALOGUE.systems["police-ops"].owner
    task = cloud_event(
        "task.assigned",
        "police-ops/operations-centre",
        local(-600),
        "1",
        system="police-ops",
        agency=owner,
        due_at=local(-400),
    )
    stations = [
        cloud_event("station.activated", f"S-{number}", local(-20), str(number), technology=technology)
        for number, technology in enumerate(["5g", "4g", "5g"])
    ]
    reading = cloud_event(
        "reading.reported", "science.enterprises", local(-600), system="science", period="2025-03", value=1234.5
    )
    with closing(Writer(dsn, RULEBOOK, give_up=lambda: True)) as writer:
        writer.commit(
            Log().batch(
                received("two days", -2, HERE),
                received("five days", -5, THERE),
                received("in time", 5, HERE),
                received("suspended", -1, HERE),
                cloud_event("dossier.suspended", "suspended", local(-3), "s", agency=HERE),
                b"nonsense",
            )
        )
        writer.commit(Log(system="police-ops").batch(task))
        writer.commit(Log(system="telecom").batch(*stations))
        writer.commit(Log(system="science").batch(reading))


@pytest.fixture(scope="module")
def filled(timescaledb: TimescaleDB, template: str) -> Iterator[psycopg.Connection]:
    """A database with these, for tests that only read it."""
    with copied(timescaledb, template) as dsn:
        fill(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield connection


def words(value: Any, column: Column, row: dict[str, Any], language: Language) -> str | None:
    """What a page says in a cell, with the mark that Grafana needs for its colour."""
    if value is None:
        return None
    mark = STATUSES[row[column.status]].mark + "\u00a0" if column.status and row[column.status] else ""
    return mark + shown(value, column.kind, language, ZONE)


def as_shown(panel: Panel, rows: Rows, language: Language) -> Rows:
    """What Grafana should be given, from what a page is given."""
    match panel:
        case Number():
            column = Column("value", panel.title, panel.kind, status="status")
            found = {"value": None, "status": None, **(rows[0] if rows else {})}
            if panel.alarming and (found["value"] or 0) > 0:
                found["status"] = "missed"
            said = words(found["value"], column, found, language)
            return [{"value": said or "○\u00a0" + panel.nothing.of(language)}]
        case Tiles():
            column = Column("shown", panel.title, status="status")
            return [
                {
                    "name": row["name"],
                    "value": words(row["shown"], column, row, language) or "○\u00a0" + panel.nothing.of(language),
                }
                for row in rows
            ] or [{"name": None, "value": "○\u00a0" + panel.nothing.of(language)}]
        case Lines():
            return [{"time": row["time"], **{one.name: number(row[one.name]) for one in panel.series}} for row in rows]
        case Bars():
            return [
                {
                    "label": f"{row['name']}: {shown(row['value'], panel.kind, language, ZONE)}",
                    "value": number(row["value"]),
                }
                for row in rows
            ]
        case Table():
            return [{one.name: cell(row, one, language) for one in panel.columns} for row in rows]
        case Map():
            return [{"name": row["name"], "value": str(row["value"])} for row in rows]
        case Note():
            raise AssertionError("a note asks nothing")


def number(value: Any) -> float | None:
    return None if value is None else float(value)


def cell(row: dict[str, Any], column: Column, language: Language) -> Any:
    value = row[column.name]
    if column.kind == "moment":
        return value
    if column.kind == "day":
        return value and datetime(value.year, value.month, value.day, tzinfo=ZONE)
    return words(value, column, row, language)


def carried(panel: Panel, rows: Rows) -> Rows:
    """What links are given; all of a choice has another name in Grafana."""
    links: list[Link | None] = (
        [one.link for one in panel.columns] if isinstance(panel, Table) else [getattr(panel, "link", None)]
    )
    names = {name for link in links if link for name in link.carry.values()}
    return [
        {f"carried_{name}": "$__all" if row[name] == "*" else str(row[name] or "") for name in names} for row in rows
    ]


def asked(connection: psycopg.Connection, queries: list[str], screen: Screen, chosen: Chosen) -> Rows:
    with connection.cursor(row_factory=dict_row) as cursor:
        return [
            row
            for query in queries
            for row in cursor.execute(as_grafana_sends(query, screen, chosen).encode()).fetchall()
        ]


def trimmed(row: dict[str, Any]) -> dict[str, Any]:
    """Without what a browser does not show at the beginning of a cell."""
    return {name: value.lstrip("\t ") if isinstance(value, str) else value for name, value in row.items()}


def compare(
    connection: psycopg.Connection, screen: Screen, every: dict[str, Screen], chosen: Chosen | None = None
) -> None:
    """Each panel, in one transaction a panel, which is one moment."""
    put = {**first_choice(screen), **(chosen or {})}
    for panel, queries in targets(screen, every):
        assert not isinstance(panel, Note)
        with connection.transaction():
            page = run(connection, screen, panel.query, put)
            grafana = [trimmed(row) for row in asked(connection, queries, screen, put)]
        wanted = as_shown(panel, page, screen.language)
        links = carried(panel, page)
        if not page:  # a row of nothing, if any
            links = [dict.fromkeys(set(grafana[0]) - set(row), "") for row in wanted]
        wanted = [{**row, **link} for row, link in zip(wanted, links, strict=True)]
        if isinstance(panel, Map):  # a query for each status: their order is not the page's
            assert all(row.pop("lon") and row.pop("lat") for row in grafana)  # of islands not where they are
            wanted, grafana = (sorted(rows, key=str) for rows in (wanted, grafana))
        assert grafana == [trimmed(row) for row in wanted], panel.title.en


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS["vi"])
def test_pages_and_grafana_say_the_same(name: str, language: Language, filled: psycopg.Connection) -> None:
    compare(filled, SCREENS[language][name], SCREENS[language])


def test_an_agency_and_a_case_say_the_same_both_ways(filled: psycopg.Connection) -> None:
    for name, chosen in [
        ("services", {"agency": HERE}),
        ("target", {"indicator": "science-enterprises"}),
        ("case", {"system": "one-stop", "kind": "dossier", "subject": "five days"}),
        ("case", {"system": "'; DROP TABLE cases; --", "kind": "\\'", "subject": '"'}),
    ]:
        compare(filled, SCREENS["vi"][name], SCREENS["vi"], chosen)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", samples("vi"))
def test_every_kind_of_panel_says_the_same_both_ways(name: str, language: Language, filled: psycopg.Connection) -> None:
    every = samples(language)
    compare(filled, every[name], every)


def test_of_several_chosen_those_are_shown(filled: psycopg.Connection) -> None:
    every = samples("en")
    chosen = {"agency": ["H06.01", "*'"]}
    compare(filled, every["table"], every, chosen)
    assert len(run(filled, every["table"], FIGURES, chosen)) == 1


def test_texts_that_grafana_sorts_are_sorted_by_their_values(filled: psycopg.Connection) -> None:
    every = samples("vi")
    table, (query,) = next(targets(every["table"], every))
    assert isinstance(table, Table)
    rows = asked(filled, [query], every["table"], first_choice(every["table"]))
    for name, by_value in {
        "whole": ["c2", "c3", "c1"],
        "figure": ["c2", "c3", "c1"],
        "goal": ["c3", "c1"],
        "share": ["c1", "c3"],
        "status": ["c1", "c2", "c3"],
        "counted": ["c2", "c1", "c3"],
        "span": ["c2", "c3", "c1"],
    }.items():
        # A tab before a blank before all else, as a browser has it.
        ordered = sorted((row for row in rows if row[name]), key=lambda row: row[name].replace("\t", "\0"))
        assert [row["carried_id"] for row in ordered] == by_value, name


def test_a_box_that_nobody_typed_in_finds_nothing_and_no_error(filled: psycopg.Connection) -> None:
    case = SCREENS["vi"]["case"]
    for _, queries in targets(case, SCREENS["vi"]):
        # Grafana writes nothing for an empty value, not even its quotes.
        assert asked(filled, queries, case, {"system": [], "kind": [], "subject": []}) == []


def test_an_island_far_out_comes_near_and_the_others_stay_as_they_are(filled: psycopg.Connection) -> None:
    places = """SELECT * FROM (VALUES (1, 107.0, 10.4), (2, 107.3, 10.7), (3, 106.6, 8.7), (4, 107.1, NULL))
        AS p (place, lon, lat)"""
    found = filled.execute(
        f"SELECT lon_near, lat_near FROM ({nearer(nearer(places, 'lon'), 'lat')}) AS p ORDER BY place"
    )
    lon, lat = zip(*found.fetchall(), strict=True)
    assert [float(one) for one in lon] == pytest.approx([106.67, 106.97, 106.6, 106.77])  # 0.4 of 0.7 became 0.07
    assert [float(one) for one in lat[:3]] == pytest.approx([8.9, 9.2, 8.7])  # 1.7 of 2.0 became 0.2
    assert lat[3] is None


@pytest.mark.parametrize("name", [name for name, screen in SCREENS["vi"].items() if screen.choices])
def test_what_is_chosen_from_has_values_and_names(name: str, filled: psycopg.Connection) -> None:
    screen = SCREENS["vi"][name]
    for choice in screen.choices:
        if choice.query:
            made = variable(Context(screen, SCREENS["vi"], CATALOGUE.province.zone), choice).build()
            found = asked(filled, [str(made.query)], screen, first_choice(screen))
            assert found
            assert [(row["__value"], row["__text"]) for row in found] == [
                (row["value"], row["name"]) for row in run(filled, screen, choice.query)
            ]
