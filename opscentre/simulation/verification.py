"""`opscentre simulate --verify`: status and indicators against what the simulations of this folder published."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import psycopg

from core.database import connect
from core.errors import NotFoundError, UnavailableError
from core.progress import ProgressCallback
from core.settings import Settings
from opscentre.reports.indicators import values_at
from opscentre.reports.status import current, lag
from opscentre.simulation.expected import Figures, expected, flat
from opscentre.simulation.figures import GroundTruthFigures
from opscentre.simulation.ground_truth import GroundTruth
from opscentre.simulation.publish_lock import PublishLock
from opscentre.simulation.recovery import recover
from opscentre.simulation.runs import Run, folder_of, load, save
from schemas.catalogue.load import Catalogue
from schemas.evaluation import Figures as IndicatorFigures
from schemas.evaluation import evaluate, first_day

NO_PROGRESS_SECONDS = 60.0
"""Seconds for which the workers may make no headway before it is said that they lag."""
RECORDS_BETWEEN_REPORTS = 20_000


class Figure(NamedTuple):
    """A figure by its path in the status report, or by its indicator and agency: as it must be, and as it was found."""

    figure: str
    truth: float | None
    found: float | None

    @property
    def same(self) -> bool:
        """Whether it is what it must be: shares and means but for the last digits."""
        if self.truth is None or self.found is None:
            return self.truth is self.found
        return math.isclose(self.truth, self.found, rel_tol=1e-9)


class Verification(NamedTuple):
    """What came of it. `moment` is the minute that the status is of."""

    moment: datetime
    runs: int
    records: int
    figures: Sequence[Figure]

    @property
    def differences(self) -> list[Figure]:
        """The figures that are not what they must be."""
        return [one for one in self.figures if not one.same]


def verify(options: Settings, catalogue: Catalogue, say: ProgressCallback, progress: ProgressCallback) -> Verification:
    """Compare the status with the ground truth. Simulations that run meanwhile wait until the status has been taken.

    Args:
        options: where Kafka, the database and the runs' files are.
        catalogue: of the simulated province.
        say: told once and for all, such as of a run that was killed.
        progress: told what is being done, again and again.

    Raises:
        NotFoundError: no simulation has published from this folder.
        ConfigurationError: a run's file cannot be used.
        UnavailableError: Kafka or the database does not answer, the workers lag, or a simulation reaches no checkpoint.
    """
    folder = folder_of(options.data)
    if not load(folder):
        raise NotFoundError(
            f"no simulation has published anything from {options.data.resolve()}: "
            "see `opscentre simulate`, or set OPSCENTRE_DATA to the folder that it had"
        )
    with PublishLock(folder) as lock, lock.exclusive():
        runs = load(folder)
        moment, found, values = _found(options, catalogue, progress)
    runs = [_recovered(run, folder, options.kafka, say) for run in runs]
    ground_truth = _ground_truth(runs, progress)
    wanted = expected(ground_truth, moment, catalogue)
    names = [*found, *sorted(wanted.keys() - found.keys())]
    figures = [Figure(name, wanted.get(name, 0), found.get(name, 0)) for name in names]
    progress("working out the indicators once more")
    of_indicators = GroundTruthFigures(ground_truth, moment + timedelta(minutes=1), catalogue)
    figures += _indicators(of_indicators, values, catalogue)
    return Verification(moment.astimezone(catalogue.zone), len(runs), sum(run.arrived for run in runs), figures)


def _recovered(run: Run, folder: Path, bootstrap: str, say: ProgressCallback) -> Run:
    if not run.under_way:
        return run
    say(f"the run of {run.name}.json was killed while it published: looking for its last records in Kafka's log")
    recovered = recover(run, bootstrap)
    save(folder, recovered)
    say(f"of those that were under way, {recovered.arrived - run.arrived:,} had arrived")
    return recovered


def _ground_truth(runs: Sequence[Run], progress: ProgressCallback) -> GroundTruth:
    ground_truth, count, whole = GroundTruth(), 0, sum(run.arrived for run in runs)
    for run in runs:
        for record in run.records():
            ground_truth.add(record)
            count += 1
            if count % RECORDS_BETWEEN_REPORTS == 0:
                progress(f"{count:,} of {whole:,} records made once more")
    return ground_truth


PeriodValues = dict[tuple[str, str, str], float | None]
"""Indicator, agency and dimensions → the value of the period that runs."""


def _indicators(ground_truth: GroundTruthFigures, found: PeriodValues, catalogue: Catalogue) -> list[Figure]:
    """Every indicator of every agency.

    A counter that was taken back stays as a zero, where the ground truth has nothing.
    """
    wanted: PeriodValues = {}
    figures: dict[date | None, IndicatorFigures] = {}
    for one in catalogue.indicators.values():
        starts = first_day(one.file.period, ground_truth.today)
        if starts not in figures:
            figures[starts] = ground_truth.of(starts)
        values = evaluate(one, figures[starts], catalogue.indicators)
        wanted |= {(one.id, *key): value.value for key, value in values.items()}
    return [
        Figure(" ".join(filter(None, ("indicators", *key))), wanted.get(key), found.get(key))
        for key in sorted(wanted.keys() | found.keys())
        if (key in wanted and key in found) or wanted.get(key) or found.get(key)
    ]


def _found(
    options: Settings, catalogue: Catalogue, progress: ProgressCallback
) -> tuple[datetime, Figures, PeriodValues]:
    """The figures of the status and of the indicators when nothing lags, and the minute that they are of."""
    topics = [system.topic for system in catalogue.systems.values()]
    with connect(options.dsn, "opscentre simulate --verify") as connection:
        _wait_for_workers(connection, options.kafka, topics, progress)
        while True:
            minute = _minute()
            report = current(connection, options.kafka, topics)
            values = _period_values(connection, catalogue, minute.astimezone(catalogue.zone).date())
            connection.commit()
            if _minute() == minute:  # else nobody knows which of the two minutes the figures are of
                return minute, flat(report), values


def _period_values(connection: psycopg.Connection, catalogue: Catalogue, today: date) -> PeriodValues:
    return {
        (one.id, *key): value.value
        for one in catalogue.indicators.values()
        for key, value in values_at(connection, one, first_day(one.file.period, today), today).items()
    }


def _minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def _wait_for_workers(
    connection: psycopg.Connection, bootstrap: str, topics: list[str], progress: ProgressCallback
) -> None:
    least, since = None, time.monotonic()
    while waiting := lag(connection, bootstrap, topics):
        connection.commit()
        progress(f"waiting for the workers: {waiting:,} records are not in the database yet")
        if least is None or waiting < least:
            least, since = waiting, time.monotonic()
        elif time.monotonic() - since > NO_PROGRESS_SECONDS:
            raise UnavailableError(_what_lags(connection, bootstrap, topics))
        time.sleep(0.5)
    connection.commit()


def _what_lags(connection: psycopg.Connection, bootstrap: str, topics: list[str]) -> str:
    lags = {name: lag(connection, bootstrap, [name]) for name in topics}
    lines = [f"  {name}: {count:,} records" for name, count in lags.items() if count]
    return (
        f"the workers have made no headway for {NO_PROGRESS_SECONDS:.0f} s; not in the database yet:\n"
        + "\n".join(lines)
        + "\nDoes a worker run (`opscentre worker`)? Verify again when the lag is 0."
    )
