"""`opscentre catalogue new`: what another province starts from."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.errors import ConfigurationError
from core.settings import settings
from opscentre.cli import app
from schemas.catalogue.load import TEMPLATE


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_it_writes_passes_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "provinces" / "mine"
    result = CliRunner().invoke(app, ["catalogue", "new", str(folder)], catch_exceptions=False)
    assert written(folder) == written(TEMPLATE)
    assert f"    export OPSCENTRE_CATALOGUE={folder}\n    opscentre check\n" in result.stderr
    monkeypatch.setenv("OPSCENTRE_CATALOGUE", str(folder))
    settings.cache_clear()
    checked = CliRunner().invoke(app, ["check"], catch_exceptions=False)
    settings.cache_clear()
    assert checked.stdout.startswith("The catalogue of Example Province (H99) is in order")


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["catalogue", "new", str(tmp_path)], catch_exceptions=False)
    assert written(tmp_path) == written(TEMPLATE)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "province.toml").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"is not empty, and nothing in it is overwritten"):
        CliRunner().invoke(app, ["catalogue", "new", str(tmp_path)], catch_exceptions=False)
    assert written(tmp_path) == {"province.toml"}
    assert (tmp_path / "province.toml").read_text() == "mine"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot be written to .*/file: Not a directory"):
        CliRunner().invoke(app, ["catalogue", "new", str(tmp_path / "file")], catch_exceptions=False)
