"""How a target stands: a shape, a colour and a word each, so that nobody has to tell colours apart."""

from collections.abc import Mapping
from typing import NamedTuple

from dashboards.colours import AMBER, BLUE, DARK, GREY, RED
from dashboards.texts import NO_DATA, Text


class Status(NamedTuple):
    """How one status is shown."""

    mark: str
    colour: str
    name: Text


STATUSES: Mapping[str, Status] = {
    "missed": Status("✖", RED, Text("Không đạt", "Missed")),
    "at_risk": Status("◆", AMBER, Text("Có nguy cơ", "At risk")),
    "no_data": Status("○", GREY, NO_DATA),
    "on_track": Status("▲", DARK, Text("Đúng tiến độ", "On track")),
    "met": Status("✔", BLUE, Text("Đạt", "Met")),
}
"""By what `indicators.indicator_status` says; what needs attention first."""

COLOURS: Mapping[str, str] = {status.mark: status.colour for status in STATUSES.values()}
"""The colour of each mark."""
