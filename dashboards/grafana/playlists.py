"""The playlists: the listed screens one after the other, for a wall, one in each language."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from grafana_client.api import GrafanaApi

from dashboards.grafana.client import found

EACH = "30s"
"""How long a screen stays."""


def publish_playlist(
    api: GrafanaApi, name: str, uids: Sequence[str], *, dry_run: bool
) -> Literal["created", "updated", "unchanged", "not to be had"]:
    """Publish a playlist by its name; where there are several of that name, the first is ours."""
    listed = found(lambda: api.client.GET("/playlists"))
    if listed is None:
        return "not to be had"
    wanted = {
        "name": name,
        "interval": EACH,
        "items": [
            {"type": "dashboard_by_uid", "value": uid, "order": place, "title": uid}
            for place, uid in enumerate(uids, 1)
        ],
    }
    there = min((one["uid"] for one in listed if one["name"] == name), default=None)
    if there is None:
        if not dry_run:
            api.client.POST("/playlists", json=wanted)
        return "created"
    if _compared(api.client.GET(f"/playlists/{there}")) == _compared(wanted):
        return "unchanged"
    if not dry_run:
        api.client.PUT(f"/playlists/{there}", json=wanted)
    return "updated"


def _compared(playlist: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    return playlist["interval"], [(one["type"], one["value"]) for one in playlist.get("items") or []]
