"""The recount from the archive: finds every damage to the counters, repairs it, and looks into the past."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from opscentre.reports.status import figures, totals
from streams.recount.archive import readings_as_of, totals_as_of
from streams.recount.compare import Mismatch, compare, compare_all, repair
from streams.write.writer import Writer
from tests.helpers import (
    AMOUNTS,
    CATALOGUE,
    RULEBOOK,
    Json,
    Log,
    actors,
    cloud_event,
    commune,
    readings,
    summed,
    tables,
)


def now_and(**ago: int) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


@pytest.fixture
def counted(connection: psycopg.Connection, writer: Writer) -> None:
    """Some recent events, in every table of counters: a dossier, a task, a station, two signatures, a reading."""
    events = [
        cloud_event("dossier.received", time=now_and(hours=50), id="1"),
        cloud_event("dossier.suspended", time=now_and(hours=30), id="2"),
        cloud_event("station.activated", "S-1", now_and(hours=50), id="3"),
        cloud_event("signature.used", time=now_and(hours=50), id="4", agency="H06.01"),
        cloud_event("signature.used", time=now_and(hours=50), id="5", agency="H06.02", officer="o-2"),
        cloud_event("task.assigned", "T-1", now_and(hours=50), id="6", due_at=now_and(hours=40)),
        cloud_event("task.progressed", "T-1", now_and(hours=30), id="7"),
        cloud_event("reading.reported", "science.enterprises", now_and(hours=50), id="8"),
    ]
    writer.commit(Log().batch(*events))


@pytest.mark.usefixtures("counted")
def test_counters_that_are_right_are_let_be(connection: psycopg.Connection) -> None:
    before = tables(connection)
    assert before["counters_minute"]
    assert before["actors_month"]
    assert compare(connection, RULEBOOK) == []
    assert repair(connection, RULEBOOK) == []
    assert tables(connection) == before


DAMAGES = {
    "a value changed": "UPDATE {} SET value = value + 7 WHERE measure = 'signature.used' AND agency = 'H06.01'",
    "a row deleted": "DELETE FROM {} WHERE measure = 'signature.used' AND agency = 'H06.01'",
    "a row counted once more in another shard": "INSERT INTO {} ({columns}, shard, value) "
    "SELECT {columns}, 9, 1 FROM {} WHERE measure = 'signature.used' AND agency = 'H06.01'",
}
COLUMNS = {
    "counters_day": "system, measure, agency, dimensions, bucket",
    "counters_month": "system, measure, agency, dimensions, bucket",
    "counters_minute": "system, measure, agency, dimensions, bucket",
    "actors_month": "system, measure, agency, dimensions, actor, bucket",
}


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("table", COLUMNS)
@pytest.mark.parametrize(("damage", "live"), list(zip(DAMAGES.values(), [8, 0, 2], strict=True)), ids=DAMAGES)
def test_a_damaged_counter_is_found_and_repaired_and_no_other(
    damage: str, live: int, table: str, connection: psycopg.Connection
) -> None:
    right = tables(connection)
    connection.execute(damage.replace("{}", table).replace("{columns}", COLUMNS[table]).encode())
    found = compare(connection, RULEBOOK)
    actor = "o-1" if table == "actors_month" else ""
    expected = Mismatch(table, "e-office", "signature.used", "H06.01", "", actor, "", live, 1)
    assert [one._replace(bucket="") for one in found] == [expected]
    assert repair(connection, RULEBOOK) == found
    assert compare(connection, RULEBOOK) == []
    assert tables(connection) == right


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(
    ("table", "actor", "bucket"),
    [
        ("counters_day", "", "'1999-01-01'"),
        ("counters_month", "", "'1999-01-01'"),
        ("counters_minute", "", "now() + '1 day'"),
        ("actors_month", "o'", "'1999-01-01'"),
    ],
)
def test_a_counter_of_nothing_is_found_and_taken_back(
    table: str, actor: str, bucket: str, connection: psycopg.Connection
) -> None:
    right = tables(connection)
    connection.execute(
        f"INSERT INTO {table} ({COLUMNS[table]}, shard, value) "
        f"SELECT 'none', 'no.such', 'H99', %s, {'%s,' if actor else ''} {bucket}, 1, 3".encode(),
        ('a\\b"', *([actor] if actor else [])),
    )
    found = compare(connection, RULEBOOK)
    expected = Mismatch(table, "none", "no.such", "H99", 'a\\b"', actor, "", 3, 0)
    assert [one._replace(bucket="") for one in found] == [expected]
    repair(connection, RULEBOOK)
    assert tables(connection) == right


@pytest.mark.parametrize("together", [True, False])
def test_what_came_to_nothing_within_a_day_was_reported_all_the_same(
    connection: psycopg.Connection, writer: Writer, together: bool
) -> None:
    day = datetime.now(UTC).date() - timedelta(days=3)
    begun = cloud_event("station.activated", "S-1", f"{day}T01:00:00Z", id="1")
    ended = cloud_event("station.deactivated", "S-1", f"{day}T08:00:00Z", id="2")
    log = Log()
    for events in [(begun, ended)] if together else [(begun,), (ended,)]:
        writer.commit(log.batch(*events))
    assert compare_all(connection, RULEBOOK, CATALOGUE) == ([], [])


@pytest.mark.usefixtures("counted")
def test_all_counters_lost_are_counted_again_from_the_archive(connection: psycopg.Connection) -> None:
    right = tables(connection)
    connection.execute("TRUNCATE counters_day, counters_month, counters_minute, actors_month")
    repair(connection, RULEBOOK)
    assert tables(connection) == right


@pytest.mark.usefixtures("counted")
def test_the_writer_goes_on_rightly_after_a_repair(connection: psycopg.Connection, writer: Writer) -> None:
    connection.execute("TRUNCATE counters_day, counters_month, counters_minute, actors_month")
    repair(connection, RULEBOOK)
    retracted: Json = {"revision": 1, "retracted": True}
    station = cloud_event("station.activated", "S-1", now_and(hours=50), id="3", **retracted)
    signature = cloud_event("signature.used", id="5", **retracted)
    writer.commit(Log(topic_id="more").batch(station, signature))
    assert compare(connection, RULEBOOK) == []
    assert "station.standing" not in summed(connection)
    assert [actor for actor, _, _ in actors(connection)] == ["o-1"]


def test_what_was_corrected_and_retracted_is_recounted_as_it_stands(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(cloud_event("signature.used", id="1"), cloud_event("signature.used", id="2")))
    writer.commit(log.batch(cloud_event("signature.used", id="1", revision=1, agency="H06.01")))
    writer.commit(log.batch(cloud_event("signature.used", id="2", revision=2, retracted=True)))
    writer.commit(log.batch(cloud_event("signature.used", id="2", revision=1)))
    assert compare(connection, RULEBOOK) == []
    connection.execute("TRUNCATE counters_day, counters_month, counters_minute, actors_month")
    repair(connection, RULEBOOK)
    assert connection.execute("SELECT agency, value FROM counters_day").fetchall() == [("H06.01", 1)]
    assert connection.execute("SELECT agency, actor, value FROM actors_month").fetchall() == [("H06.01", "o-1", 1)]


def test_the_live_figures_of_now_are_those_of_a_recount(connection: psycopg.Connection, writer: Writer) -> None:
    far, past = (datetime.now(UTC) + timedelta(days=9)).isoformat(), "2025-04-10T17:00:00+07:00"
    events = [
        cloud_event("dossier.received", "1", "2025-04-03T08:15:00+07:00", id="1", due_at=past),
        cloud_event("dossier.received", "2", now_and(seconds=90), id="2", due_at=far, channel="counter"),
        cloud_event("dossier.received", "3", now_and(days=20), id="3"),
        cloud_event("dossier.processed", "3", now_and(seconds=30), id="4"),
        cloud_event("station.activated", "S-1", now_and(days=9), id="5"),
        cloud_event("signature.used", time=now_and(seconds=1), id="6"),
        cloud_event("task.assigned", "T-1", "2025-04-03T08:15:00+07:00", id="7", system="ops-centre"),
        cloud_event("task.progressed", "T-1", "2025-04-04T08:15:00+07:00", id="8", system="ops-centre", percent=30),
        cloud_event("task.assigned", "T-1", "2025-04-03T08:15:00+07:00", id="9", system="police-ops"),
        cloud_event("task.completed", "T-1", "2025-04-04T09:45:00+07:00", id="10", system="police-ops"),
    ]
    writer.commit(Log().batch(*events))
    with connection.transaction():
        now = datetime.now(UTC)
        live, recounted = totals(connection), totals_as_of(connection, RULEBOOK.current, now)
    assert {key: value for key, value in live.items() if value} == recounted
    assert {agency for _, _, agency, _ in recounted} == {commune()}
    found = {(system, measure, dimensions): value for (system, measure, _, dimensions), value in recounted.items()}
    minutes = [int(datetime.fromisoformat(event["time"]).timestamp()) // 60 for event in (events[0], events[1])]
    assert 0 < found.pop(("one-stop", "dossier.worked", "")) < 20 * 8 * 60
    assert found == {
        ("one-stop", "dossier.opened", "online -"): 2,
        ("one-stop", "dossier.opened", "counter -"): 1,
        ("one-stop", "dossier.open", ""): 2,
        ("one-stop", "dossier.opened_at_sum", ""): sum(minutes),
        ("one-stop", "dossier.overdue", ""): 1,
        ("one-stop", "dossier.closed", "approved - -"): 1,
        ("one-stop", "dossier.without_due", ""): 1,
        ("telecom", "station.standing", "viettel 5g"): 1,
        ("e-office", "signature.used", ""): 1,
        ("ops-centre", "task.opened", "resolution-57"): 1,
        ("ops-centre", "task.open", ""): 1,
        ("ops-centre", "task.open_without_due", ""): 1,
        ("ops-centre", "task.opened_at_sum", ""): minutes[0],
        ("ops-centre", "task.progress", ""): 30,
        ("police-ops", "task.opened", "resolution-57"): 1,
        ("police-ops", "task.closed", ""): 1,
        ("police-ops", "task.without_due", ""): 1,
        ("police-ops", "task.progress", ""): 100,
        ("police-ops", "task.done", ""): 1,
        ("police-ops", "task.worked", ""): 8 * 60 + 90,
    }


# 1: due on the 2nd, processed on the 4th. 2: suspended from the 2nd to the 5th, which moves its due time from the 3rd
# by 19.5 hours of office time to the 9th (a week-end, and the 7th is off). 3: received on the 4th.
PAST = [
    cloud_event("dossier.received", "1", "2025-04-01T08:00:00+07:00", "1", due_at="2025-04-02T17:00:00+07:00"),
    cloud_event("dossier.processed", "1", "2025-04-04T10:00:00+07:00", "2"),
    cloud_event("dossier.received", "2", "2025-04-01T09:00:00+07:00", "3", due_at="2025-04-03T17:00:00+07:00"),
    cloud_event("dossier.suspended", "2", "2025-04-02T12:00:00+07:00", "4"),
    cloud_event("dossier.resumed", "2", "2025-04-05T08:00:00+07:00", "5"),
    cloud_event("dossier.received", "3", "2025-04-04T08:00:00+07:00", "6", due_at="2025-04-30T17:00:00+07:00"),
    cloud_event("station.activated", "S-1", "2025-04-02T08:00:00+07:00", "7"),
    cloud_event("station.deactivated", "S-1", "2025-04-04T08:00:00+07:00", "8"),
    cloud_event("signature.used", "d", "2025-04-03T08:00:00+07:00", "9"),
]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2025-04-01T07:59:59", {}),
        ("2025-04-01T08:00:00", {"opened": 1, "open": 1}),
        ("2025-04-02T12:00:00", {"opened": 2, "open": 2, "suspended": 1, "standing": 1}),
        ("2025-04-02T23:59:59", {"opened": 2, "open": 2, "suspended": 1, "standing": 1}),
        ("2025-04-03T00:00:00", {"opened": 2, "open": 2, "suspended": 1, "standing": 1, "overdue": 1}),
        ("2025-04-04T09:00:00", {"opened": 3, "open": 3, "suspended": 1, "overdue": 1, "used": 1}),
        ("2025-04-04T10:00:00", {"opened": 3, "open": 2, "suspended": 1, "closed": 1, "late": 1, "used": 1}),
        ("2025-04-05T08:00:00", {"opened": 3, "open": 2, "closed": 1, "late": 1, "used": 1}),
        ("2025-04-09T23:59:59", {"opened": 3, "open": 2, "closed": 1, "late": 1, "used": 1}),
        ("2025-04-10T00:00:00", {"opened": 3, "open": 2, "overdue": 1, "closed": 1, "late": 1, "used": 1}),
    ],
)
def test_the_figures_as_of_a_moment_are_those_of_the_events_until_then(
    moment: str, expected: dict[str, int], connection: psycopg.Connection, writer: Writer
) -> None:
    writer.commit(Log().batch(*reversed(PAST)))
    with connection.transaction():
        at = datetime.fromisoformat(moment).replace(tzinfo=CATALOGUE.zone)
        found = totals_as_of(connection, RULEBOOK.current, at)
    names = {measure.partition(".")[2]: value for (_, measure, _, _), value in found.items()}
    assert {name: value for name, value in names.items() if name not in AMOUNTS} == expected


def test_the_past_is_seen_as_known_now(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    writer.commit(log.batch(cloud_event("dossier.received", "1", "2025-04-01T08:00:00+07:00", "1")))
    writer.commit(log.batch(cloud_event("dossier.received", "1", "2025-05-01T08:00:00+07:00", "1", revision=1)))
    with connection.transaction():
        april = totals_as_of(connection, RULEBOOK.current, datetime(2025, 4, 20, tzinfo=UTC))
        may = totals_as_of(connection, RULEBOOK.current, datetime(2025, 5, 20, tzinfo=UTC))
    assert (april, figures(may, {})["cases"]["dossier"]["open"]) == ({}, 1)


def test_the_readings_as_of_a_moment_are_those_of_the_events_until_then_as_known_now(
    connection: psycopg.Connection, writer: Writer
) -> None:
    def rank(id: str, day: str, value: float, **changes: Any) -> Json:  # noqa: A002
        return cloud_event("reading.reported", "rank", f"2025-{day}T08:00:00+07:00", id, value=value, **changes)

    log = Log()
    writer.commit(log.batch(rank("2", "05-01", 9), rank("1", "04-01", 12), rank("3", "04-02", 30)))
    writer.commit(log.batch(rank("1", "04-01", 11, revision=1), rank("3", "04-02", 30, revision=1, retracted=True)))

    def values(month: int) -> list[float]:
        with connection.transaction():
            found = readings_as_of(connection, datetime(2025, month, 20, tzinfo=UTC))
        return [entry.detail[0] for entry in found.values()]

    assert [values(month) for month in (3, 4, 5)] == [[], [11], [9]]
    assert readings(connection) == [("rank", "2025-Q1", 9)]
