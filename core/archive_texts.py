"""Texts of the archive as they are compared now: letters composed, no blanks around ids and subjects.

What was archived before that stands in the form in which it came; a resend in another form would be counted again.
"""

from collections.abc import Iterable
from typing import LiteralString, NamedTuple

import psycopg
from psycopg import sql

from schemas.events.identity import content_hash, identity

_OTHERWISE = """
    SELECT system, type, id, btrim(normalize(id), ' '), revision, btrim(normalize(subject), ' '), retracted,
        normalize(data)
    FROM events
    WHERE id <> btrim(normalize(id), ' ') OR subject <> btrim(normalize(subject), ' ') OR data IS NOT NFC NORMALIZED
"""
_TAKEN = "SELECT id::text FROM identities WHERE id = ANY (%s::uuid[])"
_RENAME: LiteralString = """
    UPDATE {table} AS t SET id = n.new, content_hash = n.content_hash
    FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::bigint[]) AS n (old, new, revision, content_hash)
    WHERE t.id = n.old AND t.revision = n.revision
"""
_REWRITE = """
    UPDATE events AS e SET id = n.new, subject = btrim(normalize(subject), ' '), data = normalize(data)
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS n (system, old, new)
    WHERE e.system = n.system AND e.id = n.old
"""


class _Text(NamedTuple):
    system: str
    type: str
    id: str
    composed: str
    revision: int
    subject: str
    retracted: bool
    data: str


def compose_archive(connection: psycopg.Connection) -> None:
    """Compose what the archive holds, within the running transaction. What two events would share stays as it is."""
    found = [_Text(*row) for row in connection.execute(_OTHERWISE)]
    names = {(one.system, one.id): one.composed for one in found}
    for name in _clashing(connection, names):
        del names[name]
    texts = [one for one in found if (one.system, one.id) in names]
    if not texts:
        return
    columns = (
        [identity(one.system, one.id) for one in texts],
        [identity(one.system, one.composed) for one in texts],
        [one.revision for one in texts],
        [content_hash(one.type, one.subject, one.retracted, one.data.encode()) for one in texts],
    )
    for table in ("identities", "superseded"):
        connection.execute(sql.SQL(_RENAME).format(table=sql.Identifier(table)), columns)
    systems, olds = zip(*names, strict=True)
    connection.execute(_REWRITE, (list(systems), list(olds), list(names.values())))


def _clashing(connection: psycopg.Connection, names: dict[tuple[str, str], str]) -> Iterable[tuple[str, str]]:
    """Of (system, id) → composed id, those whose composed id another event has, or would have, too."""
    wanted: dict[str, list[tuple[str, str]]] = {}
    for (system, id_), composed in names.items():
        wanted.setdefault(identity(system, composed), []).append((system, id_))
    taken = {key.replace("-", "") for (key,) in connection.execute(_TAKEN, (list(wanted),))}
    for key, ones in wanted.items():
        if len(ones) > 1 or (key in taken and names[ones[0]] != ones[0][1]):
            yield from ones
