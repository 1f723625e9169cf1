"""From the topic `alerts` to a mailbox and a webhook, over real SMTP and HTTP."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from time import sleep
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from aiosmtpd.controller import Controller

from consumers import deliveries
from consumers.couriers import Courier
from consumers.deliveries import deliver_next, plan
from consumers.message import Message
from consumers.notifier import Notifier
from consumers.recipients import recipients
from core.database import connect
from core.errors import ConfigurationError
from core.publisher import Publisher
from core.settings import Hours, Settings
from opscentre.devservices.ports import free_port
from schemas.alerts import Alert, MissedDeadline, missed
from schemas.topics import ALERTS
from tests.helpers import CATALOGUE, letters
from tests.killing import kill_at_every_step
from tests.workers import Workers

AGENCY = "H06.02"
ANY_TIME = Hours(time(0), time.max)


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
                sleep(outer.seconds)
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
        self.rcpt: list[list[str]] = []
        self.gone = "gone@example.vn"

    async def handle_RCPT(  # noqa: N802
        self, server: object, session: object, envelope: Any, address: str, options: object
    ) -> str:
        if address == self.gone:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        self.rcpt.append(envelope.rcpt_tos)
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
    """Plan what has come, then deliver until there is nothing more to do now."""
    to = recipients(urls)
    notifier = Notifier(settings, CATALOGUE, to)
    while notifier.step(1):
        pass
    notifier.close()
    with connect(settings.dsn, "test", autocommit=True) as connection:
        for one in to:
            while deliver_next(connection, one) is not None:
                pass


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


@pytest.mark.slow
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
    connection.execute("UPDATE deliveries SET next_try_at = now(), tried_at = now() - interval '25 hours'")
    run(installation, webhook.url)
    assert states(connection) == {"delivered": 1, "failed": 1}


def test_a_service_slower_than_the_database_lets_a_session_rest(
    connection: psycopg.Connection, webhook: Webhook
) -> None:
    webhook.seconds = 0.5
    found, (to,) = alert("A"), recipients(webhook.url)
    plan(connection, found, Message("title", "body"), [to])
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
    settings = installation.model_copy(update={"notify": webhook.url, "notify_hours": ANY_TIME})
    with Workers(settings, environment, tmp_path) as workers:
        notifier = workers.notify()
        workers.wait(lambda: len(webhook.received) == 1, "one message")
        notifier.terminate()
        assert notifier.ended(10) == 0


def test_one_mailbox_that_is_gone_keeps_no_other_from_being_told_once(
    installation: Settings, connection: psycopg.Connection, mailbox: tuple[Mailbox, str]
) -> None:
    box, mailto = mailbox
    urls = f"{mailto.replace('duty@', 'duty@example.vn,gone@')},chief@example.vn&cc=copy@example.vn&bcc=gone@example.vn"
    publish(installation.kafka, alert("A"))
    run(installation, urls)
    connection.execute("UPDATE deliveries SET next_try_at = now()")
    run(installation, urls)
    assert sorted(box.rcpt) == [["chief@example.vn"], ["copy@example.vn"], ["duty@example.vn"]]
    rows = connection.execute("SELECT address, attempts, error FROM deliveries WHERE state = 'pending'").fetchall()
    assert [(address.rpartition("/")[2], attempts) for address, attempts, _ in rows] == [("gone@example.vn", 2)]
    assert "550" in rows[0][2]


def test_a_renewed_password_takes_effect_on_what_waits(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook
) -> None:
    old, new = (webhook.url.replace("json://", f"json://user:{password}@") for password in ("old", "new"))
    webhook.status = 401
    publish(installation.kafka, alert("A"))
    run(installation, old)
    webhook.status = 200
    connection.execute("UPDATE deliveries SET next_try_at = now()")
    run(installation, new)
    assert states(connection) == {"delivered": 1}
    assert len(webhook.received) == 1


@pytest.mark.slow
def test_what_waits_for_an_address_that_was_removed_is_settled_and_goes_to_the_one_in_its_place(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook
) -> None:
    away = f"json://127.0.0.1:{free_port()}/away"
    publish(installation.kafka, alert("A"))
    run(installation, f"{away} {webhook.url}")
    assert states(connection) == {"pending": 1, "delivered": 1}
    run(installation, webhook.url)
    assert states(connection) == {"removed": 1, "delivered": 1}  # it has the message: nothing is handed over
    run(installation, f"{webhook.url} {webhook.url.replace('hook', 'successor')}")
    assert states(connection) == {"removed": 1, "delivered": 2}
    run(installation, "")
    run(installation, webhook.url)
    assert len(webhook.received) == 2


@pytest.mark.slow
def test_without_anybody_to_tell_nothing_is_lost_for_a_day(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook
) -> None:
    webhook.status = 503
    publish(installation.kafka, alert("A"))
    run(installation, webhook.url)
    run(installation, "")
    assert states(connection) == {"removed": 1}
    webhook.status = 200
    connection.execute("UPDATE deliveries SET next_try_at = now()")
    run(installation, webhook.url)
    assert states(connection) == {"delivered": 1}


def test_what_the_database_refuses_is_a_dead_letter_with_its_headers_and_the_rest_goes_on(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook
) -> None:
    odd = alert("A")
    long = odd.model_copy(update={"id": token_hex(5000)})
    with Publisher(installation.kafka) as publisher:
        publisher.send_raw(ALERTS, b"k", long.model_dump_json().encode(), [("trace", b"1")])
    connection.execute("ALTER TABLE deliveries ADD CHECK (body !~ 'refused')")
    publish(installation.kafka, alert("refused"), alert("B"))
    run(installation, webhook.url)
    assert letters(connection) == [("open", "invalid_data"), ("open", "refused_by_database")]
    assert len(webhook.received) == 1
    kept = connection.execute("SELECT headers FROM dead_letters ORDER BY id LIMIT 1").fetchone()
    assert kept == ('[["trace","MQ=="]]',)


def test_outside_the_hours_nothing_is_sent_and_nothing_is_lost(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook
) -> None:
    publish(installation.kafka, alert("A"))
    (to,) = recipients(webhook.url)
    notifier = Notifier(installation, CATALOGUE, [to])
    while notifier.step(1):
        pass
    notifier.close()
    connection.execute("UPDATE deliveries SET created_at = now() - interval '3 days'")  # as after a long night
    now = datetime.now(CATALOGUE.zone)
    soon, later = ((now + timedelta(hours=n)).time() for n in (2, 4))

    def courier(hours: Hours) -> Courier:
        settings = installation.model_copy(update={"notify_hours": hours})
        return Courier(settings, CATALOGUE.zone, to, threading.Event())

    assert courier(Hours(soon, later)).step(connection) is False
    assert webhook.received == []
    webhook.status = 503
    assert courier(Hours(later, soon)).step(connection) is True
    assert states(connection) == {"pending": 1}  # its day begins with the first attempt
    webhook.status = 200
    connection.execute("UPDATE deliveries SET next_try_at = now()")
    assert courier(ANY_TIME).step(connection) is True
    assert states(connection) == {"delivered": 1}


def test_one_who_is_slow_holds_up_nobody_and_is_given_a_limit(
    installation: Settings, connection: psycopg.Connection, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "SEND_SECONDS", 0.3)
    slow = Webhook()
    slow.seconds = 2.0
    publish(installation.kafka, alert("A"))
    to = recipients(f"{slow.url} {webhook.url}")
    settings = installation.model_copy(update={"notify_hours": ANY_TIME})
    notifier, stopping = Notifier(settings, CATALOGUE, to), threading.Event()
    couriers = [Courier(settings, CATALOGUE.zone, one, stopping) for one in to]
    for courier in couriers:
        courier.start()
    try:
        until(lambda: notifier.step(0.1) or bool(webhook.received))
        until(lambda: webhook.received != [] and states(connection) == {"delivered": 1, "pending": 1})
        until(lambda: connection.execute("SELECT error FROM deliveries WHERE error <> ''").fetchall() != [])
    finally:
        stopping.set()
        notifier.close()
        for courier in couriers:
            courier.join(10)
        slow.close()
    assert connection.execute("SELECT error FROM deliveries WHERE error <> ''").fetchall() == [
        ("no answer within 0 s",)
    ]


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    for _ in range(200):
        if condition():
            return
        sleep(0.05)
    raise AssertionError("in vain")
