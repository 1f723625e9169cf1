"""`opscentre indicators`: what every indicator is for an agency, and how its targets are coming on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

from opscentre.errors import ConfigurationError, NotFoundError
from schemas.catalogue_model import Catalogue
from schemas.evaluation import Value, first_day, progress
from schemas.evaluation.progress import PACE_DAYS
from schemas.indicators import Indicator, Target
from schemas.tables import Language, Name
from schemas.toml_files import choice, guess

_DECISIONS = """
    SELECT indicator, due, value, status, decided_at FROM decisions
    WHERE agency = %s AND (decided_at AT TIME ZONE %s)::date <= %s
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


def values_at(
    connection: psycopg.Connection, indicator: Indicator, agency: str, starts: date | None, ends: date
) -> dict[str, Value]:
    """An indicator of one agency within a period: by label, `""` for the whole; nothing where it has no value yet."""
    function = sql.Identifier("indicators", f"at_{indicator.id.replace('-', '_')}")
    query = sql.SQL("SELECT label, numerator, denominator, value FROM {}(%s, %s) WHERE agency = %s").format(function)
    return {label: Value(*rest) for label, *rest in connection.execute(query, (starts, ends, agency))}


def report(connection: psycopg.Connection, asked: Asked, system: str | None) -> dict[str, Any]:
    """Every indicator, or those of one system, of the period that runs on the day; and its targets for the agency.

    Raises:
        NotFoundError: there is no such system.
    """
    catalogue = asked.catalogue
    systems = [*catalogue.systems, *catalogue.derived]
    if system is not None and system not in systems:
        raise NotFoundError(f'there is no system "{system}" in the catalogue{choice(system, systems)}')
    decisions = {
        (indicator, due): rest
        for indicator, due, *rest in connection.execute(_DECISIONS, (asked.agency, catalogue.province.zone, asked.day))
    }
    chosen = (one for one in catalogue.indicators.values() if system in (None, one.file.system))
    return {
        "agency": asked.agency,
        "as_of": asked.day.isoformat(),
        "indicators": {one.id: _indicator(connection, asked, one, decisions) for one in chosen},
    }


def _indicator(
    connection: psycopg.Connection, asked: Asked, indicator: Indicator, decisions: Mapping[tuple[str, date], Any]
) -> dict[str, Any]:
    starts = first_day(indicator.file.period, asked.day)
    values = values_at(connection, indicator, asked.agency, starts, asked.day)
    whole = values.pop("", None)
    return {
        "system": indicator.file.system,
        "name": asked.name(indicator.file.name),
        "value": whole and whole.value,
        "numerator": whole and whole.numerator,
        "denominator": whole and whole.denominator,
        "unit": indicator.file.unit,
        "period": indicator.file.period,
        "starts": starts,
        "parts": {label: part.value for label, part in sorted(values.items())},
        "targets": [
            _target(connection, asked, indicator, target, decisions.get((indicator.id, target.due)))
            for target in targets_of(indicator, asked)
        ],
    }


def targets_of(indicator: Indicator, asked: Asked) -> Iterator[Target]:
    """The targets that the agency has, the next one due last."""
    whole = [asked.catalogue.province.code]
    for target in sorted(indicator.file.target, key=lambda one: one.due):
        if asked.agency in (target.agencies or whole):
            yield target


def _target(
    connection: psycopg.Connection, asked: Asked, indicator: Indicator, target: Target, decision: Any
) -> dict[str, Any]:
    ends = min(asked.day, target.due)
    now, before = (
        _whole(connection, indicator, asked.agency, day) for day in (ends, _working_days_before(connection, ends))
    )
    found = progress(target, now, before, asked.day, _working_days(connection, asked.day, target.due))
    decided = None
    if decision:
        value, status, decided_at = decision
        decided = {"value": value, "status": status, "decided_at": decided_at, "corrected": value != found.value}
    return {
        "due": target.due,
        "at_least": target.at_least,
        "at_most": target.at_most,
        "assumed": target.assumed,
        **found._asdict(),
        **({"status": decided["status"]} if decided else {}),
        "decided": decided,
    }


def _whole(connection: psycopg.Connection, indicator: Indicator, agency: str, ends: date) -> float | None:
    whole = values_at(connection, indicator, agency, first_day(indicator.file.period, ends), ends).get("")
    return whole and whole.value


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
