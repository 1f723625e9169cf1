"""A panel of each kind, from its definition. Tables and maps have modules of their own."""

import html
from collections.abc import Mapping
from itertools import cycle
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, text, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import text as text_models

from dashboards.colours import BLUE, DARK, RED_TEXT, SERIES
from dashboards.formats import shown_sql
from dashboards.grafana.context import Context
from dashboards.grafana.looks import DATA_LOST, HIDDEN, by_mark, nothing_or_lost, properties, thresholds
from dashboards.grafana.queries import (
    PanelQuery,
    carried,
    carried_cells,
    data_source,
    given,
    given_or_null,
    marked,
    one_row,
    or_nothing,
    rows,
)
from dashboards.model import Bars, Kind, Lines, Note, Number, Tiles
from dashboards.texts import Text

_RowPanel = TypeVar("_RowPanel", stat.Panel, bargauge.Panel)
_DETAILS = Text("Chi tiết", "Details")
_CAPTION, _FIGURE, _TIME = 24, 54, 44
"""Pixels of a wall's captions, figures, and times, which are longer."""
_NAME = 12
"""Pixels of a bar's name: the least that Grafana reckons with when it makes room for names beside bars."""
_TIMES = {"day", "moment", "clock"}
_MOST_ROWS = 100
_VALUES = "/^(?!carried_|(name|label)$)/"
"""The fields that are shown: Grafana asks for them by their displayed names, and so for all but what is known."""
_FIRST_CELL = "${__cell_0}"
"""The text of a row's first column, as its value is called. Newer Grafanas know it, 9 knows `__data` in links only."""
_DECIMALS: dict[Kind, int] = {"whole": 0, "decimal": 1, "percent": 0}


def _cells(panel: Number | Tiles | Bars, shown: Mapping[str, str]) -> dict[str, str]:
    """The cells that are shown, and those that its link carries."""
    return {**shown, **(carried_cells(dict.fromkeys(panel.link.carry.values())) if panel.link else {})}


def _finished(context: Context, built: _RowPanel, panel: Number | Tiles | Bars) -> _RowPanel:
    """With what panels that show a value a row have in common."""
    built.datasource(data_source())
    built.reduce_options(
        common.ReduceDataOptions().calcs(["lastNotNull"]).values(True).fields(_VALUES).limit(_MOST_ROWS)
    )
    if panel.note is not None:
        built.description(context.say(panel.note))
    if panel.link is not None:
        built.data_links([dashboard.DashboardLink(context.say(_DETAILS)).url(context.address(panel.link))])
        for column in dict.fromkeys(panel.link.carry.values()):
            built.override_by_name(carried(column), HIDDEN)
    return built


def _stat(context: Context, panel: Number | Tiles, query: str) -> stat.Panel:
    built = (
        stat.Panel()
        .with_target(PanelQuery(query))
        .color_mode(common_models.BigValueColorMode.BACKGROUND)
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .unit("string")
        .thresholds(thresholds(DARK))
    )
    return _finished(context, built, panel)


def number(context: Context, panel: Number) -> stat.Panel:
    """One number on a coloured ground. Its title stands inside, where a long one has more than one line."""
    value = shown_sql(given("value"), panel.kind, context.language, context.zone)
    alarm = f"CASE WHEN ({given('value')})::numeric > 0 THEN 'missed' END"
    value = or_nothing(marked(value, alarm if panel.alarming else given_or_null("status")), context.say(panel.nothing))
    wall = context.screen.wall
    sizes = common.VizTextDisplayOptions().title_size(_CAPTION if wall else 16)
    if not wall:
        sizes.value_size(30)
    elif panel.kind != "text":  # a text, such as two figures, is as large as its tile has room for
        sizes.value_size(_TIME if panel.kind in _TIMES else _FIGURE)
    return (
        _stat(context, panel, one_row(context.asked(panel.query), _cells(panel, {"value": value})))
        .title("")
        .override_by_name("value", properties({"displayName": context.say(panel.title)}))
        .no_value(context.say(DATA_LOST))
        .mappings(by_mark())
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
        .text(sizes)
    )


def tiles(context: Context, panel: Tiles) -> stat.Panel:
    """A tile a row."""
    value = or_nothing(marked(f"{given('shown')}::text", given("status")), context.say(panel.nothing))
    cells = _cells(panel, {"name": given("name"), "value": value})
    size = (_CAPTION, _FIGURE) if context.screen.wall else (14, 24)
    return (
        _stat(context, panel, rows(context.asked(panel.query), cells, always=True))
        .title(context.say(panel.title))
        .no_value(context.say(DATA_LOST))
        .mappings(by_mark())
        # Without this, a tile's name is every text of its row, that of hidden columns as well.
        .override_by_name("value", properties({"displayName": _FIRST_CELL}))
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
        .text(common.VizTextDisplayOptions().title_size(size[0]).value_size(size[1]))
    )


def lines(context: Context, panel: Lines) -> timeseries.Panel:
    """Values over time. Figures of axes have no separator of thousands: Grafana would take the browser's."""
    cells = {"time": given("time"), **{one.name: f"{given(one.name)}::float8" for one in panel.series}}
    style = common_models.GraphDrawStyle.BARS if panel.bars else common_models.GraphDrawStyle.LINE
    built = (
        timeseries.Panel()
        .title(context.say(panel.title))
        .datasource(data_source())
        .with_target(PanelQuery(rows(context.asked(panel.query), cells), "time_series"))
        .no_value(context.say(nothing_or_lost(panel.nothing)))
        .unit("none")
        .axis_soft_min(0)
        .draw_style(style)
        .fill_opacity(70 if panel.bars else 15 if len(panel.series) == 1 else 0)
        .line_width(1 if panel.bars else 2)
        .show_points(common_models.VisibilityMode.AUTO)
    )
    if panel.note is not None:
        built.description(context.say(panel.note))
    built.override_by_name("time", properties({"unit": f"time:{_axis(context)}"}))
    for one, paint in zip(panel.series, cycle(SERIES)):
        colour = {"mode": "fixed", "fixedColor": RED_TEXT if one.alarming else paint}
        unit = {"unit": "percent" if one.kind == "percent" else "none", "decimals": _DECIMALS.get(one.kind)}
        built.override_by_name(one.name, properties({"displayName": context.say(one.heading), "color": colour, **unit}))
    return built


def _axis(context: Context) -> str:
    """How the axis says a time: of a screen without a period it is a year of months."""
    days, vietnamese = context.screen.days, context.language == "vi"
    if not days:
        return "MM/YYYY" if vietnamese else "YYYY-MM"
    day = "DD/MM" if vietnamese else "MM-DD"
    return day if days > 2 else f"HH:mm {day}"


def bars(context: Context, panel: Bars) -> bargauge.Panel:
    """A bar a row, with its value as a text behind its name: Grafana would write a number in the browser's way."""
    value = shown_sql(given("value"), panel.kind, context.language, context.zone)
    words = or_nothing(value, context.say(panel.nothing))
    label = f"{given('name')} || ': ' || {words}"
    cells = _cells(panel, {"label": label, "value": f"{given('value')}::float8"})
    text_size = common.VizTextDisplayOptions().value_size(1)
    built = (
        bargauge.Panel()
        .title(context.say(panel.title))
        .with_target(PanelQuery(rows(context.asked(panel.query), cells)))
        .no_value(context.say(panel.nothing))
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .min_viz_height(22)
        .display_mode(common_models.BarGaugeDisplayMode.GRADIENT)
        # The first is known to Grafana 10 and later, the second leaves nothing to be seen in 9.
        .value_mode(common_models.BarGaugeValueMode.HIDDEN)
        .text(text_size.title_size(_CAPTION if context.screen.wall else _NAME))
        .override_by_name("value", properties({"displayName": _FIRST_CELL}))
        .unit("none")
        .min(0)
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .thresholds(thresholds(BLUE))
    )
    if panel.kind == "percent":
        built.max(100)
    return _finished(context, built, panel)


def note(context: Context, panel: Note) -> text.Panel:
    """Words. They are escaped: whatever a name holds, it is no markup."""
    words = html.escape(context.say(panel.text), quote=False)
    title = context.say(panel.title)
    if context.screen.wall and title:
        return written(f"## {html.escape(title, quote=False)}\n\n{words}")
    return written(words).title(title)


def written(content: str) -> text.Panel:
    """A panel of markdown."""
    return text.Panel().mode(text_models.TextMode.MARKDOWN).content(content)


def headline(words: str) -> text.Panel:
    """Words in one row of the grid, which has room for no more than their letters."""
    return written(_sized(words, 13, "; margin-top: -6px")).transparent(True)


def caption(context: Context, title: Text) -> text.Panel:
    """A panel's title on a wall, where Grafana's own is too small."""
    return written(_sized(context.say(title), _CAPTION)).transparent(True)


def head(title: str, purpose: str) -> text.Panel:
    """A wall's own title and what it is for, in three rows of the grid."""
    return written(_sized(title, 32) + _sized(purpose, _CAPTION)).transparent(True)


def _sized(words: str, pixels: int, more: str = "") -> str:
    """Words of a size, which markdown cannot tell. Of styles Grafana lets through few, and no `line-height`."""
    return f'<div style="font-size: {pixels}px{more}">{html.escape(words, quote=False)}</div>'
