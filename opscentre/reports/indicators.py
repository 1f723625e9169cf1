"""`opscentre indicators`: what every indicator is for an agency, and how its targets are coming on."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from core.database import scalar
from core.errors import ConfigurationError, NotFoundError
from schemas.catalogue.indicators import Indicator
from schemas.catalogue.model import Catalogue
from schemas.catalogue.toml_files import choice, guess
from schemas.catalogue.toml_table import Language, Name
from schemas.evaluation import Value, Values, first_day

_TARGETS = """
    SELECT indicator, agency, due, at_least, at_most, assumed, value, days_left, working_days_left, pace, pace_needed,
        projected, status, decided_value, decided_at, corrected
    FROM indicators.status_at(%s) WHERE agency = ANY (%s) ORDER BY due, agency COLLATE "C"
"""


@dataclass(frozen=True)
class Asked:
    """For whom, as of which local day and in which language indicators are asked."""

    catalogue: Catalogue
    agency: str
    day: date
    language: Language

    def name(self, name: Name) -> str:
        """A name in the language asked for."""
        return name.vi if self.language == "vi" else name.en


def today(connection: psycopg.Connection) -> date:
    """The province's day, by the database's clock: the views go by it."""
    day: date = scalar(connection, "SELECT indicators.today()")
    return day


def agency_named(catalogue: Catalogue, code: str | None) -> str:
    """The agency with this code, the province without one.

    Raises:
        NotFoundError: there is none.
    """
    if code is not None and code not in catalogue.agencies:
        raise NotFoundError(f'there is no agency "{code}" in the catalogue{guess(code, catalogue.agencies)}')
    return code or catalogue.province.code


def below(catalogue: Catalogue, agency: str) -> set[str]:
    """The agency and all below it."""
    found = {agency}
    while more := {a.code for a in catalogue.agencies.values() if a.parent in found} - found:
        found |= more
    return found


def indicator_named(catalogue: Catalogue, id_: str) -> Indicator:
    """The indicator with this id.

    Raises:
        NotFoundError: there is none.
    """
    if id_ not in catalogue.indicators:
        close = guess(id_, catalogue.indicators, "; `opscentre indicators` lists them")
        raise NotFoundError(f'there is no indicator "{id_}" in the catalogue{close}')
    return catalogue.indicators[id_]


def day_named(text: str, latest: date) -> date:
    """A day until today, as of which indicators can be told.

    Raises:
        ConfigurationError: it is no day, a moment within one, or one to come.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"--as-of {text}: indicators are told as of the end of a day: give one such as 2025-06-30"
        ) from None
    if day > latest:
        raise ConfigurationError(f"--as-of {text}: that day is still to come; today is {latest}")
    return day


def values_at(connection: psycopg.Connection, indicator: Indicator, starts: date | None, ends: date) -> Values:
    """An indicator within a period, as the views have it."""
    function = sql.Identifier("indicators", f"at_{indicator.id.replace('-', '_')}")
    query = sql.SQL("SELECT agency, dimensions, numerator, denominator, value FROM {}(%s, %s)").format(function)
    return {
        (agency, dimensions): Value(*rest) for agency, dimensions, *rest in connection.execute(query, (starts, ends))
    }


NOTHING = Value(None, None, None)
"""Of an agency that has never reported anything."""


def report(connection: psycopg.Connection, asked: Asked, system: str | None) -> dict[str, Any]:
    """Every indicator, or those of one system, of the period that runs on the day; and the targets that it has there.

    Raises:
        NotFoundError: there is no such system.
    """
    catalogue = asked.catalogue
    systems = [*catalogue.systems, *catalogue.derived]
    if system is not None and system not in systems:
        raise NotFoundError(f'there is no system "{system}" in the catalogue{choice(system, systems)}')
    targets = _targets(connection, asked)
    chosen = [one for one in catalogue.indicators.values() if system in (None, one.file.system)]
    return {
        "agency": asked.agency,
        "as_of": asked.day.isoformat(),
        "indicators": {
            one.id: _indicator(connection, asked, one, targets.get(one.id, []))
            for one in sorted(chosen, key=lambda one: systems.index(one.file.system))
        },
    }


def _targets(connection: psycopg.Connection, asked: Asked) -> dict[str, list[dict[str, Any]]]:
    """The targets of the agency and of those below it as of the day, by indicator, in the order of their days."""
    found: dict[str, list[dict[str, Any]]] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_TARGETS, (asked.day, list(below(asked.catalogue, asked.agency)))):
            indicator, decided_at = row.pop("indicator"), row.pop("decided_at")
            decided = {"value": row.pop("decided_value"), "decided_at": decided_at, "corrected": row.pop("corrected")}
            found.setdefault(indicator, []).append({**row, "decided": decided if decided_at else None})
    return found


def _indicator(
    connection: psycopg.Connection, asked: Asked, indicator: Indicator, targets: list[dict[str, Any]]
) -> dict[str, Any]:
    starts = first_day(indicator.file.period, asked.day)
    values = values_at(connection, indicator, starts, asked.day)
    parts = {
        dimensions: value
        for (agency, dimensions), (_, _, value) in values.items()
        if agency == asked.agency and dimensions
    }
    return {
        "system": indicator.file.system,
        "name": asked.name(indicator.file.name),
        **values.get((asked.agency, ""), NOTHING)._asdict(),
        "unit": indicator.file.unit,
        "period": indicator.file.period,
        "starts": starts,
        "parts": dict(sorted(parts.items())),
        "targets": targets,
    }
