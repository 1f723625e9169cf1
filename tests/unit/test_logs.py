"""What a process writes to its log while something is away."""

import logging

from core.logs import Seldom


def record(name: str, line: int, text: str) -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "file.py", line, "%s", (text,), None)


def test_a_library_says_a_thing_once_in_a_while_and_how_often_meanwhile() -> None:
    seldom = Seldom(seconds=3600)
    said = [record("aiokafka.conn", 7, f"broker {n} is away") for n in range(1000)]
    assert [one.getMessage() for one in said if seldom.filter(one)] == ["broker 0 is away"]
    assert seldom.filter(record("aiokafka.conn", 8, "something else"))
    at_once = Seldom(seconds=0)
    assert all(at_once.filter(one) for one in said)


def test_what_was_held_back_is_counted() -> None:
    seldom = Seldom(seconds=0.0)
    seldom._said["kafka.net", 1] = (float("-inf"), 41)
    late = record("kafka.net", 1, "connection failed")
    assert seldom.filter(late)
    assert late.getMessage() == "connection failed (and 41 times since)"


def test_our_own_words_all_stand() -> None:
    seldom = Seldom(seconds=3600)
    assert all(seldom.filter(record("streams.sweep", 1, "x")) for _ in range(10))
