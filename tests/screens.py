"""What screens ask, run on a real database: as the pages do, and as Grafana does."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dashboards.grafana.documents import rendered
from dashboards.model import Note, Panel, Screen
from dashboards.parameters import for_psycopg
from dashboards.screens import screens
from dashboards.texts import Language
from schemas.views.quoting import literal
from tests.helpers import CATALOGUE

SCREENS: Mapping[Language, dict[str, Screen]] = {"vi": screens(CATALOGUE, "vi"), "en": screens(CATALOGUE, "en")}
Rows = list[dict[str, Any]]
Chosen = Mapping[str, str | list[str]]


def local(days: float, hour: int = 9) -> str:
    day = datetime.now(CATALOGUE.zone) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0).isoformat()


def panel(name: str, title: str) -> tuple[Screen, Panel]:
    """The panel with this English title."""
    screen = SCREENS["en"][name]
    return screen, next(placed.panel for placed in screen.panels if placed.panel.title.en == title)


def run(connection: psycopg.Connection, screen: Screen, query: str, chosen: Chosen | None = None) -> Rows:
    """A query with what is chosen put in by psycopg: the province, and the last days of the screen's period."""
    until = datetime.now(UTC).replace(microsecond=0)
    values = {"since": until - timedelta(days=screen.days), "until": until, **first_choice(screen), **(chosen or {})}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(for_psycopg(query, screen.choices).encode(), values).fetchall()


def first_choice(screen: Screen) -> dict[str, str | list[str]]:
    """Of the province, and an indicator that has a target; nothing is typed."""
    known = {"agency": CATALOGUE.province.code, "indicator": "dossiers-on-time-share"}
    return {one.parameter: ["*"] if one.many else known.get(one.parameter, "") for one in screen.choices}


def rows_of(connection: psycopg.Connection, name: str, title: str, **chosen: str) -> Rows:
    """What the panel with this English title gives."""
    screen, found = panel(name, title)
    assert not isinstance(found, Note)
    return run(connection, screen, found.query, chosen)


def as_grafana_sends(sql: str, screen: Screen, chosen: Chosen) -> str:
    """A query with its macros and variables put in as Grafana does it, to the same second as `run`."""
    until = datetime.now(UTC).replace(microsecond=0)
    since = until - timedelta(days=screen.days)
    sql = sql.replace("$__timeFrom()", f"'{since.isoformat()}'").replace("$__timeTo()", f"'{until.isoformat()}'")

    def quoted(name: re.Match[str]) -> str:
        value = chosen[name[1]]
        return ",".join(map(literal, [value] if isinstance(value, str) else value))

    return re.sub(r"\$\{(\w+):sqlstring\}", quoted, sql)


def targets(screen: Screen, every: dict[str, Screen]) -> Iterator[tuple[Panel, list[str]]]:
    """Each panel that asks, with what Grafana asks for it."""
    document = rendered(screen, every, CATALOGUE.province.zone)
    asking = [[one["rawSql"] for one in panel["targets"]] for panel in document["panels"] if panel.get("targets")]
    panels = [placed.panel for placed in screen.panels if not isinstance(placed.panel, Note)]
    # A wall's clock, which is no panel of the definition's, stands before them.
    yield from zip(panels, asking[screen.wall :], strict=True)
