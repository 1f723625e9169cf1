"""A real event log, published as an agency would publish it, comes to exactly the known figures."""

import csv
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.publisher import Publisher
from core.settings import Settings
from opscentre.publishing.files import publish_csv
from opscentre.publishing.mapping import load_mapping
from opscentre.reports.status import current, figures
from schemas.catalogue.load import Catalogue
from streams.recount.archive import totals_as_of
from tests.helpers import RULES
from tests.workers import Workers, assert_exact

Environment = Callable[[Settings], dict[str, str]]

EVENTS = 1434 + 1329
CHANNELS = {"online": 1250, "counter": 109, "post": 53, "email": 21, "internal": 1}
FIGURES = {
    "opened": 1434,
    "closed": 1329,
    "open": 105,
    "on_time": 1020,
    "late": 309,
    "contradictory": 2,
    "incomplete": 0,
    "suspended": 0,
    "by_channel": CHANNELS,
}
THEN = datetime(2012, 1, 20, 16, tzinfo=UTC)
CONTRADICTORY = {"case-10862", "case-8267"}


def _publish(settings: Settings, file: Path, run: int = 0) -> int:
    mapping = load_mapping(Path(__file__).parent.parent / "mappings" / "permit_receipts.toml")
    with Publisher(settings.kafka) as publisher:
        report = publish_csv(file, mapping, publisher, state=settings.data / f"state-{run}.sqlite")
    assert report.rejected == []
    return report.published


def _shuffled(file: Path, folder: Path) -> Path:
    """The same rows in another order; a row holds all of its dossier, so any may stand for it."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        header, *rows = csv.reader(text)
    random.Random(1).shuffle(rows)
    shuffled = folder / "shuffled.csv"
    with shuffled.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([header, *rows])
    return shuffled


def _figures(settings: Settings, catalogue: Catalogue) -> dict[str, Any]:
    names = [system.topic for system in catalogue.systems.values()]
    with psycopg.connect(settings.dsn) as connection:
        report = current(connection, settings.kafka, names)
        subjects = connection.execute("SELECT subject FROM cases WHERE contradictory").fetchall()
        then = totals_as_of(connection, RULES, THEN)
    assert report["lag"] == 0
    assert report["dead_letters"] == {}
    assert {subject for (subject,) in subjects} == CONTRADICTORY
    assert {name: report["cases"]["dossier"][name] for name in FIGURES} == FIGURES
    assert report["cases"]["dossier"]["overdue"] == 105  # of those open, all are due by today
    measured = {name: sum(value for (_, m, _, _), value in then.items() if m == f"dossier.{name}") for name in FIGURES}
    assert {**measured, "by_channel": CHANNELS} == FIGURES
    assert figures(then, {})["cases"]["dossier"]["by_channel"] == CHANNELS
    assert sum(value for (_, measure, _, _), value in then.items() if measure == "dossier.overdue") == 37
    return report


def test_published_twice(
    installation: Settings, environment: Environment, catalogue: Catalogue, shared_data: Path, tmp_path: Path
) -> None:
    file = shared_data / "permit_receipts.csv"
    with Workers(installation, environment, tmp_path) as workers:
        workers.supervise()
        assert _publish(installation, file) == EVENTS
        workers.wait_progress(EVENTS)
        assert _figures(installation, catalogue)["duplicates"] == 0
        assert _publish(installation, file) == EVENTS
        assert _publish(installation, file, run=1) == EVENTS  # from a machine that does not remember the first run
        workers.wait_progress(3 * EVENTS)
        assert _figures(installation, catalogue)["duplicates"] == 2 * EVENTS
    assert_exact(installation.dsn, EVENTS)


@pytest.mark.slow
@pytest.mark.parametrize("batch_events", [30, 6000])
def test_shuffled_with_the_worker_killed_on_the_way(
    installation: Settings,
    environment: Environment,
    catalogue: Catalogue,
    shared_data: Path,
    tmp_path: Path,
    batch_events: int,
) -> None:
    file = _shuffled(shared_data / "permit_receipts.csv", tmp_path)
    settings = installation.model_copy(update={"batch_events": batch_events})
    with Workers(settings, environment, tmp_path) as workers:
        assert _publish(settings, file) == EVENTS
        for kill in range(4):
            worker = workers.start(f"{settings.group}-{kill}")
            workers.wait_progress(1 + kill * EVENTS // 5)
            worker.kill()
        workers.start(f"{settings.group}-last")
        workers.wait_progress(EVENTS)
        _figures(settings, catalogue)
    assert_exact(settings.dsn, EVENTS)
