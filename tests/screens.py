"""What the dashboards ask, run on a real database as Grafana does."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg

from dashboards.documents import documents
from tests.helpers import CATALOGUE

DOCUMENTS = documents(CATALOGUE)
Rows = list[dict[str, Any]]


def queries(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every query of a dashboard, with the form of its answer."""
    for panel in document["panels"]:
        yield from ((target["rawSql"], target["format"]) for target in panel["targets"])
    yield from ((variable["query"], "variable") for variable in document["templating"].get("list", []))


def run(
    connection: psycopg.Connection, sql: str, agency: str = "'*'", indicator: str = "'ops-centre-operation'"
) -> Rows:
    """A panel's query with its macros and variables put in, as Grafana does it."""
    sql = re.sub(r"\$__timeFilter\((.+?)\)(?= ORDER| GROUP)", r"\1 BETWEEN $__timeFrom() AND $__timeTo()", sql)
    sql = sql.replace("$__timeFrom()", "(now() - interval '90 days')").replace("$__timeTo()", "now()")
    sql = sql.replace("${agency:sqlstring}", agency).replace("${indicator:sqlstring}", indicator)
    cursor = connection.execute(sql.encode())
    names = [column.name for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def panel(name: str, title: str, language: str = "en") -> str:
    """The query of the panel with this title."""
    found = next(p for p in DOCUMENTS[f"opscentre-{name}-{language}"]["panels"] if p["title"] == title)
    return str(found["targets"][0]["rawSql"])


def local(days: float, hour: int = 9) -> str:
    day = datetime.now(CATALOGUE.zone) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0).isoformat()
