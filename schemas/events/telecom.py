"""The telecommunications register: 5G stations."""

from typing import Literal

from pydantic import Field

from schemas.events.effects import Added, Code, Event, Item, Removed


class Station(Item):
    """Base stations on the air."""

    register_name = "station"


class StationActivated(Station, Added, name="station.activated"):
    """A station went on the air; `agency` is the commune that it stands in."""

    dimensions = ("operator", "technology")

    operator: Code = Field(description="The network operator's short name, such as viettel.")
    technology: Literal["5g", "4g"] = Field(description="Generation of the radio network.")
    latitude: float = Field(ge=-90, le=90, description="Degrees north, WGS 84.")
    longitude: float = Field(ge=-180, le=180, description="Degrees east, WGS 84.")


class StationDeactivated(Station, Removed, name="station.deactivated"):
    """A station went off the air for good."""


EVENTS: tuple[type[Event], ...] = (StationActivated, StationDeactivated)
