"""When the watchdog ends a worker, and when it must not. The clock is the test's."""

import pytest

from core.kafka import TopicEnds
from streams.ingest.records import Partition
from streams.watchdog import ProgressCheck, replaced_topic

PATIENCE = 120.0
HERE = {("events.one-stop", 0): 7, ("events.one-stop", 1): 3}
FURTHER = {**HERE, ("events.one-stop", 1): 4}


class Clock:
    """Stands until the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def check(clock: Clock) -> ProgressCheck:
    return ProgressCheck(PATIENCE, clock)


def test_lag_without_progress_is_borne_for_as_long_as_patience_goes(check: ProgressCheck, clock: Clock) -> None:
    assert not check.stuck(5, HERE)
    clock.now += PATIENCE
    assert not check.stuck(5, HERE)
    clock.now += 0.001
    assert check.stuck(5, HERE)


def test_a_worker_that_never_begins_is_stuck_as_well(check: ProgressCheck, clock: Clock) -> None:
    """Without a partition that was ever read, what stands is nothing from the beginning."""
    assert not check.stuck(5, {})
    clock.now += PATIENCE + 1
    assert check.stuck(5, {})


def test_any_partition_that_moves_is_progress_however_much_still_waits(check: ProgressCheck, clock: Clock) -> None:
    check.stuck(5, HERE)
    clock.now += PATIENCE
    assert not check.stuck(5000, FURTHER)
    clock.now += PATIENCE
    assert not check.stuck(9000, FURTHER)
    clock.now += 0.001
    assert check.stuck(9000, FURTHER)


def test_a_worker_with_nothing_to_do_is_not_stuck(check: ProgressCheck, clock: Clock) -> None:
    for _ in range(5):
        assert not check.stuck(0, HERE)
        clock.now += 10 * PATIENCE
    assert not check.stuck(0, HERE)
    clock.now += PATIENCE
    assert not check.stuck(1, HERE)  # came just now, after days of silence


def test_partitions_that_are_given_or_taken_give_a_worker_its_time(check: ProgressCheck, clock: Clock) -> None:
    check.stuck(5, HERE)
    clock.now += PATIENCE + 1
    assert not check.stuck(5, {("events.one-stop", 1): 3})


def test_what_nobody_could_see_is_no_standstill(check: ProgressCheck, clock: Clock) -> None:
    check.stuck(5, HERE)
    clock.now += 10 * PATIENCE
    check.unseen()
    assert not check.stuck(5, HERE)
    clock.now += PATIENCE
    assert not check.stuck(5, HERE)
    clock.now += 0.001
    assert check.stuck(5, HERE)


PARTITIONS = {name: Partition("cluster", f"id of {name}", name, 0) for name in ("events.one-stop", "events.telecom")}
TOPICS = {name: TopicEnds(partition.topic_id, {0: 7}) for name, partition in PARTITIONS.items()}


def test_topics_as_the_worker_knows_them_are_not_replaced() -> None:
    assert replaced_topic(PARTITIONS, TOPICS) is None
    assert replaced_topic(PARTITIONS, {**TOPICS, "events.another": TopicEnds("x", {})}) is None


def test_a_topic_that_was_deleted_or_created_anew_is_named() -> None:
    assert replaced_topic(PARTITIONS, {"events.telecom": TOPICS["events.telecom"]}) == "events.one-stop"
    assert replaced_topic(PARTITIONS, {**TOPICS, "events.telecom": TopicEnds("anew", {0: 7})}) == "events.telecom"
