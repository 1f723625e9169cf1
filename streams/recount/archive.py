"""What the archived events state: facts and histories of what stands, and what they come to as of a moment."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

import psycopg

from schemas.counters import Totals
from schemas.events import BY_TYPE
from schemas.events.effects import Event, Reading
from schemas.timekeeping.moments import moment_of
from streams.fold.cases import Key
from streams.fold.contributions import Fold, Folds, contribution_at
from streams.fold.facts import EntityKey, Fact, archived_fact
from streams.fold.history import Entry, in_order
from streams.fold.rules import CaseRules

_EVENTS = """
    SELECT system, type, subject, id, revision, retracted, time, data, sequence FROM events
    WHERE time <= %s AND (%s::text[] IS NULL OR type = ANY (%s)) ORDER BY system COLLATE "C", subject COLLATE "C"
"""
_REVISED = "SELECT system, id, max(revision) FROM events WHERE revision > 0 GROUP BY system, id"

Stated = tuple[tuple[str, str], Fact]
"""System and subject of an event, and what it states."""


def facts(connection: psycopg.Connection, until: datetime | None, of: type[Event] = Event) -> Iterator[Stated]:
    """What the events of a class that stand state, of those with `time` until then, subject by subject."""
    # Asked for all, a type that is archived but no longer known is to be heard of, not to be left out.
    types = None if of is Event else [name for name, event in BY_TYPE.items() if issubclass(event, of)]
    highest = {(system, id_): revision for system, id_, revision in connection.execute(_REVISED)}
    with connection.cursor(name="recount") as cursor:
        cursor.itersize = 20_000
        cursor.execute(_EVENTS, (until or "infinity", types, types))
        for system, type_, subject, id_, revision, retracted, time, data, sequence in cursor:
            if not retracted and revision == highest.get((system, id_), revision):
                yield (system, subject), archived_fact(type_, system, subject, id_, time, data, sequence)


def histories(stated: Iterable[Stated]) -> Iterator[tuple[str, EntityKey, list[Fact]]]:
    """Facts gathered into (effect, entity, facts in the order of a history)."""
    for _, together in groupby(stated, key=lambda one: one[0]):
        gathered: dict[tuple[str, EntityKey], list[Fact]] = {}
        for _, one in together:
            gathered.setdefault((one.effect, one.entity), []).append(one)
        for (effect, entity), found in gathered.items():
            yield effect, entity, sorted(found, key=lambda one: in_order(one.entry))


def fold_of(folds: Folds, effect: str, entity: EntityKey) -> Fold[Any]:
    """The fold of a case's or an item's history."""
    return (folds.case if effect == "case" else folds.item)(entity.system, entity.group)


def totals_as_of(connection: psycopg.Connection, rules: CaseRules, moment: datetime) -> Totals:
    """What every measure holds at a moment: the fold of the events with time until then, as known now."""
    folds, at = Folds(rules), moment_of(moment)
    found: dict[Key, int] = {}
    for effect, entity, stated in histories(facts(connection, moment)):
        history = [one.entry for one in stated]
        if effect == "flow":
            for entry in history:
                key = (entity.system, entry.name, entry.agency, entry.dimensions or "")
                found[key] = found.get(key, 0) + 1
        elif effect != "reading":
            for key, (_, amount) in contribution_at(fold_of(folds, effect, entity), history, at).items():
                found[key] = found.get(key, 0) + amount
    return found


def readings_as_of(connection: psycopg.Connection, moment: datetime | None) -> dict[EntityKey, Entry]:
    """The reading that stands of each entity, of those reported until a moment."""
    stated = histories(facts(connection, moment, Reading))
    return {entity: found[-1].entry for _, entity, found in stated}
