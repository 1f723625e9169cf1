"""Panels in the house style, laid out row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import barchart, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from dashboards.colours import AMBER, BLUE, DARK, RED
from dashboards.columns import Column, Link, mark_mappings, select
from dashboards.queries import DATA_SOURCE_TYPE, DATA_SOURCE_UID, PanelQuery, Sql
from dashboards.texts import NO_DATA, Language, Text

GRID_WIDTH = 24
"""Grafana's grid; panels' widths are its columns, their heights its rows."""

Panel = stat.Panel | table.Panel | timeseries.Panel | barchart.Panel
_AnyPanel = TypeVar("_AnyPanel", stat.Panel, table.Panel, timeseries.Panel, barchart.Panel)

Steps = Sequence[tuple[float | None, str]]
"""From which value on which colour; None: from the lowest."""


class NumberStyle(NamedTuple):
    """How one number on a coloured ground is shown. `unit`: as Grafana calls it; `decimals` None: as it decides."""

    unit: str = "locale"
    decimals: int | None = None
    steps: Steps = ((None, DARK),)


PLAIN = NumberStyle()
ATTENTION = NumberStyle(steps=((None, DARK), (1.0, RED)))
"""A number that should be zero."""
SHARE = NumberStyle("percent", 1, ((None, RED), (70.0, AMBER), (90.0, BLUE)))
"""A share in percent of what should be done."""
AGE = NumberStyle("s", 0, ((None, DARK), (600.0, RED)))
"""Seconds since something that should happen all the time."""
_TEXT = NumberStyle("string")


def uid(name: str, language: Language) -> str:
    """A dashboard's uid."""
    return f"opscentre-{name}-{language}"


@dataclass
class Screen:
    """A dashboard being laid out: panels follow each other from left to right, in rows."""

    name: str
    title: Text
    description: Text
    sql: Sql
    since: str = "now-90d"
    variables: Sequence[dashboard.QueryVariable] = ()
    _panels: list[Panel] = field(default_factory=list)
    _x: int = 0
    _y: int = 0
    _height: int = 0

    @property
    def language(self) -> Language:
        """The language of its texts."""
        return self.sql.language

    def add(self, panel: Panel, width: int, height: int) -> None:
        """Put a panel next to the last one, or below where there is no room."""
        if self._x + width > GRID_WIDTH:
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

    def agency_link(self) -> Link:
        """To the public services of the agency whose code is in the row's column `code`."""
        return Link(self.link("services", "var-agency=${__data.fields.code:percentencode}&"))

    def build(self) -> models.Dashboard:
        """The dashboard."""
        built = (
            dashboard.Dashboard(self.say(self.title))
            .uid(uid(self.name, self.language))
            .description(self.say(self.description))
            .tags(["opscentre", self.language])
            .time(self.since, "now")
            .timezone(self.sql.zone)
            .refresh("30s")
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
"""Every dashboard by name, as the links at the top of each call it."""


def number(
    screen: Screen, title: Text, sql: str, style: NumberStyle = PLAIN, *, link_to: str | None = None
) -> stat.Panel:
    """One number on a coloured ground; `sql` gives `value`, `link_to`: where a click leads."""
    panel = _on_ground(screen, title, sql)
    panel.unit(style.unit).thresholds(_thresholds(style.steps))
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("/.*/"))
    if style.decimals is not None:
        panel.decimals(style.decimals)
    if style is _TEXT:  # wraps where it is too large
        panel.text(common.VizTextDisplayOptions().value_size(40))
    if link_to is not None:
        details = Text("Chi tiết", "Details")
        panel.data_links([dashboard.DashboardLink(screen.say(details)).url(link_to)])
    return panel


def last_event(screen: Screen) -> stat.Panel:
    """When the last event was counted: a screen that has frozen shows it here."""
    newest = f"SELECT to_char(max(updated_at) AT TIME ZONE '{screen.sql.zone}', 'HH24:MI:SS DD/MM') AS value "
    newest += "FROM partition_offsets WHERE events > 0"
    return number(
        screen, Text("Ghi nhận gần nhất", "Last event counted"), newest, _TEXT, link_to=screen.link("pipeline")
    )


def tiles(screen: Screen, title: Text, sql: str, colours: Mapping[str, str]) -> stat.Panel:
    """A tile a row: `sql` gives its name and `value`, a mark that has a colour and a number; none is dark."""
    return (
        _on_ground(screen, title, sql)
        .unit("string")
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
        .text(common.VizTextDisplayOptions().title_size(20).value_size(40))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(True).fields("/^value$/"))
        .thresholds(_thresholds(PLAIN.steps))
        .mappings(mark_mappings(colours, r"\s[1-9]"))
    )


def lines(screen: Screen, title: Text, sql: str, *, bars: bool = False) -> timeseries.Panel:
    """Values over time; `sql` gives `time` and a column a line."""
    style = common_models.GraphDrawStyle.BARS if bars else common_models.GraphDrawStyle.LINE
    return (
        _asking(timeseries.Panel(), screen, title, PanelQuery(sql, "time_series"))
        .unit("locale")
        .min(0)
        .draw_style(style)
        .fill_opacity(70 if bars else 15)
        .line_width(1 if bars else 2)
        .show_points(common_models.VisibilityMode.NEVER)
    )


def shares(screen: Screen, title: Text, sql: str) -> barchart.Panel:
    """Shares in percent as bars; `sql` gives a text under each bar and the share."""
    return (
        _asking(barchart.Panel(), screen, title, PanelQuery(sql))
        .unit("percent")
        .decimals(0)
        .min(0)
        .max(100)
        .fill_opacity(70)
        .bar_width(0.7)
        .show_value(common_models.VisibilityMode.ALWAYS)
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(BLUE))
        .legend(common.VizLegendOptions().show_legend(False).display_mode(common_models.LegendDisplayMode.HIDDEN))
    )


def rows(
    screen: Screen,
    title: Text,
    columns: Sequence[Column],
    source: str,
    *,
    ctes: str = "",
    description: Text | None = None,
    nothing: Text = NO_DATA,
) -> table.Panel:
    """A table.

    Args:
        screen: where it will be.
        title: above it.
        columns: from left to right.
        source: where the rows come from, and in which order: SQL from `FROM` on.
        ctes: common table expressions that `source` reads, from `WITH` on.
        description: what Grafana shows at the title.
        nothing: what is said where there are no rows.
    """
    query = PanelQuery(select(screen.language, columns, source, ctes=ctes))
    panel = _asking(table.Panel(), screen, title, query, nothing)
    if description is not None:
        panel.description(screen.say(description))
    for column in columns:
        properties = column.properties(screen.language)
        if properties:
            panel.override_by_name(screen.say(column.heading), properties)
    return panel


def _asking(panel: _AnyPanel, screen: Screen, title: Text, query: PanelQuery, nothing: Text = NO_DATA) -> _AnyPanel:
    """A panel with what every panel has."""
    source = models.DataSourceRef(type_val=DATA_SOURCE_TYPE, uid=DATA_SOURCE_UID)
    return panel.title(screen.say(title)).datasource(source).with_target(query).no_value(screen.say(nothing))


def _on_ground(screen: Screen, title: Text, sql: str) -> stat.Panel:
    """A panel whose values stand on coloured grounds."""
    return (
        _asking(stat.Panel(), screen, title, PanelQuery(sql))
        .color_mode(common_models.BigValueColorMode.BACKGROUND)
        .graph_mode(common_models.BigValueGraphMode.NONE)
    )


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    made = [models.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)
