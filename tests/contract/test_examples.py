"""The examples of every event type, against the generated JSON Schemas and the models.

An invalid example has one fault. Faults that only the centre can know of (what is granted, what its clock says) must
pass the schema: otherwise the example would be refused for another reason than the one it gives.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from schemas.catalogue.load import load_catalogue
from schemas.docs.documents import documents
from schemas.docs.json_schema import versioned_name
from schemas.events import BY_TYPE
from schemas.events.envelope import REASONS

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
EVENTS = {event.name: event for event in BY_TYPE.values()}
DOCUMENTS = documents(load_catalogue())

SEEN_BY_THE_SCHEMA = {"not_cloudevents", "wrong_source", "unknown_type", "type_not_granted", "invalid_data"}


def examples(kind: str) -> list[Any]:
    """Name of the event type and path of each example, with an id that a person can look up."""
    return [
        pytest.param(path.parts[-3], path, id=str(path.relative_to(EXAMPLES).with_suffix("")))
        for path in sorted(EXAMPLES.glob(f"*/{kind}/*.json"))
    ]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def schema_of(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(DOCUMENTS[f"docs/schemas/{versioned_name(EVENTS[name])}.json"]))


def fits_the_model(name: str, data: object) -> bool:
    try:
        EVENTS[name].model_validate(data)
    except ValidationError:
        return False
    return True


def test_there_are_examples_of_every_event_type_and_of_nothing_else() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == EVENTS.keys()
    for name in EVENTS:
        valid = {path.stem for path in (EXAMPLES / name / "valid").glob("*.json")}
        assert {"minimal", "full"} <= valid, name
        assert len(list((EXAMPLES / name / "invalid").glob("*.json"))) >= 3, name


@pytest.mark.parametrize(("name", "path"), examples("valid"))
def test_a_valid_example(name: str, path: Path) -> None:
    event = read(path)
    schema_of(name).validate(event)
    assert fits_the_model(name, event["data"])
    assert event["time"].startswith("2025-")
    agency = event["data"]["agency"]
    system = load_catalogue().systems[event["source"].removeprefix("/systems/")]
    assert agency in system.agencies


@pytest.mark.parametrize("name", EVENTS)
def test_the_full_example_has_every_field_and_the_minimal_one_only_those_required(name: str) -> None:
    fields = EVENTS[name].model_fields
    assert read(EXAMPLES / name / "valid" / "full.json")["data"].keys() == fields.keys()
    required = {field for field, info in fields.items() if info.is_required()}
    assert read(EXAMPLES / name / "valid" / "minimal.json")["data"].keys() == required


@pytest.mark.parametrize(("name", "path"), examples("invalid"))
def test_an_invalid_example(name: str, path: Path) -> None:
    example = read(path)
    assert example.keys() == {"reason", "why", "event"}
    reason, event = example["reason"], example["event"]
    assert reason in REASONS
    schema = schema_of(name)
    if reason == "nul_character":
        # Fields of codes admit no control characters, so there the schema and the model see it too; elsewhere neither.
        assert r"\u0000" in json.dumps(event)
        assert schema.is_valid(event) == fits_the_model(name, event["data"])
    else:
        assert schema.is_valid(event) == (reason not in SEEN_BY_THE_SCHEMA)
    if reason == "invalid_data":
        assert not fits_the_model(name, event["data"])
        assert {error.absolute_path[0] for error in schema.iter_errors(event)} == {"data"}
    elif reason == "type_not_granted":
        assert BY_TYPE[event["type"]].model_validate(event["data"])
    elif reason != "nul_character" and "data" in event:
        assert fits_the_model(name, event["data"])
