"""How targets stand, relative to today, and that each is decided once: when, by whom, and what corrections do then."""

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from core.kafka import admin, cluster_id, end_offsets
from core.publisher import Publisher, encode
from schemas.catalogue.indicators import Indicator, Target
from schemas.views.status import PACE_DAYS
from streams.sweep.deadlines import sweep
from streams.sweep.decisions import decide
from streams.write.writer import Writer
from tests.helpers import CATALOGUE, RULES, Json, cloud_event
from tests.indicators import NAME, A, Committer, count, indicator, make, received, term, today
from tests.target_progress import progress

TOPICS = {system.topic: system.id for system in CATALOGUE.systems.values()}
SYSTEMS = sorted(TOPICS.values())
DAYS = 3
"""After which a target is decided here."""


@pytest.fixture
def log(writer: Writer) -> Committer:
    """Commits events."""
    return Committer(writer)


@pytest.fixture
def long_since(connection: psycopg.Connection) -> None:
    """The installation is not of today."""
    connection.execute("UPDATE catalogues SET applied_at = now() - interval '1 year'")


def working_days_before(day: date, number: int) -> date:
    """The working day that so many working days lie from until before this one."""
    while number:
        day -= timedelta(days=1)
        number -= RULES.working("", RULES.calendar_at(2**60)).is_working(day)
    return day


def working_days_after(day: date, number: int) -> date:
    """The working day that comes so many working days later."""
    while number:
        day += timedelta(days=1)
        number -= RULES.working("", RULES.calendar_at(2**60)).is_working(day)
    return day


def reported(value: float, day: date, subject: str = "thing", **event: Any) -> Json:
    """What the centre had of something on a day, and said at the day's begin."""
    at = f"{day}T00:00:00+07:00"
    data = {"period": str(day), "value": value, "agency": A}
    return cloud_event("reading.reported", subject, at, system="ops-centre", **{**data, **event})


def wanted(*targets: dict[str, Any]) -> Indicator:
    """An indicator of what the centre reports, with these targets."""
    formula = {"kind": "reading", "reading": "thing", "rollup": "sum"}
    return indicator("things", formula, "ops-centre", "always", target=list(targets))


def status(connection: psycopg.Connection) -> dict[date, dict[str, Any]]:
    """The view's rows by the day on which they are due."""
    cursor = connection.execute("SELECT * FROM indicators.indicator_status")
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return {row["due"]: row for row in rows}


def test_a_target_ahead_is_met_or_on_track_or_at_risk_by_the_pace_of_twenty_working_days(
    connection: psycopg.Connection, log: Committer
) -> None:
    """40 twenty working days ago, 60 today: one a day; 70 in ten working days."""
    due = working_days_after(today(), 10)
    log(reported(40, working_days_before(today(), 20)), reported(60, today()))
    found = {}
    for goal in (60.0, 70.0, 71.0):
        make(connection, wanted({"due": due, "at_least": goal}))
        found[goal] = status(connection)[due]
    assert {goal: row["status"] for goal, row in found.items()} == {60: "met", 70: "on_track", 71: "at_risk"}
    row = found[71.0]
    assert (row["system"], row["agency"], row["at_least"], row["at_most"]) == ("ops-centre", "H06", 71, None)
    assert (row["value"], row["pace"], row["projected"]) == (60, 1, 70)
    assert (row["days_left"], row["working_days_left"]) == ((due - today()).days, 10)
    assert (row["pace_needed"], found[60.0]["pace_needed"]) == (pytest.approx(1.1), None)
    assert (row["decided_at"], row["decided_value"], row["corrected"]) == (None, None, False)


def test_a_target_not_to_be_exceeded_is_met_from_below(connection: psycopg.Connection, log: Committer) -> None:
    """A rank: 30 twenty working days ago, 20 today; half a place a day, so 15 in ten days."""
    due = working_days_after(today(), 10)
    log(reported(30, working_days_before(today(), 20)), reported(20, today()))
    for goal, expected in ((20.0, "met"), (15.0, "on_track"), (14.0, "at_risk")):
        make(connection, wanted({"due": due, "at_most": goal}))
        assert status(connection)[due]["status"] == expected
    assert status(connection)[due]["pace_needed"] == pytest.approx(-0.6)


def test_a_pace_that_is_not_known_is_a_risk_and_no_value_is_no_data(
    connection: psycopg.Connection, log: Committer
) -> None:
    due = working_days_after(today(), 10)
    make(connection, wanted({"due": due, "at_least": 1.0}))
    assert status(connection)[due]["status"] == "no_data"
    log(reported(0.5, working_days_before(today(), 3)))
    row = status(connection)[due]
    assert (row["value"], row["pace"], row["projected"], row["status"]) == (0.5, None, None, "at_risk")


def test_what_is_due_today_is_not_missed_yet_and_a_past_target_is_asked_of_its_day(
    connection: psycopg.Connection, log: Committer
) -> None:
    yesterday, before = today() - timedelta(days=1), today() - timedelta(days=2)
    log(reported(1, before), reported(2, yesterday), reported(3, today()))
    make(
        connection,
        wanted(
            {"due": before, "at_least": 2.0}, {"due": yesterday, "at_least": 2.0}, {"due": today(), "at_least": 4.0}
        ),
    )
    rows = status(connection)
    assert [(rows[day]["value"], rows[day]["status"]) for day in (before, yesterday, today())] == [
        (1, "missed"),
        (2, "met"),
        (3, "at_risk"),
    ]
    assert (rows[before]["days_left"], rows[before]["working_days_left"], rows[before]["pace_needed"]) == (-2, 0, None)


def test_agencies_have_targets_of_their_own_in_the_period_that_their_days_lie_in(
    connection: psycopg.Connection, log: Committer
) -> None:
    """Of two received last month and one this month: a month's count as of its last day, and as of today."""
    last = today().replace(day=1) - timedelta(days=1)
    log(*(received(str(n), f"{day}T08:00:00") for n, day in enumerate((last, last, today()))))
    targets = [{"due": day, "at_least": 2.0, "agencies": [A]} for day in (last, today())]
    make(connection, indicator("received", count("dossier.opened"), target=[*targets, {"due": last, "at_least": 9.0}]))
    rows = connection.execute("SELECT agency, due, value, status FROM indicators.indicator_status ORDER BY 1, 2")
    assert rows.fetchall()[:2] == [("H06", last, 2, "missed"), (A, last, 2, "met")]


def walk(step: float, days: int, seed: int) -> dict[date, float]:
    """A value reported every third day from April 2025 on, which goes up or down by about so much each time."""
    random, value, found = Random(seed), 50.0, {}
    for number in range(0, days, 3):
        value += step + random.uniform(-1, 1)
        found[date(2025, 4, 1) + timedelta(days=number)] = value
    return found


SERIES: Mapping[str, Mapping[date, float]] = {
    "rising": walk(0.5, 110, 1),
    "falling": walk(-0.5, 110, 2),
    "ended": walk(0.1, 20, 3),
    "fresh": {date(2025, 6, 24): 55.0},  # not yet twenty working days before it is due
    "none": {},
}
WORKDAY, SUNDAY = date(2025, 6, 30), date(2025, 6, 15)
GOALS: list[dict[str, Any]] = [{bound: goal} for bound in ("at_least", "at_most") for goal in (44.0, 52.0, 58.0, 64.0)]


@pytest.mark.slow
def test_the_status_as_of_any_day_is_what_the_model_says(connection: psycopg.Connection, log: Committer) -> None:
    """Before, on and after the days due; more and less wanted; never and lately reported; decided meanwhile or not."""
    log(*(reported(value, day, subject=name) for name, values in SERIES.items() for day, value in values.items()))
    made: list[Indicator] = []
    owed: dict[tuple[str, date], tuple[Mapping[date, float], Target]] = {}
    for name, (number, goal) in product(SERIES, enumerate(GOALS)):
        reading = {"kind": "reading", "reading": name, "rollup": "sum"}
        targets = [{"due": due, **goal} for due in (WORKDAY, SUNDAY)]
        made.append(indicator(f"{name}-{number}", reading, "ops-centre", "always", target=targets))
        owed |= {(made[-1].id, target.due): (SERIES[name], target) for target in made[-1].file.target}
    make(connection, *made)
    decided = decide_some(connection, owed)
    seen = Counter[str]()
    for day in (SUNDAY + timedelta(days=n) for n in range(-30, 22)):
        found = status_at(connection, day)
        assert found.keys() == owed.keys()
        for key, row in found.items():
            expected = modelled(*owed[key], day, decided.get(key))
            assert {name: row[name] for name in expected} == expected, (day, key)
            seen[row["status"]] += 1
            seen["decided"] += row["decided_at"] is not None
    assert set(seen) == {"met", "missed", "on_track", "at_risk", "no_data", "decided"}


Decided = tuple[float | None, str, datetime]
"""The value and the status that were decided, and when."""


def decide_some(connection: psycopg.Connection, owed: Iterable[tuple[str, date]]) -> dict[tuple[str, date], Decided]:
    """Decide every third target, at the begin or the end of the second day after it was due, and not as it is now."""
    decided: dict[tuple[str, date], Decided] = {}
    for number, key in enumerate(sorted(owed)):
        if number % 3 == 0:
            begin = datetime.combine(key[1] + timedelta(days=2), time(), CATALOGUE.zone)
            decided[key] = (
                50.0 if number % 2 else None,
                "missed" if number % 2 else "no_data",
                begin if number % 4 else begin + timedelta(days=1, microseconds=-1),
            )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO decisions (indicator, agency, due, value, status, decided_at) "
            "VALUES (%s, 'H06', %s, %s, %s, %s)",
            [(*key, *decision) for key, decision in decided.items()],
        )
    return decided


def status_at(connection: psycopg.Connection, day: date) -> dict[tuple[str, date], dict[str, Any]]:
    """The targets as of a day, by indicator and the day on which they are due."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM indicators.status_at(%s)", (day,)).fetchall()
    return {(row["indicator"], row["due"]): row for row in rows}


def modelled(reported: Mapping[date, float], target: Target, day: date, decided: Decided | None) -> dict[str, Any]:
    """The same from the reports themselves."""

    def value_at(day: date) -> float | None:
        return next((value for of, value in sorted(reported.items(), reverse=True) if of <= day), None)

    ends = min(day, target.due)
    ahead = (day + timedelta(days=n + 1) for n in range((target.due - day).days))
    left = sum(RULES.working("", RULES.calendar_at(2**60)).is_working(one) for one in ahead)
    found = progress(target, value_at(ends), value_at(working_days_before(ends, PACE_DAYS)), day, left)._asdict()
    value, status, at = decided or (None, "", None)
    if at is None or at.astimezone(CATALOGUE.zone).date() > day:
        return {**found, "decided_at": None, "decided_value": None, "corrected": False}
    corrected = found["value"] != value
    return {**found, "status": status, "decided_at": at, "decided_value": value, "corrected": corrected}


@pytest.mark.usefixtures("long_since")
def test_a_decision_stands_and_a_correction_shows_beside_it(connection: psycopg.Connection, log: Committer) -> None:
    due = today() - timedelta(days=DAYS)
    event = reported(9, due, id="corrected")
    log(event)
    make(connection, wanted({"due": due, "at_least": 10.0}, {"due": due - timedelta(days=9), "at_least": 10.0}))
    now = datetime.now(UTC)
    assert decide(connection, SYSTEMS, DAYS, now) == 2
    rows = status(connection)
    row, earlier = rows[due], rows[due - timedelta(days=9)]
    assert (row["status"], row["value"], row["decided_value"], row["corrected"]) == ("missed", 9, 9, False)
    assert row["decided_at"] == now
    assert (earlier["status"], earlier["decided_value"]) == ("no_data", None)

    log(reported(11, due, id="corrected", revision=1))
    assert decide(connection, SYSTEMS, DAYS, datetime.now(UTC)) == 0
    row = status(connection)[due]
    assert (row["status"], row["value"], row["decided_value"], row["corrected"]) == ("missed", 11, 9, True)
    assert row["decided_at"] == now

    # The catalogue is corrected, too: what was decided was decided by what the target was then.
    make(connection, wanted({"due": due, "at_least": 5.0}))
    assert decide(connection, SYSTEMS, DAYS, datetime.now(UTC)) == 0
    assert status(connection)[due]["status"] == "missed"
    decided = connection.execute("SELECT at_least, at_most FROM decisions WHERE due = %s", (due,))
    assert decided.fetchall() == [(10, None)]


@pytest.mark.usefixtures("long_since")
def test_a_target_is_decided_by_what_was_said_by_then_of_the_periods_that_were_over(
    connection: psycopg.Connection, log: Committer
) -> None:
    """December is reported in January: what was said of a period until the decision counts, what is said later not."""
    due = today() - timedelta(days=DAYS)
    log(
        reported(900, due - timedelta(days=30)),
        reported(1500, due + timedelta(days=2), period=str(due)),
        reported(7, due + timedelta(days=1)),
    )
    make(connection, wanted({"due": due, "at_least": 1000.0}))
    assert status(connection)[due]["value"] == 1500
    assert decide(connection, SYSTEMS, DAYS, datetime.now(UTC)) == 1
    log(reported(1600, today(), period=str(due)))
    row = status(connection)[due]
    assert (row["status"], row["decided_value"], row["value"], row["corrected"]) == ("met", 1500, 1600, True)


@pytest.mark.usefixtures("long_since")
def test_nothing_is_decided_before_its_days_are_over(connection: psycopg.Connection, log: Committer) -> None:
    due = today() - timedelta(days=DAYS - 1)
    log(reported(9, due))
    make(connection, wanted({"due": due, "at_least": 10.0}))
    assert decide(connection, SYSTEMS, DAYS, datetime.now(UTC)) == 0
    assert decide(connection, SYSTEMS, DAYS - 1, datetime.now(UTC)) == 1


def test_a_new_installation_decides_nothing_while_its_history_may_be_on_the_way(
    connection: psycopg.Connection, log: Committer
) -> None:
    make(connection, wanted({"due": today() - timedelta(days=90), "at_least": 10.0}))
    assert decide(connection, SYSTEMS, DAYS, datetime.now(UTC)) == 0
    assert decide(connection, SYSTEMS, DAYS, datetime.now(UTC) + timedelta(days=DAYS)) == 1


@pytest.mark.usefixtures("long_since")
def test_a_score_waits_for_all_systems_that_it_is_worked_out_from(connection: psycopg.Connection) -> None:
    components = [{"code": id_, "group": "g", "name": NAME, "points": 10.0, "indicator": id_} for id_ in ("a", "b")]
    score = {"kind": "score", "components": components}
    due = today() - timedelta(days=DAYS)
    make(
        connection,
        indicator("score", score, "resolution-57", target=[{"due": due, "at_least": 1.0}]),
        indicator("a", count("dossier.opened")),
        indicator("b", {"kind": "stock", "of": [term("station.standing")]}, "telecom"),
    )
    assert decide(connection, ["one-stop", "e-office"], DAYS, datetime.now(UTC)) == 0
    assert decide(connection, ["one-stop", "telecom"], DAYS, datetime.now(UTC)) == 1


@pytest.mark.usefixtures("long_since")
def test_a_sweep_decides_once_the_system_is_caught_up_and_never_again(
    broker: str, database: str, connection: psycopg.Connection, log: Committer
) -> None:
    """What is still in the log may say that the target was met."""
    due = today() - timedelta(days=DAYS)
    log(reported(9, due))
    make(connection, wanted({"due": due, "at_least": 10.0}))
    with Publisher(broker) as publisher:
        publisher.send_raw("events.ops-centre", b"x", encode(reported(11, due, id="later")))
    sweep(database, broker, TOPICS, DAYS, patience=0.5)
    assert connection.execute("SELECT FROM decisions").fetchall() == []

    log(reported(11, due, id="later"))
    with admin(broker) as client:
        topic = end_offsets(client, ["events.ops-centre"])["events.ops-centre"]
        cluster = cluster_id(client)
    for number, end in topic.ends.items():
        connection.execute(
            "INSERT INTO partition_offsets (cluster, topic_id, partition, topic, next_offset) "
            "VALUES (%s, %s, %s, %s, %s)",
            (cluster, topic.topic_id, number, "events.ops-centre", end),
        )
    sweep(database, broker, TOPICS, DAYS)
    decided = connection.execute("SELECT value, status, decided_at FROM decisions").fetchall()
    assert [row[:2] for row in decided] == [(11, "met")]
    sweep(database, broker, TOPICS, DAYS)
    assert connection.execute("SELECT value, status, decided_at FROM decisions").fetchall() == decided


@pytest.mark.usefixtures("long_since")
def test_two_workers_that_decide_at_the_same_time_decide_once(
    database: str, connection: psycopg.Connection, log: Committer
) -> None:
    due = today() - timedelta(days=DAYS)
    log(reported(9, due))
    make(connection, wanted({"due": due, "at_least": 10.0}))
    with psycopg.connect(database) as first, psycopg.connect(database) as second, ThreadPoolExecutor(1) as thread:
        assert decide(first, SYSTEMS, DAYS, datetime.now(UTC)) == 1
        waiting = thread.submit(decide, second, SYSTEMS, DAYS, datetime.now(UTC))
        first.commit()
        assert waiting.result(30) == 0
    assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (1,)
