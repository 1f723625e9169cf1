"""A simulated province's year in a database, without Kafka between: for tests that look at what it comes to."""

from collections import defaultdict
from contextlib import closing
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.request import urlopen
from uuid import uuid4

import psycopg

from core.catalogue import make_views
from core.settings import Settings
from opscentre.demonstration import months_ahead
from opscentre.simulation.plan import plan_for, volumes_for
from opscentre.simulation.record_stream import simulate
from streams.ingest.decoder import decode
from streams.ingest.records import Batch, Record
from streams.sweep.alerts import raise_missed
from streams.write.writer import Writer
from tests.helpers import CATALOGUE, DECODERS, RULEBOOK, Log

MONTHS = months_ahead(CATALOGUE)
"""By which a demonstration of today moves the programme's targets."""


def pages_answer(options: Settings) -> bool:
    """Whether the pages are up, and have asked the database."""
    try:
        with urlopen(f"{options.web}/health", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def fill(dsn: str, days: int = 365, dossiers: int = 8) -> None:
    """Count a history that ends now; targets lie around today."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        make_views(connection, CATALOGUE.later(MONTHS))
    now = datetime.now(CATALOGUE.zone)
    plan = plan_for(CATALOGUE, 1, now - timedelta(days=days), now, volumes=volumes_for(dossiers))
    waiting: dict[str, list[Record]] = defaultdict(list)
    for record in simulate(plan):
        received_ms = int(min(record.at, now.timestamp()) * 1000)
        found = waiting[record.topic]
        found.append(Record(len(found), received_ms, record.key, record.value, record.headers))
    with closing(Writer(dsn, RULEBOOK, give_up=lambda: True)) as writer:
        for topic, records in waiting.items():
            system = topic.removeprefix("events.")
            partition = Log(system=system, topic_id=topic).partition
            for start in range(0, len(records), 5000):
                part = records[start : start + 5000]
                items = decode(DECODERS[system], part)
                writer.commit(Batch(partition, start, start + len(part), items))
    with psycopg.connect(dsn) as connection:
        raise_missed(connection, sorted(CATALOGUE.systems), now, uuid4())
