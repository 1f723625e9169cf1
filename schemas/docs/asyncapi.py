"""The AsyncAPI 3.0 document: which topics there are, and what may be written to each."""

from schemas.alerts import ALERT_NAME, ALERT_TYPE, Alert
from schemas.catalogue.grants import granted_events, publishers_of_types
from schemas.catalogue.model import Catalogue, System
from schemas.docs.json_schema import MADE, Json, attributes, versioned_name
from schemas.events.effects import Event
from schemas.events.envelope import STRUCTURED
from schemas.topics import ALERTS, Topic, alerts_topic, event_topic

_BINDING = "0.5.0"
_SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"


def asyncapi(catalogue: Catalogue) -> Json:
    """The document, for the systems of a catalogue and the types granted to them."""
    systems = list(catalogue.systems.values())
    return {
        "asyncapi": "3.0.0",
        "x-generated": MADE,
        "info": {
            "title": f"Events to and alerts of the smart operations centre of {catalogue.province.name.en}",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0 over Kafka. Every system writes to its own topic only, in structured or in binary "
                "mode; docs/events.md explains each event type, with an example."
            ),
        },
        "defaultContentType": STRUCTURED,
        "channels": {**{system.topic: _channel(system) for system in systems}, ALERTS: _alerts_channel()},
        "operations": {
            **{f"receive.{system.topic}": _operation(system) for system in systems},
            f"send.{ALERTS}": _SEND,
        },
        "components": {
            "messages": {
                name: message
                for event, publishers in publishers_of_types(systems).items()
                for name, message in _messages(event, publishers).items()
            }
            | {ALERT_NAME: _alert_message()}
        },
    }


_SEND: Json = {
    "action": "send",
    "channel": {"$ref": f"#/channels/{ALERTS}"},
    "summary": "The centre says which agencies have missed deadlines; whoever tells people reads it.",
}


def _alerts_channel() -> Json:
    return {
        "address": ALERTS,
        "title": "Alerts",
        "description": "Missed deadlines, one message an agency and sweep. Only the centre writes here.",
        "messages": {ALERT_NAME: {"$ref": f"#/components/messages/{ALERT_NAME}"}},
        "bindings": _topic_binding(alerts_topic()),
    }


def _alert_message() -> Json:
    return {
        "name": ALERT_TYPE,
        "title": "deadlines.missed",
        "summary": Alert.__doc__,
        "contentType": STRUCTURED,
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": f"./schemas/{ALERT_NAME}.json"}},
        "bindings": {
            "kafka": {"key": {"type": "string", "description": "Code of the agency."}, "bindingVersion": _BINDING}
        },
    }


def _topic_binding(topic: Topic) -> Json:
    # AsyncAPI wants these as Kafka means them, not as text: a list and numbers.
    configuration: Json = {
        name: int(value) if value.lstrip("-").isdigit() else value.split(",") if name == "cleanup.policy" else value
        for name, value in topic.settings.items()
    }
    return {
        "kafka": {
            "topic": topic.name,
            "partitions": topic.partitions,
            "topicConfiguration": configuration,
            "bindingVersion": _BINDING,
        }
    }


def _channel(system: System) -> Json:
    topic = event_topic(system.id, system.partitions)
    return {
        "address": topic.name,
        "title": system.name.en,
        "description": f"{system.name.vi}. Only the system `{system.id}` writes here.",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for event in granted_events(system)
            for name in _message_names(event)
        },
        "bindings": _topic_binding(topic),
    }


def _operation(system: System) -> Json:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{system.topic}"},
        "summary": f"The centre reads the events of {system.id} and counts each once.",
    }


def _message_names(event: type[Event]) -> tuple[str, str]:
    """Names of the messages for the two modes that an event may be sent in: structured and binary."""
    name = versioned_name(event)
    return name, f"{name}.binary"


def _messages(event: type[Event], systems: list[str]) -> dict[str, Json]:
    """One message for each mode; the channels of all systems that send the type refer to the same ones."""
    name, binary_name = _message_names(event)
    attribute_schemas = attributes(event, systems)
    schema_file = f"./schemas/{name}.json"
    key = {"type": "string", "description": "The event's `subject`: one thing's events stay in order."}
    common = {"summary": event.__doc__, "bindings": {"kafka": {"key": key, "bindingVersion": _BINDING}}}
    structured = {
        "name": event.type,
        "title": f"{event.name}, structured mode",
        "description": f"The value is the whole event; the header `content-type` is `{STRUCTURED}`.",
        "contentType": STRUCTURED,
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": schema_file}},
    }
    binary = {
        "name": event.type,
        "title": f"{event.name}, binary mode",
        "description": "The value is `data` alone; the attributes are headers whose names begin with `ce_`.",
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": [f"ce_{attribute}" for attribute in ("specversion", "id", "source", "type", "subject", "time")],
            "properties": {
                # Headers carry text: numbers and truth values are written out.
                f"ce_{attribute}": schema if "const" in schema else _as_text(schema)
                for attribute, schema in attribute_schemas.items()
                if attribute != "datacontenttype"
            },
        },
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": f"{schema_file}#/properties/data"}},
    }
    return {name: {**structured, **common}, binary_name: {**binary, **common}}


def _as_text(schema: Json) -> Json:
    """The schema of an attribute's value as a header has it."""
    description = schema["description"]
    match schema.get("type"):
        case None:  # one of several
            return {"type": "string", "description": description}
        case "integer":
            return {"type": "string", "pattern": "^[0-9]+$", "default": "0", "description": description}
        case "boolean":
            return {"type": "string", "enum": ["true", "false"], "default": "false", "description": description}
        case _:
            return schema
