"""Indicators of a test's own, in the database as `opscentre migrate` puts the catalogue's there."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql

from core.catalogue import make_views
from schemas.catalogue.indicators import Indicator, IndicatorFile
from schemas.catalogue.model import Catalogue
from streams.write.writer import Writer
from tests.helpers import CATALOGUE, Json, Log, cloud_event

A, B, PROVINCE = "H06.01", "H06.02", "H06"
NAME = {"vi": "Chỉ tiêu", "en": "Indicator"}

Found = dict[tuple[str, str], tuple[float | None, float | None, float | None]]
"""(agency, dimensions) → numerator, denominator, value."""


def indicator(
    id_: str, formula: Mapping[str, Any], system: str = "one-stop", period: str = "month", **rest: Any
) -> Indicator:
    """An indicator as its file would say."""
    content = {"system": system, "name": NAME, "unit": "percent", "period": period, "formula": formula, **rest}
    return Indicator(id_, IndicatorFile.model_validate(content))


def count(*measures: str, **where: list[str]) -> dict[str, Any]:
    """A count of these."""
    return {"kind": "count", "of": [term(measure, **where) for measure in measures]}


def term(measure: str, **where: list[str]) -> dict[str, Any]:
    """A term."""
    return {"of": measure, "where": where}


def with_indicators(*indicators: Indicator, **changes: Any) -> Catalogue:
    """The catalogue that is shipped, with these indicators instead of its own."""
    return replace(CATALOGUE, indicators={one.id: one for one in indicators}, **changes)


def make(connection: psycopg.Connection, *indicators: Indicator, **changes: Any) -> None:
    """Make the views of these indicators, and no others."""
    with connection.transaction():
        make_views(connection, with_indicators(*indicators, **changes))


def values(connection: psycopg.Connection, id_: str, starts: str | None, ends: str) -> Found:
    """The values of an indicator for a period, by agency and dimensions."""
    function = sql.Identifier("indicators", f"at_{id_.replace('-', '_')}")
    rows = connection.execute(sql.SQL("SELECT * FROM {}(%s, %s)").format(function), (starts, ends))
    return {(agency, dimensions): (over, under, value) for agency, dimensions, over, under, value in rows}


def today() -> date:
    """The province's day."""
    return datetime.now(CATALOGUE.zone).date()


class Committer:
    """Commits events, each with an id of its own where it was given none."""

    def __init__(self, writer: Writer) -> None:
        self._writer, self._log, self._number = writer, Log(), 1000

    def __call__(self, *events: Json) -> None:
        """Commit them as one batch."""
        self._number += len(events)
        ids = range(self._number - len(events), self._number)
        numbered = [
            {**event, "id": str(n)} if event["id"] == "1" else event for n, event in zip(ids, events, strict=True)
        ]
        self._writer.commit(self._log.batch(*numbered))


def received(subject: str, at: str, agency: str = A, **data: Any) -> Json:
    return cloud_event("dossier.received", subject, f"{at}+07:00", agency=agency, **data)


def processed(subject: str, at: str, agency: str = A, **data: Any) -> Json:
    return cloud_event("dossier.processed", subject, f"{at}+07:00", agency=agency, **data)


def whole(found: Found) -> dict[str, float | None]:
    """Values by agency, without those of parts."""
    return {agency: value for (agency, dimensions), (_, _, value) in found.items() if dimensions == ""}


def parts(found: Found, agency: str) -> dict[str, float | None]:
    """An agency's values by dimensions."""
    return {dimensions: value for (one, dimensions), (_, _, value) in found.items() if one == agency}
