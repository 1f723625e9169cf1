"""A map that asks nobody outside: places on a plain ground, a shape and a colour for each status."""

from grafana_foundation_sdk.builders import common, geomap
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_models

from dashboards.grafana.context import Context
from dashboards.grafana.looks import HIDDEN, properties
from dashboards.grafana.queries import PanelQuery, carried, carried_cells, data_source, given, rows
from dashboards.model import Map
from dashboards.statuses import STATUSES
from dashboards.texts import Text
from schemas.views.quoting import identifier, literal

_GROUND = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGOQkJYHAAChAFPf93+NAAAAAElFTkSuQmCC"
)
"""One pixel, dark as a panel, as every tile there is."""
_PLACE, _VALUE = Text("Nơi", "Place"), Text("Giá trị", "Value")
_AXES = ("lon", "lat")
_SHAPES = {"missed": "x-mark", "at_risk": "square", "no_data": "cross", "on_track": "triangle", "met": "circle"}
"""Grafana's markers that come nearest to the marks of the statuses."""


def map_panel(context: Context, panel: Map) -> geomap.Panel:
    """A layer and a query for each status; what needs attention is drawn last, above the others."""
    # The name comes first, for the first is in the tooltip even if it is hidden there.
    cells = {"name": given("name"), "value": f"{given('value')}::text"}
    cells |= {axis: given(_near(axis)) for axis in _AXES}
    carries = dict.fromkeys(panel.link.carry.values() if panel.link else ())
    cells |= carried_cells(carries)
    built = (
        geomap.Panel()
        .title(context.say(panel.title))
        .datasource(data_source())
        .no_value(context.say(panel.nothing))
        .view(geomap.MapViewConfig().id("fit").all_layers(True).padding(15).zoom(12))
        .controls(geomap.ControlsOptions().show_zoom(True).mouse_wheel_zoom(False).show_attribution(False))
        .basemap(common.MapLayerOptions().type("xyz").name("ground").config({"url": _GROUND, "attribution": ""}))
    )
    if panel.note is not None:
        built.description(context.say(panel.note))
    asked = nearer(nearer(context.asked(panel.query), "lon"), "lat")
    layers: list[Builder[common_models.MapLayerOptions]] = []
    for place, status in enumerate(reversed(list(STATUSES))):
        ref = chr(ord("A") + place)
        stands = f"coalesce({given('status')}, 'no_data') = {literal(status)}"
        built.with_target(PanelQuery(rows(asked, cells, stands), ref=ref))
        layers.append(_layer(context, status, ref))
    built.layers(layers)
    name: dict[str, object] = {"displayName": context.say(_PLACE)}
    if panel.link is not None:
        name["links"] = [{"title": context.say(panel.title), "url": context.address(panel.link)}]
    built.override_by_name("name", properties(name))
    built.override_by_name("value", properties({"displayName": context.say(_VALUE)}))
    for axis in _AXES:
        built.override_by_name(axis, properties({"custom.hideFrom": {"tooltip": True, "viz": False, "legend": True}}))
    for column in carries:
        hidden = properties({"custom.hideFrom": {"tooltip": True, "viz": False, "legend": True}})
        built.override_by_name(carried(column), [*HIDDEN, *hidden])
    return built


def nearer(query: str, axis: str) -> str:
    """The query with a column more, the axis with its gaps made small: an island far out at sea comes near.

    Else all others would lie on one spot. A gap of more than a third of the whole becomes a tenth of it.
    """
    gap, span = identifier(f"{axis}_gap"), identifier(f"{axis}_span")
    gaps = f"""SELECT asked.*, {axis} - lag({axis}) OVER (ORDER BY {axis}) AS {gap},
    max({axis}) OVER () - min({axis}) OVER () AS {span} FROM (
{query.strip()}
) AS asked"""
    less = f"coalesce(sum({gap} - {span} / 10) FILTER (WHERE {gap} > {span} / 3) OVER (ORDER BY {axis}), 0)"
    return f"SELECT asked.*, {axis} - {less} AS {_near(axis)} FROM (\n{gaps}\n) AS asked"


def _near(axis: str) -> str:
    return f"{axis}_near"


def _layer(context: Context, status: str, ref: str) -> common.MapLayerOptions:
    look = STATUSES[status]
    style = {
        "color": {"fixed": look.colour},
        "opacity": 0.8,
        "size": {"fixed": 6, "min": 2, "max": 15},
        "symbol": {"fixed": f"img/icons/marker/{_SHAPES[status]}.svg", "mode": "fixed"},
    }
    by_coordinates = common.FrameGeometrySource().mode(common_models.FrameGeometrySourceMode.COORDS)
    return (
        common.MapLayerOptions()
        .type("markers")
        .name(look.name.of(context.language))
        .location(by_coordinates.latitude("lat").longitude("lon"))
        .filter_data({"id": "byRefId", "options": ref})
        .config({"showLegend": False, "style": style})
        .tooltip(True)
    )
