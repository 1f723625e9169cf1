"""The examples of every event type, through the processor itself: the decoder, and the writer's transaction."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.errors import InvalidEventError
from schemas.events import SYSTEMS
from schemas.events.envelope import SOURCE_PREFIX
from streams.recount.compare import compare
from streams.write.writer import Outcome, Writer
from tests.helpers import CATALOGUE, DECODERS, EVENTS, RULEBOOK, SYSTEM_OF, Log, count, record, tables

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"


def examples(kind: str) -> list[Path]:
    return sorted(EXAMPLES.glob(f"*/{kind}/*.json"))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(EXAMPLES).with_suffix(""))


def system_of(path: Path, event: Any) -> str:
    """The system on whose topic the example comes: the one it names, where that is one that sends the type."""
    name = path.parts[-3]
    named = str(event.get("source")).removeprefix(SOURCE_PREFIX)
    return named if EVENTS[name] in SYSTEMS.get(named, ()) else SYSTEM_OF[name]


def test_every_event_type_has_examples_and_every_example_a_type() -> None:
    assert {path.parts[-3] for path in examples("valid")} == EVENTS.keys()
    assert {path.parts[-3] for path in examples("invalid")} == EVENTS.keys()
    assert {path.name for path in EXAMPLES.iterdir()} == EVENTS.keys()
    assert len(examples("valid")) + len(examples("invalid")) == len([p for p in EXAMPLES.rglob("*") if p.is_file()])


@pytest.mark.parametrize("path", examples("valid"), ids=name_of)
def test_the_decoder_takes_a_valid_example_as_what_it_is(path: Path) -> None:
    name, example = path.parts[-3], read(path)
    event = DECODERS[system_of(path, example)].decode(record(example))
    assert event.kind.name == name
    assert (event.id, event.subject, event.agency) == (example["id"], example["subject"], example["data"]["agency"])


SENDERS = [(event.name, system) for system, events in SYSTEMS.items() for event in events]


@pytest.mark.parametrize(("name", "system"), SENDERS)
def test_the_decoder_takes_a_type_from_each_system_that_sends_it(name: str, system: str) -> None:
    example = read(EXAMPLES / name / "valid" / "minimal.json") | {"source": SOURCE_PREFIX + system}
    agency = min(CATALOGUE.systems[system].agencies)
    event = DECODERS[system].decode(record(example | {"data": example["data"] | {"agency": agency}}))
    assert (event.system, event.kind) == (system, EVENTS[name])


@pytest.mark.parametrize("path", examples("invalid"), ids=name_of)
def test_the_decoder_refuses_an_invalid_example_for_its_reason(path: Path) -> None:
    example = read(path)
    with pytest.raises(InvalidEventError) as refusal:
        DECODERS[system_of(path, example["event"])].decode(record(example["event"]))
    assert refusal.value.reason == example["reason"]


@pytest.mark.parametrize("name", EVENTS)
def test_each_valid_example_counts_once_however_often_it_comes(
    name: str, connection: psycopg.Connection, writer: Writer
) -> None:
    logs = {system: Log(system=system, topic_id=system) for system in SYSTEMS}
    for path in examples("valid"):
        if path.parts[-3] != name:
            continue
        # Examples are not one history: give each an id of its own, lest one be taken for another's revision.
        event = read(path) | {"id": name_of(path)}
        log = logs[system_of(path, event)]
        archived = count(connection, "events")
        assert writer.commit(log.batch(event)) == Outcome(events=1), path.stem
        assert count(connection, "events") == archived + 1
        counted = tables(connection)
        assert writer.commit(log.batch(event)) == Outcome(duplicates=1), path.stem
        assert tables(connection) == counted
    assert compare(connection, RULEBOOK) == []
    assert count(connection, "dead_letters") == 0


def test_all_invalid_examples_become_dead_letters_and_nothing_else(
    connection: psycopg.Connection, writer: Writer
) -> None:
    empty = tables(connection)
    expected = []
    logs = {system: Log(system=system, topic_id=system) for system in SYSTEMS}
    for path in examples("invalid"):
        example = read(path)
        value = json.dumps(example["event"]).encode()
        assert writer.commit(logs[system_of(path, example["event"])].batch(value)) == Outcome(refused=1), name_of(path)
        expected.append((example["reason"], value))
    rows = connection.execute("SELECT reason, value FROM dead_letters WHERE state = 'open' ORDER BY id").fetchall()
    assert rows == expected
    assert tables(connection) == empty
