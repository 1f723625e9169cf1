"""Deliveries: what is to be sent to whom, kept in the database until it has arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import apprise
import psycopg
from apprise.utils.parse import parse_urls

from consumers.message import Message
from core.errors import ConfigurationError
from schemas.alerts import Alert

GIVE_UP_HOURS = 24
FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS = 5, 900

_NEXT = """
    SELECT message, recipient, title, body, attempts, created_at < now() - make_interval(hours => %s) FROM deliveries
    WHERE state = 'pending' AND next_try_at <= now() AND recipient = ANY (%s)
    ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_ARRIVED = """
    UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, settled_at = now(), error = NULL
    WHERE message = %s AND recipient = %s
"""
_FAILED = """
    UPDATE deliveries SET attempts = attempts + 1, error = %s, state = CASE WHEN %s THEN 'failed' ELSE 'pending' END,
        settled_at = CASE WHEN %s THEN now() END, next_try_at = now() + make_interval(secs => %s)
    WHERE message = %s AND recipient = %s
"""


@dataclass(frozen=True)
class Recipient:
    """Who is told, at one address. `id` stays the same as long as the address does; `address` hides its secrets."""

    id: str
    address: str
    service: apprise.NotifyBase


def recipients(urls: str) -> list[Recipient]:
    """The recipients that Apprise URLs name, in their order; `urls` are divided by blanks or commas, "" names none.

    Raises:
        ConfigurationError: one of them is none that Apprise knows.
    """
    found = []
    for number, url in enumerate(parse_urls(urls), 1):
        service = apprise.Apprise.instantiate(url)
        if not isinstance(service, apprise.NotifyBase):
            # Not the URL itself: it may hold a password.
            raise ConfigurationError(
                f"OPSCENTRE_NOTIFY: URL number {number} ({url.partition(':')[0]}://…) is not one that Apprise knows; "
                "its documentation lists them, such as mailto://user:password@example.vn"
            )
        identity = blake2b(service.url(privacy=False).encode(), digest_size=8).hexdigest()
        found.append(Recipient(identity, service.url(privacy=True).partition("?")[0], service))
    if urls.strip() and not found:
        raise ConfigurationError("OPSCENTRE_NOTIFY has no URL, such as mailto://user:password@example.vn")
    return found


def plan(connection: psycopg.Connection, alert: Alert, message: Message, to: Sequence[Recipient]) -> None:
    """Have a message delivered to recipients, in the running transaction; nothing where it was planned before."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO deliveries (message, recipient, address, agency, title, body) VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            [
                (alert.id, recipient.id, recipient.address, alert.subject, message.title, message.body)
                for recipient in to
            ],
        )


def deliver_next(connection: psycopg.Connection, to: Sequence[Recipient]) -> bool | None:
    """Send the delivery that is due the longest; return whether it arrived, None where nothing is due.

    What was sent but not noted, for we were ended in between, is sent again: rather twice than never.
    """
    by_id = {recipient.id: recipient for recipient in to}
    with connection.transaction(), connection.cursor() as cursor:
        row = cursor.execute(_NEXT, (GIVE_UP_HOURS, list(by_id))).fetchone()
        if row is None:
            return None
        # Some services are made to wait between a message's parts: the server must not end that as an idle session.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        key, attempts, last = row[:2], row[4], row[5]
        error = _send(by_id[key[1]], Message(row[2], row[3]))
        if error is None:
            cursor.execute(_ARRIVED, key)
        else:
            delay = min(FIRST_DELAY_SECONDS * 2**attempts, MAX_DELAY_SECONDS)
            cursor.execute(_FAILED, (error, last, last, delay, *key))
    return error is None


def _send(recipient: Recipient, message: Message) -> str | None:
    """Send it; return what went wrong."""
    with apprise.LogCapture(level=apprise.logging.WARNING) as said:
        try:
            arrived = recipient.service.notify(title=message.title, body=message.body, body_format="text")
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return None if arrived else said.getvalue().strip()[-1000:] or "refused without a word"
