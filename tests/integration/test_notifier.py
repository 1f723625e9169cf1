"""From the topic `alerts` to a mailbox and a webhook, over real SMTP and HTTP."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from aiosmtpd.controller import Controller

from consumers.deliveries import deliver_next, plan, recipients
from consumers.message import Message
from consumers.notifier import Notifier
from core.errors import ConfigurationError
from core.publisher import Publisher
from core.settings import Settings
from opscentre.devservices.kafka import free_port
from schemas.alerts import Alert, MissedDeadline, missed
from schemas.topics import ALERTS
from tests.helpers import CATALOGUE, letters
from tests.killing import kill_at_every_step
from tests.workers import Workers

AGENCY = "H06.02"


class Webhook:
    """A real HTTP receiver on a free port; `status` is what it answers with, `seconds` how long it takes."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.status = 200
        self.seconds = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if outer.status == 200:
                    outer.received.append(orjson.loads(body))
                time.sleep(outer.seconds)
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Mailbox:
    """What an SMTP server took."""

    def __init__(self) -> None:
        self.received: list[Any] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.close()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    made = Mailbox()
    controller = Controller(made, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield made, f"mailto://127.0.0.1:{controller.port}?from=centre@example.vn&to=duty@example.vn"
    controller.stop()


def alert(*subjects: str) -> Alert:
    day = datetime(2025, 4, 3, 10, tzinfo=UTC)
    cases = [MissedDeadline(system="one-stop", kind="dossier", subject=s, due_at=day, overdue_at=day) for s in subjects]
    return missed(AGENCY, uuid4(), day, cases)


def publish(bootstrap: str, *values: Alert | bytes) -> None:
    with Publisher(bootstrap) as publisher:
        for value in values:
            publisher.send_raw(ALERTS, b"", value if isinstance(value, bytes) else value.model_dump_json().encode())


def run(settings: Settings, urls: str) -> None:
    """Notify until there is nothing more to do now."""
    notifier = Notifier(settings, CATALOGUE, recipients(urls))
    while notifier.step(1):
        pass
    notifier.close()


def states(connection: psycopg.Connection) -> Counter[str]:
    return Counter(state for (state,) in connection.execute("SELECT state FROM deliveries"))


def test_one_message_by_mail_and_by_webhook_in_vietnamese(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook, mailbox: tuple[Mailbox, str]
) -> None:
    box, mailto = mailbox
    found = alert(*(f"H06.02-250403-{number:04d}" for number in range(25)))
    publish(installation.kafka, found, found)  # what Kafka has twice is told once
    run(installation, f"{mailto} {webhook.url}")
    run(installation, f"{mailto} {webhook.url}")

    (mail,), (hook,) = box.received, webhook.received
    assert mail["subject"] == hook["title"] == "[Quá hạn] Sở Nội vụ: 25 việc"
    body = mail.get_content() if not mail.is_multipart() else mail.get_body(("plain",)).get_content()
    assert "hồ sơ H06.02-250403-0000, hạn 03/04/2025 17:00" in body
    assert "… và 5 việc khác." in body
    assert "hồ sơ H06.02-250403-0000, hạn 03/04/2025 17:00" in hook["message"]
    assert states(connection) == {"delivered": 2}


def test_english_where_wanted(installation: Settings, webhook: Webhook) -> None:
    publish(installation.kafka, alert("D-1"))
    run(installation.model_copy(update={"language": "en"}), webhook.url)
    assert webhook.received[0]["title"] == "[Overdue] Department of Home Affairs: 1 cases"
    assert "dossier D-1, due 2025-04-03 17:00" in webhook.received[0]["message"]


def test_what_does_not_arrive_is_tried_again_and_given_up_after_a_day(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook
) -> None:
    webhook.status = 503
    publish(installation.kafka, alert("A"))
    run(installation, webhook.url)
    assert connection.execute(
        "SELECT state, attempts, error ~ '503', next_try_at > now() FROM deliveries"
    ).fetchall() == [("pending", 1, True, True)]

    webhook.status = 200
    connection.execute("UPDATE deliveries SET next_try_at = now()")
    run(installation, webhook.url)
    assert states(connection) == {"delivered": 1}
    assert len(webhook.received) == 1

    webhook.status = 503
    publish(installation.kafka, alert("B"))
    run(installation, webhook.url)
    connection.execute("UPDATE deliveries SET next_try_at = now(), created_at = now() - interval '25 hours'")
    run(installation, webhook.url)
    assert states(connection) == {"delivered": 1, "failed": 1}


def test_a_service_slower_than_the_database_lets_a_session_rest(
    connection: psycopg.Connection, webhook: Webhook
) -> None:
    webhook.seconds = 0.5
    found, to = alert("A"), recipients(webhook.url)
    plan(connection, found, Message("title", "body"), to)
    connection.execute("SET idle_in_transaction_session_timeout = '100ms'")
    assert deliver_next(connection, to) is True
    assert states(connection) == {"delivered": 1}


def test_one_recipient_that_is_away_holds_up_no_other(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook
) -> None:
    publish(installation.kafka, alert("A"), alert("B"))
    run(installation, f"json://127.0.0.1:{free_port()}/nobody {webhook.url}")
    assert len(webhook.received) == 2
    assert states(connection) == {"delivered": 2, "pending": 2}


def test_a_record_that_is_no_alert_is_a_dead_letter_and_the_rest_goes_on(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook
) -> None:
    odd = alert("A").model_dump_json()
    publish(
        installation.kafka,
        b"nonsense",
        b'{"specversion":"1.0\\u0000"}',
        odd.replace('"A"', '"A\\u0000"').encode(),
        odd.replace("2025-04-03T10", "9999-12-31T23").encode(),
        alert("A"),
    )
    run(installation, webhook.url)
    assert letters(connection) == [("open", "invalid_data")] * 4
    assert len(webhook.received) == 1


def test_a_wrong_url_is_told_without_its_secret() -> None:
    with pytest.raises(ConfigurationError, match=r"number 2 \(mailtoo://…\)") as error:
        recipients("json://127.0.0.1/x mailtoo://user:secret@example.vn")
    assert "secret" not in str(error.value)


def test_no_password_is_written_down(installation: Settings, connection: psycopg.Connection, webhook: Webhook) -> None:
    publish(installation.kafka, alert("A"))
    run(installation, webhook.url.replace("json://", "json://user:secret@"))
    (address,) = connection.execute("SELECT address FROM deliveries").fetchone() or ("",)
    assert address.startswith("json://")
    assert "secret" not in str(connection.execute("SELECT * FROM deliveries").fetchall())


@pytest.mark.slow
def test_killed_between_any_two_steps_nothing_is_lost_and_only_a_message_just_sent_comes_twice(
    installation: Settings,
    environment: Callable[[Settings], dict[str, str]],
    connection: psycopg.Connection,
    webhook: Webhook,
) -> None:
    found = installation.model_copy(update={"notify": webhook.url})
    times: Counter[int] = Counter()
    publish(found.kafka, alert("A"))
    for _ in kill_at_every_step("notify", environment(found)):
        run(found, webhook.url)
        times[len(webhook.received)] += 1
        assert len(webhook.received) >= 1
        assert states(connection) == {"delivered": 1}
        webhook.received.clear()
        connection.execute("TRUNCATE deliveries")
        publish(found.kafka, alert("A"))
    assert set(times) <= {1, 2}
    assert times[2] <= 2  # killed after the receiver had it: before it was noted, before that was committed
    assert times[1] > 5


def test_the_process_tells_and_stops(
    installation: Settings, environment: Callable[[Settings], dict[str, str]], webhook: Webhook, tmp_path: Path
) -> None:
    publish(installation.kafka, alert("A"))
    settings = installation.model_copy(update={"notify": webhook.url})
    with Workers(settings, environment, tmp_path) as workers:
        notifier = workers.notify()
        workers.wait(lambda: len(webhook.received) == 1, "one message")
        notifier.terminate()
        assert notifier.ended(10) == 0
