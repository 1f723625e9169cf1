"""Every event type there is, by its CloudEvents `type`. One module a system."""

from schemas.effects import Event
from schemas.events import e_office, one_stop, police_ops, population, telecom

SYSTEMS: dict[str, tuple[type[Event], ...]] = {
    "one-stop": one_stop.EVENTS,
    "e-office": e_office.EVENTS,
    "telecom": telecom.EVENTS,
    "police-ops": police_ops.EVENTS,
    "population": population.EVENTS,
}
"""System id → the event classes that it publishes."""

BY_TYPE: dict[str, type[Event]] = {event.type: event for events in SYSTEMS.values() for event in events}
