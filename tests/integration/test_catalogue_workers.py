"""Workers that keep running while the catalogue is changed under them."""

from collections.abc import Callable
from pathlib import Path

import orjson
import psycopg
import pytest

from core.settings import Settings
from streams.recount.rebuild import apply_catalogue
from tests.catalogues import CHANGE, ZONE, Installation, received, write_catalogue
from tests.helpers import Json, count
from tests.workers import Workers, mixed, publish


def due_times(connection: psycopg.Connection) -> dict[str, str | None]:
    """When each dossier is due, local."""
    rows = connection.execute("SELECT subject, due_at FROM cases WHERE kind = 'dossier'")
    return {subject: due and due.astimezone(ZONE).strftime("%m-%d %H:%M") for subject, due in rows}


def raw(*events: Json) -> list[tuple[str, bytes, bytes]]:
    return [("events.one-stop", str(event["subject"]).encode(), orjson.dumps(event)) for event in events]


@pytest.mark.slow
def test_a_worker_goes_on_over_a_change_and_counts_what_comes_before_during_and_after_once(
    installed: Installation,
    installation: Settings,
    environment: Callable[[Settings], dict[str, str]],
    tmp_path: Path,
) -> None:
    connection, events = installed.connection, 60_000
    settings = installation.model_copy(update={"catalogue": installed.folder, "batch_events": 500})
    with Workers(settings, environment, tmp_path) as workers:
        worker = workers.supervise()
        published = publish(settings.kafka, [*mixed(events), *raw(received("before"))])
        workers.wait_progress(events // 6)
        catalogue = installed.write(CHANGE, "2025-05-14 since 2025-05-12")
        first = worker.child
        apply_catalogue(installed.dsn, catalogue)
        published += publish(settings.kafka, [*raw(received("after")), *mixed(events // 6, events)])
        workers.wait_progress(published, 90)
        assert worker.child != first
        assert "catalogue 3 has come into force, this process works by 2" in worker.log
        installed.catalogue = catalogue
        dues = due_times(connection)
        assert (dues["before"], dues["after"]) == ("04-15 09:00", "04-15 09:00")
        assert count(connection, "events") == published
    installed.assert_right()


@pytest.mark.slow
def test_a_worker_with_another_catalogue_than_the_database_waits_and_goes_on_once_it_has_the_same(
    installed: Installation,
    installation: Settings,
    environment: Callable[[Settings], dict[str, str]],
    tmp_path: Path,
) -> None:
    settings = installation.model_copy(update={"catalogue": installed.folder})
    elsewhere = write_catalogue(tmp_path / "elsewhere", (CHANGE,))
    with Workers(settings, environment, tmp_path) as workers:
        worker = workers.supervise()
        publish(settings.kafka, raw(received("before")))
        workers.wait_progress(1)
        apply_catalogue(installed.dsn, elsewhere)  # from another machine, say: the worker's folder stays as it was
        publish(settings.kafka, raw(received("after")))
        workers.wait(lambda: "waiting: the database is at catalogue" in worker.log, "the worker waits")
        assert f"the database is at catalogue {elsewhere.version}, this process has {installed.catalogue.version}" in (
            worker.log
        )
        assert "run `opscentre migrate`" in worker.log
        waiting = worker.child
        assert workers.progress() == 1
        installed.catalogue = installed.write(CHANGE)
        workers.wait_progress(2)
        assert worker.child == waiting
    assert due_times(installed.connection) == {"before": "04-15 09:00", "after": "04-15 09:00"}
    installed.assert_right()
