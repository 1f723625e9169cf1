"""Where a demonstration places the targets of the programme's year."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from core.catalogue import open_catalogue
from core.settings import DEMONSTRATION, Settings
from opscentre.demonstration import shift_targets
from schemas.catalogue.indicators import months_later
from schemas.catalogue.load import Catalogue


def dues(catalogue: Catalogue) -> list[date]:
    return sorted(target.due for one in catalogue.indicators.values() for target in one.file.target)


def test_the_last_target_lies_ahead_and_the_first_ones_are_past(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPSCENTRE_TARGET_MONTHS")
    shift_targets(catalogue)
    moved = dues(open_catalogue(Settings()))
    today = datetime.now(catalogue.zone).date()
    assert today + timedelta(days=30) <= moved[-1] <= today + timedelta(days=62)
    assert moved[0] < today
    assert len(moved) == len(dues(catalogue))


def test_a_variable_goes_before_what_the_demonstration_has_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    DEMONSTRATION.parent.mkdir()
    DEMONSTRATION.write_text("OPSCENTRE_TARGET_MONTHS=11\n")
    assert Settings().target_months == 0  # the tests' own variable
    monkeypatch.delenv("OPSCENTRE_TARGET_MONTHS")
    assert Settings().target_months == 11


def test_targets_that_are_not_moved_are_the_catalogues_own(catalogue: Catalogue) -> None:
    assert open_catalogue(Settings(target_months=0)).version == catalogue.version
    moved = open_catalogue(Settings(target_months=12))
    assert moved.version != catalogue.version
    assert moved.rules == catalogue.rules


@pytest.mark.parametrize(
    ("day", "months", "moved"),
    [
        ("2025-05-30", 12, "2026-05-30"),
        ("2025-08-31", 6, "2026-02-28"),
        ("2023-08-31", 6, "2024-02-29"),
        ("2025-12-31", 1, "2026-01-31"),
        ("2025-12-31", 0, "2025-12-31"),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: str, months: int, moved: str) -> None:
    assert months_later(date.fromisoformat(day), months) == date.fromisoformat(moved)
