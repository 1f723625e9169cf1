"""What our transport stands on inside Faust and aiokafka: an upgrade that moves it must fail here, loudly."""

import inspect
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import faust.transport.consumer as base
import pytest
from aiokafka.consumer import fetcher
from aiokafka.consumer.consumer import AIOKafkaConsumer
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.record.memory_records import MemoryRecords
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as driver

from core.errors import UnavailableError
from core.kafka import admin
from core.settings import Settings
from opscentre.devservices.process import wait_until
from streams.app import App, build
from streams.ingest import transport
from streams.ingest.record_batches import BoundedFetch, QuarantiningRecords, RecordBatches
from streams.write.writer import Writer
from tests.helpers import DECODERS, RULEBOOK
from tests.workers import Workers, mixed, publish

ROOT = Path(__file__).parent.parent.parent
RECORDS: Any = QuarantiningRecords.__bases__[0]
"""aiokafka's own; under its name in the module stands ours once it is installed."""


def test_installed_versions_are_the_pinned_ones() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"faust-streaming=={version('faust-streaming')}" in dependencies
    (aiokafka,) = (line for line in dependencies if line.startswith("aiokafka"))
    lowest = re.search(r">=(\d+)\.(\d+)", aiokafka)
    assert lowest is not None
    assert version("aiokafka").startswith(f"{lowest[1]}.{lowest[2]}.")
    assert f"<{lowest[1]}.{int(lowest[2]) + 1}" in aiokafka  # no other minor version comes in by itself
    locked = (ROOT / "requirements.lock").read_text()
    for name in ("faust-streaming", "aiokafka", "mode-streaming"):
        assert re.search(rf"^{name}=={re.escape(version(name))}\b", locked, re.MULTILINE), name


@pytest.mark.parametrize(
    ("ours", "theirs", "name", "parameters"),
    [
        (QuarantiningRecords, RECORDS, "_unpack_records", []),
        (QuarantiningRecords, RECORDS, "_consumer_record", ["tp", "record"]),
        (BoundedFetch, BoundedFetch.__bases__[0], "getall", ["max_records"]),
        (transport.PassThrough, Schema, "loads_key", ["app", "message"]),
        (transport.PassThrough, Schema, "loads_value", ["app", "message"]),
        (transport.ConsumerThread, driver.AIOKafkaConsumerThread, "__post_init__", []),
        (transport.ConsumerThread, driver.AIOKafkaConsumerThread, "_create_worker_consumer", ["transport"]),
        (transport.ConsumerThread, driver.AIOKafkaConsumerThread, "seek_to_committed", []),
        (transport.ConsumerThread, driver.AIOKafkaConsumerThread, "_commit", ["offsets"]),
        (
            transport.ConsumerThread,
            driver.AIOKafkaConsumerThread,
            "_fetch_records",
            ["consumer", "active_partitions", "timeout", "max_records"],
        ),
        (transport.Consumer, driver.Consumer, "_new_consumer_thread", []),
        (transport.Consumer, base.Consumer, "getmany", ["timeout"]),
        (transport.Consumer, driver.Consumer, "_to_message", ["tp", "record"]),
        (transport.Consumer, base.Consumer, "_add_gap", ["tp", "offset_from", "offset_to"]),
        (transport.Consumer, base.Consumer, "_new_offset", ["tp"]),
        (App, App.__mro__[1], "_new_transport", []),
    ],
)
def test_what_is_overridden_exists_with_the_same_signature(
    ours: type, theirs: type, name: str, parameters: list[str]
) -> None:
    upstream, mine = getattr(theirs, name), getattr(ours, name)
    assert name in vars(ours)
    assert mine is not upstream
    expected = [p for p in inspect.signature(upstream).parameters.values() if p.name != "self"]
    assert [p.name for p in expected if p.kind is p.POSITIONAL_OR_KEYWORD] == parameters
    actual = [p for p in inspect.signature(mine).parameters.values() if p.name != "self"]
    assert len([p for p in actual if p.kind is p.POSITIONAL_OR_KEYWORD]) == len(parameters)
    for kind in (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction):
        assert kind(mine) == kind(upstream)


def test_what_is_used_inside_exists() -> None:
    source = inspect.getsource(AIOKafkaConsumer.__init__)
    for name in ("_isolation_level", "_fetch_max_wait_ms", "_coordinator", "_fetcher", "_subscription"):
        assert name in inspect.getsource(AIOKafkaConsumer), name
    assert "_isolation_level = isolation_level" in source
    # Read when the consumer starts, after it was made: what we set in between counts.
    started = inspect.getsource(AIOKafkaConsumer.start)
    for name in ("isolation_level=self._isolation_level", "fetch_max_wait_ms=self._fetch_max_wait_ms"):
        assert name in started, name
    assert "_fetch_task" in inspect.getsource(fetcher.Fetcher.__init__)
    assert callable(Assignment.state_value)
    records = inspect.signature(RECORDS.__init__).parameters
    assert list(records)[1:4] == ["tp", "records", "aborted_transactions"]
    unpacking = inspect.getsource(RECORDS._unpack_records)
    for used in (
        "records = self._records",
        "records.has_next()",
        "records.next_batch()",
        "self._consumer_record(tp, ",
        "self.next_fetch_offset",
        "next_batch.producer_id in self._aborted_producers",
    ):
        assert used in unpacking, used
    assert "MemoryRecords(part_data" in inspect.getsource(fetcher.Fetcher)
    assert "PartitionRecords(" in inspect.getsource(fetcher.Fetcher)  # by its name in the module, which we replace
    consumer = inspect.getsource(base.Consumer)
    for used in ("_wait_next_records", "_buffered_partitions", "_acked_index", "perform_seek", "flow_active"):
        assert used in consumer, used


def test_the_transport_is_really_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "PartitionRecords", RECORDS)  # and as it was before, afterwards
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)
    monkeypatch.setattr(fetcher, "FetchResult", BoundedFetch.__bases__[0])
    app = build(
        Settings(kafka="127.0.0.1:1", group="transport"), {}, {"t": DECODERS["one-stop"]}, [Writer("", RULEBOOK)]
    )
    assert type(app.transport) is transport.Transport
    assert type(app.transport).Consumer is transport.Consumer
    assert fetcher.PartitionRecords is QuarantiningRecords
    assert fetcher.MemoryRecords is RecordBatches
    assert fetcher.FetchResult is BoundedFetch


_READER = """
import faust, json, os, sys
from core.catalogue import open_catalogue
from core.settings import settings
from opscentre.devservices.process import wait_until
from streams.ingest import record_batches, transport
from streams.ingest.record_batches import BoundedFetch, QuarantiningRecords, RecordBatches
from streams.__main__ import _partitions
from streams.app import App
from streams.fold.rulebook import Rulebook

names = ["events.one-stop"]
record_batches.install()
app = App(settings(), _partitions(settings().kafka, names), Rulebook(1, {}))

@app.agent(transport.topic(app, names))
async def read(stream):
    async for event in stream.events():
        message, batch = event.message, event.value
        row = {
            "types": [type(app.transport).__module__, type(app.consumer).__module__, type(batch).__name__],
            "partition": message.partition,
            "message": message.offset,
            "generation": message.generation_id == app.consumer_generation_id,
            "start": batch.start,
            "end": batch.end,
            "offsets": [record.offset for record in batch.records],
        }
        print(json.dumps(row), flush=True)

faust.Worker(app, loglevel="ERROR", redirect_stdouts=False).execute_from_commandline()
"""


@pytest.mark.slow
def test_kafka_is_told_how_far_the_database_is(
    installation: Settings, environment: Callable[[Settings], dict[str, str]], tmp_path: Path
) -> None:
    def reported() -> int:
        try:
            with admin(installation.kafka) as client:
                groups = client.list_group_offsets({installation.group: None})
        except UnavailableError:  # a fresh broker makes its groups' topic at the first question
            return 0
        return sum(found.offset for found in groups[installation.group].values())

    with Workers(installation, environment, tmp_path) as workers:
        workers.start()
        for events in (500, 1000):
            publish(installation.kafka, mixed(500, events - 500))
            workers.wait(lambda least=events: reported() == least, f"{events} reported to Kafka")  # type: ignore[misc]


def test_a_message_is_a_batch_chained_to_the_last_one(
    installation: Settings, environment: Callable[[Settings], dict[str, str]], tmp_path: Path
) -> None:
    events = 20_000
    log = tmp_path / "reader.log"

    def rows() -> list[dict[str, Any]]:
        lines = log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    with log.open("wb") as file:
        reader = subprocess.Popen(
            [sys.executable, "-c", _READER], env=environment(installation), stdout=file, stderr=subprocess.STDOUT
        )
    try:
        publish(installation.kafka, (record for record in mixed(2 * events) if record[0] == "events.one-stop"))
        assert wait_until(lambda: sum(len(row["offsets"]) for row in rows()) >= events, 40), log.read_text()
    finally:
        reader.kill()
        reader.wait()
    found = rows()
    assert sum(len(row["offsets"]) for row in found) == events
    assert len(found) < events / 100  # as many Messages as batches, not as records
    ends: dict[int, int] = {}
    for row in found:
        assert row["types"] == ["streams.ingest.transport", "streams.ingest.transport", "FetchedBatch"]
        assert row["generation"] is True
        assert row["start"] == ends.get(row["partition"], 0)
        assert row["offsets"] == list(range(row["start"], row["end"]))
        assert row["message"] == row["offsets"][-1]
        ends[row["partition"]] = row["end"]
    assert sum(ends.values()) == events
