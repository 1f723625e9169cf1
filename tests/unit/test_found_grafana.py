"""Which Grafana of the machine a demonstration runs."""

from pathlib import Path

import pytest

from core.settings import Settings
from opscentre.devservices.grafana import Grafana


def program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / name
    made.write_text("#!/bin/sh\n")
    made.chmod(0o755)
    return made


def test_without_one_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Grafana.found(Settings(data=tmp_path)) is None
    assert Grafana.found(Settings(data=tmp_path, grafana_home=tmp_path)) is None


@pytest.mark.parametrize("name", ["grafana", "grafana-server"])
def test_one_on_the_path_or_where_the_setting_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert Grafana.found(Settings(data=tmp_path)) is not None
    monkeypatch.setenv("PATH", "")
    assert Grafana.found(Settings(data=tmp_path, grafana_home=tmp_path)) is not None


def test_its_password_is_made_once_and_nobody_elses(tmp_path: Path) -> None:
    grafana = Grafana(Path("grafana"), tmp_path, tmp_path)
    first = grafana.credentials
    assert first == Grafana(Path("grafana"), tmp_path, tmp_path).credentials
    assert first.startswith("admin:")
    assert (tmp_path / "grafana" / "password").stat().st_mode & 0o777 == 0o600
