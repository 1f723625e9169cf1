"""What was published, kept on disk: of every run its plan and how far it got, so that it can be made once more.

That is all there is to keep, because the same plan gives the same records byte for byte. A run's file is written
before it publishes and then at every checkpoint: when Kafka has confirmed everything handed over so far.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zlib import crc32

import orjson

from core.errors import ConfigurationError
from core.kafka import TopicEnds
from opscentre.simulation.plan import Plan, Shares, SimulatedProcedure, SimulatedRecord, Site, Volumes
from opscentre.simulation.publish_lock import PublishLock
from opscentre.simulation.record_stream import simulate

RECORDS_BETWEEN_CHECKPOINTS = 20_000

EndOffsets = Mapping[str, TopicEnds]


def folder_of(data: Path) -> Path:
    """Where the runs of an installation with this data folder are kept."""
    return data / "simulation"


@dataclass(frozen=True)
class Run:
    """A run as its file says.

    `published` is how many records Kafka has confirmed, and `digest` their checksum. `under_way` is how many more
    may have been handed over since: none at a checkpoint, so one that shows some but is no longer there was killed.
    `end_offsets` are those of the topics at its last checkpoint; `missing` has the numbers, below `published`, of
    records that Kafka never got.
    """

    name: str
    plan: Plan
    published: int = 0
    digest: int = 0
    under_way: int = 0
    end_offsets: EndOffsets = field(default_factory=dict)
    missing: frozenset[int] = frozenset()

    @property
    def arrived(self) -> int:
        """How many records Kafka has of it, as far as is known."""
        return self.published - len(self.missing)

    def records(self) -> Iterator[SimulatedRecord]:
        """What arrived, made once more.

        Raises:
            ConfigurationError: at the end, where this is not what was published.
        """
        return (record for number, record in self._confirmed(simulate(self.plan)) if number not in self.missing)

    def in_doubt(self) -> Iterator[tuple[int, SimulatedRecord]]:
        """The records, with their numbers, of which nobody knows whether they arrived.

        Raises:
            ConfigurationError: as for `records`.
        """
        made = simulate(self.plan)
        deque(self._confirmed(made), maxlen=0)
        return enumerate(islice(made, self.under_way), self.published)

    def _confirmed(self, made: Iterator[SimulatedRecord]) -> Iterator[tuple[int, SimulatedRecord]]:
        digest = 0
        for number, record in enumerate(islice(made, self.published)):
            digest = checksum(record, digest)
            yield number, record
        if digest != self.digest:
            raise ConfigurationError(
                f"the plan in {self.name}.json gives other records now than those that were published then: this is "
                "another version of the simulation. Verify with that version, or start over (`make clean-data`)."
            )


def checksum(record: SimulatedRecord, before: int) -> int:
    """The checksum of all records up to this one, from that of all before it."""
    return crc32(record.value or b"\0", before)


class RunJournal:
    """Keeps a run's file while it publishes. Leaving it as a context manager keeps the file as it stands."""

    def __init__(self, folder: Path, plan: Plan, end_offsets: Callable[[], EndOffsets]) -> None:
        """Begin a run.

        Args:
            folder: of all runs' files.
            plan: what is going to be published.
            end_offsets: asks Kafka where the topics end.
        """
        self._folder, self._end_offsets = folder, end_offsets
        self._lock = PublishLock(folder)
        self._run = Run(f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{plan.run}", plan, end_offsets=end_offsets())
        save(folder, self._run)
        self._published, self._digest, self._publishing = 0, 0, False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def add(self, record: SimulatedRecord) -> bool:
        """Take note of a record before it is handed over. True: it is time for a checkpoint after this one."""
        if not self._publishing:
            self._begin()
        self._published += 1
        self._digest = checksum(record, self._digest)
        return self._published >= self._run.published + RECORDS_BETWEEN_CHECKPOINTS

    def checkpoint(self) -> None:
        """Take note that everything has arrived, and let those verify who have been waiting to."""
        if not self._publishing:
            return
        self._run = replace(
            self._run, published=self._published, digest=self._digest, under_way=0, end_offsets=self._end_offsets()
        )
        save(self._folder, self._run)
        self._lock.release()
        self._publishing = False

    def _begin(self) -> None:
        self._lock.acquire()
        self._run = replace(self._run, under_way=RECORDS_BETWEEN_CHECKPOINTS)
        save(self._folder, self._run)
        self._publishing = True


def save(folder: Path, run: Run) -> None:
    """Write a run's file, all or nothing."""
    content = {**asdict(run), "missing": sorted(run.missing)}
    content["end_offsets"] = {name: offsets._asdict() for name, offsets in run.end_offsets.items()}
    fresh = folder / f"{run.name}.new"
    fresh.write_bytes(orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
    os.replace(fresh, folder / f"{run.name}.json")  # noqa: PTH105 - Path.replace says no more


def load(folder: Path) -> list[Run]:
    """All runs, in the order in which they began.

    Raises:
        ConfigurationError: a file cannot be read as a run.
    """
    runs = []
    for file in sorted(folder.glob("*.json")):
        try:
            runs.append(_run(orjson.loads(file.read_bytes())))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ConfigurationError(
                f"{file} is not the file of a simulation's run, or that of another version: "
                f"{type(error).__name__}: {error}"
            ) from None
    return runs


def _run(content: dict[str, Any]) -> Run:
    written = content.pop("places" if "places" in content else "end_offsets")  # 0.1.0 wrote `places`
    end_offsets = {
        name: TopicEnds(offsets["topic_id"], {int(number): end for number, end in offsets["ends"].items()})
        for name, offsets in written.items()
    }
    plan, missing = _plan(content.pop("plan")), frozenset(content.pop("missing"))
    return Run(plan=plan, end_offsets=end_offsets, missing=missing, **content)


def _plan(content: dict[str, Any]) -> Plan:
    for name in ("start", "end", "live_from"):
        content[name] = content[name] and datetime.fromisoformat(content[name])
    content["agencies"] = {system: [Site(**site) for site in sites] for system, sites in content["agencies"].items()}
    content["assignees"] = content.pop("owing" if "owing" in content else "assignees")  # 0.1.0 wrote `owing`
    content["procedures"] = [SimulatedProcedure(**procedure) for procedure in content["procedures"]]
    return Plan(**{**content, "volumes": Volumes(**content["volumes"]), "shares": Shares(**content["shares"])})
