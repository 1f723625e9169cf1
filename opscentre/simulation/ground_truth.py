"""What a simulation has sent and what stands of it, so that the tables can be tested against it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from opscentre.simulation.plan import SimulatedRecord
from schemas.events import BY_TYPE
from schemas.events.effects import Flow, Opened, Progressed, Reading, dimensions_of


class Statement(NamedTuple):
    """An event as far as figures need it, which are those of the whole province; a year has millions of them."""

    revision: int
    retracted: bool
    system: str
    type: str
    subject: str
    time: datetime
    id: str
    due: datetime | None
    dimensions: str
    agency: str
    procedure: str | None
    """Of an opening, the code of the procedure whose limit may give the due time."""
    reading: tuple[str, float] | None
    """Of a reading, its period and value."""
    actor: str | None
    """Of a flow, who did it, where it is asked how many different ones did."""
    percent: int | None
    """Of progress, how much is done."""


class GroundTruth:
    """Fed with every record in the order of publishing; of one revision, the first that came stands.

    `duplicates` counts resends, also those with a refreshed time, also of revisions that stand no longer;
    `broken` counts the dead letters to come by reason code.
    """

    def __init__(self) -> None:
        self.duplicates = 0
        self.broken: Counter[str] = Counter()
        self._current: defaultdict[str, dict[str, Statement]] = defaultdict(dict)
        self._superseded: set[tuple[str, str, int]] = set()

    @property
    def events(self) -> int:
        """How many different (system, id, revision) were sent: the rows that the archive must have."""
        return sum(map(len, self._current.values())) + len(self._superseded)

    def add(self, record: SimulatedRecord) -> None:
        """Take note of a record that was published."""
        if record.broken is not None:
            self.broken[record.broken] += 1
        elif record.event is not None:
            self._add_event(record.event)

    def _add_event(self, event: dict[str, Any]) -> None:
        system, identity, revision = event["source"].rpartition("/")[2], event["id"], event.get("revision", 0)
        current = self._current[system]
        known = current.get(identity)
        if known is None:
            current[identity] = _statement(event)
        elif revision == known.revision or (system, identity, revision) in self._superseded:
            self.duplicates += 1
        elif revision < known.revision:
            self._superseded.add((system, identity, revision))
        else:
            self._superseded.add((system, identity, known.revision))
            current[identity] = _statement(event)

    def current(self) -> Iterator[Statement]:
        """Of each (system, id) what the highest revision states, where that is not a retraction."""
        for statements in self._current.values():
            yield from (statement for statement in statements.values() if not statement.retracted)


def _statement(event: dict[str, Any]) -> Statement:
    kind, data = BY_TYPE[event["type"]], event["data"]
    due = data.get("due_at")
    procedure = data.get(kind.procedure_field) if issubclass(kind, Opened) and kind.procedure_field else None
    return Statement(
        event.get("revision", 0),
        event.get("retracted", False),
        event["source"].rpartition("/")[2],
        kind.type,
        event["subject"],
        _moment(event["time"]),
        event["id"],
        None if due is None else _moment(due),
        dimensions_of(data.get(field, kind.model_fields[field].default) for field in kind.dimensions),
        data["agency"],
        procedure,
        (data["period"], data["value"]) if issubclass(kind, Reading) else None,
        data[kind.actor] if issubclass(kind, Flow) and kind.actor else None,
        data["percent"] if issubclass(kind, Progressed) else None,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
