"""`opscentre alerts`: whether anybody was told, and what became of it."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import psycopg
import pytest
from rich.console import Console

from opscentre.reports.alerts import alerts_report, alerts_table
from tests.helpers import CATALOGUE

NOW = datetime.now(UTC)
STATES = {"A": ["delivered", "failed"], "B": ["pending", "failed"], "C": ["failed"], "D": ["removed"], "E": []}


@pytest.fixture
def listed(connection: psycopg.Connection) -> psycopg.Connection:
    """An alert of an agency for each way that its message went, then two that ended, one of them suppressed."""
    rows = [(name, name, None, None) for name in STATES] + [("F", "A", None, "settled"), ("G", "A", "old", "retracted")]
    for subject, agency, suppressed, ended in rows:
        connection.execute(
            "INSERT INTO alerts VALUES ('one-stop', 'dossier', %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (subject, NOW, NOW, agency, "0" * 32, NOW - timedelta(seconds=ord(subject)), suppressed, ended, NOW),
        )
    for agency, states in STATES.items():
        for number, state in enumerate(states):
            connection.execute(
                "INSERT INTO deliveries (message, recipient, address, agency, title, body, state, error) "
                "VALUES ('00000000-0000-0000-0000-000000000000/' || %s, %s, %s, '', '', '', %s, %s)",
                (agency, str(number), f"mailto://{number}", state, None if state == "delivered" else f"{agency}: gone"),
            )
    return connection


def test_an_alert_is_told_where_a_message_has_arrived_and_nobody_is_where_there_is_none(
    listed: psycopg.Connection,
) -> None:
    report = alerts_report(listed, 20)
    assert {row["subject"]: (row["told"], row["ended"]) for row in report["newest"]} == {
        "A": ("delivered", None),
        "B": ("pending", None),
        "C": ("failed", None),
        "D": ("nobody", None),
        "E": ("nobody", None),
        "F": ("delivered", "settled"),
        "G": (None, "retracted"),
    }
    assert report["raised"] == 6
    assert report["told"] == {"delivered": 2, "pending": 1, "failed": 1, "nobody": 2}
    assert report["suppressed"] == {"old": 1}
    assert report["ended"] == {"settled": 1, "retracted": 1}


def test_an_address_that_messages_do_not_reach_is_named_with_its_last_error(listed: psycopg.Connection) -> None:
    written = StringIO()
    Console(file=written, width=200).print(alerts_table(alerts_report(listed, 20), CATALOGUE))
    assert "mailto://1: 0 wait, 2 given up; " in written.getvalue()
    assert "told, then settled" in written.getvalue()
    assert "6 raised (2 told, 1 could not be sent, 2 nobody told, 1 waits to be sent), 1 only listed" in (
        written.getvalue()
    )
