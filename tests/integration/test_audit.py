"""The audit finds what never came into the archive, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import orjson
import psycopg
import pytest
from typer.testing import CliRunner

from core.publisher import encode
from core.settings import Settings
from opscentre.cli import app
from tests.conftest import commands_of
from tests.helpers import cloud_event
from tests.workers import Raw, Workers, mixed, publish


def audited() -> tuple[int, set[tuple[str, int, int]], int]:
    """Status, topic, partition and offset of what is missing, and how many records were looked at."""
    done = CliRunner().invoke(app, ["audit", "--json"])
    found = orjson.loads(done.stdout)
    missing = {(one["topic"], one["partition"], at) for one in found for at in one["missing"]}
    return done.exit_code, missing, sum(one["records"] for one in found)


@pytest.mark.slow
def test_what_is_neither_an_event_nor_a_dead_letter_is_found(
    installation: Settings, environment: Callable[[Settings], dict[str, str]], tmp_path: Path
) -> None:
    first = cloud_event("dossier.received", "d", id="again")
    odd: list[Raw] = [
        ("events.one-stop", b"k", b"junk"),
        ("events.one-stop", b"k", None),
        ("events.one-stop", b"k", encode(first)),
        ("events.one-stop", b"k", encode(first)),
        ("events.one-stop", b"k", encode({**first, "time": "2025-04-04T08:00:00+07:00"})),  # sent again
        ("events.one-stop", b"k", encode({**first, "revision": 2})),
        ("events.one-stop", b"k", encode({**first, "revision": 1})),
        ("events.one-stop", b"k", encode({**first, "subject": "other"})),  # conflicts
        ("events.one-stop", b"k", encode({**first, "type": "vn.opscentre.station.activated.v1"})),
    ]
    with Workers(installation, environment, tmp_path) as workers:
        publish(installation.kafka, [*mixed(400), *odd])
        worker = workers.start()
        workers.wait_progress(409)
        worker.terminate()
        worker.ended(installation.stop_seconds + 5)
    with commands_of(installation), psycopg.connect(installation.dsn, autocommit=True) as connection:
        assert audited() == (0, set(), 409)
        publish(installation.kafka, [("events.telecom", b"k", b"waits")] * 3)
        assert audited() == (0, set(), 409)
        connection.execute("UPDATE partition_offsets SET next_offset = 3 WHERE topic = 'events.telecom'")
        gone = connection.execute(
            "DELETE FROM events WHERE system = 'e-office' AND id::int < 20 "
            "RETURNING 'events.e-office', partition, \"offset\""
        ).fetchall()
        status, missing, records = audited()
        assert (status, records) == (2, 412)
        unread = {(topic, partition, at) for topic, partition, at in missing if topic == "events.telecom"}
        assert sorted(at for _, _, at in unread) == [0, 1, 2]
        assert missing - unread == set(gone)
        shown = CliRunner().invoke(app, ["audit"])
        assert shown.exit_code == 2
        assert f"{3 + len(gone)} are neither an event nor a dead letter" in shown.stderr.replace("\n", " ")
