"""How far the database is behind Kafka."""

from core.kafka import TopicEnds
from core.offsets import lags


def test_the_lag_is_what_is_between_the_database_and_the_end_of_each_partition() -> None:
    topics = {"events.a": TopicEnds("a", {0: 10, 1: 5}), "events.b": TopicEnds("b", {0: 7})}
    offsets = {("a", 0): 4, ("a", 1): 5, ("b", 0): 7}
    assert lags(topics, offsets) == {("events.a", 0): 6, ("events.a", 1): 0, ("events.b", 0): 0}


def test_nothing_is_read_of_a_topic_that_was_created_anew_or_never_read() -> None:
    assert lags({"events.a": TopicEnds("anew", {0: 3})}, {("first", 0): 2}) == {("events.a", 0): 3}


def test_a_partition_that_was_read_while_kafka_answered_makes_up_for_no_other() -> None:
    topics = {"events.a": TopicEnds("a", {0: 10, 1: 10})}
    assert lags(topics, {("a", 0): 12, ("a", 1): 8}) == {("events.a", 0): 0, ("events.a", 1): 2}
