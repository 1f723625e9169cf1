"""Folding the cases, items and readings that a batch touches, inside its transaction.

New ones are copied straight in. Where another worker creates the same one at the same moment, the unique key
refuses and the whole transaction is tried again; it then finds the row.
"""

from collections.abc import Callable, Mapping, Sequence

import psycopg

from core.errors import FullHistoryError
from streams.fold.cases import CaseFold, CaseState
from streams.fold.contributions import CounterDeltas, Folds, contribution_delta
from streams.fold.facts import EntityKey
from streams.fold.history import Entry, in_order
from streams.fold.items import ItemState
from streams.fold.rulebook import Rulebook
from streams.write.buckets import Buckets
from streams.write.changes import Changes, rewrite
from streams.write.copy_text import NULL, copy, history_from_text, history_to_text, moment, texts

MOST_ENTRIES = 5000
"""Events that a case, an item or a reading may have: its whole history is folded anew with each of them."""

Entries = Mapping[EntityKey, dict[str, Entry | None]]

_CASE_COLUMNS = (
    "system, kind, subject, agency, dimensions, state, opened_at, due_at, overdue_at, closed_at, on_time, "
    "contradictory, percent, due_moved_by_day, number_reused, catalogue, history"
)
_ITEM_COLUMNS = "system, register, subject, agency, dimensions, standing, since, history"
_READING_COLUMNS = "system, name, subject, agency, period, value, unit, reported_at, history"


class Projector:
    """Folds cases, items and readings under the rules of the catalogue in force."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._number = rulebook.number
        self._calendar = rulebook.current.calendar
        made = {id(rules): Folds(rules) for rules in rulebook.rules.values()}
        self._folds = {number: made[id(rules)] for number, rules in rulebook.rules.items()}
        self._current = self._folds[rulebook.number]

    def apply(self, cursor: psycopg.Cursor, shard: int, changes: Changes) -> None:
        """Fold what the changes touch, and count all that they come to under a shard, in the running transaction."""
        self._cases(cursor, changes.cases, changes.counters)
        self._items(cursor, changes.items, changes.counters)
        self._readings(cursor, changes.readings)
        buckets = Buckets(self._calendar)
        buckets.add(changes.counters)
        buckets.add_actors(changes.actors)
        buckets.write(cursor, shard)

    def _cases(self, cursor: psycopg.Cursor, entries: Entries, into: CounterDeltas) -> None:
        """Fold the cases with these changed entries; add what that changes to `into`.

        A case that was last folded under an earlier catalogue is moved to the rules of this one.
        """

        def fold(entity: EntityKey, before: list[Entry], after: list[Entry], catalogue: int) -> str:
            fold, earlier = self._current.case(entity.system, entity.group), None
            if before and self._folds[catalogue] is not self._current:
                earlier = self._folds[catalogue].case(entity.system, entity.group)
            state = contribution_delta(fold, before, after, into, earlier)
            return _case_row(entity, state, fold, after, self._number)

        _rewrite(cursor, "cases", "kind", _CASE_COLUMNS, entries, fold)

    def _items(self, cursor: psycopg.Cursor, entries: Entries, into: CounterDeltas) -> None:
        """Fold the items with these changed entries; add what that changes to `into`."""

        def fold(entity: EntityKey, before: list[Entry], after: list[Entry], _: int) -> str:
            fold = self._current.item(entity.system, entity.group)
            return _item_row(entity, contribution_delta(fold, before, after, into), after)

        _rewrite(cursor, "items", "register", _ITEM_COLUMNS, entries, fold)

    def _readings(self, cursor: psycopg.Cursor, entries: Entries) -> None:
        """Keep the latest of the readings with these changed entries."""

        def fold(entity: EntityKey, _: list[Entry], after: list[Entry], __: int) -> str:
            return _reading_row(entity, after) if after else ""

        _rewrite(cursor, "readings", "name", _READING_COLUMNS, entries, fold)


def _rewrite(
    cursor: psycopg.Cursor,
    table: str,
    group: str,
    columns: str,
    entries: Entries,
    fold: Callable[[EntityKey, list[Entry], list[Entry], int], str],
) -> None:
    if not entries:
        return
    entities = sorted(entries)
    rows = _lock(cursor, table, group, entities)
    fresh: list[str] = []
    changed: list[str] = []
    gone: list[EntityKey] = []
    for entity in entities:
        text, catalogue = rows.get(entity, _NEW)
        before = [] if text is None else history_from_text(text)
        after = rewrite(before, entries[entity])
        if len(after) > MOST_ENTRIES and len(after) > len(before):
            raise _full(entity, before, entries[entity])
        if after != before or not entries[entity]:
            row = fold(entity, before, after, catalogue)
            if after:
                (fresh if text is None else changed).append(row)
            else:
                gone.append(entity)  # as if it had never been there, which it had not where a retraction came first
    copy(cursor, f"{table} ({columns})", fresh)
    if changed:
        copy(cursor, f"changed_{table} ({columns})", changed)
        # Unprepared: a plan kept for a temporary table breaks when the table is made anew.
        cursor.execute(_update(table, group, columns), prepare=False)
    if gone:
        cursor.execute(
            f"DELETE FROM {table} AS t USING unnest(%s::text[], %s::text[], %s::text[]) "  # noqa: S608 - names are ours
            f"AS k (system, {group}, subject) "
            f"WHERE t.system = k.system AND t.{group} = k.{group} AND t.subject = k.subject".encode(),
            [texts(column) for column in zip(*gone, strict=True)],
        )


def _full(entity: EntityKey, before: Sequence[Entry], changed: Mapping[str, Entry | None]) -> FullHistoryError:
    """Which of the changes are too many: the last of those that are new."""
    room = MOST_ENTRIES - len(rewrite(before, {id_: None for id_, entry in changed.items() if entry is None}))
    new = sorted((entry for entry in changed.values() if entry is not None), key=in_order)
    known = {entry.id for entry in before}
    new = [entry for entry in new if entry.id not in known]
    return FullHistoryError(
        f"{entity.system} {entity.group} {entity.id}",
        MOST_ENTRIES,
        {(entity.system, entry.id) for entry in new[max(room, 0) :]},
    )


_NEW: tuple[str | None, int] = (None, 0)


def _lock(
    cursor: psycopg.Cursor, table: str, group: str, entities: Sequence[EntityKey]
) -> dict[EntityKey, tuple[str | None, int]]:
    """Lock what exists of the entities, in key order; read the histories, and the catalogues of cases."""
    catalogue = "t.catalogue" if table == "cases" else "0"
    cursor.execute(
        f"SELECT t.system, t.{group}, t.subject, t.history, {catalogue} FROM {table} AS t "  # noqa: S608 - names are ours
        f"JOIN unnest(%s::text[], %s::text[], %s::text[]) AS k (system, {group}, subject) "
        f"USING (system, {group}, subject) ORDER BY t.system, t.{group}, t.subject FOR UPDATE OF t".encode(),
        [texts(column) for column in zip(*entities, strict=True)],
    )
    return {EntityKey(*row[:3]): (row[3], row[4]) for row in cursor}


def _update(table: str, group: str, columns: str) -> bytes:
    key = ("system", group, "subject")
    values = [column for column in columns.split(", ") if column not in key]
    assignments = ", ".join(f"{column} = n.{column}" for column in values)
    if table == "cases":
        assignments += ", changed_xid = pg_current_xact_id()"
    matches = " AND ".join(f"t.{column} = n.{column}" for column in key)
    return f"UPDATE {table} AS t SET {assignments} FROM changed_{table} AS n WHERE {matches}".encode()  # noqa: S608


def _case_row(entity: EntityKey, state: CaseState, fold: CaseFold, history: Sequence[Entry], catalogue: int) -> str:
    name, overdue = state.name, None
    if state.due is not None and (name in ("open", "closed") or fold.missed(state)):
        overdue = max(fold.overdue_at(state.due), state.reopened_at)
    met = fold.on_time(state) if name == "closed" else None
    return (
        f"{entity.system}\t{entity.group}\t{entity.id}\t{state.agency}\t{state.dimensions}\t{name}\t"
        f"{moment(state.opened_at)}\t{moment(state.due)}\t{moment(overdue)}\t{moment(state.closed_at)}\t"
        f"{NULL if met is None else met}\t{state.contradictory}\t{state.done}\t{state.due_moved_by_day or NULL}\t"
        f"{len(state.reused_by)}\t{catalogue}\t{history_to_text(history)}"
    )


def _item_row(entity: EntityKey, state: ItemState, history: Sequence[Entry]) -> str:
    return (
        f"{entity.system}\t{entity.group}\t{entity.id}\t{state.agency}\t{state.dimensions}\t{state.standing}\t"
        f"{moment(state.since)}\t{history_to_text(history)}"
    )


def _reading_row(entity: EntityKey, history: Sequence[Entry]) -> str:
    latest, period = history[-1], entity.id.rpartition(" ")[2]
    value, unit, _ = latest.detail
    return (
        f"{entity.system}\t{entity.group}\t{entity.id}\t{latest.agency}\t{period}\t{value!r}\t{unit}\t"
        f"{moment(latest.time)}\t{history_to_text(history)}"
    )
