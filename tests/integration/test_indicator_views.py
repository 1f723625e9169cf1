"""The views of indicators, each kind of formula by examples worked out by hand from events."""

import uuid
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.database import migrate
from opscentre.devservices.timescaledb import TimescaleDB
from streams.write.writer import Writer
from tests.helpers import CATALOGUE, Json, cloud_event
from tests.indicators import (
    NAME,
    PROVINCE,
    A,
    B,
    Committer,
    count,
    indicator,
    make,
    parts,
    processed,
    received,
    term,
    today,
    values,
    whole,
)

RECEIVED = indicator("received", count("dossier.opened"))


@pytest.fixture
def log(writer: Writer) -> Committer:
    """Commits events."""
    return Committer(writer)


def test_a_month_begins_at_local_midnight(connection: psycopg.Connection, log: Committer) -> None:
    log(
        received("1", "2025-03-31T23:30:00"), received("2", "2025-04-01T00:30:00"), received("3", "2025-04-30T23:59:59")
    )
    make(connection, RECEIVED)
    assert values(connection, "received", "2025-03-01", "2025-03-31") == {
        (A, ""): (1, None, 1),
        (PROVINCE, ""): (1, None, 1),
    }
    assert whole(values(connection, "received", "2025-04-01", "2025-04-30")) == {A: 2, PROVINCE: 2}


def test_who_never_reported_has_no_value_and_who_did_has_zero(connection: psycopg.Connection, log: Committer) -> None:
    log(received("1", "2025-03-20T08:00:00"), cloud_event("signature.used", "x", "2025-02-01T08:00:00+07:00", agency=B))
    share = {"kind": "ratio", "numerator": [term("dossier.on_time")], "denominator": [term("dossier.closed")]}
    make(connection, RECEIVED, indicator("share", share), indicator("late", count("dossier.late")))
    assert whole(values(connection, "received", "2025-02-01", "2025-02-28")) == {}
    assert whole(values(connection, "received", "2025-03-01", "2025-03-19")) == {}
    assert whole(values(connection, "received", "2025-03-01", "2025-03-20")) == {A: 1, PROVINCE: 1}
    assert whole(values(connection, "received", "2025-04-01", "2025-04-30")) == {A: 0, PROVINCE: 0}
    assert whole(values(connection, "late", "2025-03-01", "2025-03-31")) == {A: 0, PROVINCE: 0}
    assert values(connection, "share", "2025-03-01", "2025-03-31")[A, ""] == (0, 0, None)


def test_values_are_summed_along_the_tree_of_agencies(connection: psycopg.Connection, log: Committer) -> None:
    """C is under B, and B under A."""
    c = "H06.03"
    log(
        received("1", "2025-03-03T08:00:00", A),
        *(received(str(n), "2025-03-03T08:00:00", B) for n in (2, 3)),
        *(received(str(n), "2025-03-03T08:00:00", c) for n in (4, 5, 6, 7)),
        processed("1", "2025-03-05T08:00:00", A),
        processed("4", "2025-03-05T08:00:00", c),
        processed("5", "2025-03-05T08:00:00", c),
    )
    share = {"kind": "ratio", "numerator": [term("dossier.closed")], "denominator": [term("dossier.opened")]}
    agencies = dict(CATALOGUE.agencies)
    for code, parent in ((B, A), (c, B)):
        agencies[code] = agencies[code].model_copy(update={"parent": parent})
    make(connection, RECEIVED, indicator("share", share), agencies=agencies)
    march = ("2025-03-01", "2025-03-31")
    assert whole(values(connection, "received", *march)) == {c: 4, B: 6, A: 7, PROVINCE: 7}
    assert whole(values(connection, "share", *march)) == {c: 50, B: 200 / 6, A: 300 / 7, PROVINCE: 300 / 7}


def test_terms_count_only_dimensions_that_match_and_parts_are_told_apart(
    connection: psycopg.Connection, log: Committer
) -> None:
    march = ("2025-03-01", "2025-03-31")
    for n, (channel, level) in enumerate(
        [("online", "full"), ("online", "full"), ("online", "partial"), ("counter", "full"), ("post", None)]
    ):
        log(received(str(n), "2025-03-03T08:00:00", channel=channel, service_level=level))
    full = [term("dossier.opened", channel=["online"], service_level=["full"])]
    share = {"kind": "ratio", "numerator": full, "denominator": [term("dossier.opened")], "scale": 1.0}
    late = {"kind": "ratio", "numerator": [term("dossier.opened")], "denominator": [term("dossier.open")], "scale": 1.0}
    make(
        connection,
        indicator("by-channel", count("dossier.opened"), by="channel"),
        indicator("by-level", count("dossier.opened", "dossier.late"), by="service_level"),
        indicator("share", share, by="channel"),
        indicator("against-whole", late, by="channel"),
    )
    assert parts(values(connection, "by-channel", *march), A) == {"": 5, "online": 3, "counter": 1, "post": 1}
    assert parts(values(connection, "by-level", *march), A) == {"": 5, "full": 3, "partial": 1, "-": 1}
    assert parts(values(connection, "share", *march), A) == {"": 2 / 5, "online": 2 / 3, "counter": 0, "post": 0}
    # What is open has no channel: each channel is held against all of it.
    assert parts(values(connection, "against-whole", *march), A) == {"": 1, "online": 0.6, "counter": 0.2, "post": 0.2}


@pytest.fixture(scope="module")
def counters(timescaledb: TimescaleDB) -> Iterator[psycopg.Connection]:
    """Counters of every day of half a year until today, and of ahead; of today, some are counted by the minute."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(timescaledb.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    migrate(timescaledb.dsn(name))
    with psycopg.connect(timescaledb.dsn(name), autocommit=True) as connection:
        make(connection, RECEIVED)
        connection.execute("INSERT INTO agencies VALUES ('H06.01', 'H06', 'department', '', '')")
        connection.execute(
            "INSERT INTO counters_day SELECT 'one-stop', 'dossier.opened', 'H06.01', '', indicators.today() - n, "
            "n % 2, 1 + abs(n) FROM generate_series(-40, 180) AS n"
        )
        connection.execute(
            "INSERT INTO counters_month SELECT system, measure, agency, dimensions, "
            "date_trunc('month', bucket), shard, "
            "sum(value) FROM counters_day GROUP BY 1, 2, 3, 4, 5, 6"
        )
        connection.execute(
            "INSERT INTO counters_minute SELECT 'one-stop', 'dossier.opened', 'H06.01', '', "
            "date_trunc('minute', now()) + n * interval '1 day', 0, 1000 FROM generate_series(-3, 3) AS n"
        )
        yield connection
    with psycopg.connect(timescaledb.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@settings(max_examples=200, deadline=None)
@given(begin=st.integers(-45, 185) | st.none(), length=st.integers(0, 200))
def test_any_period_is_its_days_and_of_today_the_minutes_until_now(
    counters: psycopg.Connection, begin: int | None, length: int
) -> None:
    """`begin` days ago, None for since ever. Day n ago counts 1 + n; what was counted today by minutes, 1000."""
    first = 300 if begin is None else begin
    days = range(first, (0 if begin is None else begin) - length - 1, -1)
    expected = sum(1 + n for n in days if 0 < n <= 180) + (1000 if 0 in days else 0)
    starts = None if begin is None else today() - timedelta(days=begin)
    ends = today() - timedelta(days=days[-1])
    rows = counters.execute(
        "SELECT sum(value)::int FROM indicators.counted('one-stop', 'dossier.opened', %s, %s)", (starts, ends)
    ).fetchone()
    assert rows == (expected or None,)


def test_what_will_be_overdue_at_midnight_is_not_overdue_today(connection: psycopg.Connection, log: Committer) -> None:
    def local(days: int, hour: int) -> str:
        return datetime.combine(today() + timedelta(days=days), time(hour)).isoformat()

    log(
        received("1", local(-9, 8), due_at=f"{local(0, 17)}+07:00"),
        received("2", local(-9, 8), due_at=f"{local(-1, 17)}+07:00"),
        received("3", local(-9, 8), due_at=f"{local(3, 17)}+07:00"),
    )
    make(connection, indicator("overdue", {"kind": "stock", "of": [term("dossier.overdue")]}, period="always"))
    assert whole(values(connection, "overdue", None, str(today()))) == {A: 1, PROVINCE: 1}
    assert whole(values(connection, "overdue", None, str(today() + timedelta(days=40)))) == {A: 1, PROVINCE: 1}
    assert whole(values(connection, "overdue", None, str(today() - timedelta(days=1)))) == {A: 0, PROVINCE: 0}


def test_a_stock_is_what_stands_at_the_end_whenever_the_period_began(
    connection: psycopg.Connection, log: Committer
) -> None:
    log(
        received("1", "2024-11-05T08:00:00"),
        received("2", "2025-03-05T08:00:00"),
        processed("1", "2025-04-02T08:00:00"),
    )
    make(connection, indicator("open", {"kind": "stock", "of": [term("dossier.open")]}))
    for ends, open_ in (("2024-11-04", {}), ("2025-02-28", {A: 1, PROVINCE: 1}), ("2025-03-31", {A: 2, PROVINCE: 2})):
        assert whole(values(connection, "open", "2024-01-01", ends)) == open_
        assert whole(values(connection, "open", ends, ends)) == open_
    assert whole(values(connection, "open", "2025-04-01", "2025-04-02")) == {A: 1, PROVINCE: 1}


def test_what_happened_in_a_period_may_be_a_share_of_what_ever_happened(
    connection: psycopg.Connection, log: Committer
) -> None:
    for number, day in (("1", "03-10"), ("2", "03-11"), ("3", "04-02")):
        log(received(number, "2025-03-05T08:00:00"), processed(number, f"2025-{day}T08:00:00"))
    ever = {"of": "dossier.without_due", "since_ever": True}
    share = {"kind": "ratio", "numerator": [term("dossier.without_due")], "denominator": [ever]}
    make(connection, indicator("share", share))
    assert values(connection, "share", "2025-04-01", "2025-04-30")[A, ""][:2] == (1, 3)


def test_a_mean_is_of_office_time_and_an_age_of_the_clock(connection: psycopg.Connection, log: Committer) -> None:
    """One dossier takes a working day of 480 minutes, one two; the third is open from noon."""
    log(
        received("1", "2025-04-01T08:00:00"),
        processed("1", "2025-04-02T08:00:00"),
        received("2", "2025-04-01T08:00:00"),
        processed("2", "2025-04-03T08:00:00"),
        received("3", "2025-04-01T12:00:00"),
    )
    over = [term("dossier.on_time"), term("dossier.late"), term("dossier.without_due")]
    mean = {"kind": "mean", "numerator": [term("dossier.worked")], "denominator": over, "divisor": 480.0}
    make(connection, indicator("mean", mean), indicator("age", {"kind": "age", "case": "dossier"}))
    assert values(connection, "mean", "2025-04-01", "2025-04-30")[A, ""] == (1440, 2, 1.5)
    assert values(connection, "mean", "2025-04-01", "2025-04-02")[A, ""] == (480, 1, 1)
    # At the end of the 3rd: two and a half days. At the end of the 1st: half a day, and twice two thirds.
    assert values(connection, "age", None, "2025-04-03")[A, ""] == (3600, 1, 2.5)
    assert values(connection, "age", None, "2025-04-01")[A, ""] == pytest.approx((720 + 2 * 960, 3, 2640 / 3 / 1440))
    assert values(connection, "mean", "2025-03-01", "2025-03-31") == {}


def test_an_age_today_is_until_the_end_of_the_running_minute(connection: psycopg.Connection, log: Committer) -> None:
    opened = datetime.now(CATALOGUE.zone).replace(tzinfo=None, microsecond=0) - timedelta(days=2)
    log(received("1", opened.isoformat()))
    make(connection, indicator("age", {"kind": "age", "case": "dossier"}))
    minutes, cases, _ = values(connection, "age", None, str(today()))[A, ""]
    assert cases == 1
    assert minutes is not None
    assert 2881 <= minutes <= 2883


def test_distinct_officers_of_whole_months_and_those_who_left_do_not_count(
    connection: psycopg.Connection, log: Committer
) -> None:
    """Two of A and one of B; o-3 left in April, when o-2 became a leader; o-9 signs, but is in no register."""
    for officer, rank, agency in (("o-1", "leader", A), ("o-2", "official", A), ("o-3", "official", B)):
        log(
            cloud_event(
                "officer.enrolled", officer, "2025-01-10T08:00:00+07:00", agency=agency, officer=officer, rank=rank
            )
        )
    log(
        cloud_event("officer.left", "o-3", "2025-04-10T08:00:00+07:00", agency=B, officer="o-3"),
        cloud_event("officer.enrolled", "o-2", "2025-04-11T08:00:00+07:00", agency=A, officer="o-2", rank="leader"),
    )
    for officer, month in (("o-1", "03"), ("o-1", "03"), ("o-3", "03"), ("o-2", "02"), ("o-9", "03"), ("o-1", "04")):
        log(cloud_event("signature.used", "d", f"2025-{month}-03T08:00:00+07:00", agency=A, officer=officer))
    for officer, online in (("o-1", True), ("o-3", False), ("o-2", True)):
        log(
            cloud_event(
                "workfile.processed", "w", "2025-03-03T08:00:00+07:00", agency=A, officer=officer, online=online
            )
        )
    signing = {"kind": "distinct", "register_name": "officer", "did": [term("signature.used")]}
    both = {**signing, "did": [term("signature.used"), term("workfile.processed", online=["true"])]}
    make(connection, indicator("signing", signing, "e-office", by="rank"), indicator("both", both, "e-office"))
    march = values(connection, "signing", "2025-03-01", "2025-03-31")
    assert march == {
        (A, ""): (1, 2, 50),
        (A, "leader"): (1, 1, 100),
        (A, "official"): (0, 1, 0),
        (B, ""): (1, 1, 100),
        (B, "official"): (1, 1, 100),
        (PROVINCE, ""): (2, 3, pytest.approx(200 / 3)),
        (PROVINCE, "leader"): (1, 1, 100),
        (PROVINCE, "official"): (1, 2, 50),
    }
    # The month counts as a whole, from whichever of its days; and more months than one, once each.
    assert values(connection, "signing", "2025-03-20", "2025-03-25") == march
    assert parts(values(connection, "signing", "2025-02-10", "2025-03-31"), A) == {
        "": 100,
        "leader": 100,
        "official": 100,
    }
    assert values(connection, "both", "2025-03-01", "2025-03-31")[PROVINCE, ""] == pytest.approx((1, 3, 100 / 3))
    april = values(connection, "signing", "2025-04-01", "2025-04-30")
    assert (april[PROVINCE, ""], april[A, "leader"]) == ((1, 2, 50), (1, 2, 50))
    assert april[B, ""] == (0, 0, None)
    assert values(connection, "signing", "2024-12-01", "2024-12-31") == {}


def reading(period: str, value: float, at: str, agency: str = A, name: str = "ops.rank", **rest: Any) -> Json:
    values = {"period": period, "value": value, "agency": agency, **rest}
    return cloud_event("reading.reported", name, f"{at}+07:00", system="ops-centre", **values)


def test_of_readings_the_one_of_the_latest_period_that_is_over_stands_whenever_it_was_said(
    connection: psycopg.Connection, log: Committer
) -> None:
    log(
        reading("2025-Q1", 10, "2025-04-02T08:00:00"),
        reading("2025-04", 12, "2025-05-02T08:00:00"),
        reading("2025-04", 13, "2025-06-10T08:00:00"),
        reading("2025-03", 99, "2025-06-20T08:00:00"),
        reading("2025", 20, "2025-06-20T08:00:00"),
        reading("2025-Q1", 5, "2025-04-03T08:00:00", B),
        reading("2025-04-30", 7, "2025-05-03T08:00:00", B),
        reading("2025-04", 1000, "2025-05-03T08:00:00", B, "ops.other"),
    )
    make(
        connection,
        indicator("sum", {"kind": "reading", "reading": "ops.rank", "rollup": "sum"}, "ops-centre"),
        indicator("rank", {"kind": "reading", "reading": "ops.rank", "rollup": "none"}, "ops-centre"),
    )
    # At March's end nothing had been said of the quarter that ended then. Of two periods that end on one day, and of
    # two values of one period, what was said last counts, as known now.
    for ends, a, b, latest in [
        ("2025-03-31", 99, 5, 99),
        ("2025-04-29", 99, 5, 99),
        ("2025-04-30", 13, 7, 13),
        ("2025-06-15", 13, 7, 13),
        ("2025-12-30", 13, 7, 13),
        ("2025-12-31", 20, 7, 20),
    ]:
        assert whole(values(connection, "sum", None, ends)) == {A: a, B: b, PROVINCE: a + b}
        assert whole(values(connection, "rank", None, ends)) == {A: a, B: b, PROVINCE: latest}
    assert values(connection, "sum", None, "2025-03-30") == {}
    assert values(connection, "sum", None, "2025-04-30")[A, ""] == (13, None, 13)


@pytest.mark.parametrize(
    ("period", "day"),
    [
        ("2024", "2024-12-31"),
        ("2025-Q1", "2025-03-31"),
        ("2025-Q4", "2025-12-31"),
        ("2024-02", "2024-02-29"),
        ("2025-06-30", "2025-06-30"),
        ("2025-02-31", "2025-02-28"),
    ],
)
def test_the_last_day_of_what_a_reading_is_of(connection: psycopg.Connection, period: str, day: str) -> None:
    row = connection.execute("SELECT indicators.last_day(%s)", (period,)).fetchone()
    assert row == (date.fromisoformat(day),)


def task(name: str, at: str, subject: str = "T'1", agency: str = A, **data: Any) -> Json:
    return cloud_event(name, subject, f"{at}+07:00", system="ops-centre", agency=agency, **data)


def test_a_milestone_is_as_far_as_its_task_had_come(connection: psycopg.Connection, log: Committer) -> None:
    log(
        task("task.progressed", "2025-03-10T08:00:00", percent=30),
        task("task.assigned", "2025-03-01T08:00:00"),
        task("task.progressed", "2025-03-20T08:00:00", agency=B, percent=60),
        task("task.completed", "2025-04-10T08:00:00", agency=B),
        task("task.progressed", "2025-04-12T08:00:00", agency=A, percent=80),  # no longer theirs: it is completed
        task("task.assigned", "2025-03-01T08:00:00", "T-2"),
        task("task.cancelled", "2025-04-01T08:00:00", "T-2"),
        task("task.completed", "2025-04-02T08:00:00", "T-2"),
        task("task.completed", "2025-04-02T08:00:00", "never assigned"),
        task("task.assigned", "2025-03-01T08:00:00", "T-3"),
        task("task.completed", "2025-03-10T08:00:00", "T-3"),
        task("task.reopened", "2025-03-20T08:00:00", "T-3", agency=B),
        task("task.progressed", "2025-03-25T08:00:00", "T-3", agency=B, percent=70),
        task("task.completed", "2025-04-10T08:00:00", "T-3", agency=B),
    )
    all_tasks = [term("task.open"), term("task.done")]
    reopened = {"kind": "mean", "numerator": [term("task.progress")], "denominator": all_tasks}
    make(
        connection,
        indicator("again", {"kind": "milestone", "task": "T-3"}, "ops-centre"),
        indicator("mean", reopened, "ops-centre", "always"),
    )
    for ends, owner, percent, mean in [
        ("2025-03-10", A, 100, (30 + 0 + 100) / 3),
        ("2025-03-20", B, 0, (60 + 0 + 0) / 3),
        ("2025-03-25", B, 70, (60 + 0 + 70) / 3),
        ("2025-04-10", B, 100, (100 + 100) / 2),
    ]:
        assert whole(values(connection, "again", None, ends)) == {owner: percent, PROVINCE: percent}
        assert whole(values(connection, "mean", None, ends))[PROVINCE] == pytest.approx(mean)
    for id_, subject in (("step", "T'1"), ("cancelled", "T-2"), ("never", "never assigned")):
        make_one = indicator(id_, {"kind": "milestone", "task": subject}, "ops-centre")
        make(connection, make_one)
        if id_ == "step":
            for ends, agency, percent in [
                ("2025-03-01", A, 0),
                ("2025-03-10", A, 30),
                ("2025-03-20", B, 60),
                ("2025-04-09", B, 60),
                ("2025-04-10", B, 100),
                (str(today()), B, 100),
            ]:
                assert whole(values(connection, id_, None, ends)) == {agency: percent, PROVINCE: percent}
            assert values(connection, id_, None, "2025-02-28") == {}
        elif id_ == "cancelled":
            assert whole(values(connection, id_, None, "2025-03-31")) == {A: 0, PROVINCE: 0}
            assert values(connection, id_, None, "2025-04-01") == {}
        else:
            assert values(connection, id_, None, str(today())) == {}


def test_a_score_is_out_of_what_is_measured(connection: psycopg.Connection, log: Committer) -> None:
    """A: 2 of 4 wanted dossiers give 5 of 10 points; more than enough signatures, 20 of 20. B: dossiers only."""
    log(
        *(received(str(n), "2025-03-03T08:00:00") for n in (1, 2)),
        received("3", "2025-03-03T08:00:00", B),
        *(cloud_event("signature.used", "d", "2025-03-03T08:00:00+07:00", agency=A) for _ in range(3)),
    )
    components = [
        {"code": "1", "group": "g", "name": NAME, "points": 10.0, "indicator": "received", "full_at": 4.0},
        {"code": "2", "group": "g", "name": NAME, "points": 20.0, "indicator": "signed", "full_at": 2.0},
        {"code": "3", "group": "g", "name": NAME, "points": 70.0},
    ]
    score = {"kind": "score", "components": components}
    nothing = {"kind": "score", "components": components[2:]}
    make(
        connection,
        indicator("a-score", score),
        indicator("nothing", nothing),
        RECEIVED,
        indicator("signed", count("signature.used"), "e-office"),
    )
    assert values(connection, "a-score", "2025-03-01", "2025-03-31") == {
        (A, ""): (25, 30, pytest.approx(2500 / 30)),
        (B, ""): (2.5, 10, 25),
        (PROVINCE, ""): (27.5, 30, pytest.approx(2750 / 30)),
    }
    assert values(connection, "nothing", "2025-03-01", "2025-03-31") == {}
    systems = connection.execute("SELECT system FROM indicators.systems WHERE indicator = 'a-score' ORDER BY 1")
    assert systems.fetchall() == [("e-office",), ("one-stop",)]


def test_a_correction_moves_what_a_past_month_holds(connection: psycopg.Connection, log: Committer) -> None:
    make(connection, RECEIVED)
    event = {**received("1", "2025-03-20T08:00:00"), "id": "corrected"}
    log(event, received("2", "2025-03-20T08:00:00"))
    assert whole(values(connection, "received", "2025-03-01", "2025-03-31")) == {A: 2, PROVINCE: 2}
    log({**event, "time": "2025-04-01T08:00:00+07:00", "revision": 1})
    assert whole(values(connection, "received", "2025-03-01", "2025-03-31")) == {A: 1, PROVINCE: 1}
    assert whole(values(connection, "received", "2025-04-01", "2025-04-30")) == {A: 1, PROVINCE: 1}
    log({**event, "revision": 2, "retracted": True})
    assert whole(values(connection, "received", "2025-04-01", "2025-04-30")) == {A: 0, PROVINCE: 0}


def test_the_view_has_the_last_periods_and_the_running_ones_until_now(
    connection: psycopg.Connection, log: Committer
) -> None:
    last_month = today().replace(day=1) - timedelta(days=1)
    log(received("1", f"{last_month}T23:30:00"), received("2", f"{last_month.year - 6}-05-05T08:00:00"))
    make(connection, RECEIVED)
    rows = connection.execute(
        "SELECT period, starts, ends, value FROM indicators.received WHERE agency = 'H06.01'"
    ).fetchall()
    numbers = {period: sum(row[0] == period for row in rows) for period in ("month", "quarter", "year", "always")}
    assert numbers == {"month": 24, "quarter": 8, "year": 5, "always": 1}
    assert ("always", None, today(), 2) in rows
    assert ("month", last_month.replace(day=1), last_month, 1) in rows
    assert ("month", today().replace(day=1), today(), 0) in rows
    assert {ends for _, _, ends, _ in rows if ends >= today()} == {today()}
