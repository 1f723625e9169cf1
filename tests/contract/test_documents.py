"""The generated documents: up to date, and what they claim to be."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import pytest

from schemas.alerts import MissedDeadline, missed
from schemas.catalogue.load import load_catalogue
from schemas.docs.documents import documents, stale
from schemas.events import BY_TYPE
from schemas.events.effects import Event

ROOT = Path(__file__).parents[2]
ASYNCAPI = ROOT / "tests" / "data" / "asyncapi-3.0.0.json"


def write(root: Path) -> None:
    for path, text in documents(load_catalogue()).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def references(part: Any) -> list[str]:
    """Every `$ref` within a JSON value."""
    if isinstance(part, list):
        return [found for inner in part for found in references(inner)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [found for inner in part.values() for found in references(inner)]


def test_the_committed_documents_are_up_to_date() -> None:
    assert stale(ROOT) == [], "run `opscentre build`, and commit what it writes"


def test_what_is_stale(tmp_path: Path) -> None:
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / "docs/events.md").unlink()
    (tmp_path / "docs/schemas/dossier.received.v1.json").write_text("{}", encoding="utf-8")
    (tmp_path / "docs/schemas/dossier.lost.v1.json").write_text("{}", encoding="utf-8")
    assert stale(tmp_path) == [
        "docs/events.md",
        "docs/schemas/dossier.lost.v1.json",
        "docs/schemas/dossier.received.v1.json",
    ]


def test_every_generated_file_says_so_at_its_beginning() -> None:
    for path, text in documents(load_catalogue()).items():
        assert any("do not edit" in line for line in text.splitlines()[:3]), path


@pytest.mark.parametrize("event", BY_TYPE.values(), ids=lambda event: event.name)
def test_every_event_type_is_documented(event: type[Event]) -> None:
    made = documents(load_catalogue())
    schema = json.loads(made[f"docs/schemas/{event.name}.v1.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["type"]["const"] == event.type
    for name, field in schema["properties"]["data"]["properties"].items():
        assert field["description"], name
    assert made["docs/events.md"].count(f"### {event.name}\n") == 1
    assert event.__doc__ is not None
    assert event.__doc__ in made["docs/events.md"]


def test_a_type_that_several_systems_send_is_described_once_and_names_them_all() -> None:
    catalogue = load_catalogue()
    made = documents(catalogue)
    senders = [system.id for system in catalogue.systems.values() if system.granted("task.assigned")]
    assert len(senders) > 1
    source = json.loads(made["docs/schemas/task.assigned.v1.json"])["properties"]["source"]
    assert source["enum"] == [f"/systems/{sender}" for sender in senders]
    asyncapi = json.loads(made["docs/asyncapi.json"])
    for sender in senders:
        for message in ("task.assigned.v1", "task.assigned.v1.binary"):
            reference = {"$ref": f"#/components/messages/{message}"}
            assert asyncapi["channels"][f"events.{sender}"]["messages"][message] == reference
    headers = asyncapi["components"]["messages"]["task.assigned.v1.binary"]["headers"]["properties"]
    assert headers["ce_source"] == source
    shared = made["docs/events.md"].split("## Shared by several systems\n")[1]
    assert "### task.assigned\n" in shared
    assert "### dossier.received\n" not in shared


def test_a_type_of_one_system_alone_can_have_no_other_source() -> None:
    made = documents(load_catalogue())
    schema = json.loads(made["docs/schemas/dossier.received.v1.json"])
    assert schema["properties"]["source"]["const"] == "/systems/one-stop"


def test_every_instant_has_a_format_an_offset_and_a_year_to_count_with() -> None:
    schema = json.loads(documents(load_catalogue())["docs/schemas/dossier.extended.v1.json"])
    due_at = schema["properties"]["data"]["properties"]["due_at"]
    assert due_at["format"] == "date-time"
    valid = jsonschema.Draft202012Validator(due_at).is_valid
    assert valid("2025-04-24T17:00:00+07:00")
    assert valid("2025-04-24T10:00:00.5Z")
    assert not valid("2025-04-24T17:00:00")
    assert not valid("2025-04-24")
    assert not valid("2025-04-24 17:00:00+07:00")
    assert not valid("9999-12-31T00:00:00+07:00")


def test_attributes_of_the_senders_own() -> None:
    schema = json.loads(documents(load_catalogue())["docs/schemas/dossier.returned.v1.json"])
    path = ROOT / "schemas/examples/dossier.returned/valid/minimal.json"
    event = json.loads(path.read_text(encoding="utf-8"))
    valid = jsonschema.Draft202012Validator(schema).is_valid
    assert valid({**event, "traceparent": "00-4bf92f3577b34da6", "sampled": True, "partno": 3})
    assert not valid({**event, "traceParent": "00-4bf92f3577b34da6"})
    assert not valid({**event, "trace": {"parent": "00"}})


def test_the_asyncapi_document_is_one() -> None:
    document = json.loads(documents(load_catalogue())["docs/asyncapi.json"])
    official = json.loads(ASYNCAPI.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(official).validate(document)


def test_the_asyncapi_document_refers_to_what_exists() -> None:
    made = documents(load_catalogue())
    document = json.loads(made["docs/asyncapi.json"])
    for reference in references(document):
        file, _, pointer = reference.partition("#")
        target: Any = json.loads(made[f"docs/{file.removeprefix('./')}"]) if file else document
        for part in pointer.split("/")[1:]:
            target = target[part]
        assert target


def test_the_asyncapi_document_has_every_channel_and_both_modes() -> None:
    catalogue = load_catalogue()
    document = json.loads(documents(catalogue)["docs/asyncapi.json"])
    assert document["channels"].keys() == {system.topic for system in catalogue.systems.values()} | {"alerts"}
    actions = {name: operation["action"] for name, operation in document["operations"].items()}
    assert actions.pop("send.alerts") == "send"
    assert set(actions.values()) == {"receive"}
    modes = {message["contentType"] for message in document["components"]["messages"].values()}
    assert modes == {"application/cloudevents+json", "application/json"}
    assert len(document["components"]["messages"]) == 2 * len(BY_TYPE) + 1
    kafka = document["channels"]["events.one-stop"]["bindings"]["kafka"]
    assert kafka["partitions"] == 4
    assert kafka["topicConfiguration"]["max.message.bytes"] == 2 * 1024 * 1024
    assert kafka["topicConfiguration"]["message.timestamp.type"] == "LogAppendTime"


def test_an_alert_is_what_its_schema_says() -> None:
    schema = json.loads(documents(load_catalogue())["docs/schemas/deadlines.missed.v1.json"])
    due = datetime(2025, 4, 3, 10, tzinfo=UTC)
    case = MissedDeadline(system="one-stop", kind="dossier", subject="D-1", due_at=due, overdue_at=due)
    alert = json.loads(missed("H06.02", uuid4(), due, [case]).model_dump_json())
    jsonschema.Draft202012Validator(schema).validate(alert)
    assert not jsonschema.Draft202012Validator(schema).is_valid({**alert, "citizen": "A"})
