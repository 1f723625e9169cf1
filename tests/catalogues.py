"""Catalogues in folders of a test's own: the one shipped, with the calendar and limits that the test gives it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from schemas.catalogues import SHIPPED, Catalogue, load_catalogue

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
