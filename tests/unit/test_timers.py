"""What is done by the clock never ends a worker, whatever goes wrong with it."""

import logging
from collections.abc import Callable

import psycopg
import pytest

from core.errors import UnavailableError
from streams.sweep.timers import Timer


class Stop(BaseException):
    """Nothing that work may raise: ends a timer, which else goes on until the process ends."""


def run(work: Callable[[], object]) -> None:
    with pytest.raises(Stop):
        Timer("housekeeping", 0.001, work).run()


def test_what_fails_is_said_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    errors = [
        UnavailableError("Kafka does not answer\nStart it."),
        psycopg.OperationalError("the connection is lost"),
        psycopg.OperationalError(),
        ValueError("nobody thought of this"),
        Stop(),
    ]

    def fail() -> None:
        raise errors.pop(0)

    with caplog.at_level(logging.INFO):
        run(fail)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "no housekeeping now: Kafka does not answer"),
        ("WARNING", "no housekeeping now: the connection is lost"),
        ("WARNING", "no housekeeping now: OperationalError"),
        ("ERROR", "the housekeeping failed; it is tried again"),
    ]


def test_the_first_time_is_at_once_and_every_other_after_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr("time.sleep", lambda seconds: steps.append(f"wait {seconds}"))

    def work() -> None:
        if len(steps) > 3:
            raise Stop
        steps.append("work")

    run(work)
    assert steps == ["work", "wait 0.001", "work", "wait 0.001"]


def test_a_timer_keeps_no_process_from_ending() -> None:
    assert Timer("housekeeping", 3600, lambda: None).daemon
