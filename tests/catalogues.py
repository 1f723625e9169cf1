"""Catalogues of a test's own: the one shipped with another calendar and limits; and an installation that uses it."""

import shutil
import uuid
from collections.abc import Iterable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from schemas.catalogue.load import SHIPPED, Catalogue, load_catalogue
from streams.fold.rulebook import Rulebook, load_rulebook
from streams.recount.compare import compare
from streams.recount.rebuild import apply_catalogue
from streams.write.writer import Writer
from tests.helpers import Json, Log, cloud_event, tables

PROCEDURES = """
[[field]]
code = "chung-thuc"
name = { vi = "Chứng thực", en = "Certification" }

[[procedure]]
code = "2.000815"
name = { vi = "Chứng thực bản sao", en = "Certified copies" }
field = "chung-thuc"
level = "both"
limits = [{ any = "5 working_days" }]

[[procedure]]
code = "2.000816"
name = { vi = "Chứng thực chữ ký", en = "Certified signatures" }
field = "chung-thuc"
level = "both"
"""
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_NAME = 'name = { vi = "Nghỉ", en = "Off" }'


def write_catalogue(folder: Path, days_off: Iterable[str] = (), procedures: str = PROCEDURES) -> Catalogue:
    """Write a catalogue; a day off is `2025-04-11`, or `2025-04-11 since 2025-04-09`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SHIPPED, folder)
    entries = [day.partition(" since ") for day in days_off]
    (folder / "calendar.toml").write_text(
        "".join(
            f"[[day_off]]\ndate = {day}\n{_NAME}\n{f'since = {since}' if since else ''}\n" for day, _, since in entries
        )
    )
    (folder / "procedures.toml").write_text(procedures)
    return load_catalogue(folder)


def rename(folder: Path, old: str, new: str) -> Catalogue:
    """Change a text of the province's file."""
    province = folder / "province.toml"
    text = province.read_text()
    assert old in text
    province.write_text(text.replace(old, new))
    return load_catalogue(folder)


# Of April 2025: the 7th is a Monday, so what is received then at 09:00 with five working days is due on the 14th at
# 09:00, and on the 15th once Friday the 11th is off.
CHANGE = "2025-04-11 since 2025-04-09"


def received(subject: str, time: str = "2025-04-07T09:00:00+07:00", **changes: Any) -> Json:
    return cloud_event("dossier.received", subject, time, f"received-{subject}", **changes)


def then(name: str, subject: str, day: str, **changes: Any) -> Json:
    """A later event of a dossier, on this day of April: `15`, or `15T10:00`."""
    time = day if "T" in day else f"{day}T09:00"
    return cloud_event(f"dossier.{name}", subject, f"2025-04-{time}:00+07:00", f"{name}-{subject}", **changes)


def content(connection: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All tables, but which catalogue a case was folded under last: settled ones stay with theirs."""
    found = tables(connection)
    return found | {"cases": [row[:-2] + row[-1:] for row in found["cases"]]}


class Installation:
    """A database, and a folder with the catalogue that is in force in it."""

    def __init__(self, dsn: str, folder: Path, connection: psycopg.Connection) -> None:
        self.dsn = dsn
        self.folder = folder
        self.connection = connection
        self.catalogue = self.change()

    def write(self, *days_off: str) -> Catalogue:
        """Change the catalogue in the folder only."""
        return write_catalogue(self.folder, days_off)

    def change(self, *days_off: str) -> Catalogue:
        """Change the catalogue, and bring it into force."""
        self.catalogue = self.write(*days_off)
        apply_catalogue(self.dsn, self.catalogue)
        return self.catalogue

    @property
    def rulebook(self) -> Rulebook:
        return load_rulebook(self.connection, self.catalogue)

    def commit(self, *events: Json) -> None:
        """Commit events under the catalogue in force, by a worker of their own."""
        with closing(Writer(self.dsn, self.rulebook, give_up=lambda: True)) as writer:
            writer.commit(Log(topic_id=uuid.uuid4().hex).batch(*events))

    def case(self, subject: str) -> tuple[str | None, date | None, int]:
        """When it is due (local), the day that moved it, and the number of the catalogue that it stands under."""
        row = self.connection.execute(
            "SELECT due_at, due_moved_by_day, catalogue FROM cases WHERE subject = %s", (subject,)
        ).fetchone()
        assert row is not None
        return row[0] and row[0].astimezone(ZONE).strftime("%m-%d %H:%M"), row[1], row[2]

    def moved(self) -> set[str]:
        """The cases that stand under the catalogue in force."""
        number = self.rulebook.number
        rows = self.connection.execute("SELECT subject FROM cases WHERE catalogue = %s", (number,))
        return {subject for (subject,) in rows}

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        return content(self.connection)

    def assert_right(self) -> None:
        """No counter differs from the archive, and all tables are what they are when made anew from it."""
        assert compare(self.connection, self.rulebook) == []
        before = self.content()
        self.connection.execute("UPDATE catalogues SET finished_at = NULL")
        apply_catalogue(self.dsn, self.catalogue)
        assert self.content() == before
