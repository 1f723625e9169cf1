"""Colours by what a text begins with, and what Grafana is told of a column. Keys of Grafana 9 and of 10, where two."""

from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from dashboards.colours import DARK, RED_TEXT
from dashboards.statuses import COLOURS
from dashboards.texts import Text

Property = models.DynamicConfigValue
"""One thing that Grafana is told of a column: its path in the field's configuration, and the value."""

DATA_LOST = Text("Mất dữ liệu", "Data lost")
"""Shown where a query that always gives a row gave none: the database is away."""
_IF_LOST = Text("nếu góc có dấu đỏ: mất dữ liệu", "if a corner is red: data lost")


def nothing_or_lost(nothing: Text) -> Text:
    """What stands where there are no rows. Grafana says the same when the database is away, beside a red corner."""
    return Text(f"{nothing.vi} ({_IF_LOST.vi})", f"{nothing.en} ({_IF_LOST.en})")


def thresholds(colour: str) -> dashboard.ThresholdsConfig:
    """One colour for every value."""
    step = models.Threshold(value=None, color=colour)
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps([step])


def by_mark() -> list[models.ValueMapping]:
    """Value mappings that colour a text by its status' mark."""
    # Slashes, because without them Grafana has a regular expression match the whole text.
    colours = {rf"/^\s*{mark}/": colour for mark, colour in COLOURS.items()}
    return [_mapping(place, pattern, colour) for place, (pattern, colour) in enumerate(colours.items())]


def _mapping(place: int, pattern: str, colour: str) -> models.RegexMap:
    result = models.ValueMappingResult(color=colour, index=place)
    return models.RegexMap(options=models.DashboardRegexMapOptions(pattern=pattern, result=result))


def properties(told: Mapping[str, Any]) -> list[Property]:
    """What a column is told, path → value; None: nothing."""
    return [Property(path, value) for path, value in told.items() if value is not None]


def on_ground() -> dict[str, Any]:
    """A cell on the ground of its status' colour."""
    return {
        "custom.displayMode": "color-background-solid",
        "custom.cellOptions": {"type": "color-background", "mode": "basic"},
        "mappings": by_mark(),
        "thresholds": {"mode": "absolute", "steps": [{"value": None, "color": DARK}]},
    }


def red_above_zero() -> dict[str, Any]:
    """A figure that should be zero."""
    return {
        "custom.displayMode": "color-text",
        "custom.cellOptions": {"type": "color-text"},
        "mappings": [_mapping(0, "/[1-9]/", RED_TEXT)],
        "thresholds": {"mode": "absolute", "steps": [{"value": None, "color": "text"}]},
    }


HIDDEN = properties({"custom.hidden": True, "noValue": ""})
"""What only links read."""
