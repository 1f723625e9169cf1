"""From the topic `alerts` to deliveries: every message is planned in the database, then its offset is committed."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from pydantic import ValidationError

from consumers.deliveries import plan, settle_removed
from consumers.message import message
from consumers.recipients import Recipient
from core.database import connect
from core.dead_letters import DeadLetter, insert_dead_letters
from core.errors import UnavailableError
from core.kafka import admin, cluster_id, end_offsets
from core.settings import Settings
from schemas.alerts import Alert
from schemas.catalogue.load import Catalogue
from schemas.topics import ALERTS

log = logging.getLogger(__name__)

REFUSED = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)
"""What the database says of a value that it does not take, however often it is tried."""

_LAST_TIMESTAMP = 253_402_214_400_000  # the last day of the year 9999: a record may carry any number


class Notifier:
    """Plans for every recipient what comes on the topic `alerts`; couriers deliver it.

    Nothing is lost wherever it is ended: the offset is committed after the deliveries are planned, and planning is
    idempotent.
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
            settle_removed(self._connection, recipients)
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
        except BaseException as error:
            self._connection.close()
            if isinstance(error, KafkaError | OSError | psycopg.OperationalError):
                raise UnavailableError(f"Kafka at {settings.kafka} or the database has gone: {error}") from error
            raise

    def step(self, wait_seconds: float) -> bool:
        """Plan what has come; return whether there was anything.

        Args:
            wait_seconds: how long to wait for a record.

        Raises:
            UnavailableError: Kafka or the database has gone; begin anew with another notifier.
        """
        try:
            fetched = self._consumer.poll(timeout_ms=int(wait_seconds * 1000))
            records = [record for part in fetched.values() for record in part]
            if records:
                self._plan(records)
                self._consumer.commit()
        except (KafkaError, psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise UnavailableError(f"{type(error).__name__}: {error}") from error
        return bool(records)

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
                    self._to_dead_letters(record, "invalid_data", error)
                    continue
                text = message(alert, self._catalogue.agencies, self._catalogue.zone, self._language)
                try:
                    with self._connection.transaction():
                        plan(self._connection, alert, text, self._recipients)
                except REFUSED as error:
                    self._to_dead_letters(record, "refused_by_database", error)
                    continue
                log.info("%s: %d recipients", text.title, len(self._recipients))

    def _to_dead_letters(self, record: Any, reason: str, error: Exception) -> None:
        log.warning("offset %d of %s is no alert: a dead letter", record.offset, ALERTS)
        timestamp = min(max(record.timestamp, 0), _LAST_TIMESTAMP)
        position = (*self._topic, ALERTS, record.partition, record.offset, timestamp)
        letter = DeadLetter(*position, record.key, record.value, record.headers, reason, str(error)[:2000])
        insert_dead_letters(self._connection.cursor(), [letter])
