"""Which events of a batch are fresh, which were seen before, and which revision of an id stands.

Identity is (system, id), whatever `time` says. Of several revisions the highest stands and replaces what the
others contributed, in whatever order they come; of two contents with one revision the first committed stands.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import psycopg

from schemas.events import BY_TYPE
from schemas.timekeeping.moments import moment_of
from streams.fold.facts import Fact, fact
from streams.ingest.records import DecodedEvent, Refused
from streams.write.copy_text import array, moment, texts

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
_ARCHIVED = """
    SELECT n.ordinal, e.type, e.subject, e.time, e.retracted, e.data
    FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::int[])
        WITH ORDINALITY AS n (time, system, id, revision, ordinal)
    JOIN events AS e ON e.time = n.time AND e.system = n.system AND e.id = n.id AND e.revision = n.revision
"""


class CurrentRevision(NamedTuple):
    """The revision of an id that stands. `event` where it came in the batch at hand, else it is in the archive."""

    revision: int
    content_hash: int
    time: int
    event: DecodedEvent | None


class Resolution:
    """What becomes of a batch's events."""

    def __init__(self) -> None:
        self.archive: list[DecodedEvent] = []
        self.facts: list[tuple[Fact, int]] = []
        self.duplicates = 0
        self.refused: list[Refused] = []

    def accept(self, event: DecodedEvent) -> None:
        """An event that stands."""
        self.archive.append(event)
        if not event.retracted:
            self.facts.append((event.fact, 1))


def resolve(cursor: psycopg.Cursor, events: Sequence[DecodedEvent]) -> Resolution:
    """Claim the events' identities in the running transaction and tell what becomes of each event."""
    result = Resolution()
    first: dict[str, DecodedEvent] = {}
    for event in events:
        first.setdefault(event.identity, event)
    known = _claim(cursor, first)
    if not known and len(first) == len(events):
        for event in events:
            result.accept(event)
        return result
    standing = _load(cursor, known)
    seen = {(identity, found.revision): found.content_hash for identity, found in standing.items()}
    if known:
        cursor.execute(_SUPERSEDED, [array(known)])
        seen.update({(id_.hex, revision): content_hash for id_, revision, content_hash in cursor})
    revised = _decide(events, standing, seen, result)
    _store(cursor, revised, result)
    return result


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


def _load(cursor: psycopg.Cursor, known: Sequence[str]) -> dict[str, CurrentRevision]:
    if not known:
        return {}
    cursor.execute(_KNOWN, [array(known)])
    return {
        id_.hex: CurrentRevision(revision, content_hash, moment_of(time), None)
        for id_, revision, content_hash, time in cursor
    }


class _Revised(NamedTuple):
    """Revisions that lost their standing, and the standing that replaced them."""

    losers: list[tuple[str, int, int]]
    winners: dict[str, CurrentRevision]
    archived: list[tuple[DecodedEvent, CurrentRevision]]


def _decide(
    events: Sequence[DecodedEvent],
    standing: dict[str, CurrentRevision],
    seen: dict[tuple[str, int], int],
    result: Resolution,
) -> _Revised:
    revised = _Revised([], {}, [])
    for event in events:
        identity = event.identity
        content_hash = seen.get((identity, event.revision))
        if content_hash is not None:
            if content_hash == event.content_hash:
                result.duplicates += 1
            else:
                result.refused.append(_conflict(event))
            continue
        seen[identity, event.revision] = event.content_hash
        mine = CurrentRevision(event.revision, event.content_hash, event.time, event)
        old = standing.get(identity)
        if old is None:
            standing[identity] = mine
            result.accept(event)
        elif event.revision < old.revision:
            result.archive.append(event)
            revised.losers.append((identity, event.revision, event.content_hash))
        else:
            revised.losers.append((identity, old.revision, old.content_hash))
            if old.event is None:
                revised.archived.append((event, old))
            elif not old.event.retracted:
                result.facts.append((old.event.fact, -1))
            standing[identity] = revised.winners[identity] = mine
            result.accept(event)
    return revised


def _store(cursor: psycopg.Cursor, revised: _Revised, result: Resolution) -> None:
    if revised.losers:
        cursor.execute(_SUPERSEDE, _columns(revised.losers))
    if revised.winners:
        cursor.execute(_REVISE, _columns((id_, new[0], new[1], new[2]) for id_, new in revised.winners.items()))
    if revised.archived:
        # Taking back comes first: the winner's own entry must not be taken for the one that it replaces.
        result.facts[:0] = [(old, -1) for old in _archived(cursor, revised.archived)]


def _archived(cursor: psycopg.Cursor, wanted: Sequence[tuple[DecodedEvent, CurrentRevision]]) -> list[Fact]:
    """What events in the archive had stated; those retracted had stated nothing."""
    columns = (
        array(moment(old.time) for _, old in wanted),
        texts(event.system for event, _ in wanted),
        texts(event.id for event, _ in wanted),
        array(old.revision for _, old in wanted),
    )
    cursor.execute(_ARCHIVED, columns)
    facts = []
    for ordinal, type_, subject, time, retracted, data in cursor:
        event = wanted[ordinal - 1][0]
        kind = BY_TYPE[type_]
        if not retracted:
            model = kind.__pydantic_validator__.validate_json(data)
            facts.append(fact(kind, event.system, subject, event.id, moment_of(time), model))
    return facts


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
