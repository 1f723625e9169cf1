"""A catalogue changed on an installation that is in use: what is open follows, what was settled stays, all is right."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import psycopg
import pytest
from helpers import Json, Log, cloud_event, tables

from opscentre.database import migrate
from opscentre.errors import OutdatedCatalogueError, UnavailableError
from opscentre.settings import Settings
from opscentre.stack.timescaledb import TimescaleDB
from schemas.catalogues import Catalogue
from streams import catalogues as module
from streams.catalogues import apply_catalogue
from streams.recount import compare, repair, totals_as_of
from streams.rulebook import Rulebook, load_rulebook
from streams.writer import Writer
from tests.catalogues import rename, write_catalogue
from tests.killing import kill_at_every_step
from tests.workers import Workers, mixed, publish

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

# Of April 2025: the 7th is a Monday, so what is received then at 09:00 with five working days is due on the 14th at
# 09:00, and on the 15th once Friday the 11th is off.
CHANGE = "2025-04-11 since 2025-04-09"


def received(subject: str, time: str = "2025-04-07T09:00:00+07:00", **changes: Any) -> Json:
    return cloud_event("dossier.received", subject, time, f"received-{subject}", **changes)


def then(name: str, subject: str, day: str, **changes: Any) -> Json:
    """A later event of a dossier, on this day of April: `15`, or `15T10:00`."""
    time = day if "T" in day else f"{day}T09:00"
    return cloud_event(f"dossier.{name}", subject, f"2025-04-{time}:00+07:00", f"{name}-{subject}", **changes)


EVENTS = [
    received("open"),
    received("own", due_at="2025-04-14T17:00:00+07:00"),
    received("no limit", procedure="2.000816"),
    received("settled before"),
    then("processed", "settled before", "08"),
    received("settled in time"),
    then("processed", "settled in time", "14"),
    received("settled late"),
    then("processed", "settled late", "15"),
    received("returned after", "2025-04-07T09:00:00+07:00"),
    then("returned", "returned after", "08"),
    received("overdue", "2025-03-24T09:00:00+07:00"),
    received("suspended"),
    then("suspended", "suspended", "08"),
    received("resumed"),
    then("suspended", "resumed", "08"),
    then("resumed", "resumed", "15"),
    received("contradictory", "2025-04-10T09:00:00+07:00"),
    then("processed", "contradictory", "08"),
    cloud_event("dossier.processed", "incomplete", "2025-04-10T09:00:00+07:00", "incomplete"),
    cloud_event("task.assigned", "task", "2025-04-07T09:00:00+07:00", "task-1", due_at="2025-04-14T17:00:00+07:00"),
    cloud_event("task.progressed", "task", "2025-04-08T09:00:00+07:00", "task-2", percent=30),
    cloud_event("station.activated", "S-1", id="station"),
    cloud_event("signature.used", "d", id="signature"),
]


class Installation:
    """A database, and a folder with the catalogue that is in force in it."""

    def __init__(self, dsn: str, folder: Path, connection: psycopg.Connection) -> None:
        self.dsn = dsn
        self.folder = folder
        self.connection = connection
        self.catalogue = self.change()

    def write(self, *days_off: str) -> Catalogue:
        """Change the catalogue in the folder only."""
        return write_catalogue(self.folder, days_off)

    def change(self, *days_off: str) -> Catalogue:
        """Change the catalogue, and bring it into force."""
        self.catalogue = self.write(*days_off)
        apply_catalogue(self.dsn, self.catalogue)
        return self.catalogue

    @property
    def rulebook(self) -> Rulebook:
        return load_rulebook(self.connection, self.catalogue)

    def commit(self, *events: Json) -> None:
        """Commit events under the catalogue in force, by a worker of their own."""
        with closing(Writer(self.dsn, self.rulebook, give_up=lambda: True)) as writer:
            writer.commit(Log(topic_id=uuid.uuid4().hex).batch(*events))

    def case(self, subject: str) -> tuple[str | None, date | None, int]:
        """When it is due (local), the day that moved it, and the number of the catalogue that it stands under."""
        row = self.connection.execute(
            "SELECT due_at, moved_by, catalogue FROM cases WHERE subject = %s", (subject,)
        ).fetchone()
        assert row is not None
        return row[0] and row[0].astimezone(ZONE).strftime("%m-%d %H:%M"), row[1], row[2]

    def moved(self) -> set[str]:
        """The cases that stand under the catalogue in force."""
        number = self.rulebook.number
        rows = self.connection.execute("SELECT subject FROM cases WHERE catalogue = %s", (number,))
        return {subject for (subject,) in rows}

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """All tables, but which catalogue a case was folded under last: settled ones stay with theirs."""
        found = tables(self.connection)
        return found | {"cases": [row[:-2] + row[-1:] for row in found["cases"]]}

    def assert_right(self) -> None:
        """No counter differs from the archive, and all tables are what they are when made anew from it."""
        assert compare(self.connection, self.rulebook) == []
        before = self.content()
        self.connection.execute("UPDATE catalogues SET finished_at = NULL")
        apply_catalogue(self.dsn, self.catalogue)
        assert self.content() == before


@pytest.fixture
def installed(database: str, connection: psycopg.Connection, tmp_path: Path) -> Installation:
    """An installation whose catalogue has no days off, and five working days for a dossier."""
    return Installation(database, tmp_path / "catalogue", connection)


@pytest.fixture
def in_use(installed: Installation) -> Installation:
    """The same with cases in every state."""
    installed.commit(*EVENTS)
    return installed


def test_a_day_off_moves_what_is_open_names_the_day_and_leaves_what_was_settled_before(in_use: Installation) -> None:
    assert in_use.case("open") == ("04-14 09:00", None, 2)
    in_use.change(CHANGE)
    day = date(2025, 4, 11)
    assert in_use.case("open") == ("04-15 09:00", day, 3)
    assert in_use.case("suspended") == ("04-15 09:00", day, 3)
    # Suspended from Tuesday to Tuesday at 09:00: four days of office time without the Friday.
    assert in_use.case("resumed") == ("04-21 09:00", day, 3)
    assert in_use.case("own") == ("04-14 17:00", None, 3)
    assert in_use.case("no limit") == (None, None, 3)
    assert in_use.case("overdue") == ("03-31 09:00", None, 3)
    assert in_use.case("settled in time") == ("04-15 09:00", day, 3)
    assert in_use.case("settled before") == ("04-14 09:00", None, 2)
    assert in_use.case("returned after") == ("04-14 09:00", None, 2)
    in_use.assert_right()


def test_what_was_late_by_the_old_calendar_is_on_time_by_the_new_one(in_use: Installation) -> None:
    query = "SELECT on_time FROM cases WHERE subject = 'settled late'"
    assert in_use.connection.execute(query).fetchall() == [(False,)]
    in_use.change(CHANGE)
    assert in_use.connection.execute(query).fetchall() == [(True,)]


@pytest.mark.parametrize(("days", "overdue"), [((), 4), ((CHANGE,), 2), (("2025-04-14 since 2025-04-14",), 2)])
def test_the_figures_as_of_a_moment_go_by_the_calendar_of_then(
    days: tuple[str, ...], overdue: int, in_use: Installation
) -> None:
    """At midnight after the 14th: overdue are `overdue`, `own`, and, by the old calendar, `open`, `settled late`."""
    in_use.change(*days)
    rules, at = in_use.rulebook.current, {}
    for when in ("2025-04-13T23:59:59", "2025-04-15T00:00:00"):
        moment = datetime.fromisoformat(when).replace(tzinfo=ZONE)
        with in_use.connection.transaction():
            found = totals_as_of(in_use.connection, rules, moment)
        at[when] = sum(value for (_, measure, *_), value in found.items() if measure == "dossier.overdue")
    assert list(at.values()) == [1, overdue]


def test_a_day_off_taken_back_moves_what_is_open_back(in_use: Installation) -> None:
    before = in_use.content()
    in_use.change(CHANGE)
    in_use.change()
    assert in_use.content() == before
    in_use.assert_right()


def test_a_day_off_that_has_always_been_moves_also_what_was_settled(in_use: Installation) -> None:
    in_use.change("2025-04-11")
    assert in_use.case("settled before") == ("04-15 09:00", None, 3)
    in_use.assert_right()


def test_other_limits_move_what_was_opened_since_they_count(in_use: Installation) -> None:
    limits = 'limits = [{ any = "5 working_days" }, { since = 2025-04-07, any = "3 working_days" }]'
    procedures = (in_use.folder / "procedures.toml").read_text()
    in_use.catalogue = write_catalogue(
        in_use.folder, procedures=procedures.replace('limits = [{ any = "5 working_days" }]', limits)
    )
    apply_catalogue(in_use.dsn, in_use.catalogue)
    assert in_use.case("settled before") == ("04-10 09:00", None, 3)
    assert in_use.case("overdue") == ("03-31 09:00", None, 3)
    in_use.assert_right()


def test_another_time_zone_makes_all_tables_anew(in_use: Installation) -> None:
    """Its days are others, also those of what no case is about."""
    in_use.commit(cloud_event("signature.used", "d", "2025-04-07T02:00:00+07:00", "night"))
    in_use.catalogue = rename(in_use.folder, "Asia/Ho_Chi_Minh", "Europe/Berlin")
    apply_catalogue(in_use.dsn, in_use.catalogue)
    days = "SELECT bucket FROM counters_day WHERE measure = 'signature.used' ORDER BY bucket"
    assert in_use.connection.execute(days).fetchall() == [(date(2025, 4, 3),), (date(2025, 4, 6),)]
    assert compare(in_use.connection, in_use.rulebook) == []


def rows_as_written(connection: psycopg.Connection) -> list[Any]:
    """Which transactions wrote the cases and counters."""
    query = (
        "SELECT 'cases', subject, xmin::text FROM cases UNION ALL SELECT measure, agency, xmin::text FROM counters_day"
    )
    return sorted(connection.execute(query))


def test_a_name_alone_moves_nothing_and_the_workers_go_on_under_the_new_catalogue(in_use: Installation) -> None:
    written, old = rows_as_written(in_use.connection), in_use.rulebook
    in_use.catalogue = rename(in_use.folder, "Bà Rịa–Vũng Tàu Province", "Bà Rịa–Vũng Tàu")
    apply_catalogue(in_use.dsn, in_use.catalogue)
    assert rows_as_written(in_use.connection) == written
    assert in_use.rulebook.number == old.number + 1
    with (
        closing(Writer(in_use.dsn, old)) as writer,
        pytest.raises(OutdatedCatalogueError, match="catalogue 3 has come into force, this process works by 2"),
    ):
        writer.commit(Log(topic_id="old").batch(received("new")))
    in_use.commit(received("new"), then("processed", "open", "09"))
    assert in_use.moved() == {"new", "open"}
    in_use.assert_right()


def test_the_same_catalogue_again_does_nothing(in_use: Installation) -> None:
    catalogues = "SELECT * FROM catalogues ORDER BY number"
    written, before = rows_as_written(in_use.connection), in_use.connection.execute(catalogues).fetchall()
    apply_catalogue(in_use.dsn, in_use.catalogue)
    assert rows_as_written(in_use.connection) == written
    assert in_use.connection.execute(catalogues).fetchall() == before


def enter(installed: Installation, *days_off: str) -> None:
    """Bring a changed catalogue into force, and move nothing yet."""
    installed.catalogue = installed.write(*days_off)
    with psycopg.connect(installed.dsn) as connection:
        module._enter(connection, installed.catalogue)


LATER = [
    then("extended", "open", "16", due_at="2025-04-22T17:00:00+07:00"),
    then("resumed", "suspended", "16"),
    then("processed", "overdue", "16"),
    then("withdrawn", "no limit", "16"),
    # Settled before the change, so nobody would move it: until its finish is taken back.
    then("processed", "settled before", "08", revision=1, retracted=True),
    received("returned after", "2025-04-08T09:00:00+07:00", revision=1),
    received("own", due_at=None, revision=1),
    received("settled late", revision=1, retracted=True),
    cloud_event("dossier.processed", "incomplete", "2025-04-10T09:00:00+07:00", "incomplete", 1, True),
    received("new"),
]


def test_a_worker_that_meets_a_case_before_it_is_moved_moves_it(in_use: Installation) -> None:
    enter(in_use, CHANGE)
    in_use.commit(*LATER)
    assert in_use.case("settled before") == ("04-15 09:00", date(2025, 4, 11), 3)
    assert in_use.case("own") == ("04-15 09:00", date(2025, 4, 11), 3)
    assert in_use.case("resumed")[2] == 2
    apply_catalogue(in_use.dsn, in_use.catalogue)
    assert in_use.case("resumed")[2] == 3
    in_use.assert_right()


def test_the_same_events_after_the_change_come_to_the_same(in_use: Installation) -> None:
    """And so do they before it: whoever moves a case."""
    in_use.change(CHANGE)
    in_use.commit(*LATER)
    in_use.assert_right()


def test_one_by_one_met_during_two_changes_they_come_to_the_same(in_use: Installation) -> None:
    enter(in_use, CHANGE)
    in_use.commit(*LATER[::2])
    enter(in_use, CHANGE, "2025-04-18 since 2025-04-16")
    in_use.commit(*LATER[1::2])
    apply_catalogue(in_use.dsn, in_use.catalogue)
    in_use.assert_right()


class EndedError(Exception):
    """Stands for the end of a process between two of its transactions."""


def test_ended_in_the_middle_another_change_finishes_both(
    in_use: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 3)

    def end(line: str) -> None:
        raise EndedError(line)

    with pytest.raises(EndedError, match="3 cases"):
        apply_catalogue(in_use.dsn, in_use.write(CHANGE), end)
    # The second change alone would leave what was settled before the 16th.
    in_use.change(CHANGE, "2025-04-18 since 2025-04-16")
    assert in_use.case("settled in time") == ("04-15 09:00", date(2025, 4, 11), 4)
    assert in_use.connection.execute("SELECT count(*) FROM catalogues WHERE finished_at IS NULL").fetchone() == (0,)
    in_use.assert_right()


def test_a_change_that_came_into_force_meanwhile_is_not_called_finished(
    in_use: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = in_use.write(CHANGE)

    def change_again(line: str) -> None:
        if "stand under" in line:
            enter(in_use, CHANGE, "2025-04-18 since 2025-04-16")

    apply_catalogue(in_use.dsn, first, change_again)
    unfinished = in_use.connection.execute("SELECT number FROM catalogues WHERE finished_at IS NULL").fetchall()
    assert unfinished == [(4,)]
    apply_catalogue(in_use.dsn, in_use.catalogue)
    in_use.assert_right()


def test_killed_between_any_two_steps_it_is_brought_to_its_end_by_running_again(
    in_use: Installation, environment: Callable[[Settings], dict[str, str]]
) -> None:
    of_process = environment(Settings(dsn=in_use.dsn, catalogue=in_use.folder))
    changes = [(CHANGE,), (), ("2025-04-10 since 2025-04-09", CHANGE)]
    in_use.catalogue = in_use.write(*changes[0])
    for step in kill_at_every_step("catalogue", of_process):
        if step % 3 == 0:
            in_use.change(*changes[step % len(changes)])
            assert compare(in_use.connection, in_use.rulebook) == []
        in_use.catalogue = in_use.write(*changes[(step + 1) % len(changes)])
    apply_catalogue(in_use.dsn, in_use.catalogue)
    in_use.assert_right()


@pytest.mark.parametrize("check", [compare, repair])
def test_nothing_is_compared_while_a_change_is_under_way(
    check: Callable[[psycopg.Connection, Rulebook], object], in_use: Installation
) -> None:
    enter(in_use, CHANGE)
    with pytest.raises(UnavailableError, match="run `opscentre migrate` to its end"):
        check(in_use.connection, in_use.rulebook)
    apply_catalogue(in_use.dsn, in_use.catalogue)
    assert list(check(in_use.connection, in_use.rulebook)) == []


@pytest.fixture
def before_catalogues(timescaledb: TimescaleDB) -> Iterator[str]:
    """DSN of a database of the version before: without the migration that brought catalogues."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    dsn = timescaledb.dsn(name)
    with psycopg.connect(timescaledb.dsn("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION timescaledb")
            connection.execute("CREATE TABLE migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())")
            for script in sorted((resources.files("schemas") / "sql").iterdir(), key=lambda path: path.name)[:2]:
                connection.execute(script.read_bytes())
                connection.execute("INSERT INTO migrations (name) VALUES (%s)", (script.name,))
        yield dsn
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


_FILL = """
    INSERT INTO cases (system, kind, subject, agency, label, state, contradictory, history)
    VALUES ('one-stop', 'dossier', 'open', 'H06', '', 'open', false, '[]');
    INSERT INTO counters_day (measure, agency, label, bucket, shard, value)
    VALUES ('dossier.opened', 'H06', '', '2025-04-07', 1, 1);
"""


def test_a_database_of_the_version_before_is_made_anew_from_its_archive(
    in_use: Installation, before_catalogues: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 1)  # 20 facts at a time: what a case comes to is met again
    in_use.commit(*LATER)
    names = 'time, received_at, system, type, subject, agency, id, revision, retracted, data, partition, "offset"'
    with psycopg.connect(before_catalogues) as old, old.cursor() as cursor:
        old.execute(_FILL)
        with cursor.copy(f"COPY events ({names}) FROM STDIN".encode()) as stream:
            for row in in_use.connection.execute(f"SELECT {names} FROM events".encode()).fetchall():
                stream.write_row(row)
    assert migrate(before_catalogues) == ["003_catalogues.sql"]
    said: list[str] = []
    apply_catalogue(before_catalogues, in_use.catalogue, said.append)
    assert said[-1].endswith("archived events counted anew")
    with psycopg.connect(before_catalogues, autocommit=True) as connection:
        found = Installation.__new__(Installation)
        found.connection = connection
        assert found.content() == in_use.content()
        assert compare(connection, load_rulebook(connection, in_use.catalogue)) == []


def due_times(connection: psycopg.Connection) -> dict[str, str | None]:
    """When each dossier is due, local."""
    rows = connection.execute("SELECT subject, due_at FROM cases WHERE kind = 'dossier'")
    return {subject: due and due.astimezone(ZONE).strftime("%m-%d %H:%M") for subject, due in rows}


def raw(*events: Json) -> list[tuple[str, bytes, bytes]]:
    return [("events.one-stop", str(event["subject"]).encode(), orjson.dumps(event)) for event in events]


def count_events(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM events").fetchone()
    assert row is not None
    return int(row[0])


def test_a_worker_goes_on_over_a_change_and_counts_what_comes_before_during_and_after_once(
    installed: Installation,
    installation: Settings,
    environment: Callable[[Settings], dict[str, str]],
    tmp_path: Path,
) -> None:
    connection, events = installed.connection, 60_000
    settings = installation.model_copy(update={"catalogue": installed.folder, "batch_events": 500})
    with Workers(settings, environment, tmp_path) as workers:
        worker = workers.supervise()
        published = publish(settings.kafka, [*mixed(events), *raw(received("before"))])
        workers.wait_progress(events // 6)
        catalogue = installed.write(CHANGE, "2025-05-14 since 2025-05-12")
        first = worker.child
        apply_catalogue(installed.dsn, catalogue)
        published += publish(settings.kafka, [*raw(received("after")), *mixed(events // 6, events)])
        workers.wait_progress(published, 90)
        assert worker.child != first
        assert "catalogue 3 has come into force, this process works by 2" in worker.log
        installed.catalogue = catalogue
        dues = due_times(connection)
        assert (dues["before"], dues["after"]) == ("04-15 09:00", "04-15 09:00")
        assert count_events(connection) == published
    installed.assert_right()


def test_a_worker_with_another_catalogue_than_the_database_waits_and_goes_on_once_it_has_the_same(
    installed: Installation,
    installation: Settings,
    environment: Callable[[Settings], dict[str, str]],
    tmp_path: Path,
) -> None:
    settings = installation.model_copy(update={"catalogue": installed.folder})
    elsewhere = write_catalogue(tmp_path / "elsewhere", (CHANGE,))
    with Workers(settings, environment, tmp_path) as workers:
        worker = workers.supervise()
        publish(settings.kafka, raw(received("before")))
        workers.wait_progress(1)
        apply_catalogue(installed.dsn, elsewhere)  # from another machine, say: the worker's folder stays as it was
        publish(settings.kafka, raw(received("after")))
        workers.wait(lambda: "waiting: the database is at catalogue" in worker.log, "the worker waits")
        assert f"the database is at catalogue {elsewhere.version}, this process has {installed.catalogue.version}" in (
            worker.log
        )
        assert "run `opscentre migrate`" in worker.log
        waiting = worker.child
        assert workers.progress() == 1
        installed.catalogue = installed.write(CHANGE)
        workers.wait_progress(2)
        assert worker.child == waiting
    assert due_times(installed.connection) == {"before": "04-15 09:00", "after": "04-15 09:00"}
    installed.assert_right()
