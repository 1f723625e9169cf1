"""`opscentre indicators`, `opscentre explain` and `opscentre recount`, on the catalogue that is shipped."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest
from typer.testing import CliRunner

from core.settings import Settings
from opscentre.cli import app
from opscentre.devservices.timescaledb import TimescaleDB
from schemas.counters import FLOWS
from streams.recount.compare import compare_all
from streams.write.writer import Writer
from tests.conftest import commands_of, copied
from tests.helpers import CATALOGUE, RULEBOOK, Json, Log, cloud_event

HERE, THERE = "H06.26506", "H06.01"


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def of(system: str, *argv: Any, **data: Any) -> Json:
    """An event of a type that several systems share."""
    return {**cloud_event(*argv, **data), "source": f"/systems/{system}"}


def received(number: str, day: str, due: str, agency: str = HERE) -> Json:
    time, due_at = f"2025-{day}T08:00:00+07:00", f"2025-{due}T17:00:00+07:00"
    return cloud_event(
        "dossier.received", number, time, f"r{number}", due_at=due_at, agency=agency, service_level="full"
    )


def processed(number: str, day: str, agency: str = HERE) -> Json:
    return cloud_event("dossier.processed", number, f"2025-{day}T10:00:00+07:00", f"p{number}", agency=agency)


EVENTS = [
    received("on-time", "06-02", "06-20"),
    processed("on-time", "06-20"),
    received("late", "06-02", "06-10"),
    processed("late", "06-12"),
    received("very-late", "05-05", "05-12", THERE),
    processed("very-late", "06-12", THERE),
    received("overdue", "06-02", "06-26"),
    received("long-overdue", "04-01", "04-10", THERE),
    received("open", "06-25", "07-10"),
    cloud_event("dossier.received", "now", ago(minutes=1), "now", agency=HERE),
    *(
        cloud_event("procedure.published", f"1.00000{n}", "2025-03-01T08:00:00+07:00", f"proc{n}", service_level=level)
        for n, level in enumerate(["full", "full", "partial", "information"])
    ),
    *(
        cloud_event(
            "officer.enrolled", who, "2025-01-02T08:00:00+07:00", f"o{who}", officer=who, agency=where, rank=rank
        )
        for who, where, rank in [("a", HERE, "leader"), ("b", HERE, "official"), ("c", THERE, "official")]
    ),
    cloud_event("officer.enrolled", "gone", "2025-01-02T08:00:00+07:00", "ogone", officer="gone"),
    cloud_event("officer.left", "gone", "2025-06-02T08:00:00+07:00", "lgone", officer="gone"),
    cloud_event("signature.used", "d1", "2025-06-03T08:00:00+07:00", "s1", officer="a", agency=HERE),
    cloud_event("workfile.processed", "w1", "2025-06-03T08:00:00+07:00", "w1", officer="a", agency=HERE),
    cloud_event("signature.used", "d2", "2025-06-04T08:00:00+07:00", "s2", officer="b", agency=HERE),
    cloud_event("signature.used", "d3", "2025-05-31T08:00:00+07:00", "s3", officer="c", agency=THERE),
    cloud_event("station.activated", "S-1", "2025-06-03T08:00:00+07:00", "t1", agency=HERE),
    cloud_event("station.activated", "S-2", "2025-07-03T08:00:00+07:00", "t2", agency=HERE),
    cloud_event("incident.reported", "I-1", ago(minutes=30), "i1", agency=HERE, due_at=ago(minutes=5)),
    *(
        of("science", "reading.reported", "science.enterprises", f"2025-{day}T08:00:00+07:00", f"e{n}", **data)
        for n, (day, data) in enumerate(
            [
                ("04-02", {"agency": "H06", "period": "2025-Q1", "value": 20.0}),
                ("07-02", {"agency": "H06", "period": "2025-Q2", "value": 25.0}),
                ("05-03", {"agency": THERE, "period": "2025-04", "value": 5.0}),
                ("05-09", {"agency": THERE, "period": "2025-04", "value": 7.5}),
            ]
        )
    ),
    of("ops-centre", "task.assigned", "ops-centre/official-operation", "2025-01-06T08:00:00+07:00", "m1", agency=THERE),
    of(
        "ops-centre",
        "task.progressed",
        "ops-centre/official-operation",
        "2025-05-06T08:00:00+07:00",
        "m2",
        agency=THERE,
        percent=40,
    ),
    of(
        "ops-centre",
        "task.progressed",
        "ops-centre/official-operation",
        "2025-06-06T08:00:00+07:00",
        "m3",
        agency=THERE,
        percent=60,
    ),
    of(
        "ops-centre", "task.completed", "ops-centre/official-operation", "2025-12-01T08:00:00+07:00", "m4", agency=THERE
    ),
    of(
        "green",
        "task.assigned",
        "green/one",
        "2025-01-06T08:00:00+07:00",
        "g1",
        agency=HERE,
        due_at="2025-02-01T17:00:00+07:00",
    ),
    of("green", "task.cancelled", "green/one", "2025-03-01T08:00:00+07:00", "g2", agency=HERE),
]


@pytest.fixture(scope="module")
def counted(timescaledb: TimescaleDB, template: str) -> Iterator[str]:
    """DSN of a database that has counted the events, and that commands are pointed at; the tests only read it."""
    with copied(timescaledb, template) as dsn:
        count_events(dsn)
        with commands_of(Settings(dsn=dsn)):
            yield dsn


def count_events(dsn: str) -> None:
    with closing(Writer(dsn, RULEBOOK, give_up=lambda: True)) as writer:
        writer.commit(Log().batch(*EVENTS))


@pytest.fixture
def connection(counted: str) -> Iterator[psycopg.Connection]:
    """A connection to look into that database with."""
    with psycopg.connect(counted, autocommit=True) as opened:
        yield opened


def told(*argv: str) -> Any:
    result = CliRunner().invoke(app, [*argv, "--json"])
    assert result.exit_code == 0, result.output or result.exception
    return orjson.loads(result.stdout)


def values(*argv: str) -> dict[str, float | None]:
    return {id_: one["value"] for id_, one in told("indicators", *argv)["indicators"].items()}


pytestmark = pytest.mark.usefixtures("counted")


def test_every_event_was_accepted_and_the_archive_says_what_the_views_say(connection: psycopg.Connection) -> None:
    assert connection.execute("SELECT reason, detail FROM dead_letters").fetchall() == []
    assert compare_all(connection, RULEBOOK, CATALOGUE) == ([], [])


def test_a_value_in_the_views_that_the_archive_does_not_say_is_found(database: str) -> None:
    count_events(database)
    with psycopg.connect(database) as own:
        own.execute("UPDATE readings SET value = 26 WHERE value = 25")
    with commands_of(Settings(dsn=database)):
        result = CliRunner().invoke(app, ["recount", "--json"])
    assert result.exit_code == 2
    assert orjson.loads(result.stdout) == {
        "repaired": False,
        "differences": [],
        "indicators": [
            {"indicator": "science-enterprises", "agency": "H06", "dimensions": "", "live": 33.5, "recounted": 32.5}
        ],
    }


def test_indicators_as_of_a_day_are_of_the_period_that_ran_then() -> None:
    found = values("--as-of", "2025-06-30")
    assert set(found) == set(CATALOGUE.indicators)
    expected = {
        "dossiers-overdue": 2,
        "dossiers-open": 3,
        "dossiers-on-time-share": 20,
        "dossiers-received": 4,
        "officers": 3,
        "officers-online-and-signing-share": pytest.approx(100 / 3),
        "officers-signing-share": pytest.approx(200 / 3),
        "stations-5g": 1,
        "science-enterprises": 32.5,  # the second quarter was reported on 2 July
        "ops-centre-operation": 60,
        "incidents-open": None,
        "tourism-product": None,
        "green-tasks-overdue": 0,
    }
    assert {id_: found[id_] for id_ in expected} == expected
    earlier = values("--as-of", "2025-05-08", "--agency", THERE)
    assert (earlier["science-enterprises"], earlier["ops-centre-operation"], earlier["stations-5g"]) == (7.5, 40, None)


@pytest.mark.slow
def test_indicators_of_now_are_those_of_the_views(connection: psycopg.Connection) -> None:
    for agency in ("H06", HERE):
        found, expected = told_and_viewed(connection, agency)
        while found != expected and found["minute"] != expected["minute"]:  # ages have grown in between
            found, expected = told_and_viewed(connection, agency)
        assert found == expected
    assert values("--agency", HERE)["incidents-overdue"] == 1


def told_and_viewed(connection: psycopg.Connection, agency: str) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """What the command says of an agency and of its targets, and what the views say then; each with its minute."""
    found: dict[Any, Any] = {"minute": minute()}
    viewed: dict[Any, Any] = {}
    for id_, one in told("indicators", "--agency", agency)["indicators"].items():
        row = connection.execute(
            f"SELECT value FROM indicators.\"{id_}\" WHERE period = %s AND agency = %s AND dimensions = '' "
            'AND ends = (SELECT max(ends) FROM indicators."dossiers-open")'.encode(),
            (one["period"], agency),
        ).fetchone()
        found[id_], viewed[id_] = one["value"], row[0] if row else None
        for target in one["targets"]:
            key = id_, target["agency"], date.fromisoformat(target["due"])
            found[key] = tuple(target[name] for name in STATUS)
            viewed[key] = connection.execute(
                f"SELECT {', '.join(STATUS)} FROM indicators.indicator_status "
                "WHERE indicator = %s AND agency = %s AND due = %s".encode(),
                key,
            ).fetchone()
    return found, {"minute": minute(), **viewed}


STATUS = ("value", "days_left", "working_days_left", "pace", "pace_needed", "projected", "status")


def minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def test_indicators_of_one_system_and_agency_only() -> None:
    found = told("indicators", "--system", "telecom", "--agency", HERE)["indicators"]
    assert {one["system"] for one in found.values()} == {"telecom"}
    assert found["stations-5g"]["value"] == 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["indicators", "--as-of", "2025-06-30T12:00:00"], "as of the end of a day"),
        (["indicators", "--as-of", "yesterday"], "as of the end of a day"),
        (["indicators", "--as-of", "2199-01-01"], "still to come"),
        (["indicators", "--agency", "H06.26507"], 'did you mean "H06.26'),
        (["indicators", "--system", "telecon"], 'did you mean "telecom"'),
        (["explain", "dossier-overdue"], 'did you mean "dossiers-overdue"'),
        (["explain", "dossiers-overdue", "--period", "2025-6"], "2025-06"),
        (["explain", "dossiers-overdue", "--period", "2199"], "still to come"),
    ],
)
def test_what_cannot_be_told_is_refused_with_what_can(argv: list[str], message: str) -> None:
    result = CliRunner().invoke(app, argv)
    assert result.exit_code != 0
    assert message in str(result.exception)


def test_behind_what_is_overdue_are_the_cases_the_longest_first_and_who_owes_them() -> None:
    found = told("explain", "dossiers-overdue", "--period", "2025-06")
    assert found["value"] == found["terms"][0]["amount"] == found["behind"]["total"] == 2
    assert [row["subject"] for row in found["behind"]["worst"]] == ["long-overdue", "overdue"]
    first, second = found["behind"]["worst"]
    assert (first["agency"], first["state"], first["due"]) == (THERE, "overdue", "2025-04-10T17:00:00+07:00")
    assert second["office_minutes_left"] == -2 * 480  # due on Thursday evening, and Friday and Monday have passed
    assert found["behind"]["by_agency"] == [
        {"agency": THERE, "agency_name": "Văn phòng Ủy ban nhân dân tỉnh", "count": 1},
        {"agency": HERE, "agency_name": "Phường Vũng Tàu", "count": 1},
    ]
    assert told("explain", "dossiers-overdue", "--period", "2025-06", "--agency", HERE)["behind"]["total"] == 1


def test_behind_a_share_on_time_are_the_late_ones_and_the_rest_is_counted() -> None:
    found = told("explain", "dossiers-on-time-share", "--period", "2025-06", "--limit", "1")
    assert [(one["side"], one["of"], one["amount"]) for one in found["terms"]] == [
        ("numerator", "dossier.on_time", 1),
        ("denominator", "dossier.on_time", 1),
        ("denominator", "dossier.late", 2),
        ("denominator", "dossier.overdue", 2),
        ("left out", "dossier.without_due", 0),
    ]
    assert (found["numerator"], found["denominator"]) == (1, 5)
    assert [row["subject"] for row in found["behind"]["worst"]] == ["long-overdue"]
    assert found["behind"]["total"] == 4


def test_behind_a_share_of_a_register_is_what_it_lacks() -> None:
    found = told("explain", "procedures-full-process-share")
    assert [row["dimensions"] for row in found["behind"]["worst"]] == [
        "ho-tich partial true",
        "ho-tich information true",
    ]


def test_behind_a_share_of_officers_are_those_who_did_not_and_what_they_did_not() -> None:
    found = told("explain", "officers-online-and-signing-share", "--period", "2025-06")
    assert [(row["subject"], row["missing"]) for row in found["behind"]["worst"]] == [
        ("c", ["workfile.processed", "signature.used"]),
        ("b", ["workfile.processed"]),
    ]


def test_of_flows_the_agencies_are_told_the_one_with_the_least_first() -> None:
    found = told("explain", "signatures", "--period", "2025-Q2")
    assert [(one["agency"], one["value"]) for one in found["below"]] == [(THERE, 1), (HERE, 2)]
    assert found["behind"] == {"total": 0, "by_agency": [], "worst": []}


def test_behind_a_reading_are_the_readings_and_behind_a_milestone_its_task() -> None:
    reading = told("explain", "science-enterprises", "--period", "2025-06")["behind"]["worst"]
    assert [(row["agency"], row["period"], row["value"]) for row in reading] == [
        ("H06", "2025-Q2", 25),
        (THERE, "2025-04", 7.5),
    ]
    (task,) = told("explain", "ops-centre-operation", "--period", "2025-06")["behind"]["worst"]
    assert (task["agency"], task["state"], task["percent"]) == (THERE, "open", 60)


def test_a_score_is_told_by_its_components_and_those_without_an_indicator_are_not_measured() -> None:
    found = told("explain", "service-quality-score", "--period", "2025-06")
    by_code = {one["code"]: one for one in found["components"]}
    measured = [one for one in found["components"] if one["value"] is not None]
    assert by_code["PUBLISH_ON_TIME"]["indicator"] is None
    assert found["value"] == pytest.approx(
        sum(one["earned"] for one in measured) * 100 / sum(one["points"] for one in measured)
    )


@pytest.mark.slow
def test_what_counts_behind_each_indicator_of_now_adds_up_to_it() -> None:
    for id_, one in CATALOGUE.indicators.items():
        found = told("explain", id_, "--limit", "1000")
        terms = found["terms"]
        if found["value"] is None or not terms:
            continue
        if one.file.formula.kind in ("count", "stock"):
            assert found["value"] == sum(term["amount"] for term in terms), id_
            if not {*FLOWS} & {term["of"] for term in terms}:
                assert found["value"] == found["behind"]["total"], id_
        elif one.file.formula.kind in ("ratio", "mean"):
            for side in ("numerator", "denominator"):
                assert found[side] == sum(term["amount"] for term in terms if term["side"] == side), id_


def test_the_tables_are_readable_in_a_terminal() -> None:
    for argv in (["indicators"], ["explain", "dossiers-overdue"], ["explain", "service-quality-score"]):
        result = CliRunner().invoke(app, argv, env={"COLUMNS": "120"})
        assert result.exit_code == 0, result.exception
        assert max(map(len, result.stdout.splitlines())) <= 120
