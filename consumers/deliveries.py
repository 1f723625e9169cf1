"""Deliveries: what is to be sent to whom, kept in the database until it has arrived."""

import logging
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue

import psycopg
from apprise.plugins.email.base import NotifyEmail

from consumers.message import Message
from consumers.recipients import Recipient
from schemas.alerts import Alert

log = logging.getLogger(__name__)

_APPRISE = logging.getLogger("apprise")
_APPRISE.setLevel("DEBUG")
_APPRISE.propagate = False  # what it says of a delivery is kept with that

GIVE_UP_HOURS = 24
"""After the first attempt, however long the message had waited for that."""
FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS = 5, 900
SEND_SECONDS = 60.0
"""How long a recipient may take; what has not arrived by then is tried again."""

_PLAN = """
    INSERT INTO deliveries (message, recipient, address, agency, title, body) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING
"""
_NEXT = """
    SELECT message, recipient, title, body, attempts, coalesce(tried_at < now() - make_interval(hours => %s), false)
    FROM deliveries WHERE state = 'pending' AND next_try_at <= now() AND recipient = %s
    ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_ARRIVED = """
    UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, tried_at = coalesce(tried_at, now()),
        settled_at = now(), error = NULL
    WHERE message = %s AND recipient = %s
"""
_FAILED = """
    UPDATE deliveries SET attempts = attempts + 1, tried_at = coalesce(tried_at, now()), error = %s,
        state = CASE WHEN %s THEN 'failed' ELSE 'pending' END, settled_at = CASE WHEN %s THEN now() END,
        next_try_at = now() + make_interval(secs => %s)
    WHERE message = %s AND recipient = %s
"""
_REMOVE = """
    UPDATE deliveries SET state = 'removed', settled_at = now(), error = 'the address is no longer in OPSCENTRE_NOTIFY'
    WHERE state = 'pending' AND recipient <> ALL (%s)
"""
_HAND_OVER = """
    INSERT INTO deliveries AS d (message, recipient, address, agency, title, body)
    SELECT DISTINCT gone.message, r.recipient, r.address, gone.agency, gone.title, gone.body
    FROM deliveries AS gone, unnest(%s::text[], %s::text[]) AS r (recipient, address)
    WHERE gone.state = 'removed' AND gone.settled_at > now() - make_interval(hours => %s)
    ON CONFLICT (message, recipient) DO UPDATE SET state = 'pending', settled_at = NULL, error = NULL
    WHERE d.state = 'removed'
"""


def plan(connection: psycopg.Connection, alert: Alert, message: Message, to: Sequence[Recipient]) -> None:
    """Have a message delivered to recipients, in the running transaction; nothing where it was planned before."""
    with connection.cursor() as cursor:
        cursor.executemany(_PLAN, [(alert.id, one.id, one.address, alert.subject, *message) for one in to])


def settle_removed(connection: psycopg.Connection, to: Sequence[Recipient]) -> None:
    """Settle what waits for addresses that are no longer to be told, and hand it to those that came in their place.

    That is, to every recipient for whom such a message was not planned; also a day later, after nobody was to be told.
    """
    ids = [one.id for one in to]
    with connection.transaction():
        removed = connection.execute(_REMOVE, (ids,)).rowcount
        handed = connection.execute(_HAND_OVER, (ids, [one.address for one in to], GIVE_UP_HOURS)).rowcount
    if removed or handed:
        log.warning("%d messages waited for addresses that were removed; %d handed to others", removed, handed)


def deliver_next(connection: psycopg.Connection, recipient: Recipient) -> bool | None:
    """Send a recipient the delivery that is due the longest; return whether it arrived, None where nothing is due.

    What was sent but not noted, for we were ended in between, is sent again: rather twice than never.
    """
    with connection.transaction(), connection.cursor() as cursor:
        row = cursor.execute(_NEXT, (GIVE_UP_HOURS, recipient.id)).fetchone()
        if row is None:
            return None
        # A recipient may take longer than a session may rest in a transaction.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        key, attempts, last = row[:2], row[4], row[5]
        error = _Sending.of(recipient, Message(row[2], row[3]))
        if error is None:
            cursor.execute(_ARRIVED, key)
        else:
            delay = min(FIRST_DELAY_SECONDS * 2 ** min(attempts, 10), MAX_DELAY_SECONDS)
            cursor.execute(_FAILED, (_storable(error), last, last, delay, *key))
    return error is None


def _storable(text: str) -> str:
    return text.replace("\0", " ").encode(errors="replace").decode()[-1000:]


class _Sending(threading.Thread):
    """One message on its way. Apprise's own time limits are by step, and not every service keeps to them."""

    _under_way: dict[str, "_Sending"] = {}  # noqa: RUF012 - one a recipient, whoever sends

    def __init__(self, recipient: Recipient, message: Message) -> None:
        super().__init__(name=f"to {recipient.address}", daemon=True)
        self._recipient, self._message = recipient, message
        self._outcome: SimpleQueue[str | None] = SimpleQueue()

    @classmethod
    def of(cls, recipient: Recipient, message: Message) -> str | None:
        """Send it; return what went wrong. One that takes too long is left alone, and the next waits for its end."""
        last = cls._under_way.get(recipient.id)
        if last is not None:
            last.join(SEND_SECONDS)
            if last.is_alive():
                return f"no answer to an earlier message for more than {SEND_SECONDS:.0f} s"
        cls._under_way[recipient.id] = sending = cls(recipient, message)
        sending.start()
        try:
            return sending._outcome.get(timeout=SEND_SECONDS)
        except Empty:
            return f"no answer within {SEND_SECONDS:.0f} s"

    def run(self) -> None:
        """Send it, and keep what Apprise says meanwhile on this thread."""
        said = _Said(threading.get_ident(), isinstance(self._recipient.service, NotifyEmail))
        _APPRISE.addHandler(said)
        try:
            message = self._message
            arrived = self._recipient.service.notify(title=message.title, body=message.body, body_format="text")
        except Exception as error:
            self._outcome.put(f"{type(error).__name__}: {error}")
        else:
            self._outcome.put(None if arrived else "\n".join(said.lines).strip() or "refused without a word")
        finally:
            _APPRISE.removeHandler(said)


class _Said(logging.Handler):
    """The warnings of one thread; of mail also what its server answered, which elsewhere may hold secrets."""

    def __init__(self, thread: int, mail: bool) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._thread, self._mail = thread, mail

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        answer = self._mail and text.startswith("Socket Exception")
        if record.thread == self._thread and (record.levelno >= logging.WARNING or answer):
            self.lines.append(text)
