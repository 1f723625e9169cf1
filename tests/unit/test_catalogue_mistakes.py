"""What is said about a catalogue with mistakes: tests/golden/catalogue has each with the whole of the answer.

A folder there holds the changed files, over those of `base`, and `expected.txt`.
"""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.errors import ConfigurationError
from core.settings import settings
from opscentre.cli import app
from schemas.catalogue.load import CatalogueError, load_catalogue

GOLDEN = Path(__file__).parent.parent / "golden" / "catalogue"
BASE = GOLDEN / "base"
MISTAKES = sorted(path.name for path in GOLDEN.iterdir() if path != BASE)


def said(folder: Path) -> str:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    return str(caught.value).replace(str(folder), "CATALOGUE") + "\n"


def test_the_base_has_no_mistake() -> None:
    assert load_catalogue(BASE).province.code == "X01"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_said_about(mistake: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(BASE, tmp_path / "catalogue"))
    shutil.copytree(GOLDEN / mistake, folder, dirs_exist_ok=True)
    assert said(folder) == (GOLDEN / mistake / "expected.txt").read_text(encoding="utf-8")


def test_a_missing_file(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(BASE, tmp_path / "catalogue"))
    (folder / "agencies.toml").rename(folder / "agences.toml")
    assert said(folder) == (
        "the catalogue in CATALOGUE has mistakes:\n"
        'agencies.toml: the file is missing from CATALOGUE; did you mean "agences.toml"?\n'
    )


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert said(tmp_path / "nowhere").splitlines()[1:] == [
        "agencies.toml: the file is missing from CATALOGUE",
        "calendar.toml: the file is missing from CATALOGUE",
        "procedures.toml: the file is missing from CATALOGUE",
        "province.toml: the file is missing from CATALOGUE",
        "systems: there is no file <system>.toml in CATALOGUE/systems",
    ]


def test_check_says_all_of_it_and_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(BASE, tmp_path / "catalogue"))
    shutil.copytree(GOLDEN / "all-at-once", folder, dirs_exist_ok=True)
    monkeypatch.setenv("OPSCENTRE_CATALOGUE", str(folder))
    settings.cache_clear()
    result = CliRunner().invoke(app, ["check"])
    settings.cache_clear()
    assert isinstance(result.exception, ConfigurationError)
    assert str(result.exception) + "\n" == (GOLDEN / "all-at-once" / "expected.txt").read_text(
        encoding="utf-8"
    ).replace("CATALOGUE", str(folder))
