"""Indicators of a real event log, by month and department, against figures counted from its CSV file alone."""

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
import psycopg
import pytest
from typer.testing import CliRunner

from core.publisher import Publisher
from core.settings import Settings
from opscentre.cli import app
from opscentre.devservices.kafka import Kafka
from opscentre.devservices.timescaledb import TimescaleDB
from opscentre.publishing.files import publish_csv
from opscentre.publishing.mapping import load_mapping
from opscentre.reports.indicators import values_at
from schemas.catalogue.load import load_catalogue
from schemas.evaluation import span
from streams.fold.rulebook import load_rulebook
from streams.recount.compare import compare_all
from streams.recount.rebuild import apply_catalogue
from tests.conftest import commands_of, copied, empty_topics, installation_of
from tests.workers import Workers

Environment = Callable[[Settings], dict[str, str]]
TESTS = Path(__file__).parent.parent
CATALOGUE = TESTS / "catalogues" / "permits"
AGENCIES = {"General": "NL.GENERAL", "Customer contact": "NL.CUSTOMERS", "Experts": "NL.EXPERTS"}
CHANNELS = {"Internet": "online", "Desk": "counter", "Post": "post", "e-mail": "email", "Intern": "internal"}
ZONE = ZoneInfo("Europe/Amsterdam")
MONTHS = [f"{year}-{month:02}" for year in (2010, 2011, 2012) for month in range(1, 13)]


class Permit(NamedTuple):
    """A dossier of the log, read from the file in the plainest way; days are the municipality's."""

    number: str
    agency: str
    channel: str
    received: datetime
    due: date
    finished: datetime | None

    @property
    def counted(self) -> date | None:
        """The day of the finish; of what ended before it began, that of the beginning."""
        return None if self.finished is None else max(self.finished, self.received).date()

    @property
    def late(self) -> bool:
        return self.finished is not None and self.finished.date() > self.due


@pytest.fixture(scope="module")
def permits(shared_data: Path) -> list[Permit]:
    """Every dossier of the log."""

    def local(cell: str) -> datetime:
        return datetime.fromisoformat(cell).astimezone(ZONE)

    found = {}
    with (shared_data / "permit_receipts.csv").open(encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text):
            found[row["case:concept:name"]] = Permit(
                row["case:concept:name"],
                AGENCIES[row["case:department"]],
                CHANNELS[row["case:channel"]],
                local(row["case:startdate"]),
                local(row["case:deadline"]).date(),
                local(row["case:enddate"]) if row["case:enddate"] else None,
            )
    return list(found.values())


@pytest.fixture(scope="module")
def municipality(
    kafka: Kafka,
    timescaledb: TimescaleDB,
    template: str,
    environment: Environment,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """An installation with the municipality's catalogue that has counted the whole log; the tests only read it."""
    catalogue, folder = load_catalogue(CATALOGUE), tmp_path_factory.mktemp("municipality")
    mapping = load_mapping(TESTS / "mappings" / "permit_departments.toml")
    with copied(timescaledb, template) as dsn:
        apply_catalogue(dsn, catalogue)
        with empty_topics(kafka, catalogue) as bootstrap:
            own = installation_of(bootstrap, dsn, folder).model_copy(update={"catalogue": CATALOGUE})
            with Publisher(bootstrap) as publisher:
                log = shared_data / "permit_receipts.csv"
                published = publish_csv(log, mapping, publisher, state=folder / "state.sqlite")
            with Workers(own, environment, folder) as workers:
                workers.start()
                workers.wait_progress(published.published)
        with commands_of(own):
            yield own


def told(*argv: str) -> Any:
    result = CliRunner().invoke(app, [*argv, "--json"])
    assert result.exit_code == 0, result.output
    return orjson.loads(result.stdout)


def under(agency: str, permits: list[Permit]) -> list[Permit]:
    return [permit for permit in permits if agency in ("NL", permit.agency)]


def finished(permits: list[Permit], first: date, last: date) -> list[Permit]:
    return [permit for permit in permits if permit.counted and first <= permit.counted <= last]


def share(permits: list[Permit]) -> float | None:
    return sum(not permit.late for permit in permits) * 100 / len(permits) if permits else None


def overdue(permits: list[Permit], day: date) -> list[Permit]:
    end = datetime.combine(day + timedelta(days=1), time(), ZONE)
    return [
        permit
        for permit in permits
        if permit.received < end and (permit.finished is None or permit.finished >= end) and permit.due < day
    ]


def test_the_share_on_time_of_each_month_and_department_is_what_the_file_says(
    municipality: Settings, permits: list[Permit]
) -> None:
    catalogue = load_catalogue(CATALOGUE)
    with psycopg.connect(municipality.dsn) as connection:
        for agency in catalogue.agencies:
            own = under(agency, permits)
            for month in MONTHS:
                first, last = span(month)
                expected = finished(own, first, last)
                found = values_at(connection, catalogue.indicators["on-time-share"], first, last).get((agency, ""))
                reported = any(min(p.received, p.finished or p.received).date() <= last for p in own)
                assert (found is not None) == reported, (agency, month)
                if found is not None:
                    on_time = [permit for permit in expected if not permit.late]
                    assert found[:2] == (len(on_time), len(expected)), (agency, month)
                    assert found.value == pytest.approx(share(expected)), (agency, month)
        rulebook = load_rulebook(connection, catalogue)
        assert compare_all(connection, rulebook, catalogue) == ([], [])


def test_the_past_is_told_as_of_the_end_of_a_day(municipality: Settings, permits: list[Permit]) -> None:
    day, target = date(2011, 6, 30), {"due": "2011-06-30", "at_least": 90.0, "days_left": 0, "working_days_left": 0}
    assert municipality.catalogue == CATALOGUE
    for agency in ("NL", *AGENCIES.values()):
        own = under(agency, permits)
        june = finished(own, date(2011, 6, 1), day)
        received = [permit.channel for permit in own if date(2011, 6, 1) <= permit.received.date() <= day]
        found = told("indicators", "--as-of", "2011-06-30", "--agency", agency)
        assert (found["agency"], found["as_of"]) == (agency, "2011-06-30")
        on_time, standing, opened = (found["indicators"][id_] for id_ in ("on-time-share", "overdue", "received"))
        assert on_time["value"] == (None if not june else pytest.approx(share(june)))
        assert standing["value"] == len(overdue(own, day))
        assert opened["value"] == len(received)
        assert {channel: n for channel, n in opened["parts"].items() if n} == {
            channel: float(received.count(channel)) for channel in set(received)
        }
        assert len(on_time["targets"]) == (agency == "NL")
        for one in on_time["targets"]:
            assert {name: one[name] for name in target} == target
            # 20 working days before: two days off fall into it there, but none is in this catalogue.
            earlier = share(finished(own, date(2011, 6, 1), date(2011, 6, 2)))
            assert earlier is not None
            assert one["pace"] == pytest.approx((on_time["value"] - earlier) / 20)
            assert one["status"] == ("met" if on_time["value"] >= 90 else "at_risk")


def test_behind_a_share_are_those_that_it_lacks_the_latest_first(municipality: Settings, permits: list[Permit]) -> None:
    assert municipality.catalogue == CATALOGUE
    for agency in ("NL", *AGENCIES.values()):
        june = finished(under(agency, permits), *span("2011-06"))
        late = [permit for permit in june if permit.late]
        found = told("explain", "on-time-share", "--agency", agency, "--period", "2011-06", "--limit", "999")
        behind = found["behind"]
        assert {row["subject"] for row in behind["worst"]} == {permit.number for permit in late}
        assert behind["total"] == len(late)
        left = [row["office_minutes_left"] for row in behind["worst"]]
        assert left == sorted(left)
        assert {row["state"] for row in behind["worst"]} <= {"late"}
        assert {one["agency"]: one["count"] for one in behind["by_agency"]} == {
            code: sum(permit.agency == code for permit in late) for code in {permit.agency for permit in late}
        }
        assert [term["amount"] for term in found["terms"]] == [
            len(june) - len(late),
            len(june) - len(late),
            len(late),
            0,  # without a due time, left out of the share
        ]


def test_behind_a_stock_is_what_stood_at_the_end_of_the_period(municipality: Settings, permits: list[Permit]) -> None:
    assert municipality.catalogue == CATALOGUE
    for month in ("2011-03", "2011-06", "2011-12"):
        expected = overdue(permits, span(month)[1])
        found = told("explain", "overdue", "--period", month, "--limit", "5")
        assert (found["value"], found["behind"]["total"]) == (len(expected), len(expected))
        assert {row["subject"] for row in found["behind"]["worst"]} <= {permit.number for permit in expected}
        assert len(found["behind"]["worst"]) == min(5, len(expected))
        assert {row["state"] for row in found["behind"]["worst"]} == {"overdue"}
