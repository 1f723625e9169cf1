"""Which events of a batch are fresh, which were seen before, and which revision of an id stands.

Identity is (system, id), whatever `time` says. Of several revisions the highest stands and replaces what the
others contributed, in whatever order they come; of two contents with one revision the first committed stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg

from schemas.timekeeping.moments import moment_of
from streams.fold.facts import Fact
from streams.ingest.records import DecodedEvent, Refused
from streams.write.archive import ArchiveKey, archived_facts
from streams.write.copy_text import array, moment

_CLAIM = """
    INSERT INTO identities (id, revision, content_hash, time)
    SELECT * FROM unnest(%s::uuid[], %s::int[], %s::bigint[], %s::timestamptz[])
    ON CONFLICT DO NOTHING RETURNING id
"""
_KNOWN = """
    SELECT id, revision, content_hash, time FROM identities WHERE id = ANY (%s::uuid[]) ORDER BY id FOR UPDATE
"""
_SUPERSEDED = "SELECT id, revision, content_hash FROM superseded WHERE id = ANY (%s::uuid[])"
_REVISE = """
    UPDATE identities AS i SET revision = n.revision, content_hash = n.content_hash, time = n.time
    FROM unnest(%s::uuid[], %s::int[], %s::bigint[], %s::timestamptz[]) AS n (id, revision, content_hash, time)
    WHERE i.id = n.id
"""
_SUPERSEDE = "INSERT INTO superseded SELECT * FROM unnest(%s::uuid[], %s::int[], %s::bigint[])"


class CurrentRevision(NamedTuple):
    """The revision of an id that stands. `event` where it came in the batch at hand, else it is in the archive."""

    revision: int
    content_hash: int
    time: int
    event: DecodedEvent | None


@dataclass(slots=True)
class Resolution:
    """What becomes of a batch's events."""

    archive: list[DecodedEvent] = field(default_factory=list)
    """Those never seen before, whether they stand or not."""
    facts: list[tuple[Fact, int]] = field(default_factory=list)
    """What is stated now (+1) or no longer (−1), in the order in which to apply it."""
    duplicates: int = 0
    refused: list[Refused] = field(default_factory=list)


def resolve(cursor: psycopg.Cursor, events: Sequence[DecodedEvent]) -> Resolution:
    """Claim the events' identities in the running transaction and tell what becomes of each event."""
    first: dict[str, DecodedEvent] = {}
    for event in events:
        first.setdefault(event.identity, event)
    known = _claim(cursor, first)
    if not known and len(first) == len(events):  # the rule: nothing came twice
        return Resolution(list(events), [(event.fact, 1) for event in events if not event.retracted])
    current = _load_current(cursor, known)
    revisions = Revisions(current, _load_seen(cursor, current))
    for event in events:
        revisions.add(event)
    _store(cursor, revisions)
    resolution = revisions.resolution
    if revisions.taken_back:
        # Taking back comes first: a new revision's own entry must not be taken for the one that it replaces.
        resolution.facts[:0] = [(fact, -1) for fact in archived_facts(cursor, revisions.taken_back)]
    return resolution


class Revisions:
    """Decides what becomes of events, one by one in the order in which they came. Pure.

    What was there before them is given by identity; what they change is gathered for the tables.
    """

    def __init__(self, current: dict[str, CurrentRevision], seen: dict[tuple[str, int], int]) -> None:
        """`current` is what stands of each identity, `seen` the content hash of each (identity, revision)."""
        self.resolution = Resolution()
        self.current = current
        self._seen = seen
        self.revised: dict[str, CurrentRevision] = {}
        """What stands now of each identity of which something else stood before."""
        self.superseded: list[tuple[str, int, int]] = []
        """(identity, revision, content hash) of revisions that do not stand, or no longer."""
        self.taken_back: list[ArchiveKey] = []
        """Of those, the ones that are in the archive and stood until now."""

    def add(self, event: DecodedEvent) -> None:
        """Decide what becomes of an event."""
        content_hash = self._seen.get((event.identity, event.revision))
        if content_hash is None:
            self._add_revision(event)
        elif content_hash == event.content_hash:
            self.resolution.duplicates += 1
        else:
            self.resolution.refused.append(_conflict(event))

    def _add_revision(self, event: DecodedEvent) -> None:
        identity, current = event.identity, self.current.get(event.identity)
        self._seen[identity, event.revision] = event.content_hash
        self.resolution.archive.append(event)
        if current is not None and event.revision < current.revision:
            self.superseded.append((identity, event.revision, event.content_hash))
            return
        self.current[identity] = revision = CurrentRevision(event.revision, event.content_hash, event.time, event)
        if current is not None:
            self.revised[identity] = revision
            self._supersede(current, event)
        if not event.retracted:
            self.resolution.facts.append((event.fact, 1))

    def _supersede(self, current: CurrentRevision, event: DecodedEvent) -> None:
        """Take back what the revision had stated that stood until this event came."""
        self.superseded.append((event.identity, current.revision, current.content_hash))
        if current.event is None:
            self.taken_back.append(ArchiveKey(current.time, event.system, event.id, current.revision))
        elif not current.event.retracted:
            self.resolution.facts.append((current.event.fact, -1))


def _claim(cursor: psycopg.Cursor, first: dict[str, DecodedEvent]) -> list[str]:
    """Insert the identities, in hash order so that two workers cannot wait for each other; return those known."""
    if not first:
        return []
    claims = [first[identity] for identity in sorted(first)]
    cursor.execute(_CLAIM, _columns((c.identity, c.revision, c.content_hash, c.time) for c in claims))
    if cursor.rowcount == len(claims):
        return []
    fresh = {id_.hex for (id_,) in cursor}
    return [claim.identity for claim in claims if claim.identity not in fresh]


def _load_current(cursor: psycopg.Cursor, known: Sequence[str]) -> dict[str, CurrentRevision]:
    """The revision that stands of each identity that was there before, locked."""
    if not known:
        return {}
    cursor.execute(_KNOWN, [array(known)])
    return {
        id_.hex: CurrentRevision(revision, content_hash, moment_of(time), None)
        for id_, revision, content_hash, time in cursor
    }


def _load_seen(cursor: psycopg.Cursor, current: dict[str, CurrentRevision]) -> dict[tuple[str, int], int]:
    """The content hash of every (identity, revision) accepted before, of these identities."""
    if not current:
        return {}
    seen = {(identity, found.revision): found.content_hash for identity, found in current.items()}
    cursor.execute(_SUPERSEDED, [array(current)])
    seen.update({(id_.hex, revision): content_hash for id_, revision, content_hash in cursor})
    return seen


def _store(cursor: psycopg.Cursor, revisions: Revisions) -> None:
    if revisions.superseded:
        cursor.execute(_SUPERSEDE, _columns(revisions.superseded))
    if revisions.revised:
        cursor.execute(_REVISE, _columns((id_, new[0], new[1], new[2]) for id_, new in revisions.revised.items()))


def _columns(rows: Iterable[tuple[str, int, int] | tuple[str, int, int, int]]) -> list[str]:
    """Rows as array literals; a fourth column is a moment."""
    columns = list(zip(*rows, strict=True))
    return [array(column) for column in columns[:3]] + [array(map(moment, column)) for column in columns[3:]]


def _conflict(event: DecodedEvent) -> Refused:
    return Refused(
        event.record,
        "conflicting_id",
        f'id "{event.id}" revision {event.revision} was accepted before with other content; '
        "use a new id, or a higher revision for a correction",
    )
