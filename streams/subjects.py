"""Folding the cases and items that a batch touches, inside its transaction.

New ones are copied straight in. Where another worker creates the same one at the same moment, the unique key
refuses and the whole transaction is tried again; it then finds the row.
"""

from collections.abc import Callable, Mapping, Sequence

import psycopg

from schemas.times import Calendar
from streams.changes import Subject, rewrite
from streams.counters import CaseFold, Differences, Folds, difference
from streams.fold import CaseState, Entry, ItemState, on_time
from streams.rows import NULL, copy, history_from_text, history_to_text, moment, texts

Entries = Mapping[Subject, dict[str, Entry | None]]

_CASE_COLUMNS = (
    "system, kind, subject, agency, label, state, opened_at, due_at, overdue_at, closed_at, on_time, "
    "contradictory, history"
)
_ITEM_COLUMNS = "system, register, subject, agency, label, standing, since, history"


class Folder:
    """Folds the cases and items of one province's calendar."""

    def __init__(self, calendar: Calendar) -> None:
        self._folds = Folds(calendar)

    def cases(self, cursor: psycopg.Cursor, entries: Entries, into: Differences) -> None:
        """Fold the cases with these changed entries; add what that changes to `into`."""

        def fold(subject: Subject, before: list[Entry], after: list[Entry]) -> str:
            fold = self._folds.case(subject.group)
            return _case_row(subject, difference(fold, before, after, into), fold, after)

        _rewrite(cursor, "cases", "kind", _CASE_COLUMNS, entries, fold)

    def items(self, cursor: psycopg.Cursor, entries: Entries, into: Differences) -> None:
        """Fold the items with these changed entries; add what that changes to `into`."""

        def fold(subject: Subject, before: list[Entry], after: list[Entry]) -> str:
            return _item_row(subject, difference(self._folds.item(subject.group), before, after, into), after)

        _rewrite(cursor, "items", "register", _ITEM_COLUMNS, entries, fold)


def _rewrite(
    cursor: psycopg.Cursor,
    table: str,
    group: str,
    columns: str,
    entries: Entries,
    fold: Callable[[Subject, list[Entry], list[Entry]], str],
) -> None:
    if not entries:
        return
    subjects = sorted(entries)
    histories = _lock(cursor, table, group, subjects)
    fresh: list[str] = []
    changed: list[str] = []
    gone: list[Subject] = []
    for subject in subjects:
        text = histories.get(subject)
        before = [] if text is None else history_from_text(text)
        after = rewrite(before, entries[subject])
        if after != before:
            row = fold(subject, before, after)
            if after:
                (fresh if text is None else changed).append(row)
            else:
                gone.append(subject)  # as if it had never been there, which it had not where a retraction came first
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


def _lock(cursor: psycopg.Cursor, table: str, group: str, subjects: Sequence[Subject]) -> dict[Subject, str]:
    """Lock what exists of the subjects, in key order, and read the histories."""
    cursor.execute(
        f"SELECT t.system, t.{group}, t.subject, t.history FROM {table} AS t "  # noqa: S608 - names are ours
        f"JOIN unnest(%s::text[], %s::text[], %s::text[]) AS k (system, {group}, subject) "
        f"USING (system, {group}, subject) ORDER BY t.system, t.{group}, t.subject FOR UPDATE OF t".encode(),
        [texts(column) for column in zip(*subjects, strict=True)],
    )
    return {Subject(system, name, subject): history for system, name, subject, history in cursor}


def _update(table: str, group: str, columns: str) -> bytes:
    key = ("system", group, "subject")
    values = [column for column in columns.split(", ") if column not in key]
    assignments = ", ".join(f"{column} = n.{column}" for column in values)
    if table == "cases":
        assignments += ", changed_by = pg_current_xact_id()"
    matches = " AND ".join(f"t.{column} = n.{column}" for column in key)
    return f"UPDATE {table} AS t SET {assignments} FROM changed_{table} AS n WHERE {matches}".encode()  # noqa: S608


def _case_row(subject: Subject, state: CaseState, fold: CaseFold, history: Sequence[Entry]) -> str:
    name, overdue = state.name, None
    if name in ("open", "closed") and state.due is not None:
        overdue = fold.overdue_at(state.due)
    met = on_time(state, fold.overdue_at) if name == "closed" else None
    return (
        f"{subject.system}\t{subject.group}\t{subject.subject}\t{state.agency}\t{state.label}\t{name}\t"
        f"{moment(state.opened_at)}\t{moment(state.due)}\t{moment(overdue)}\t{moment(state.closed_at)}\t"
        f"{NULL if met is None else met}\t{state.contradictory}\t{history_to_text(history)}"
    )


def _item_row(subject: Subject, state: ItemState, history: Sequence[Entry]) -> str:
    return (
        f"{subject.system}\t{subject.group}\t{subject.subject}\t{state.agency}\t{state.label}\t{state.standing}\t"
        f"{moment(state.since)}\t{history_to_text(history)}"
    )
