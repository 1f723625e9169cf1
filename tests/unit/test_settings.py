"""Settings, errors and the command line say what they are."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from core import errors
from core.errors import ConfigurationError, OpsCentreError
from core.settings import Settings, settings
from opscentre.cli import app

ROOT = Path(__file__).parent.parent.parent


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    rows = dict(re.findall(r"^\| `(OPSCENTRE_\w+)` \| (.*) \|$", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    expected = {
        f"OPSCENTRE_{name.upper()}": f"{f'`{field.default}`' if field.default not in {None, ''} else ''} | "
        f"{field.description}"
        for name, field in Settings.model_fields.items()
    }
    assert rows == expected


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSCENTRE_BATCH_EVENTS", "many")
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match="OPSCENTRE_BATCH_EVENTS"):
        settings()
    settings.cache_clear()


def test_the_tree_at_the_top_of_errors_is_the_hierarchy() -> None:
    assert errors.__doc__ is not None
    named = set(re.findall(r"[├└]── (\w+)", errors.__doc__))
    assert named == {cls.__name__ for cls in OpsCentreError.__subclasses__()}


@pytest.mark.parametrize(
    "command",
    ["run", "up", "down", "status", "check", "build", "migrate", "worker", "simulate", "recount", "bench", "publish"]
    + [f"dead-letters {verb}" for verb in ("list", "show", "replay", "discard")],
)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_an_empty_catalogue_is_the_one_shipped_and_absurd_months_are_refused() -> None:
    assert Settings.model_validate({"catalogue": ""}).catalogue is None
    with pytest.raises(ValidationError, match="1200"):
        Settings(target_months=999_999)
