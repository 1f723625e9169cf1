"""A catalogue changed on an installation that is in use: what is open follows, what was settled stays, all is right."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from core.database import migrate
from core.errors import ConfigurationError, OutdatedCatalogueError, UnavailableError
from core.settings import Settings
from opscentre.devservices.process import wait_until
from opscentre.devservices.timescaledb import TimescaleDB
from schemas.catalogue.load import Catalogue, load_catalogue
from streams.fold.rulebook import Rulebook, load_rulebook
from streams.recount import rebuild as module
from streams.recount.archive import totals_as_of
from streams.recount.compare import Mismatch, compare, repair
from streams.recount.rebuild import apply_catalogue, refuse_another_catalogue
from streams.sweep.alerts import raise_missed
from streams.write.writer import Writer
from tests.catalogues import CHANGE, ZONE, Installation, content, received, rename, then, write_catalogue
from tests.conftest import earlier
from tests.helpers import Log, cloud_event
from tests.killing import kill_at_every_step

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
        module._enter(connection, installed.catalogue, None)


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
        if "…" in line:
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


@pytest.mark.slow
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
    check: Callable[[psycopg.Connection, Rulebook], list[Mismatch]], in_use: Installation
) -> None:
    enter(in_use, CHANGE)
    with pytest.raises(UnavailableError, match="run `opscentre migrate` to its end"):
        check(in_use.connection, in_use.rulebook)
    apply_catalogue(in_use.dsn, in_use.catalogue)
    assert check(in_use.connection, in_use.rulebook) == []


@pytest.fixture
def before_catalogues(timescaledb: TimescaleDB) -> Iterator[str]:
    """DSN of a database of the version before: without the migration that brought catalogues."""
    with earlier(timescaledb, 2) as dsn:
        yield dsn


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
    assert migrate(before_catalogues)[0] == "003_catalogues.sql"
    said: list[str] = []
    apply_catalogue(before_catalogues, in_use.catalogue, said.append)
    assert said[-1].endswith("archived events counted anew")
    with psycopg.connect(before_catalogues, autocommit=True) as connection:
        assert content(connection) == in_use.content()
        assert compare(connection, load_rulebook(connection, in_use.catalogue)) == []


def test_a_version_that_folds_otherwise_makes_all_tables_anew(in_use: Installation) -> None:
    right = in_use.content()
    in_use.connection.execute("UPDATE catalogues SET version = 'before', rules = (rules::jsonb - 'fold')::text")
    in_use.connection.execute("UPDATE cases SET due_at = due_at + interval '1 day'")
    in_use.connection.execute("UPDATE counters_day SET value = value + 1")
    apply_catalogue(in_use.dsn, in_use.catalogue)
    assert in_use.content() == right
    in_use.assert_right()


@pytest.mark.slow
def test_whoever_reads_the_views_for_long_delays_the_change_and_no_batch(in_use: Installation) -> None:
    """A dump holds every view until it ends: the change waits for it, the workers do not wait for the change."""
    said: list[str] = []
    changed = rename(in_use.folder, "Bà Rịa–Vũng Tàu Province", "Bà Rịa–Vũng Tàu")
    in_use.connection.execute("COMMENT ON SCHEMA indicators IS 'of another version'")  # so they are made anew
    with psycopg.connect(in_use.dsn) as reader, ThreadPoolExecutor(1) as pool:
        reader.execute("SELECT count(*) FROM indicators.tree").fetchone()
        changing = pool.submit(apply_catalogue, in_use.dsn, changed, said.append)
        assert wait_until(lambda: any("waiting for somebody" in line for line in said), 20)
        began = time.monotonic()
        in_use.commit(received("meanwhile"))
        assert time.monotonic() - began < 10
        assert not changing.done()
        reader.rollback()
        changing.result(30)
    assert any("has come into force" in line for line in said)


WINTER = """
[[office_hours]]
days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
hours = ["07:00-11:30", "13:30-17:00"]

[[office_hours]]
days = ["saturday"]
hours = ["07:30-11:30"]
since = 2025-04-09

[[office_hours]]
days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
hours = ["08:00-12:00", "13:00-17:00"]
since = 2025-04-09
"""


def test_hours_from_a_day_on_move_what_is_open_and_leave_what_was_settled_before(in_use: Installation) -> None:
    """Saturday the 12th is worked now: what was due on Monday at 09:00 is due on the 12th at 09:00."""
    in_use.write()
    province = in_use.folder / "province.toml"
    text = province.read_text()
    province.write_text(text[: text.index("[office_hours]")] + WINTER)
    catalogue = load_catalogue(in_use.folder)
    apply_catalogue(in_use.dsn, catalogue)
    in_use.catalogue = catalogue
    number = in_use.rulebook.number
    assert in_use.case("open") == ("04-12 09:00", date(2025, 4, 9), number)
    assert in_use.case("settled before")[0] == "04-14 09:00"
    assert in_use.case("own")[0] == "04-14 17:00"
    in_use.assert_right()


def alerts_of(installed: Installation, subject: str, now: str) -> tuple[list[str], list[tuple[str | None, str | None]]]:
    """Whom a sweep tells of, and the alerts of a case after it: why each was suppressed, and why it has ended."""
    with installed.connection.transaction():
        told = raise_missed(installed.connection, ["one-stop"], datetime.fromisoformat(now), uuid4())
    rows = installed.connection.execute("SELECT suppressed, ended FROM alerts WHERE subject = %s", (subject,))
    return [case["subject"] for case in told], rows.fetchall()


def test_a_holiday_that_was_forgotten_is_put_right_and_alarms_nobody(installed: Installation) -> None:
    """Told of on the 15th, though Friday the 11th was off: both were due on the 15th, and the finish is in time."""
    installed.commit(
        received("open"),
        received("settled"),
        then("processed", "settled", "15"),
        received("long", "2025-03-24T09:00:00+07:00"),
    )
    first, _ = alerts_of(installed, "open", "2025-04-15T01:00+07:00")
    assert sorted(first) == ["long", "open"]
    assert late(installed, "settled") is True
    installed.change("2025-04-11")
    told, alerts = alerts_of(installed, "open", "2025-04-15T09:00+07:00")
    assert (told, alerts) == ([], [(None, "postponed")])
    assert late(installed, "settled") is False
    assert alerts_of(installed, "long", "2025-04-15T09:00+07:00") == ([], [(None, None)])
    told, alerts = alerts_of(installed, "open", "2025-04-16T01:00+07:00")
    assert told == ["open"]
    installed.assert_right()


def late(installed: Installation, subject: str) -> bool:
    row = installed.connection.execute("SELECT NOT on_time FROM cases WHERE subject = %s", (subject,)).fetchone()
    assert row is not None
    return bool(row[0])


def refused(installed: Installation, catalogue: Catalogue, shipped: bool = False) -> str:
    """Why a catalogue is refused; nothing where it is taken."""
    try:
        refuse_another_catalogue(installed.dsn, catalogue, shipped)
    except ConfigurationError as error:
        return str(error)
    return ""


def test_a_catalogue_that_hardly_anybody_means_is_refused(installed: Installation) -> None:
    first = installed.catalogue
    assert refused(installed, first, shipped=True) == ""
    second = installed.write("2025-04-11")
    assert refused(installed, second) == ""
    assert refused(installed, second, shipped=True) == ""  # it is not known whether the first was a folder's
    apply_catalogue(installed.dsn, second, shipped=False)
    assert "OPSCENTRE_CATALOGUE names none" in refused(installed, installed.write("2025-04-10"), shipped=True)
    assert "is this an old copy?" in refused(installed, first)
    other = replace(first, province=first.province.model_copy(update={"code": "H99"}))
    assert "the installation of the province H06, and the catalogue is of H99" in refused(installed, other)
    assert "add --catalogue-changed" in refused(installed, other)


def test_a_merger_hands_over_what_is_open_and_tells_who_owes_now(in_use: Installation) -> None:
    """Entered a week late: the finish under the old code, on the successor's second day, is the successor's."""
    old, new = "H06.26506", min(in_use.catalogue.systems["one-stop"].agencies - {"H06.26506"})
    in_use.commit(received("finished", agency=old), received("left", agency=old))
    in_use.commit(then("processed", "finished", "10", agency=old))
    told, _ = alerts_of(in_use, "left", "2025-04-15T01:00+07:00")
    assert "left" in told
    agencies = in_use.folder / "agencies.toml"
    text = agencies.read_text()
    code = f'code = "{old}"\n'
    agencies.write_text(text.replace(code, f'{code}valid_to = 2025-04-08\nsuccessor = "{new}"\n'))
    in_use.catalogue = load_catalogue(in_use.folder)
    apply_catalogue(in_use.dsn, in_use.catalogue)
    rows = in_use.connection.execute("SELECT subject, agency FROM cases WHERE subject IN ('finished', 'left')")
    assert dict(rows.fetchall()) == {"finished": new, "left": new}
    told, alerts = alerts_of(in_use, "left", "2025-04-15T09:00+07:00")
    assert "left" in told
    assert sorted(alerts, key=str) == [(None, "transferred"), (None, None)]
    in_use.assert_right()
