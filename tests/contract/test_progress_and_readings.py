"""What progress and readings come to in the database: the latest stands, in whatever order they come."""

import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schemas.events import SYSTEMS
from schemas.events.effects import Progressed, Reading
from schemas.events.envelope import SOURCE_PREFIX
from streams.write.writer import Outcome, Writer
from tests.helpers import EVENTS, SYSTEM_OF, Json, Log, cloud_event

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"


def examples(effect: type[Any]) -> list[Any]:
    """The valid examples of every type with this effect, but for retractions."""
    names = [name for name, event in EVENTS.items() if issubclass(event, effect)]
    paths = [path for name in names for path in sorted((EXAMPLES / name / "valid").glob("*.json"))]
    read = [(path, json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return [
        pytest.param(event, id=f"{path.parts[-3]}/{path.stem}") for path, event in read if not event.get("retracted")
    ]


Commit = Callable[..., None]


@pytest.fixture
def commit(writer: Writer) -> Commit:
    """Writes each event as a batch of its own, on the topic of the system that it names."""
    logs = {system: Log(system=system, topic_id=system) for system in SYSTEMS}

    def write(*events: Json) -> None:
        for event in events:
            log = logs[event["source"].removeprefix(SOURCE_PREFIX)]
            assert writer.commit(log.batch(event)) == Outcome(events=1)

    return write


def readings(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    query = "SELECT system, name, agency, period, value, unit FROM readings ORDER BY 1, 2, 3, 4"
    return connection.execute(query).fetchall()


def percents(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT system, subject, percent FROM cases ORDER BY 1, 2").fetchall()


def reading(id_: str, value: float, time: str = "2025-07-01T08:00:00+07:00", **more: Any) -> Json:
    return cloud_event("reading.reported", "science.enterprises", time, id_, value=value, **more)


def progress(id_: str, percent: int, time: str) -> Json:
    return cloud_event("task.progressed", "T-1", time, id_, percent=percent)


@pytest.mark.parametrize("event", examples(Reading))
def test_a_reading_stands_as_its_example_says(event: Json, connection: psycopg.Connection, commit: Commit) -> None:
    commit(event)
    system, data = event["source"].removeprefix(SOURCE_PREFIX), event["data"]
    assert readings(connection) == [
        (system, event["subject"], data["agency"], data["period"], float(data["value"]), data["unit"])
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_several_readings_the_latest_stands(
    order: tuple[int, ...], connection: psycopg.Connection, commit: Commit
) -> None:
    reported = [
        reading("a", 25),
        reading("b", 26, "2025-07-02T08:00:00+07:00"),
        reading("c", 27, "2025-07-02T08:00:00+07:00"),  # of the same moment: the higher id
    ]
    commit(*(reported[place] for place in order))
    assert [row[4] for row in readings(connection)] == [27.0]


def test_another_period_agency_or_system_is_another_reading(connection: psycopg.Connection, commit: Commit) -> None:
    commit(
        reading("a", 1),
        reading("b", 2, period="2025-Q2"),
        reading("c", 4, agency="H06.05"),
        reading("a", 8, system="science"),
    )
    assert sorted(row[4] for row in readings(connection)) == [1.0, 2.0, 4.0, 8.0]


def test_a_reading_taken_back_leaves_the_one_before(connection: psycopg.Connection, commit: Commit) -> None:
    commit(reading("a", 25), reading("b", 26, "2025-07-02T08:00:00+07:00"))
    commit(reading("b", 26, "2025-07-02T08:00:00+07:00", revision=1, retracted=True))
    assert [row[4] for row in readings(connection)] == [25.0]
    commit(reading("a", 25, revision=1, retracted=True))
    assert readings(connection) == []


@pytest.mark.parametrize("event", examples(Progressed))
def test_progress_is_what_its_example_says(event: Json, connection: psycopg.Connection, commit: Commit) -> None:
    system = event["source"].removeprefix(SOURCE_PREFIX)
    commit(cloud_event("task.assigned", event["subject"], "2025-01-02T08:00:00+07:00", "opening", system=system), event)
    assert percents(connection) == [(system, event["subject"], event["data"]["percent"])]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_of_several_progresses_the_latest_stands(
    order: tuple[int, ...], connection: psycopg.Connection, commit: Commit
) -> None:
    told = [
        cloud_event("task.assigned", "T-1", "2025-03-03T08:00:00+07:00", "a"),
        progress("b", 40, "2025-04-01T08:00:00+07:00"),
        progress("c", 70, "2025-05-01T08:00:00+07:00"),
        progress("d", 60, "2025-05-02T08:00:00+07:00"),
    ]
    commit(*(told[place] for place in order))
    assert percents(connection) == [(SYSTEM_OF["task.assigned"], "T-1", 60)]


def test_the_same_number_in_two_systems_is_two_tasks(connection: psycopg.Connection, commit: Commit) -> None:
    commit(*(cloud_event("task.assigned", "T-1", id="a", system=system) for system in ("ops-centre", "green")))
    commit(progress("b", 40, "2025-05-01T08:00:00+07:00"))
    assert percents(connection) == [("green", "T-1", 0), (SYSTEM_OF["task.assigned"], "T-1", 40)]
