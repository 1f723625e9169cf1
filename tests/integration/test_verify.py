"""A simulated province on real servers: every figure is what was published, also live, and after a kill."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from core.kafka import TopicEnds
from core.settings import Settings
from opscentre.devservices.process import wait_until
from opscentre.simulation.runs import Run, folder_of, load, save
from schemas.catalogue.load import load_catalogue
from tests.forked import Forked
from tests.workers import Workers

Environment = Callable[[Settings], dict[str, str]]

FAULTS = ["--duplicates=0.05", "--late=0.05", "--out-of-order=0.05", "--broken=0.01", "--corrected=0.02"]


class Province:
    """Runs `opscentre simulate` for one installation; on leaving, what still runs is killed."""

    def __init__(self, options: Settings, environment: dict[str, str], folder: Path) -> None:
        self.options = options
        self._environment = environment
        self._folder = folder
        self.started: list[Forked] = []

    def start(self, *arguments: str) -> Forked:
        """Publish in the background."""
        argv = ["simulate", *FAULTS, "--retracted=0.02", *arguments]
        process = Forked("opscentre", argv, self._environment, self._folder / "simulate.log")
        self.started.append(process)
        return process

    def publish(self, *arguments: str) -> None:
        """Publish, and wait until that has ended."""
        process = self.start(*arguments)
        assert process.ended(120) == 0, process.log

    def verify(self) -> tuple[int, dict[str, Any], str]:
        """Status, report, and what was said."""
        out, err = self._folder / "verify.json", self._folder / "verify.log"
        for file in (out, err):
            file.unlink(missing_ok=True)
        status = Forked("opscentre", ["simulate", "--verify", "--json"], self._environment, out, err).ended(180)
        return status, orjson.loads(out.read_bytes() or b"{}"), err.read_text()

    def runs(self) -> list[Run]:
        """What their files say."""
        return load(folder_of(self.options.data))

    def published(self) -> int:
        """How many records have certainly arrived of all runs."""
        return sum(run.published for run in self.runs())

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait until something is so."""
        assert wait_until(done, 60, 0.01), (self._folder / "simulate.log").read_text()

    def kill(self, process: Forked, seconds: float) -> Run:
        """Kill the simulation that began last so long after a rest of it, which has to be sooner than the next."""
        self.wait(lambda: any(run.published >= 20_000 and run.under_way for run in self.runs()[-1:]))
        time.sleep(seconds)
        process.kill()
        run = self.runs()[-1]
        assert run.under_way
        return run

    def single(self) -> None:
        """Publish a signature that is not simulated."""
        lone = (
            b'{"specversion":"1.0","id":"1","source":"/systems/e-office","type":"vn.opscentre.signature.used.v1",'
            b'"subject":"s","time":"2026-01-05T09:00:00+07:00","data":{"agency":"H06.01","officer":"o"}}\n'
        )
        events = self._folder / "lone.jsonl"
        events.write_bytes(lone)
        log = self._folder / "publish.log"
        assert Forked("opscentre", ["publish", str(events)], self._environment, log).ended(60) == 0, log.read_text()


@pytest.fixture
def province(installation: Settings, environment: Environment, tmp_path: Path) -> Iterator[Province]:
    made = Province(installation, environment(installation), tmp_path)
    with Workers(installation, environment, tmp_path) as workers:
        workers.start()
        yield made
    for process in made.started:
        process.kill()


def changed(report: dict[str, Any]) -> list[tuple[str, int]]:
    """The figures that differ, and by how much."""
    differing = set(report["differences"])
    return [(one["figure"], one["found"] - one["truth"]) for one in report["figures"] if one["figure"] in differing]


@pytest.mark.slow
def test_every_figure_is_what_two_simulations_published_and_damage_is_found(
    province: Province, connection: psycopg.Connection
) -> None:
    province.publish("--days=60", "--dossiers=100", "--seed=1")
    province.publish("--days=20", "--dossiers=100", "--seed=2")
    status, report, said = province.verify()
    assert (status, changed(report), report["differences"], report["runs"]) == (0, [], [], 2), said
    figures = {one["figure"]: one["truth"] for one in report["figures"]}
    assert report["records"] == province.published() > 30_000
    assert (
        figures["events"]
        + figures["duplicates"]
        + sum(count for name, count in figures.items() if name.startswith("dead_letters."))
        == report["records"]
    )
    for name in ("open", "closed", "on_time", "late", "overdue", "suspended", "incomplete"):
        assert figures[f"cases.dossier.{name}"] > 10, name
    for name, least in (("task.open", 5), ("task.overdue", 2), ("task.on_time", 5), ("task.late", 2)):
        assert figures[f"cases.{name}"] > least
    assert figures["items.procedure.standing"] > 100
    assert figures["readings.science.enterprises.count"] >= 10
    assert figures["flows.payment.made"] > 100
    assert figures["flows.service.used"] > 100
    assert len(figures) > 150
    with_values = {
        name.split()[1] for name, truth in figures.items() if name.startswith("indicators ") and truth is not None
    }
    assert with_values == set(load_catalogue().indicators)

    damaged = connection.execute(
        "UPDATE counters_day SET value = value + 7 WHERE ctid = "
        "(SELECT ctid FROM counters_day WHERE measure = 'dossier.late' ORDER BY bucket LIMIT 1)"
    )
    assert damaged.rowcount == 1
    status, report, _ = province.verify()
    assert (status, changed(report), report["differences"]) == (2, [("cases.dossier.late", 7)], ["cases.dossier.late"])
    assert connection.execute("DELETE FROM actors_month WHERE measure = 'signature.used'").rowcount > 0
    status, report, _ = province.verify()
    assert any(name.startswith("indicators officers-signing-share H06") for name in report["differences"])


@pytest.mark.slow
def test_the_same_simulation_again_goes_on_from_duplicates(province: Province) -> None:
    for records in (0, 50_000):
        run = province.start("--start=2026-01-01", "--dossiers=200")
        province.wait(lambda least=records: province.published() > least)  # type: ignore[misc]
        run.terminate()
        assert run.ended(30) == 0
    status, report, said = province.verify()
    assert (status, changed(report), report["runs"]) == (0, [], 2), said
    first, second = province.runs()
    assert first.plan.run == second.plan.run
    assert first.published < second.published
    duplicates = next(one["truth"] for one in report["figures"] if one["figure"] == "duplicates")
    assert duplicates > first.published * 0.95


@pytest.mark.slow
def test_a_simulation_that_runs_is_held_up_and_goes_on(province: Province) -> None:
    live = province.start("--days=2", "--dossiers=50", "--rate=200")
    before = 0
    for _ in range(3):
        province.wait(lambda least=before + 1000: province.published() > least)  # type: ignore[misc]
        status, report, said = province.verify()
        assert (status, changed(report)) == (0, []), said
        assert report["records"] > before
        before = report["records"]
    assert live.status is None
    live.terminate()
    assert live.ended(30) == 0
    assert changed(province.verify()[1]) == []


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0, 0.2, 0.4])
def test_a_simulation_that_was_killed_is_told_and_what_arrived_of_it_is_found(
    province: Province, seconds: float
) -> None:
    province.publish("--days=3", "--dossiers=50", "--seed=1")
    killed = province.start("--days=900", "--seed=2")
    run = province.kill(killed, seconds)
    province.publish("--days=3", "--dossiers=50", "--seed=3")
    status, report, said = province.verify()
    assert f"the run of {run.name}.json was killed" in said
    assert (status, changed(report), report["runs"]) == (0, [], 3), said
    assert run.published <= province.runs()[1].published < run.published + run.under_way
    status, report, said = province.verify()
    assert (status, "was killed" in said) == (0, False)


@pytest.mark.slow
def test_what_cannot_be_found_of_a_killed_simulation_is_not_guessed(province: Province) -> None:
    run = province.kill(province.start("--days=900", "--seed=2"), 0)
    folder = folder_of(province.options.data)
    save(
        folder,
        replace(run, end_offsets={name: TopicEnds("gone", offsets.ends) for name, offsets in run.end_offsets.items()}),
    )
    status, report, said = province.verify()
    assert (status, report) == (1, {})
    assert "Kafka no longer has the records that tell how far it got" in said


@pytest.mark.slow
def test_what_was_not_simulated_shows_and_nothing_simulated_is_told(province: Province) -> None:
    status, _, said = province.verify()
    assert status == 1
    assert "no simulation has published anything" in said
    province.single()
    province.publish("--days=3", "--dossiers=20")
    status, report, _ = province.verify()
    assert (status, changed(report)) == (2, [("events", 1), ("flows.signature.used", 1)])
