"""A value beyond every limit, out of an archive from before there was one or by its formula, spoils its figure only."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from opscentre.reports.status import current
from schemas.catalogue.indicators import Indicator
from schemas.events.effects import MAX_READING
from streams.recount.archive import readings_as_of
from streams.recount.compare import compare_all
from streams.sweep.decisions import decide
from streams.write.writer import Writer
from tests.helpers import RULEBOOK, Json, Log, cloud_event
from tests.indicators import (
    NAME,
    PROVINCE,
    A,
    B,
    count,
    indicator,
    make,
    received,
    today,
    values,
    whole,
    with_indicators,
)

ABSURD = "1.7976931348623157e+308"
SYSTEMS = ["one-stop", "ops-centre"]


def reported(agency: str, value: float, period: str = "2025-11", subject: str = "thing") -> Json:
    return cloud_event(
        "reading.reported",
        subject,
        "2025-12-03T08:00:00+07:00",
        f"{agency} {period} {subject}",
        system="ops-centre",
        agency=agency,
        period=period,
        value=value,
    )


@pytest.fixture
def archived(connection: psycopg.Connection, writer: Writer) -> psycopg.Connection:
    """Two agencies' readings of a thing as an earlier version may have accepted them, a third's, and another thing."""
    log = Log(system="ops-centre")
    writer.commit(log.batch(reported(A, 77777.0), reported(B, 77777.0), reported("H06.03", 3.0)))
    writer.commit(log.batch(reported(A, 1.0, "2025-10"), reported(A, 5.0, subject="other")))
    writer.commit(Log(topic_id="second").batch(received("D", "2025-11-03T08:00:00")))
    connection.execute(
        "UPDATE readings SET value = %(absurd)s::text::float8, history = replace(history, '77777.0', %(absurd)s::text) "
        "WHERE value = 77777",
        {"absurd": ABSURD},
    )
    connection.execute("UPDATE events SET data = replace(data, '77777.0', %s)", (ABSURD,))
    connection.execute("UPDATE catalogues SET applied_at = now() - interval '1 year'")
    return connection


def reading(id_: str, name: str, rollup: str, **rest: Any) -> Indicator:
    return indicator(id_, {"kind": "reading", "reading": name, "rollup": rollup}, "ops-centre", "always", **rest)


def test_a_reading_beyond_the_limit_is_a_dead_letter_with_a_plain_word(
    connection: psycopg.Connection, writer: Writer
) -> None:
    largest = [reported(A, MAX_READING), reported(B, -MAX_READING)]
    writer.commit(Log(system="ops-centre").batch(*largest, reported("H06.03", MAX_READING * 1.001)))
    rows = connection.execute("SELECT reason, detail FROM dead_letters").fetchall()
    assert rows == [
        (
            "invalid_data",
            "data.value: must be no farther from zero than 1,000,000,000,000,000; "
            "of what was not measured send no reading",
        )
    ]
    assert connection.execute("SELECT count(*) FROM readings").fetchone() == (2,)


def test_what_was_archived_beyond_the_limit_is_no_value_and_a_sum_with_it_is_none(archived: psycopg.Connection) -> None:
    sums, latest = reading("sums", "thing", "sum"), reading("latest", "thing", "none")
    other = reading("other", "other", "sum")
    make(archived, sums, latest, other)
    assert whole(values(archived, "sums", None, "2025-12-31")) == {A: None, B: None, "H06.03": 3, PROVINCE: None}
    found = whole(values(archived, "latest", None, "2025-12-31"))
    assert {agency: found[agency] for agency in (A, B, "H06.03")} == {A: None, B: None, "H06.03": 3}
    assert whole(values(archived, "other", None, "2025-12-31")) == {A: 5, PROVINCE: 5}
    assert compare_all(archived, RULEBOOK, with_indicators(sums, latest, other)) == ([], [])


def test_status_and_recount_of_such_an_archive_say_the_rest(archived: psycopg.Connection, broker: str) -> None:
    report = current(archived, broker, [])
    assert report["readings"] == {"other": {"count": 1, "total": 5.0}, "thing": {"count": 4, "total": None}}
    with archived.transaction():
        assert len(readings_as_of(archived, None)) == 5


def test_a_target_that_overflows_is_said_and_every_other_shows_and_is_decided(
    archived: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    due = today() - timedelta(days=3)
    target = [{"due": due, "at_least": 1.0}]
    components = [
        {"code": one, "group": "g", "name": NAME, "points": 1.7e308, "indicator": one} for one in ("other", "counted")
    ]
    formula = {"kind": "score", "components": components}
    score = indicator("score", formula, "ops-centre", "always", target=target)
    other = reading("other", "other", "sum", target=target)
    counted = indicator("counted", count("dossier.opened"), period="always", target=target)
    make(archived, score, other, counted)
    with pytest.raises(psycopg.DataError):
        values(archived, "score", None, str(today()))
    shown: dict[str, str] = dict(
        archived.execute("SELECT indicator, status FROM indicators.indicator_status").fetchall()
    )
    assert shown == {"score": "no_data", "other": "met", "counted": "met"}
    with caplog.at_level(logging.WARNING):
        assert decide(archived, SYSTEMS, 3, datetime.now(UTC)) == 2
        assert decide(archived, SYSTEMS, 3, datetime.now(UTC)) == 0
    assert {name for (name,) in archived.execute("SELECT indicator FROM decisions")} == {"other", "counted"}
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"the target of score for H06 on {due} cannot be decided: ")
