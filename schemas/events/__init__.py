"""Every event type there is, by its CloudEvents `type`. One module a system, and one for types that several send."""

from schemas.events import (
    e_office,
    one_stop,
    police_ops,
    population,
    reading,
    task,
    telecom,
    tourism,
)
from schemas.events.effects import Event

SYSTEMS: dict[str, tuple[type[Event], ...]] = {
    "ops-centre": task.EVENTS + reading.EVENTS,
    "one-stop": one_stop.EVENTS + task.EVENTS,
    "e-office": e_office.EVENTS,
    "telecom": telecom.EVENTS,
    "police-ops": police_ops.EVENTS + task.EVENTS,
    "population": population.EVENTS + reading.EVENTS,
    "front": task.EVENTS + reading.EVENTS,
    "tourism": tourism.EVENTS + task.EVENTS,
    "finance": task.EVENTS + reading.EVENTS,
    "science": task.EVENTS + reading.EVENTS,
    "resolution-193": task.EVENTS,
    "green": task.EVENTS + reading.EVENTS,
}
"""System id → the event classes that it publishes."""

BY_TYPE: dict[str, type[Event]] = {event.type: event for events in SYSTEMS.values() for event in events}
