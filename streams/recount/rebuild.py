"""Bringing another catalogue into force on a running installation, and making the tables anew from the archive.

The batches' transactions see one catalogue or the other. Workers that see another one than theirs end and come back
with it; what is open is moved to its rules a chunk at a time, between their batches. A case that they meet first is
moved by them.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from itertools import islice, pairwise

import psycopg

from core.catalogue import make_views, store_agencies
from core.database import connect, with_short_waits
from core.errors import ConfigurationError
from schemas.catalogue.model import Catalogue
from schemas.catalogue.rules import CalendarRule, Limits, OfficeHours, Rules, Succession
from streams.fold.facts import EntityKey
from streams.fold.rulebook import Rulebook, load_rulebook
from streams.recount.archive import facts
from streams.write.changes import Changes
from streams.write.fence import MAINTENANCE, fence_partition, prepare_session
from streams.write.projections import Projector

CHUNK = 1000
"""Cases that one transaction moves: workers that meet one of them wait that long."""

Say = Callable[[str], None]
_Dated = CalendarRule | OfficeHours | Limits | Succession

_AFFECTED = """
    SELECT system, kind, subject FROM cases
    WHERE (system, kind, subject) > (%s, %s, %s) AND catalogue < %s
        AND (closed_at IS NULL OR greatest(opened_at, closed_at) >= %s::timestamptz)
    ORDER BY system, kind, subject LIMIT %s
"""


def refuse_another_catalogue(dsn: str, catalogue: Catalogue, shipped: bool) -> None:
    """Refuse a catalogue that hardly anybody means to bring into force in this database.

    That is one of another province, the one that is shipped where a folder's is in force, and one that was in force
    before others were. A database without a catalogue takes any.

    Args:
        dsn: the database.
        catalogue: the one that is to come into force.
        shipped: whether it is the one that is shipped.

    Raises:
        ConfigurationError: it is such a one; the message says what is in force, and how to bring it in all the same.
        UnavailableError: the database does not answer.
    """
    with connect(dsn, "opscentre migrate") as connection:
        rows = connection.execute("SELECT version, shipped, applied_at FROM catalogues ORDER BY number").fetchall()
        provinces = connection.execute("SELECT code FROM agencies WHERE parent IS NULL").fetchall()
    if not rows or rows[-1][0] == catalogue.version:
        return
    ours, last = catalogue.province.code, rows[-1]
    if provinces and provinces != [(ours,)]:
        why = f"this database is the installation of the province {provinces[0][0]}, and the catalogue is of {ours}"
    elif shipped and last[1] is False:
        why = f"a catalogue of a folder is in force ({last[0]}), and OPSCENTRE_CATALOGUE names none: set it"
    elif earlier := [applied for version, _, applied in rows if version == catalogue.version]:
        when, since = (
            moment.astimezone(catalogue.zone).strftime("%Y-%m-%d %H:%M") for moment in (earlier[-1], last[2])
        )
        why = f"this catalogue came into force on {when}, and another has since, on {since}: is this an old copy?"
    else:
        return
    raise ConfigurationError(f"{why}\nTo bring it into force all the same, add --catalogue-changed.")


def apply_catalogue(dsn: str, catalogue: Catalogue, say: Say = lambda line: None, shipped: bool | None = None) -> None:
    """Bring a catalogue into force; safe to run again, also after having been ended in the middle.

    What was settled before the first of the changes takes effect stays as it is. `shipped` says whether it is the
    catalogue that is shipped, where that is known: see `refuse_another_catalogue`.

    Raises:
        UnavailableError: the database does not answer.
    """
    with connect(dsn, "opscentre migrate") as connection:
        connection.execute("SET statement_timeout = 0")
        prepare_session(connection)
        if with_short_waits(connection, lambda: _enter(connection, catalogue, shipped), say):
            say(f"catalogue {catalogue.version} has come into force")
        rulebook, unfinished = load_rulebook(connection, catalogue), _unfinished(connection)
        if unfinished:
            _follow(connection, rulebook, _steps(connection, unfinished[0]), say)
        # Not one that came into force meanwhile: whoever brought it is at it.
        connection.execute(
            "UPDATE catalogues SET finished_at = now() WHERE finished_at IS NULL AND number <= %s", (rulebook.number,)
        )
        connection.commit()


def _enter(connection: psycopg.Connection, catalogue: Catalogue, shipped: bool | None) -> bool:
    """Make the catalogue the one in force, between two batches of every worker; return whether it was another.

    In the running transaction. The views come first: their readers may take long, and batches do not wait for them.
    """
    store_agencies(connection, catalogue)
    make_views(connection, catalogue)
    connection.execute("LOCK TABLE partition_offsets IN EXCLUSIVE MODE")
    entered = connection.execute(
        "INSERT INTO catalogues (version, rules, shipped) SELECT %(version)s, %(rules)s, %(shipped)s "
        "WHERE %(version)s IS DISTINCT FROM (SELECT version FROM catalogues ORDER BY number DESC LIMIT 1)",
        {"version": catalogue.version, "rules": catalogue.rules.model_dump_json(), "shipped": shipped},
    )
    return entered.rowcount > 0


def _unfinished(connection: psycopg.Connection) -> list[int]:
    rows = connection.execute("SELECT number FROM catalogues WHERE finished_at IS NULL ORDER BY number").fetchall()
    connection.commit()
    return [number for (number,) in rows]


def _steps(connection: psycopg.Connection, unfinished: int) -> list[tuple[Rules, Rules]]:
    """The rules of each catalogue from this one on, after those of the one before it; none if it is the first."""
    rows = connection.execute(
        "SELECT rules FROM catalogues WHERE number >= (SELECT max(number) FROM catalogues WHERE number < %s) "
        "ORDER BY number",
        (unfinished,),
    ).fetchall()
    connection.commit()
    return list(pairwise(Rules.read(text) for (text,) in rows))


def _follow(connection: psycopg.Connection, rulebook: Rulebook, steps: list[tuple[Rules, Rules]], say: Say) -> None:
    """Make the tables what they would be, had the rules in force been there from the start."""
    if not steps or any((old.zone, old.fold) != (new.zone, new.fold) for old, new in steps):
        # There were no tables, none of their days is the same day any more, or the events come to something else.
        with_short_waits(connection, lambda: _rebuild(connection, rulebook, say), say)
        return
    days = [day for day in (first_difference(old, new) for old, new in steps) if day is not None]
    if days:
        _move(connection, rulebook, min(days), say)


def first_difference(old: Rules, new: Rules) -> date | None:
    """The first local day on which two catalogues' rules differ: `date.min` for always, None for never.

    What does not say since when it counts has always counted.
    """
    if old.zone != new.zone or old.agency_hours.keys() != new.agency_hours.keys():
        return date.min
    pairs: list[tuple[Sequence[_Dated], Sequence[_Dated]]] = [
        (old.calendar, new.calendar),
        (old.office_hours, new.office_hours),
        (old.successions, new.successions),
        *((hours, new.agency_hours[code]) for code, hours in old.agency_hours.items()),
        *((old.limits.get(code, []), new.limits.get(code, [])) for code in old.limits.keys() | new.limits.keys()),
    ]
    changed = [one for before, after in pairs for one in before if one not in after]
    changed += [one for before, after in pairs for one in after if one not in before]
    return min((one.since or date.min for one in changed), default=None)


def _move(connection: psycopg.Connection, rulebook: Rulebook, since: date, say: Say) -> None:
    """Fold what is open, or was settled since that day, once more, by the rules in force."""
    zone, folder, moved = rulebook.current.calendar.zone, Projector(rulebook), 0
    last = EntityKey("", "", "")
    midnight = "-infinity" if since == date.min else datetime.combine(since, time(), zone).isoformat()
    while True:
        with connection.transaction():
            cursor = connection.cursor()
            shard, _ = fence_partition(cursor, MAINTENANCE, rulebook)
            rows = cursor.execute(_AFFECTED, (*last, rulebook.number, midnight, CHUNK)).fetchall()
            changes = Changes()
            changes.cases = {EntityKey(*row): {} for row in rows}
            folder.apply(cursor, shard, changes)
        if not rows:
            say(f"{moved:,} cases stand under the rules of the new catalogue")
            return
        moved, last = moved + len(rows), EntityKey(*rows[-1])
        say(f"  … {moved:,} cases")


def _rebuild(connection: psycopg.Connection, rulebook: Rulebook, say: Say) -> None:
    """Make every table that follows from the archive anew, in the running transaction; the workers wait meanwhile."""
    folder, done = Projector(rulebook), 0
    cursor = connection.cursor()
    cursor.execute("LOCK TABLE partition_offsets IN EXCLUSIVE MODE")
    shard, _ = fence_partition(cursor, MAINTENANCE, rulebook)
    cursor.execute("TRUNCATE cases, items, readings, counters_day, counters_month, counters_minute, actors_month")
    stated = facts(connection, None)
    while chunk := list(islice(stated, 20 * CHUNK)):
        changes = Changes()
        for _, fact in chunk:
            changes.apply(fact, 1)
        folder.apply(cursor, shard, changes)
        done += len(chunk)
        say(f"  … {done:,} archived events counted anew")
