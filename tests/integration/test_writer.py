"""The one transaction of a batch, against a real TimescaleDB: each event counts once, whatever comes in which order."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import count as counting
from random import Random
from threading import Barrier
from typing import Any, get_args

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.dead_letters import record_hash
from core.errors import OffsetMismatchError, OutdatedCatalogueError
from opscentre.reports.status import numbers_reused, totals
from schemas.catalogue.rules import CalendarRule, Limits, OfficeHours, Rules, Weekday
from streams.fold.rulebook import Rulebook
from streams.fold.rules import CaseRules
from streams.ingest.records import Batch, DecodedEvent, Refused
from streams.recount.archive import readings_as_of, totals_as_of
from streams.recount.compare import compare
from streams.write import projections
from streams.write.archive import archive
from streams.write.writer import Outcome, Writer
from tests.helpers import (
    CATALOGUE,
    EVENTS,
    RULEBOOK,
    SYSTEM_OF,
    Json,
    Log,
    actors,
    cloud_event,
    count,
    empty,
    letters,
    readings,
    record,
    summed,
    tables,
)


def received(**changes: Any) -> Json:
    return cloud_event("dossier.received", **changes)


UNDATED = {"dossier.opened": 1, "dossier.open": 1, "dossier.open_without_due": 1}
"""What it counts for that was received and has no due time."""


def signed(**changes: Any) -> Json:
    return cloud_event("signature.used", **changes)


def reported(**changes: Any) -> Json:
    return cloud_event("reading.reported", **{"subject": "science.enterprises", **changes})


def place(connection: psycopg.Connection) -> tuple[int, int, int]:
    """Next offset, events and duplicates of the one partition."""
    row = connection.execute(
        "SELECT next_offset, events, duplicates FROM partition_offsets WHERE topic <> 'maintenance'"
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def test_a_batch_archives_folds_counts_and_moves_the_offset(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    activated = cloud_event("station.activated", "S-1")
    batch = log.batch(received(), signed(), activated, reported(), b"junk")
    assert writer.commit(batch) == Outcome(events=4, refused=1)
    assert count(connection, "events") == 4
    assert connection.execute("SELECT subject, state FROM cases").fetchall() == [("H06-1", "open")]
    assert connection.execute("SELECT subject, standing FROM items").fetchall() == [("S-1", True)]
    assert summed(connection) == {**UNDATED, "signature.used": 1, "station.standing": 1}
    assert actors(connection) == [("o-1", "2025-04-01", 1)]
    assert readings(connection) == [("science.enterprises", "2025-Q1", 27.0)]
    assert letters(connection) == [("open", "not_json")]
    assert place(connection) == (5, 4, 0)


def test_a_duplicate_counts_once_in_one_batch_and_across_batches(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    events = [received(), signed(), reported()]
    assert writer.commit(log.batch(*events, *events)) == Outcome(events=3, duplicates=3)
    assert writer.commit(log.batch(*events)) == Outcome(duplicates=3)
    assert summed(connection) == {**UNDATED, "signature.used": 1}
    assert actors(connection) == [("o-1", "2025-04-01", 1)]
    assert readings(connection) == [("science.enterprises", "2025-Q1", 27.0)]
    assert place(connection) == (9, 3, 6)


def test_a_resend_with_another_time_is_a_duplicate_and_the_first_time_stands(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(signed(time="2025-04-03T08:15:00+07:00"), signed(time="2025-04-04T08:15:00+07:00")))
    assert writer.commit(log.batch(signed(time="2025-05-04T08:15:00+07:00"))) == Outcome(duplicates=1)
    assert connection.execute("SELECT bucket::text, value FROM counters_day").fetchall() == [("2025-04-03", 1)]
    assert actors(connection) == [("o-1", "2025-04-01", 1)]
    first, later = "2025-04-03T08:15:00+07:00", "2025-04-09T08:15:00+07:00"
    writer.commit(log.batch(reported(time=first), reported(time=later)))
    assert connection.execute("SELECT reported_at FROM readings").fetchall() == [(datetime.fromisoformat(first),)]


def test_an_id_with_other_content_is_refused_and_the_first_stands(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    outcome = writer.commit(log.batch(signed(document="first"), signed(document="second")))
    assert outcome == Outcome(events=1, refused=1)
    assert writer.commit(log.batch(signed(document="third"), signed(document="first"))) == Outcome(0, 1, 1)
    assert letters(connection) == [("open", "conflicting_id")] * 2
    documents = [orjson.loads(data)["document"] for (data,) in connection.execute("SELECT data FROM events")]
    assert documents == ["first"]


def test_the_same_id_in_another_system_is_another_event(connection: psycopg.Connection, writer: Writer) -> None:
    assert writer.commit(Log().batch(received(id="7"), signed(id="7"))) == Outcome(events=2)


REVISIONS = [
    received(revision=0, subject="H06-1", channel="online"),
    received(revision=1, subject="H06-2", channel="counter"),
    received(revision=3, subject="H06-2", channel="post", time="2025-04-05T08:15:00+07:00"),
]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_highest_revision_stands_in_whatever_order_they_come(
    order: Sequence[int], size: int, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    for start in range(0, 3, size):
        writer.commit(log.batch(*(REVISIONS[number] for number in order[start : start + size])))
    standing = "SELECT measure, dimensions, bucket::text, sum(value)::int FROM counters_day "
    standing += "GROUP BY 1, 2, 3 HAVING sum(value) <> 0"
    since = int(datetime.fromisoformat(REVISIONS[2]["time"]).timestamp()) // 60
    assert sorted(connection.execute(standing.encode())) == [
        ("dossier.open", "", "2025-04-05", 1),
        ("dossier.open_without_due", "", "2025-04-05", 1),
        ("dossier.opened", "post -", "2025-04-05", 1),
        ("dossier.opened_at_sum", "", "2025-04-05", since),
    ]
    open_cases = connection.execute("SELECT subject, dimensions FROM cases WHERE state = 'open'").fetchall()
    assert open_cases == [("H06-2", "post -")]
    assert count(connection, "events") == 3
    for revision in REVISIONS:
        assert writer.commit(log.batch(revision)) == Outcome(duplicates=1)


REVISED = [
    [signed(revision=0, officer="o-1"), reported(revision=0, period="2025-Q1", value=1.5)],
    [signed(revision=1, officer="o-2"), reported(revision=1, period="2025-Q2", value=2.5)],
    [
        signed(revision=3, officer="o-2", time="2025-05-05T08:15:00+07:00"),
        reported(revision=3, period="2025-Q2", value=3.5),
    ],
]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize("size", [1, 3])
def test_of_an_actor_and_of_a_reading_the_highest_revision_stands_in_whatever_order_they_come(
    order: Sequence[int], size: int, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    for start in range(0, 3, size):
        writer.commit(log.batch(*(event for number in order[start : start + size] for event in REVISED[number])))
    assert actors(connection) == [("o-2", "2025-05-01", 1)]
    assert readings(connection) == [("science.enterprises", "2025-Q2", 3.5)]
    assert compare(connection, RULEBOOK) == []


def test_the_same_number_in_two_systems_is_two_cases(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    due = "2025-04-10T17:00:00+07:00"
    assigned = [
        cloud_event("task.assigned", "T-1", due_at=due, system=system) for system in ("ops-centre", "police-ops")
    ]
    assert writer.commit(log.batch(*assigned)) == Outcome(events=2)
    progressed = cloud_event(
        "task.progressed", "T-1", "2025-04-04T08:15:00+07:00", "2", system="ops-centre", percent=30
    )
    writer.commit(log.batch(progressed))
    rows = connection.execute("SELECT system, state, dimensions, percent FROM cases ORDER BY 1").fetchall()
    assert rows == [("ops-centre", "open", "resolution-57", 30), ("police-ops", "open", "resolution-57", 0)]
    found = connection.execute("SELECT system, value FROM counters_day WHERE measure = 'task.opened' ORDER BY 1")
    assert found.fetchall() == [("ops-centre", 1), ("police-ops", 1)]
    found = connection.execute("SELECT system, value FROM counters_day WHERE measure = 'task.progress'")
    assert found.fetchall() == [("ops-centre", 30)]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CATALOGUE.zone)


def test_a_dossier_without_a_due_time_has_that_of_its_procedure_moved_by_what_it_was_suspended(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    query = "SELECT state, due_at, overdue_at FROM cases"
    writer.commit(log.batch(received(procedure="2.000908")))  # a working day, as the catalogue has it
    due, overdue = local("2025-04-04T08:15"), local("2025-04-05T00:00")
    assert connection.execute(query.encode()).fetchall() == [("open", due, overdue)]
    writer.commit(log.batch(cloud_event("dossier.suspended", id="2", time="2025-04-03T09:15:00+07:00")))
    assert connection.execute(query.encode()).fetchall() == [("suspended", due, None)]
    writer.commit(log.batch(cloud_event("dossier.resumed", id="3", time="2025-04-04T10:15:00+07:00")))
    due, overdue = local("2025-04-08T09:15"), local("2025-04-09T00:00")  # after a week-end, and a Monday off
    assert connection.execute(query.encode()).fetchall() == [("open", due, overdue)]


def test_a_swap_of_days_made_known_after_the_opening_moves_the_due_time_and_the_case_names_the_day(
    connection: psycopg.Connection, writer: Writer
) -> None:
    """Monday 29 April 2024 was swapped with Saturday 4 May, as the catalogue has it since 12 April."""
    # Ten working days each: what came in the evening counts as received the next morning.
    times = ["2024-04-11T18:00:00+07:00", "2024-04-12T07:00:00+07:00"]
    writer.commit(Log().batch(*(received(subject=time, id=time, time=time, procedure="1.003915") for time in times)))
    rows = connection.execute("SELECT due_at, due_moved_by_day::text FROM cases ORDER BY opened_at").fetchall()
    assert rows == [(local("2024-05-02T07:00"), "2024-04-29"), (local("2024-05-02T07:00"), None)]


def test_a_lower_revision_with_other_content_than_before_is_refused(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(*REVISIONS))
    assert writer.commit(log.batch(received(revision=1, subject="H06-9"))) == Outcome(refused=1)
    assert letters(connection) == [("open", "conflicting_id")]


def test_a_retraction_takes_back_what_the_event_had_counted(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    events = [received(), signed(), cloud_event("station.activated", "S-1"), reported()]
    writer.commit(log.batch(*events))
    retractions = [{**event, "revision": 1, "retracted": True} for event in events]
    assert writer.commit(log.batch(*retractions)) == Outcome(events=4)
    assert summed(connection, amounts=True) == {}
    assert (actors(connection), readings(connection)) == ([], [])


def test_a_retraction_that_comes_first_holds(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    events = [received(), signed(), reported()]
    writer.commit(log.batch(*({**event, "revision": 1, "retracted": True} for event in events)))
    assert writer.commit(log.batch(*events)) == Outcome(events=3)
    assert summed(connection, amounts=True) == {}
    assert (actors(connection), readings(connection)) == ([], [])


def test_a_retraction_can_itself_be_corrected(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    writer.commit(log.batch(signed()))
    writer.commit(log.batch(signed(revision=1, retracted=True)))
    writer.commit(log.batch(signed(revision=2)))
    assert summed(connection) == {"signature.used": 1}
    assert actors(connection) == [("o-1", "2025-04-01", 1)]


@pytest.mark.parametrize("event", [received(), signed(), reported()], ids=["case", "actor", "reading"])
def test_what_was_retracted_leaves_the_same_tables_whether_the_retraction_came_first_or_last(
    event: Json, connection: psycopg.Connection, writer: Writer
) -> None:
    log, retraction = Log(), {**event, "revision": 1, "retracted": True}
    writer.commit(log.batch(event))
    writer.commit(log.batch(retraction))
    last = tables(connection)
    empty(connection)
    writer.commit(log.batch(retraction))
    writer.commit(log.batch(event))
    assert tables(connection) == last


def test_a_corrected_flow_moves_to_the_day_and_the_agency_of_the_correction(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(signed(agency="H06.01", time="2025-04-03T08:15:00+07:00")))
    writer.commit(log.batch(signed(agency="H06.02", time="2025-04-04T00:00:00+07:00", revision=1)))
    rows = connection.execute("SELECT agency, bucket::text, value FROM counters_day ORDER BY 1").fetchall()
    assert rows == [("H06.01", "2025-04-03", 0), ("H06.02", "2025-04-04", 1)]
    assert actors(connection) == [("o-1", "2025-04-01", 1)]


def test_an_event_corrected_to_another_type_moves_from_a_case_to_another_effect(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(signed(subject="7")))
    writer.commit(log.batch(cloud_event("officer.enrolled", subject="7", revision=1)))
    assert summed(connection) == {"officer.standing": 1}
    assert actors(connection) == []


def test_a_stale_batch_is_nothing(connection: psycopg.Connection, writer: Writer) -> None:
    batch = Log().batch(received(id="1"), received(id="2"), b"junk")
    writer.commit(batch)
    before = tables(connection)
    assert writer.commit(batch) == Outcome()
    assert tables(connection) == before
    assert (place(connection), len(letters(connection))) == ((3, 2, 0), 1)


def test_of_an_overlapping_batch_only_the_rest_is_taken(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    first, second = log.batch(signed(id="1"), signed(id="2")), log.batch(signed(id="3"), signed(id="4"))
    writer.commit(first)
    both = Batch(first.partition, 0, 4, [*first.items, *second.items])
    assert writer.commit(both) == Outcome(events=2)
    assert place(connection) == (4, 4, 0)


def test_a_gap_is_refused_and_leaves_nothing_behind(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    writer.commit(log.batch(signed(id="1")))
    log.batch(signed(id="2"))
    with pytest.raises(OffsetMismatchError, match="stands at offset 1, but the batch begins at 2"):
        writer.commit(log.batch(signed(id="3")))
    assert place(connection) == (1, 1, 0)
    assert count(connection, "events") == 1


def test_a_batch_under_another_catalogue_than_the_one_in_force_leaves_nothing_behind(
    database: str, connection: psycopg.Connection, writer: Writer
) -> None:
    connection.execute("INSERT INTO catalogues (version, rules) SELECT 'next', rules FROM catalogues")
    batch = Log().batch(signed())
    with pytest.raises(OutdatedCatalogueError, match="catalogue 2 has come into force, this process works by 1"):
        writer.commit(batch)
    assert count(connection, "events") == 0
    next_one = Writer(database, Rulebook(2, {2: RULEBOOK.current}), give_up=lambda: True)
    assert next_one.commit(batch) == Outcome(events=1)
    next_one.close()


def test_holes_that_compaction_left_are_no_gap(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    batch = log.batch(*(signed(id=str(number)) for number in range(6)))
    writer.commit(batch._replace(end=9, items=[batch.items[1], batch.items[4]]))
    log.end = 9
    assert writer.commit(log.batch(signed(id="9"))) == Outcome(events=1)
    assert place(connection) == (10, 3, 0)


def test_a_topic_created_anew_begins_at_its_first_offset(connection: psycopg.Connection, writer: Writer) -> None:
    writer.commit(Log().batch(signed(id="1")))
    assert writer.commit(Log(topic_id="second").batch(signed(id="2"))) == Outcome(events=1)


@pytest.mark.parametrize("cursed", range(5))
def test_a_value_that_the_database_refuses_is_cornered_and_the_others_count(
    cursed: int, connection: psycopg.Connection, writer: Writer
) -> None:
    connection.execute("ALTER TABLE events ADD CONSTRAINT curse CHECK (subject <> 'cursed')")
    events = [signed(id=str(n), subject="cursed" if n == cursed else "H06-1") for n in range(5)]
    assert writer.commit(Log().batch(*events)) == Outcome(events=4, refused=1)
    assert place(connection) == (5, 4, 0)
    assert summed(connection) == {"signature.used": 4}
    rows = connection.execute('SELECT "offset", reason, detail, value FROM dead_letters').fetchall()
    assert [row[:2] for row in rows] == [(cursed, "refused_by_database")]
    assert "curse" in rows[0][2]
    assert orjson.loads(rows[0][3]) == events[cursed]
    assert compare(connection, RULEBOOK) == []


def test_a_batch_of_refused_values_ends_as_dead_letters_each_once(
    connection: psycopg.Connection, writer: Writer
) -> None:
    connection.execute("ALTER TABLE cases ADD CONSTRAINT curse CHECK (false)")
    log = Log()
    batch = log.batch(received(id="1"), b"junk", received(id="2", subject="H06-2"), signed())
    assert writer.commit(batch) == Outcome(events=1, refused=3)
    assert letters(connection) == [
        ("open", reason) for reason in ("refused_by_database", "not_json", "refused_by_database")
    ]
    assert writer.commit(batch) == Outcome()
    assert len(letters(connection)) == 3


@pytest.mark.parametrize("error", [OverflowError("date value out of range"), ValueError("x"), RecursionError()])
def test_whatever_one_event_raises_while_it_is_written_corners_that_event(
    error: Exception, connection: psycopg.Connection, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copied(cursor: psycopg.Cursor, events: Sequence[DecodedEvent], partition: int) -> None:
        if any(event.subject == "cursed" for event in events):
            raise error
        archive(cursor, events, partition)

    monkeypatch.setattr("streams.write.writer.archive", copied)
    events = [signed(id=str(n), subject="cursed" if n == 2 else "H06-1") for n in range(5)]
    assert writer.commit(Log().batch(*events)) == Outcome(events=4, refused=1)
    assert place(connection) == (5, 4, 0)
    assert connection.execute('SELECT "offset", reason FROM dead_letters').fetchall() == [(2, "unexpected")]


@pytest.mark.parametrize("error", [psycopg.errors.UndefinedColumn("x"), MemoryError(), OSError("x")])
def test_what_is_no_events_fault_costs_no_event(
    error: Exception, connection: psycopg.Connection, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("streams.write.writer.archive", raising)
        with pytest.raises(type(error)):
            writer.commit(Log().batch(signed(id="1"), signed(id="2")))
    assert letters(connection) == []
    writer.close()
    assert writer.commit(Log().batch(signed(id="1"), signed(id="2"))) == Outcome(events=2)


def test_what_takes_the_database_too_long_is_cornered_and_the_others_count(
    database: str, connection: psycopg.Connection
) -> None:
    connection.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(20); RETURN NEW; END $$"
    )
    connection.execute(
        "CREATE TRIGGER slow BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.subject = 'cursed') EXECUTE FUNCTION slow()"
    )
    impatient = Writer(database, RULEBOOK)
    impatient._connect().execute("SET statement_timeout = '300ms'")
    impatient._connect().commit()
    events = [signed(id=str(n), subject="cursed" if n == 2 else "H06-1") for n in range(5)]
    assert impatient.commit(Log().batch(*events)) == Outcome(events=4, refused=1)
    impatient.close()
    assert connection.execute('SELECT "offset", reason FROM dead_letters').fetchall() == [(2, "refused_by_database")]


def test_thousands_of_corrections_of_one_time_are_found_by_their_ids(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    many = range(6000)
    writer.commit(log.batch(*[signed(id=str(n)) for n in many]))
    writer.commit(log.batch(*[signed(id=str(n), revision=1, officer="o-2") for n in many]))
    plan = connection.execute(
        "EXPLAIN SELECT 1 FROM events WHERE time = '2025-04-03 01:15:00+00' AND id = '7'"
    ).fetchall()
    assert "id = '7'" in next(line for (line,) in plan if "Index Cond" in line)
    assert actors(connection) == [("o-2", "2025-04-01", 6000)]


def test_a_thing_with_too_many_events_is_told_and_costs_no_other(
    connection: psycopg.Connection, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projections, "MOST_ENTRIES", 3)
    log = Log(system=SYSTEM_OF["task.progressed"])
    many = [
        cloud_event("task.progressed", "T-1", f"2025-04-0{n}T08:00:00+07:00", str(n), percent=n) for n in range(2, 8)
    ]
    opened = [cloud_event("task.assigned", f"T-{n}", id=f"a{n}") for n in (1, 2)]
    outcome = writer.commit(log.batch(*many, *opened))
    assert outcome == Outcome(events=4, refused=4)
    assert letters(connection) == [("open", "history_full")] * 4
    assert place(connection) == (8, 4, 0)
    assert connection.execute("SELECT subject FROM cases ORDER BY 1").fetchall() == [("T-1",), ("T-2",)]
    # A correction of what is there, and what takes something back, need no room.
    first = opened[0] | {"revision": 1, "time": "2025-04-03T09:00:00+07:00"}
    assert writer.commit(log.batch(first)) == Outcome(events=1)
    gone = connection.execute("SELECT id FROM events WHERE type LIKE '%progressed%' ORDER BY id").fetchall()[0][0]
    taken = next(event for event in many if event["id"] == gone) | {"revision": 1, "retracted": True}
    assert writer.commit(log.batch(taken, many[-1])) == Outcome(events=2)
    assert compare(connection, RULEBOOK) == []


def test_another_record_at_the_same_offset_is_another_dead_letter(
    connection: psycopg.Connection, writer: Writer
) -> None:
    writer.commit(Log().batch(b"junk"))
    connection.execute("UPDATE partition_offsets SET next_offset = 0")
    writer.commit(Log().batch(b"junk"))
    assert len(letters(connection)) == 1
    connection.execute("UPDATE partition_offsets SET next_offset = 0")
    writer.commit(Log().batch(b"other junk"))
    assert len(letters(connection)) == 2


def test_the_last_record_is_remembered_by_its_offset_and_hash(connection: psycopg.Connection, writer: Writer) -> None:
    def last() -> tuple[int | None, str | None]:
        row = connection.execute(
            "SELECT last_offset, last_hash::text FROM partition_offsets WHERE topic <> 'maintenance'"
        ).fetchone()
        assert row is not None
        return row[0], row[1] and row[1].replace("-", "")

    log = Log()
    writer.commit(log.batch(signed(id="1"), b"junk"))
    assert last() == (1, record_hash(b"key", b"junk"))
    writer.commit(log.batch()._replace(end=4))  # marks of a transaction
    assert last() == (1, record_hash(b"key", b"junk"))
    lost = Refused(record(None, 4), "lost_to_retention", "x")
    writer.commit(Batch(log.partition, 4, 9, [lost]))
    assert last() == (None, None)


TEXTS = [
    "\\", "\\\\N", "\\N", "\\.", '"', '""', "'", "{a,b}", "NULL", "%s", "$1", "😀 🏛", "Đơn đề nghị – bổ sung",
    "Đợn", ";--", "\\t\\n", "x" * 200, "two  blanks within",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_comes_back_as_it_was_from_the_archive_and_the_keys(
    text: str, connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    refused = cloud_event("dossier.refused", text, time="2025-04-04T08:15:00+07:00", id=text, reason=text)
    batch = log.batch(received(subject=text, id=f"1{text}"[:200]), refused)
    assert writer.commit(batch) == Outcome(events=2)
    row = connection.execute("SELECT id, subject, data FROM events WHERE type LIKE '%refused%'").fetchone()
    assert row is not None
    assert row[:2] == (text, text)
    assert orjson.loads(row[2])["reason"] == text
    assert connection.execute("SELECT subject, state FROM cases").fetchall() == [(text, "closed")]
    # Found again by all its keys: a duplicate, and a revision that takes back what the archive says.
    assert writer.commit(log.batch(refused)) == Outcome(duplicates=1)
    assert writer.commit(log.batch({**refused, "revision": 1, "retracted": True})) == Outcome(events=1)
    assert connection.execute("SELECT subject, state FROM cases").fetchall() == [(text, "open")]
    assert compare(connection, RULEBOOK) == []


def test_control_characters_in_a_text_survive_as_json_escapes(connection: psycopg.Connection, writer: Writer) -> None:
    reason = "".join(map(chr, range(1, 0xA0))) + "\u2028\u2029\ufeff\uffff\U0010ffff"
    writer.commit(Log().batch(cloud_event("dossier.refused", reason=reason)))
    rows = connection.execute("SELECT data FROM events").fetchall()
    assert [orjson.loads(data)["reason"] for (data,) in rows] == [reason]


def test_a_dead_letter_keeps_every_byte(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    batch = log.batch(bytes(range(256)))
    raw = record(bytes(range(256)), 0, [("ce_é\\", b"\x00\xff"), ("", b"")])._replace(key=b"\x00\\key")
    writer.commit(batch._replace(items=[batch.items[0]._replace(record=raw)]))  # type: ignore[union-attr]
    row = connection.execute("SELECT key, value, headers FROM dead_letters").fetchone()
    assert row is not None
    assert row[:2] == (b"\x00\\key", bytes(range(256)))
    assert orjson.loads(row[2]) == [["ce_é\\", "AP8="], ["", ""]]


def test_a_number_that_is_used_by_another_agency_or_in_another_year_is_listed(
    connection: psycopg.Connection, writer: Writer
) -> None:
    """What counts for nothing is never silent: two stations, and the January after."""

    here, there = sorted(CATALOGUE.systems["police-ops"].agencies)[:2]

    def reported(id_: str, time: str, agency: str = here, subject: str = "0015") -> Json:
        return cloud_event("incident.reported", subject, f"{time}T09:00:00+07:00", id_, agency=agency)

    writer.commit(
        Log(system="police-ops").batch(
            reported("a", "2025-02-03"),
            cloud_event("incident.settled", "0015", "2025-02-04T09:00:00+07:00", "b", agency=here),
            reported("c", "2026-01-20"),
            reported("d", "2025-02-11", there),
            reported("e", "2025-02-03", subject="0016"),
            reported("f", "2025-12-31", subject="0016"),
        )
    )
    assert numbers_reused(connection) == {"police-ops incident 0015": 2}
    found = {measure: value for (_, measure, *_), value in totals(connection).items() if value}
    assert found["incident.number_reused"] == 1  # of each of the two agencies
    assert compare(connection, RULEBOOK) == []


# A random life of some cases, items, flows and readings.

BASE = (datetime.now(UTC) - timedelta(days=4)).replace(second=0, microsecond=0)  # recent: minutes are counted too
DOSSIERS = ["dossier.received"] * 3 + [
    "dossier.suspended", "dossier.resumed", "dossier.extended", "dossier.processed", "dossier.returned",
    "dossier.refused", "dossier.withdrawn",
]  # fmt: skip
TASKS = ["task.assigned"] * 3 + [
    "task.progressed", "task.progressed", "task.suspended", "task.resumed", "task.extended", "task.completed",
    "task.cancelled",
]  # fmt: skip
REST = [
    "station.activated", "station.deactivated", "officer.enrolled", "officer.left", "signature.used",
    "workfile.processed",
]  # fmt: skip
READINGS = ["reading.reported"]
NAMES = DOSSIERS + TASKS + REST + READINGS
COMMUNES = sorted(CATALOGUE.systems["telecom"].agencies)[:3]


def day(number: int) -> date:
    """A local day of these lives."""
    return (BASE + timedelta(days=number)).astimezone(CATALOGUE.zone).date()


LIVES = Rulebook(
    1,
    {
        1: CaseRules(
            Rules(
                zone=CATALOGUE.zone.key,
                office_hours=[OfficeHours(days=list(get_args(Weekday)), hours=["07:00-11:30", "13:30-17:00"])],
                agency_hours={COMMUNES[1]: [OfficeHours(days=list(get_args(Weekday)), hours=["20:00-24:00"])]},
                calendar=[
                    CalendarRule(date=day(2), off=True, since=day(1), agencies=[]),
                    CalendarRule(date=day(2), off=False, since=day(2), agencies=[COMMUNES[0]]),
                    CalendarRule(date=day(3), off=True, since=day(3), agencies=[COMMUNES[0]]),
                ],
                limits={
                    "short": [Limits(online="6 hours", any="1 working_days"), Limits(since=day(2), any="2 days")],
                    "long": [Limits(any="30 working_days"), Limits(since=day(2))],
                },
            )
        )
    },
)
"""Limits that end within these lives, and a calendar that changes in the middle of them, of an agency's own, too."""


@pytest.fixture
def clerk(database: str) -> Iterator[Writer]:
    """A writer by the rules of these lives."""
    made = Writer(database, LIVES, give_up=lambda: True)
    yield made
    made.close()


def after(minutes: int) -> str:
    return (BASE + timedelta(minutes=minutes)).isoformat()


@st.composite
def lives(draw: st.DrawFn, names: Sequence[str] = NAMES, ids: int = 6) -> Json:
    """A valid event, recent, of one of a few ids."""
    name = draw(st.sampled_from(names))
    changes: Json = {}
    if "due_at" in EVENTS[name].model_fields:
        due = draw(st.none() | st.integers(-1000, 6000))
        changes["due_at"] = after(due or 0) if due is not None or name.endswith(".extended") else None
    if name == "dossier.received":
        changes["procedure"] = draw(st.sampled_from(["short", "long", "unlimited"]))
        changes["channel"] = draw(st.sampled_from(["online", "post"]))
    if name == "task.progressed":
        changes["percent"] = draw(st.integers(0, 100))
    if name == "reading.reported":
        changes["period"], changes["value"] = draw(st.sampled_from(["2025-Q1", "2025"])), draw(st.floats(-9, 9))
    if name in {"signature.used", "workfile.processed"}:
        changes["officer"] = draw(st.sampled_from(["o-1", "o-2"]))
    if name in {*TASKS, "reading.reported"}:
        changes["system"] = draw(st.sampled_from(["ops-centre", "one-stop" if name in TASKS else "population"]))
    sequence: Json = draw(st.sampled_from([{}, {"sequence": 9}, {"sequence": "10"}]))
    return sequence | cloud_event(
        name,
        draw(st.sampled_from(["H06-1", "H06-2"])),
        after(draw(st.integers(0, 3) | st.integers(0, 5000))),
        str(draw(st.integers(1, ids))),
        draw(st.integers(0, 2)),
        draw(st.sampled_from([False, False, True])),
        agency=draw(st.sampled_from(COMMUNES)),
        **changes,
    )


def revision_of(event: Json) -> tuple[str, str, int]:
    return event["source"], event["id"], event.get("revision", 0)


topics = counting()


# Not shrunk: against a real database that takes minutes.
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
@pytest.mark.parametrize(
    "names", [DOSSIERS, TASKS, REST, READINGS, NAMES], ids=["dossiers", "tasks", "rest", "readings", "all"]
)
def test_any_order_any_split_and_any_duplication_give_the_same_tables(
    names: Sequence[str], connection: psycopg.Connection, clerk: Writer, data: st.DataObject
) -> None:
    events = data.draw(st.lists(lives(names), min_size=4, max_size=14, unique_by=revision_of))
    empty(connection)
    clerk.commit(Log(topic_id=str(next(topics))).batch(*events))
    expected = tables(connection)
    assert compare(connection, LIVES) == []
    again = data.draw(st.lists(st.sampled_from(events), max_size=6))
    shuffled = data.draw(st.permutations(events + again))
    empty(connection)
    logs = [Log(number, topic_id=str(next(topics))) for number in range(2)]
    waiting: tuple[list[Json], list[Json]] = ([], [])
    outcome = Outcome()
    for event in shuffled:
        number = data.draw(st.integers(0, 1))
        waiting[number].append(event)
        if data.draw(st.booleans()):
            outcome = outcome.plus(clerk.commit(logs[number].batch(*waiting[number])))
            waiting[number].clear()
    for log, rest in zip(logs, waiting, strict=True):
        outcome = outcome.plus(clerk.commit(log.batch(*rest)))
    assert tables(connection) == expected
    assert compare(connection, LIVES) == []
    assert outcome == Outcome(events=len(events), duplicates=len(again))
    with connection.transaction():
        now = datetime.now(UTC)
        live, recounted = totals(connection), totals_as_of(connection, LIVES.current, now)
        latest = readings_as_of(connection, now)
    assert {key: value for key, value in live.items() if value} == {k: v for k, v in recounted.items() if v}
    assert sorted(standing(connection)) == sorted((*entity, entry.detail[0]) for entity, entry in latest.items())


def standing(connection: psycopg.Connection) -> list[tuple[str, str, str, float]]:
    """System, name, subject and value of the readings."""
    return connection.execute("SELECT system, name, subject, value FROM readings").fetchall()


def busy(seed: int) -> list[Json]:
    """Events by the hundred of a few cases and items, with duplicates, revisions and retractions."""
    chance = Random(seed)
    events = []
    for number in range(500):
        name = chance.choice(NAMES)
        event = cloud_event(
            name,
            f"H06-{chance.randrange(25)}",
            after(chance.randrange(5000)),
            f"{number % 400}",
            0 if number < 400 else 1,
            number >= 400 and chance.random() < 0.3,
            agency=chance.choice(COMMUNES),
            **({"procedure": chance.choice(["short", "long"])} if name == "dossier.received" else {}),
        )
        events.append(event)
    return events + chance.sample(events, 100)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_writers_at_once_on_the_same_cases_come_to_what_one_comes_to(
    seed: int, database: str, connection: psycopg.Connection, clerk: Writer
) -> None:
    events = busy(seed)
    clerk.commit(Log(topic_id="alone").batch(*events))
    expected = tables(connection)
    empty(connection)
    chance = Random(seed)
    chance.shuffle(events)
    together = Barrier(2, timeout=60)

    def work(number: int) -> Outcome:
        mine, log, outcome = events[number::2], Log(number, topic_id="together"), Outcome()
        own = Writer(database, LIVES, give_up=lambda: True)
        try:
            for start in range(0, 300, 20):
                together.wait()
                outcome = outcome.plus(own.commit(log.batch(*mine[start : start + 20])))
        except BaseException:
            together.abort()
            raise
        finally:
            own.close()
        return outcome

    with ThreadPoolExecutor(2) as pool:
        outcomes = [done.result() for done in [pool.submit(work, number) for number in range(2)]]
    assert outcomes[0].plus(outcomes[1]) == Outcome(events=500, duplicates=100)
    assert tables(connection) == expected
    assert compare(connection, LIVES) == []
    assert letters(connection) == []
