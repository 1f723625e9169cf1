"""Panels in the house style, laid out row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import barchart, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from dashboards.colours import AMBER, BLUE, DARK, RED
from dashboards.columns import Property, coloured
from dashboards.queries import DATA_SOURCE_TYPE, DATA_SOURCE_UID, PanelQuery, Query, Sql
from dashboards.texts import Language, Text

COLUMNS = 24
ATTENTION = ((None, DARK), (1.0, RED))
"""Steps of a number that should be zero."""
SHARE: Mapping[str, Any] = {"unit": "percent", "decimals": 1, "steps": ((None, RED), (70.0, AMBER), (90.0, BLUE))}
"""How a share in percent of what should be done is shown."""

Panel = stat.Panel | table.Panel | timeseries.Panel | barchart.Panel


def uid(name: str, language: Language) -> str:
    """A dashboard's uid."""
    return f"opscentre-{name}-{language}"


@dataclass
class Screen:
    """A dashboard being laid out: panels follow each other from left to right, in rows."""

    name: str
    title: Text
    language: Language
    sql: Sql
    description: Text
    since: str = "now-90d"
    refresh: str = "30s"
    variables: Sequence[dashboard.QueryVariable] = ()
    _panels: list[Panel] = field(default_factory=list)
    _x: int = 0
    _y: int = 0
    _height: int = 0

    def add(self, panel: Panel, width: int, height: int) -> None:
        """Put a panel next to the last one, or below where there is no room."""
        if self._x + width > COLUMNS:
            self._x, self._y = 0, self._y + self._height
        self._height = height
        panel.id(len(self._panels) + 1)
        panel.grid_pos(models.GridPos(h=height, w=width, x=self._x, y=self._y))
        self._x += width
        self._panels.append(panel)

    def say(self, text: Text) -> str:
        """A text in the screen's language."""
        return text.of(self.language)

    def link(self, name: str, query: str = "") -> str:
        """Address of another dashboard of the same language, with the same time range."""
        return f"/d/{uid(name, self.language)}?{query}${{__url_time_range}}"

    def build(self) -> models.Dashboard:
        """The dashboard."""
        built = (
            dashboard.Dashboard(self.say(self.title))
            .uid(uid(self.name, self.language))
            .description(self.say(self.description))
            .tags(["opscentre", self.language])
            .time(self.since, "now")
            .timezone(self.sql.zone)
            .refresh(self.refresh)
            .week_start("monday")
            .editable()
        )
        for other, title in NAVIGATION.items():
            url = f"/d/{uid(other, self.language)}"
            built.link(dashboard.DashboardLink(self.say(title)).type(models.DashboardLinkType.LINK).url(url))
        for variable in self.variables:
            built.with_variable(variable)
        for panel in self._panels:
            built.with_panel(panel)
        return built.build()


NAVIGATION: Mapping[str, Text] = {
    "scorecard": Text("Bộ chỉ số", "Scorecard"),
    "target": Text("Phía sau chỉ tiêu", "Behind a target"),
    "overview": Text("Toàn cảnh", "Overview"),
    "services": Text("Dịch vụ công", "Public services"),
    "pipeline": Text("Tình trạng hệ thống", "Pipeline health"),
}

_DATA_SOURCE = models.DataSourceRef(type_val=DATA_SOURCE_TYPE, uid=DATA_SOURCE_UID)
_NOTHING = Text("Chưa có dữ liệu", "No data")


def link(title: str, url: str) -> dashboard.DashboardLink:
    """What a click on a number opens."""
    return dashboard.DashboardLink(title).url(url)


def number(
    screen: Screen,
    title: Text,
    sql: str,
    *,
    unit: str = "locale",
    decimals: int | None = None,
    steps: Sequence[tuple[float | None, str]] = ((None, DARK),),
    to: str | None = None,
) -> stat.Panel:
    """One number on a coloured ground; `steps`: from which value on which colour, `to`: where a click leads."""
    panel = (
        stat.Panel()
        .title(screen.say(title))
        .datasource(_DATA_SOURCE)
        .with_target(PanelQuery(Query(sql)))
        .unit(unit)
        .no_value(screen.say(_NOTHING))
        .color_mode(common_models.BigValueColorMode.BACKGROUND)
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("/.*/"))
        .thresholds(_thresholds(steps))
    )
    if decimals is not None:
        panel.decimals(decimals)
    if unit == "string":  # wraps where it is too large
        panel.text(common.VizTextDisplayOptions().value_size(40))
    if to is not None:
        panel.data_links([link(screen.say(Text("Chi tiết", "Details")), to)])
    return panel


def last_event(screen: Screen) -> stat.Panel:
    """When the last event was counted: a screen that has frozen shows it here."""
    newest = f"SELECT to_char(max(updated_at) AT TIME ZONE '{screen.sql.zone}', 'HH24:MI:SS DD/MM') AS value "
    newest += "FROM partition_offsets WHERE events > 0"
    title = Text("Ghi nhận gần nhất", "Last event counted")
    return number(screen, title, newest, unit="string", to=screen.link("pipeline"))


def tiles(screen: Screen, title: Text, sql: str, colours: Mapping[str, str]) -> stat.Panel:
    """A tile a row: `sql` gives its name and `value`, a mark that has a colour and a number; none is dark."""
    return (
        stat.Panel()
        .title(screen.say(title))
        .datasource(_DATA_SOURCE)
        .with_target(PanelQuery(Query(sql)))
        .unit("string")
        .no_value(screen.say(_NOTHING))
        .color_mode(common_models.BigValueColorMode.BACKGROUND)
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
        .text(common.VizTextDisplayOptions().title_size(20).value_size(40))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(True).fields("/^value$/"))
        .thresholds(_thresholds(((None, DARK),)))
        .mappings(coloured(colours, r"\s[1-9]"))
    )


def lines(screen: Screen, title: Text, sql: str, *, bars: bool = False) -> timeseries.Panel:
    """Values over time; `sql` gives `time` and a column a line."""
    style = common_models.GraphDrawStyle.BARS if bars else common_models.GraphDrawStyle.LINE
    return (
        timeseries.Panel()
        .title(screen.say(title))
        .datasource(_DATA_SOURCE)
        .with_target(PanelQuery(Query(sql, "time_series")))
        .unit("locale")
        .min(0)
        .draw_style(style)
        .fill_opacity(70 if bars else 15)
        .line_width(1 if bars else 2)
        .show_points(common_models.VisibilityMode.NEVER)
        .no_value(screen.say(_NOTHING))
    )


def shares(screen: Screen, title: Text, sql: str) -> barchart.Panel:
    """Shares in percent as bars; `sql` gives a text under each bar and the share."""
    return (
        barchart.Panel()
        .title(screen.say(title))
        .datasource(_DATA_SOURCE)
        .with_target(PanelQuery(Query(sql)))
        .unit("percent")
        .decimals(0)
        .min(0)
        .max(100)
        .fill_opacity(70)
        .bar_width(0.7)
        .show_value(common_models.VisibilityMode.ALWAYS)
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(BLUE))
        .legend(common.VizLegendOptions().show_legend(False).display_mode(common_models.LegendDisplayMode.HIDDEN))
        .no_value(screen.say(_NOTHING))
    )


def rows(
    screen: Screen,
    title: Text,
    sql: str,
    *,
    columns: Mapping[str, Sequence[Property]] | None = None,
    description: Text | None = None,
    nothing: Text = _NOTHING,
) -> table.Panel:
    """A table; `columns`: what is special about which of them, `nothing`: what is said where it has no rows."""
    panel = (
        table.Panel()
        .title(screen.say(title))
        .datasource(_DATA_SOURCE)
        .with_target(PanelQuery(Query(sql)))
        .no_value(screen.say(nothing))
    )
    if description is not None:
        panel.description(screen.say(description))
    for name, properties in (columns or {}).items():
        panel.override_by_name(name, list(properties))
    return panel


def _thresholds(steps: Sequence[tuple[float | None, str]]) -> dashboard.ThresholdsConfig:
    made = [models.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)
