"""What is special about a column of a table."""

from collections.abc import Mapping

from grafana_foundation_sdk.models import dashboard as models

from dashboards.colours import RED_TEXT

Property = models.DynamicConfigValue


def hidden() -> list[Property]:
    """A column that only links use."""
    return [Property("custom.hidden", True)]


def width(pixels: int) -> list[Property]:
    """A column of a fixed width."""
    return [Property("custom.width", pixels)]


def leads_to(title: str, url: str) -> list[Property]:
    """A column whose cells are links."""
    return [Property("links", [{"title": title, "url": url}])]


def alarming() -> list[Property]:
    """A column of numbers that are red above zero. Both keys: the first is Grafana 9's, the second that of 10."""
    steps = [{"value": None, "color": "text"}, {"value": 1, "color": RED_TEXT}]
    return [
        Property("custom.displayMode", "color-text"),
        Property("custom.cellOptions", {"type": "color-text"}),
        Property("thresholds", {"mode": "absolute", "steps": steps}),
    ]


def percent() -> list[Property]:
    """A column of shares in percent."""
    return [Property("unit", "percent"), Property("decimals", 1)]


def right() -> list[Property]:
    """A column of figures as text."""
    return [Property("custom.align", "right")]


def figures(decimals: int = 0) -> list[Property]:
    """A column of numbers."""
    return [Property("unit", "locale"), Property("decimals", decimals)]


def optional() -> list[Property]:
    """A column in which nothing is missing where there is nothing."""
    return [Property("noValue", "—")]


def at_least(pixels: int) -> list[Property]:
    """A column that takes the room that is left, and no less than this."""
    return [Property("custom.minWidth", pixels)]


def marked(colours: Mapping[str, str], *, ground: bool = False) -> list[Property]:
    """A column of texts whose first character has one of the colours, as the text's or as its ground's."""
    mode = "color-background" if ground else "color-text"
    return [
        Property("custom.displayMode", f"{mode}-solid" if ground else mode),
        Property("custom.cellOptions", {"type": mode, **({"mode": "basic"} if ground else {})}),
        Property("mappings", coloured(colours)),
        Property("thresholds", {"mode": "absolute", "steps": [{"value": None, "color": "text"}]}),
    ]


def coloured(colours: Mapping[str, str], then: str = "") -> list[models.ValueMapping]:
    """What gives texts that begin with a mark its colour; `then`: what follows it, as a regular expression."""

    def mapping(place: int, mark: str, colour: str) -> models.RegexMap:
        result = models.ValueMappingResult(color=colour, index=place)
        return models.RegexMap(options=models.DashboardRegexMapOptions(pattern=f"/^{mark}{then}/", result=result))

    return [mapping(place, mark, colour) for place, (mark, colour) in enumerate(colours.items())]
