"""The indicators once more: what the views say, against the evaluation of the archive."""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg import sql

from schemas.catalogue.indicators import Count, Indicator, Stock
from schemas.catalogue.model import Catalogue
from schemas.evaluation import evaluate, first_day, lineage
from streams.fold.contributions import Folds
from streams.recount.figures import Gathering, end_of


class Deviation(NamedTuple):
    """An indicator whose running value in the views is not what the archive says; None: no value."""

    indicator: str
    agency: str
    dimensions: str
    live: float | None
    recounted: float | None


class RunningIndicators:
    """The running period of every indicator of a catalogue, as of a moment: gathered first, compared then."""

    def __init__(self, catalogue: Catalogue, folds: Folds, now: datetime) -> None:
        calendar = folds.rules.calendar
        self._catalogue, self.today = catalogue, now.astimezone(calendar.zone).date()
        self._starts = {one.id: first_day(one.file.period, self.today) for one in catalogue.indicators.values()}
        begins = {day for day in self._starts.values() if day is not None}
        self.gathering = Gathering(folds, self.today, end_of(self.today, calendar, now), begins)

    def deviations(self, connection: psycopg.Connection) -> list[Deviation]:
        """What the views say otherwise, in the snapshot of the running transaction, begun at that moment."""
        above = lineage({code: agency.parent for code, agency in self._catalogue.agencies.items()})
        figures = {starts: self.gathering.figures(starts, above) for starts in set(self._starts.values())}
        found: list[Deviation] = []
        for one in self._catalogue.indicators.values():
            evaluated = evaluate(one, figures[self._starts[one.id]], self._catalogue.indicators)
            recounted = {key: value for key, (_, _, value) in evaluated.items()}
            found += _deviations(one, self._live(connection, one), recounted)
        return found

    def _live(self, connection: psycopg.Connection, indicator: Indicator) -> dict[tuple[str, str], float | None]:
        query = sql.SQL("SELECT agency, dimensions, value FROM indicators.{} WHERE period = %s AND ends = %s")
        view = query.format(sql.Identifier(indicator.id))
        rows = connection.execute(view, (indicator.file.period, self.today))
        return {(agency, dimensions): value for agency, dimensions, value in rows}


_Found = dict[tuple[str, str], float | None]


def _deviations(indicator: Indicator, live: _Found, recounted: _Found) -> Iterable[Deviation]:
    exact = isinstance(indicator.file.formula, Count | Stock)
    for agency, dimensions in sorted(live.keys() | recounted.keys()):
        here, there = live.get((agency, dimensions)), recounted.get((agency, dimensions))
        # A counter that was taken back stays as a zero, where the archive has nothing at all; so does a part's.
        taken_back = (agency, dimensions) not in recounted or dimensions != ""
        if taken_back and not here and not there:
            continue
        if here is None or there is None:
            same = here is there
        else:
            same = here == there if exact else math.isclose(here, there, rel_tol=1e-9)
        if not same:
            yield Deviation(indicator.id, agency, dimensions, here, there)
