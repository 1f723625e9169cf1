"""What operators see of dead letters, and what `publish` leaves out: on real servers, through the command line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from typer.testing import CliRunner

from core.dead_letters import DeadLetter, insert_dead_letters
from core.errors import NotFoundError
from core.kafka import create_topics
from core.settings import Settings
from opscentre.cli import app
from schemas.topics import event_topic
from tests.conftest import commands_of
from tests.helpers import cloud_event

MOMENT = 1_764_201_600_000  # 2025-11-27 00:00 UTC, 07:00 in the province
VALUE = b"QD:100:2026 [red]x \x1b[31m"


@pytest.fixture
def operator(installation: Settings, connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Three dead letters, and commands that find them."""
    letters = [
        DeadLetter("c", "t", "events.telecom", 0, n, MOMENT, b"k", VALUE, (), "not_json", f"{VALUE.decode()} {n}")
        for n in range(3)
    ]
    with connection.cursor() as cursor:
        insert_dead_letters(cursor, letters)
    with commands_of(installation):
        yield connection


def dead_letters(*command: str) -> Any:
    return CliRunner().invoke(app, ["dead-letters", *command])


def test_dead_letters_are_listed_and_shown_as_they_are(operator: psycopg.Connection) -> None:
    listed = dead_letters("list", "--limit", "2")
    assert "the newest 2 of 3" in listed.output
    assert "27/11/2025" in listed.output
    assert "07:00:00" in listed.output
    assert "\x1b" not in listed.output
    (number,) = operator.execute("SELECT max(id) FROM dead_letters").fetchone() or ()
    shown = dead_letters("show", str(number)).output
    assert r"QD:100:2026 [red]x \x1b[31m" in shown
    assert "2025-11-27 07:00:00+07:00" in shown


def test_numbers_that_are_not_open_are_told(operator: psycopg.Connection) -> None:
    numbers = [str(n) for (n,) in operator.execute("SELECT id FROM dead_letters ORDER BY id").fetchall()]
    for command in (["replay", "999999999"], ["discard", "99999999999999999999", "--why", "x"], ["show", "9" * 30]):
        assert isinstance(dead_letters(*command).exception, NotFoundError)
    some = dead_letters("discard", numbers[0], "999999999", "--why", "a test of theirs")
    assert (some.exit_code, "999999999 (no such dead letter)" in some.output) == (2, True)
    again = dead_letters("replay", numbers[0], numbers[1], "--json")
    assert again.exit_code == 2
    assert orjson.loads(again.stdout) == {"accepted": 0, "refused": 1, "not_open": [int(numbers[0])]}


def test_a_line_of_no_system_is_told_at_once_and_the_rest_goes_on(installation: Settings, tmp_path: Path) -> None:
    create_topics(installation.kafka, [event_topic("telecom", 1)])
    good = cloud_event("station.activated")
    lines = [good | {"source": "/systems/traffic"}, good | {"source": "/systems/telecom", "subject": "a\nb"}, good]
    (tmp_path / "lines").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    with commands_of(installation):
        result = CliRunner().invoke(app, ["publish", str(tmp_path / "lines"), "--json"])
    report = orjson.loads(result.stdout)
    assert (result.exit_code, report["published"]) == (2, 1)
    assert [one["line"] for one in report["rejected"]] == [1, 2]
    assert "traffic" in report["rejected"][0]["reason"]


MAPPING = """
system = "telecom"
key = ["Mã trạm"]
[[events]]
type = "station.activated"
id = "trạm/{Mã trạm}"
subject = "{Mã trạm}"
time = { column = "Ngày", format = "%d/%m/%Y", zone = "Asia/Ho_Chi_Minh" }
when = { column = "Trạng thái", equals = "Đang phát sóng", others = ["Đang xây dựng"] }
[events.data]
agency = { value = "AGENCY" }
operator = { value = "viettel" }
technology = { value = "5g" }
latitude = { column = "Vĩ độ", type = "float", decimal = "," }
longitude = { value = 107.084 }
"""


def test_an_export_tells_what_it_left_out_by_its_exit_status_too(installation: Settings, tmp_path: Path) -> None:
    create_topics(installation.kafka, [event_topic("telecom", 1)])
    good = cloud_event("station.activated")["data"]["agency"]
    (tmp_path / "stations.toml").write_text(MAPPING.replace("AGENCY", good), encoding="utf-8")
    file = tmp_path / "stations.csv"

    def publish(*rows: str) -> Any:
        file.write_text("\n".join(["Mã trạm,Ngày,Trạng thái,Vĩ độ", *rows]), encoding="utf-8")
        return CliRunner().invoke(app, ["publish", "--csv", str(file), "--mapping", str(tmp_path / "stations.toml")])

    with commands_of(installation):
        result = publish('A1,02/11/2025,Đang phát sóng\u00a0,"10,346"', 'A2,02/11/2025,Đang xây dựng,"10,346"')
        assert (result.exit_code, "1 row (line 3) gave no event" in result.output) == (0, True)
        result = publish('A1,02/11/2025,Đã phát sóng,"10,346"', 'A2,02/11/2025,Đang phát sóng,"10,346"')
        assert result.exit_code == 2
        assert "1 events published, 0 lines rejected" in result.output
        assert 'does not know "Đã phát sóng" in column "Trạng thái"' in result.output
