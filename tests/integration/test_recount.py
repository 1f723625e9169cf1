"""The recount from the archive: finds every damage to the counters, repairs it, and looks into the past."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from helpers import CATALOGUE, RULEBOOK, Log, cloud_event, summed, tables

from opscentre.status import figures, totals
from streams.recount import Mismatch, compare, repair, totals_as_of
from streams.writer import Writer


def now_and(**ago: int) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


@pytest.fixture
def counted(connection: psycopg.Connection, writer: Writer) -> None:
    """Some recent events, in day counters and minute counters: one dossier, one station, two signatures."""
    events = [
        cloud_event("dossier.received", time=now_and(hours=50), id="1"),
        cloud_event("dossier.suspended", time=now_and(hours=30), id="2"),
        cloud_event("station.activated", "S-1", now_and(hours=50), id="3"),
        cloud_event("signature.used", time=now_and(hours=50), id="4", agency="H06.01"),
        cloud_event("signature.used", time=now_and(hours=50), id="5", agency="H06.02"),
    ]
    writer.commit(Log().batch(*events))


@pytest.mark.usefixtures("counted")
def test_counters_that_are_right_are_let_be(connection: psycopg.Connection) -> None:
    before = tables(connection)
    assert before["counters_minute"]
    assert compare(connection, RULEBOOK) == []
    assert repair(connection, RULEBOOK) == []
    assert tables(connection) == before


DAMAGES = {
    "a value changed": "UPDATE {} SET value = value + 7 WHERE measure = 'signature.used' AND agency = 'H06.01'",
    "a row deleted": "DELETE FROM {} WHERE measure = 'signature.used' AND agency = 'H06.01'",
    "a row counted once more in another shard": "INSERT INTO {} (measure, agency, label, bucket, shard, value) "
    "SELECT measure, agency, label, bucket, 9, 1 FROM {} WHERE measure = 'signature.used' AND agency = 'H06.01'",
}


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("table", ["counters_day", "counters_minute"])
@pytest.mark.parametrize(("damage", "live"), list(zip(DAMAGES.values(), [8, 0, 2], strict=True)), ids=DAMAGES)
def test_a_damaged_counter_is_found_and_repaired_and_no_other(
    damage: str, live: int, table: str, connection: psycopg.Connection
) -> None:
    right = tables(connection)
    connection.execute(damage.replace("{}", table).encode())
    found = compare(connection, RULEBOOK)
    assert [one._replace(bucket="") for one in found] == [Mismatch(table, "signature.used", "H06.01", "", "", live, 1)]
    assert repair(connection, RULEBOOK) == found
    assert compare(connection, RULEBOOK) == []
    assert tables(connection) == right


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(
    ("table", "bucket"), [("counters_day", "'1999-01-01'"), ("counters_minute", "now() + '1 day'")]
)
def test_a_counter_of_nothing_is_found_and_taken_back(table: str, bucket: str, connection: psycopg.Connection) -> None:
    right = tables(connection)
    connection.execute(
        f"INSERT INTO {table} (measure, agency, label, bucket, shard, value) "
        f"VALUES ('no.such', 'H99', E'a\\\\b\"', {bucket}, 1, 3)".encode()
    )
    found = compare(connection, RULEBOOK)
    assert [one._replace(bucket="") for one in found] == [Mismatch(table, "no.such", "H99", 'a\\b"', "", 3, 0)]
    repair(connection, RULEBOOK)
    assert tables(connection) == right


@pytest.mark.usefixtures("counted")
def test_all_counters_lost_are_counted_again_from_the_archive(connection: psycopg.Connection) -> None:
    right = tables(connection)
    connection.execute("TRUNCATE counters_day, counters_minute")
    repair(connection, RULEBOOK)
    assert tables(connection) == right


@pytest.mark.usefixtures("counted")
def test_the_writer_goes_on_rightly_after_a_repair(connection: psycopg.Connection, writer: Writer) -> None:
    connection.execute("TRUNCATE counters_day, counters_minute")
    repair(connection, RULEBOOK)
    retracted = cloud_event("station.activated", "S-1", now_and(hours=50), id="3", revision=1, retracted=True)
    writer.commit(Log(topic_id="more").batch(retracted))
    assert compare(connection, RULEBOOK) == []
    assert "station.standing" not in summed(connection)


def test_what_was_corrected_and_retracted_is_recounted_as_it_stands(
    connection: psycopg.Connection, writer: Writer
) -> None:
    log = Log()
    writer.commit(log.batch(cloud_event("signature.used", id="1"), cloud_event("signature.used", id="2")))
    writer.commit(log.batch(cloud_event("signature.used", id="1", revision=1, agency="H06.01")))
    writer.commit(log.batch(cloud_event("signature.used", id="2", revision=2, retracted=True)))
    writer.commit(log.batch(cloud_event("signature.used", id="2", revision=1)))
    assert compare(connection, RULEBOOK) == []
    connection.execute("TRUNCATE counters_day, counters_minute")
    repair(connection, RULEBOOK)
    assert connection.execute("SELECT agency, value FROM counters_day").fetchall() == [("H06.01", 1)]


def test_the_live_figures_of_now_are_those_of_a_recount(connection: psycopg.Connection, writer: Writer) -> None:
    far, past = (datetime.now(UTC) + timedelta(days=9)).isoformat(), "2025-04-10T17:00:00+07:00"
    events = [
        cloud_event("dossier.received", "1", "2025-04-03T08:15:00+07:00", id="1", due_at=past),
        cloud_event("dossier.received", "2", now_and(seconds=90), id="2", due_at=far, channel="counter"),
        cloud_event("dossier.received", "3", now_and(days=20), id="3"),
        cloud_event("dossier.processed", "3", now_and(seconds=30), id="4"),
        cloud_event("station.activated", "S-1", now_and(days=9), id="5"),
        cloud_event("signature.used", time=now_and(seconds=1), id="6"),
    ]
    writer.commit(Log().batch(*events))
    with connection.transaction():
        live, recounted = (
            totals(connection, CATALOGUE.zone),
            totals_as_of(connection, RULEBOOK.current, datetime.now(UTC)),
        )
    assert {key: value for key, value in live.items() if value} == recounted
    assert recounted == {
        ("dossier.opened", "online"): 2,
        ("dossier.opened", "counter"): 1,
        ("dossier.open", ""): 2,
        ("dossier.overdue", ""): 1,
        ("dossier.closed", ""): 1,
        ("dossier.on_time", ""): 1,
        ("station.standing", "viettel"): 1,
        ("signature.used", ""): 1,
    }


# 1: due on the 2nd, processed on the 4th. 2: suspended from the 2nd to the 5th. 3: received on the 4th.
PAST = [
    cloud_event("dossier.received", "1", "2025-04-01T08:00:00+07:00", "1", due_at="2025-04-02T17:00:00+07:00"),
    cloud_event("dossier.processed", "1", "2025-04-04T10:00:00+07:00", "2"),
    cloud_event("dossier.received", "2", "2025-04-01T09:00:00+07:00", "3", due_at="2025-04-03T17:00:00+07:00"),
    cloud_event("dossier.suspended", "2", "2025-04-02T12:00:00+07:00", "4"),
    cloud_event("dossier.resumed", "2", "2025-04-05T08:00:00+07:00", "5"),
    cloud_event("dossier.received", "3", "2025-04-04T08:00:00+07:00", "6"),
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
        ("2025-04-05T08:00:00", {"opened": 3, "open": 2, "overdue": 1, "closed": 1, "late": 1, "used": 1}),
    ],
)
def test_the_figures_as_of_a_moment_are_those_of_the_events_until_then(
    moment: str, expected: dict[str, int], connection: psycopg.Connection, writer: Writer
) -> None:
    writer.commit(Log().batch(*reversed(PAST)))
    with connection.transaction():
        at = datetime.fromisoformat(moment).replace(tzinfo=CATALOGUE.zone)
        found = totals_as_of(connection, RULEBOOK.current, at)
    assert {measure.split(".")[1]: value for (measure, _), value in found.items()} == expected


def test_the_past_is_seen_as_known_now(connection: psycopg.Connection, writer: Writer) -> None:
    log = Log()
    writer.commit(log.batch(cloud_event("dossier.received", "1", "2025-04-01T08:00:00+07:00", "1")))
    writer.commit(log.batch(cloud_event("dossier.received", "1", "2025-05-01T08:00:00+07:00", "1", revision=1)))
    with connection.transaction():
        april = totals_as_of(connection, RULEBOOK.current, datetime(2025, 4, 20, tzinfo=UTC))
        may = totals_as_of(connection, RULEBOOK.current, datetime(2025, 5, 20, tzinfo=UTC))
    assert (april, figures(may)["cases"]["dossier"]["open"]) == ({}, 1)
