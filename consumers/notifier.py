"""From the topic `alerts` to people: every message is planned in the database, then its offset is committed."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from pydantic import ValidationError

from consumers.deliveries import Recipient, deliver_next, plan
from consumers.message import message
from core.database import connect
from core.errors import UnavailableError
from core.kafka import admin, cluster_id, end_offsets
from core.settings import Settings
from schemas.alerts import Alert
from schemas.catalogue.load import Catalogue
from schemas.topics import ALERTS

log = logging.getLogger(__name__)

_DEAD_LETTER = """
    INSERT INTO dead_letters (cluster, topic_id, topic, partition, "offset", timestamp, key, headers, value,
        reason, detail)
    VALUES (%s, %s, %s, %s, %s, to_timestamp(%s / 1000.0), %s, '[]', %s, 'invalid_data', %s) ON CONFLICT DO NOTHING
"""


class Notifier:
    """Tells the recipients of every alert, once as far as can be.

    Nothing is lost wherever it is ended: the offset is committed after the deliveries are planned, and planning is
    idempotent. Only a message sent in the very moment of an end may be sent again.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue, recipients: Sequence[Recipient]) -> None:
        """Connect to Kafka and the database.

        Args:
            settings: where both are, and the language of what recipients are told.
            catalogue: names the agencies, and the zone in which due times are told.
            recipients: who is told of every alert.

        Raises:
            UnavailableError: one of them does not answer.
        """
        self._catalogue = catalogue
        self._language = settings.language
        self._recipients = recipients
        with admin(settings.kafka) as client:
            found = end_offsets(client, [ALERTS])
            if ALERTS not in found:
                raise UnavailableError(f"Kafka has no topic {ALERTS}: run `opscentre migrate`")
            self._topic = cluster_id(client), found[ALERTS].topic_id
        self._connection = connect(settings.dsn, "opscentre notifier")
        try:
            self._consumer = KafkaConsumer(
                bootstrap_servers=settings.kafka.split(","),
                client_id="opscentre-notifier",
                group_id=f"{settings.group}-notifier",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_poll_records=100,
            )
            # Assigned and not subscribed: one that was killed holds nobody up until its session has run out, and two
            # at once do no harm, for both plan the same deliveries and share them.
            self._consumer.assign([TopicPartition(ALERTS, number) for number in found[ALERTS].ends])
        except (KafkaError, OSError) as error:
            self._connection.close()
            raise UnavailableError(f"Kafka at {settings.kafka} does not answer: {error}") from error

    def step(self, wait_seconds: float) -> bool:
        """Plan what has come, then send one delivery that is due; return whether there was anything to do.

        Args:
            wait_seconds: how long to wait for a record where no delivery is due.

        Raises:
            UnavailableError: Kafka or the database has gone; begin anew with another notifier.
        """
        try:
            delivered = deliver_next(self._connection, self._recipients)
            fetched = self._consumer.poll(timeout_ms=0 if delivered is not None else int(wait_seconds * 1000))
            records = [record for part in fetched.values() for record in part]
            if records:
                self._plan(records)
                self._consumer.commit()
        except (KafkaError, psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise UnavailableError(f"{type(error).__name__}: {error}") from error
        return bool(records) or delivered is not None

    def close(self) -> None:
        """Leave the group and the database."""
        self._consumer.close(autocommit=False)
        self._connection.close()

    def _plan(self, records: Iterable[Any]) -> None:
        with self._connection.transaction():
            for record in records:
                try:
                    alert = Alert.model_validate_json(record.value or b"")
                except ValidationError as error:
                    self._to_dead_letters(record, error)
                    continue
                text = message(alert, self._catalogue.agencies, self._catalogue.zone, self._language)
                plan(self._connection, alert, text, self._recipients)
                log.info("%s: %d recipients", text.title, len(self._recipients))

    def _to_dead_letters(self, record: Any, error: ValidationError) -> None:
        log.warning("offset %d of %s is no alert: a dead letter", record.offset, ALERTS)
        position = (*self._topic, ALERTS, record.partition, record.offset)
        detail = str(error).replace("\0", "\\0")[:2000]
        self._connection.execute(_DEAD_LETTER, (*position, record.timestamp, record.key, record.value, detail))
