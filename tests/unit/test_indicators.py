"""Indicators as a catalogue has them."""

import shutil
from pathlib import Path

import pytest

from schemas.catalogue.load import load_catalogue

ROOT = Path(__file__).parent.parent.parent
BASE = ROOT / "tests" / "golden" / "catalogue" / "base"

STATIONS = """\
system = "telecom"
name = { vi = "Trạm 5G", en = "5G stations" }
unit = "stations"
period = "always"
by = "operator"

[formula]
kind = "stock"
of = [{ of = "station.standing", where = { technology = ["5g"] } }]

[[target]]
due = 2025-12-31
at_least = 250
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small catalogue with one indicator."""
    folder = Path(shutil.copytree(BASE, tmp_path / "catalogue"))
    (folder / "indicators").mkdir(exist_ok=True)
    (folder / "indicators" / "active-stations.toml").write_text(STATIONS, encoding="utf-8")
    return folder


def test_an_indicator_has_the_name_of_its_file(folder: Path) -> None:
    indicator = load_catalogue(folder).indicators["active-stations"]
    assert indicator.id == "active-stations"
    assert indicator.file.target[0].at_least == 250


def test_a_catalogue_without_indicators_is_one_all_the_same(folder: Path) -> None:
    shutil.rmtree(folder / "indicators")
    assert load_catalogue(folder).indicators == {}


def test_an_indicator_is_part_of_the_version_and_no_deadline_hangs_on_it(folder: Path) -> None:
    before = load_catalogue(folder)
    (folder / "indicators" / "active-stations.toml").write_text(STATIONS.replace("250", "300"), encoding="utf-8")
    after = load_catalogue(folder)
    assert after.version != before.version
    assert after.rules == before.rules
