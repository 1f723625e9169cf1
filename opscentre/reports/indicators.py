"""`opscentre indicators`: what every indicator is for an agency, and how its targets are coming on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from core.errors import ConfigurationError, NotFoundError
from schemas.catalogue.indicators import Indicator, Target
from schemas.catalogue.model import Catalogue
from schemas.catalogue.toml_files import choice, guess
from schemas.catalogue.toml_table import Language, Name
from schemas.evaluation import Value, Values, first_day, progress
from schemas.evaluation.progress import PACE_DAYS

_DECISIONS = """
    SELECT indicator, agency, due, value, status, decided_at FROM decisions
    WHERE (decided_at AT TIME ZONE %s)::date <= %s
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


def today(connection: psycopg.Connection, catalogue: Catalogue) -> date:
    """The province's day, by the database's clock: the views go by it."""
    row = connection.execute("SELECT (now() AT TIME ZONE %s)::date", (catalogue.province.zone,)).fetchone()
    assert row is not None  # there is always a now
    day: date = row[0]
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
    decisions = {
        (id_, agency, due): (value, status, decided_at)
        for id_, agency, due, value, status, decided_at in connection.execute(
            _DECISIONS, (catalogue.province.zone, asked.day)
        )
    }
    chosen = [one for one in catalogue.indicators.values() if system in (None, one.file.system)]
    return {
        "agency": asked.agency,
        "as_of": asked.day.isoformat(),
        "indicators": {
            one.id: _indicator(connection, asked, one, decisions)
            for one in sorted(chosen, key=lambda one: systems.index(one.file.system))
        },
    }


_Decisions = Mapping[tuple[str, str, date], tuple[float | None, str, datetime]]
"""(indicator, agency, day due) → the value and the status decided, and when."""


def _indicator(
    connection: psycopg.Connection, asked: Asked, indicator: Indicator, decisions: _Decisions
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
        "targets": [
            _target(connection, asked.day, indicator, target, agency, decisions)
            for target, agency in _targets(indicator, asked)
        ],
    }


def _targets(indicator: Indicator, asked: Asked) -> list[tuple[Target, str]]:
    """The targets of the agency and of those below it, the next one due last."""
    inside, whole = below(asked.catalogue, asked.agency), [asked.catalogue.province.code]
    owed = [(target, agency) for target in indicator.file.target for agency in target.agencies or whole]
    return sorted((one for one in owed if one[1] in inside), key=lambda one: (one[0].due, one[1]))


def _target(
    connection: psycopg.Connection,
    day: date,
    indicator: Indicator,
    target: Target,
    agency: str,
    decisions: _Decisions,
) -> dict[str, Any]:
    ends = min(day, target.due)
    now, before = (
        _whole(connection, indicator, agency, then) for then in (ends, _working_days_before(connection, ends))
    )
    found = progress(target, now, before, day, _working_days(connection, day, target.due))._asdict()
    decided = None
    if decision := decisions.get((indicator.id, agency, target.due)):
        value, found["status"], decided_at = decision
        decided = {"value": value, "decided_at": decided_at, "corrected": value != now}
    return {
        "agency": agency,
        "due": target.due,
        "at_least": target.at_least,
        "at_most": target.at_most,
        "assumed": target.assumed,
        **found,
        "decided": decided,
    }


def _whole(connection: psycopg.Connection, indicator: Indicator, agency: str, ends: date) -> float | None:
    values = values_at(connection, indicator, first_day(indicator.file.period, ends), ends)
    return values.get((agency, ""), NOTHING).value


def _working_days(connection: psycopg.Connection, after: date, until: date) -> int:
    row = connection.execute(
        "SELECT count(*) FROM indicators.working_days WHERE day > %s AND day <= %s", (after, until)
    ).fetchone()
    assert row is not None  # an aggregate always has its row
    count: int = row[0]
    return count


def _working_days_before(connection: psycopg.Connection, day: date) -> date:
    rows = connection.execute(
        "SELECT day FROM indicators.working_days WHERE day < %s ORDER BY day DESC LIMIT %s", (day, PACE_DAYS)
    ).fetchall()
    earliest: date = rows[-1][0] if rows else day - timedelta(days=PACE_DAYS)
    return earliest
