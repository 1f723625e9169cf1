"""What a catalogue comes to: its systems, its rules, its version."""

import re
import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue.indicators import IndicatorFile
from schemas.catalogue.load import load_catalogue
from schemas.catalogue.model import Agency, Derivation, Grants, Procedure, ProcedureField, Province
from schemas.catalogue.rules import FOLD, CalendarEntry, OfficeHours, Rules
from schemas.catalogue.toml_table import Table

ROOT = Path(__file__).parent.parent.parent
BASE = ROOT / "tests" / "golden" / "catalogue" / "base"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a catalogue that is small enough to be read in a test."""
    return Path(shutil.copytree(BASE, tmp_path / "catalogue"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_grant_of_single_codes(folder: Path) -> None:
    edit(folder / "systems/telecom.toml", '["commune"]', '["X01.01", "X01"]')
    assert load_catalogue(folder).systems["telecom"].agencies == {"X01.01", "X01"}


def test_an_agency_stands_from_its_first_local_day_to_the_end_of_its_last(folder: Path) -> None:
    edit(folder / "agencies.toml", "valid_to = 2025-02-28", "valid_from = 2024-03-01\nvalid_to = 2025-02-28")
    validity = load_catalogue(folder).systems["telecom"].validity
    assert validity.keys() == {"X01.02"}
    begin, end, successor = validity["X01.02"]
    assert begin == datetime(2024, 2, 29, 17, tzinfo=UTC).timestamp() * 1_000_000
    assert end == datetime(2025, 2, 28, 17, tzinfo=UTC).timestamp() * 1_000_000
    assert successor == "X01.01"


def test_a_system_that_publishes_nothing_has_no_topic() -> None:
    catalogue = load_catalogue(BASE)
    assert catalogue.systems.keys() == {"telecom"}
    assert catalogue.derived.keys() == {"scorecard"}
    assert catalogue.derived["scorecard"].owner == "X01.01"


def test_the_rules_are_what_enters_a_fold() -> None:
    rules = load_catalogue(BASE).rules
    assert rules.model_dump(mode="json", exclude_none=True) == {
        "fold": FOLD,
        "zone": "Asia/Ho_Chi_Minh",
        "office_hours": [
            {
                "days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                "hours": ["07:00-11:30", "13:30-17:00"],
            }
        ],
        "agency_hours": {"X01.26506": [{"days": ["saturday"], "hours": ["08:00-12:00"]}]},
        "calendar": [
            {"date": "2025-03-12", "off": True, "agencies": ["X01.26506"]},
            {"date": "2025-04-26", "off": False, "since": "2024-12-03", "agencies": []},
            {"date": "2025-04-30", "off": True, "agencies": []},
            {"date": "2025-05-02", "off": True, "since": "2024-12-03", "agencies": []},
        ],
        "successions": [{"agency": "X01.02", "since": "2025-03-01", "successor": "X01.01"}],
        "limits": {
            "1.004837": [
                {"online": "3 working_days", "any": "5 working_days"},
                {"since": "2026-01-01", "any": "2 working_days"},
            ]
        },
    }
    assert Rules.model_validate_json(rules.model_dump_json()) == rules


def test_names_are_no_part_of_the_rules(folder: Path) -> None:
    before = load_catalogue(folder)
    for path in folder.rglob("*.toml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'en = "', 'en = "The ', text), encoding="utf-8")
    after = load_catalogue(folder)
    assert after.rules == before.rules
    assert after.version != before.version


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("province.toml", "17:00", "16:30"),
        ("province.toml", "Asia/Ho_Chi_Minh", "Asia/Bangkok"),
        ("agencies.toml", "12:00", "11:00"),
        ("calendar.toml", "2025-04-30", "2025-04-29"),
        ("calendar.toml", "2024-12-03", "2024-12-04"),
        ("calendar.toml", "X01.26506", "X01.01"),
        ("procedures.toml", "3 working_days", "3 days"),
    ],
)
def test_what_moves_a_deadline_changes_the_rules_and_the_version(folder: Path, name: str, old: str, new: str) -> None:
    before = load_catalogue(folder)
    edit(folder / name, old, new)
    after = load_catalogue(folder)
    assert after.rules.model_dump_json() != before.rules.model_dump_json()
    assert after.version != before.version


@given(st.randoms(use_true_random=False))
def test_order_layout_and_comments_change_neither_rules_nor_version(
    tmp_path_factory: pytest.TempPathFactory, chance: Random
) -> None:
    catalogue = load_catalogue(BASE)
    folder = Path(shutil.copytree(BASE, tmp_path_factory.mktemp("shuffled") / "catalogue"))
    edit(folder / "province.toml", '"monday", "tuesday"', '"tuesday", "monday"')
    edit(
        folder / "systems/telecom.toml",
        '"station.activated",\n    "station.deactivated"',
        '"station.deactivated", "station.activated"',
    )
    edit(
        folder / "procedures.toml",
        '{ online = "3 working_days", any = "5 working_days" },\n    { since = 2026-01-01, any = "2 working_days" }',
        '{ since = 2026-01-01, any = "2 working_days" }, { any = "5 working_days", online = "3 working_days" }',
    )
    for name in ("agencies.toml", "calendar.toml", "procedures.toml"):
        tables = re.split(r"\n\n(?=\[\[)", (folder / name).read_text(encoding="utf-8").strip())
        chance.shuffle(tables)
        text = "\ufeff# a comment\n" + "\n\n\n".join(tables) + "\n"
        (folder / name).write_bytes(text.replace("\n", "\r\n").encode())
    shuffled = load_catalogue(folder)
    assert shuffled.rules.model_dump_json() == catalogue.rules.model_dump_json()
    assert shuffled.version == catalogue.version
    assert re.fullmatch("[0-9a-f]{16}", catalogue.version)


HEADINGS: dict[str, type[Table]] = {
    "agency": Agency,
    "day_off": CalendarEntry,
    "working_day": CalendarEntry,
    "field": ProcedureField,
    "procedure": Procedure,
    "office_hours": OfficeHours,
}
FILES: dict[str, type[Table]] = {
    "zone": Province,
    "partitions": Grants,
    "derived": Derivation,
    "formula": IndicatorFile,
}
EXAMPLES = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_of_the_documentation_are_what_a_file_may_say(number: int) -> None:
    content = tomllib.loads(EXAMPLES[number])
    lists = {heading: content[heading] for heading in HEADINGS if isinstance(content.get(heading), list)}
    tables = [(HEADINGS[heading], table) for heading, found in lists.items() for table in found]
    whole = [(model, content) for key, model in FILES.items() if key in content]
    assert tables or whole
    for model, table in tables or whole:
        model.model_validate(table)
