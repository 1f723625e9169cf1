"""Couriers: a thread a recipient, so that one who is slow or away holds up no other. They keep to the hours."""

import logging
import threading
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import psycopg

from consumers.deliveries import deliver_next
from consumers.recipients import Recipient
from core.database import connect
from core.errors import UnavailableError, first_line
from core.settings import Hours, Settings

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
AWAY_SECONDS = 2.0


def within(hours: Hours, at: time) -> bool:
    """Whether a local time is within the hours, which may span midnight; their end is not."""
    if hours.begin < hours.end:
        return hours.begin <= at < hours.end
    return at >= hours.begin or at < hours.end


class Courier(threading.Thread):
    """Sends one recipient what is due, within the hours, until it is told to stop; what is due at others waits."""

    def __init__(self, settings: Settings, zone: ZoneInfo, recipient: Recipient, stopping: threading.Event) -> None:
        """`zone` is the one that the hours of the settings are of."""
        super().__init__(name=f"courier to {recipient.address}", daemon=True)
        self._settings, self._zone, self._recipient, self._stopping = settings, zone, recipient, stopping

    def run(self) -> None:
        """Work until it is to stop, connecting anew whenever the database was away."""
        while not self._stopping.is_set():
            try:
                with connect(self._settings.dsn, "opscentre notifier", autocommit=True) as connection:
                    while not self._stopping.is_set():
                        if not self.step(connection):
                            self._stopping.wait(IDLE_SECONDS)
            except (UnavailableError, psycopg.OperationalError, psycopg.InterfaceError) as error:
                log.warning("%s waits: %s", self.name, first_line(error))
                self._stopping.wait(AWAY_SECONDS)
            except Exception:
                log.exception("%s failed; it goes on", self.name)
                self._stopping.wait(AWAY_SECONDS)

    def step(self, connection: psycopg.Connection) -> bool:
        """Send one delivery that is due; return whether there was any, within the hours."""
        now = datetime.now(UTC).astimezone(self._zone)
        if not within(self._settings.notify_hours, now.time()):
            return False
        return deliver_next(connection, self._recipient) is not None
