"""Which event types a system may publish, and which systems may publish a type."""

from collections.abc import Iterable

from schemas.catalogue.model import System
from schemas.events import SYSTEMS
from schemas.events.effects import Event


def granted_events(system: System) -> list[type[Event]]:
    """The event classes that a system may publish, in the order of its module."""
    return [event for event in SYSTEMS[system.id] if system.granted(event.name)]


def publishers_of_types(systems: Iterable[System]) -> dict[type[Event], list[str]]:
    """The event classes that these systems may publish, each with the ids of all that may."""
    found: dict[type[Event], list[str]] = {}
    for system in systems:
        for event in granted_events(system):
            found.setdefault(event, []).append(system.id)
    return found
