"""A screen as a dashboard: its panels on the grid, what a viewer chooses, and the ways to the other screens."""

from collections.abc import Iterator, Mapping

from grafana_foundation_sdk.builders import bargauge, dashboard, geomap, stat, table, text, timeseries
from grafana_foundation_sdk.models import dashboard as models

from dashboards.grafana.context import Context, uid
from dashboards.grafana.maps import map_panel
from dashboards.grafana.panels import bars, caption, head, headline, lines, note, number, tiles
from dashboards.grafana.tables import table_panel
from dashboards.grafana.variables import variable
from dashboards.model import GRID_WIDTH, Bars, Lines, Map, Note, Number, Panel, Placed, Screen, Table, Tiles
from dashboards.texts import NO_DATA, Language, Text

_Built = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel | geomap.Panel | text.Panel
_LINE, _CAPTION, _HEAD = 1, 2, 3
"""Rows of the line that says what a screen is for, of a wall's captions, and of its head."""
_CLOCK_WIDTH = 4
_CLOCK = Number(Text("Lúc này", "Now"), "SELECT now() AS value", "clock")
"""When the database last answered: a wall that has frozen shows it here."""
_OTHER: Mapping[Language, tuple[Language, str]] = {"vi": ("en", "English"), "en": ("vi", "Tiếng Việt")}
_WHO = Text("Dành cho", "For")
_RED = Text("Khi có màu đỏ", "When something is red")


def built(screen: Screen, screens: Mapping[str, Screen], zone: str) -> models.Dashboard:
    """The dashboard of a screen.

    Args:
        screen: what it shows.
        screens: every screen of its language, by name: where links lead.
        zone: the province's, an IANA name.
    """
    context = Context(screen, screens, zone)
    made = (
        dashboard.Dashboard(context.say(screen.title))
        .uid(uid(screen.name, screen.language))
        .description(_description(context))
        .tags(["opscentre", screen.language])
        .time(f"now-{screen.days}d" if screen.days else "now-1y", "now")
        .timezone(zone)
        .timepicker(dashboard.TimePicker().hidden(not screen.days))
        .refresh(f"{screen.refresh}s")
        .week_start("monday")
        .editable()
    )
    for link in _links(context):
        made.link(link)
    for choice in screen.choices:
        made.with_variable(variable(context, choice))
    for number_, (panel, place) in enumerate(_on_grid(_sized(context)), 1):
        made.with_panel(panel.id(number_).grid_pos(place))
    return made.build()


def _description(context: Context) -> str:
    screen = context.screen
    more = [(_WHO, screen.viewers), (_RED, screen.when_red)]
    said = [f"{context.say(what)}: {context.say(words)}" for what, words in more if words is not NO_DATA]
    return "\n".join([context.say(screen.purpose), *said])


def _links(context: Context) -> Iterator[dashboard.DashboardLink]:
    """To every screen that is listed, and to this one in the other language; what is chosen goes along."""
    screen = context.screen
    for other in context.screens.values():
        if other.listed:
            way = _way(context.say(other.title), uid(other.name, context.language))
            # A screen without a period says nothing of the next one's.
            yield way.tooltip(context.say(other.purpose)).keep_time(bool(screen.days and other.days))
    language, called = _OTHER[context.language]
    yield _way(called, uid(screen.name, language)).keep_time(True)


def _way(title: str, to: str) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(f"/d/{to}").include_vars(True)


def _sized(context: Context) -> Iterator[tuple[list[tuple[_Built, int]], int]]:
    """Panels that stand above each other, with the height of each, and their width."""
    screen = context.screen
    purpose = context.say(screen.purpose)
    if screen.wall:
        yield [(head(context.say(screen.title), purpose), _HEAD)], GRID_WIDTH - _CLOCK_WIDTH
        yield [(number(context, _CLOCK), _HEAD)], _CLOCK_WIDTH
    else:
        yield [(headline(purpose), _LINE)], GRID_WIDTH
    for placed in screen.panels:
        yield _stack(context, placed), placed.width


def _stack(context: Context, placed: Placed) -> list[tuple[_Built, int]]:
    panel = placed.panel
    shown = _panel(context, panel)
    if not context.screen.wall or isinstance(panel, Number | Note) or not context.say(panel.title):
        return [(shown, placed.height)]
    return [(caption(context, panel.title), _CAPTION), (shown.title(""), placed.height - _CAPTION)]


def _on_grid(stacks: Iterator[tuple[list[tuple[_Built, int]], int]]) -> Iterator[tuple[_Built, models.GridPos]]:
    """Each as high up as there is room below those before it, and there as far to the left."""
    filled = [0] * GRID_WIDTH  # rows of each column of the grid
    for stack, width in stacks:
        top, x = min((max(filled[x : x + width]), x) for x in range(GRID_WIDTH - width + 1))
        for panel, rows in stack:
            yield panel, models.GridPos(h=rows, w=width, x=x, y=top)
            top += rows
        filled[x : x + width] = [top] * width


def _panel(context: Context, panel: Panel) -> _Built:
    match panel:
        case Number():
            return number(context, panel)
        case Tiles():
            return tiles(context, panel)
        case Lines():
            return lines(context, panel)
        case Bars():
            return bars(context, panel)
        case Table():
            return table_panel(context, panel)
        case Map():
            return map_panel(context, panel)
        case Note():
            return note(context, panel)
