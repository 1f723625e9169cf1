"""The README's own words, run as they stand there, on an installation of the test's own."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
from typer.testing import CliRunner

from core.settings import Settings
from opscentre.cli import app
from tests.conftest import commands_of
from tests.workers import Workers

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
Environment = Callable[[Settings], dict[str, str]]


def status() -> dict[str, object]:
    result = CliRunner().invoke(app, ["status", "--json"])
    assert result.exit_code == 0, result.output
    report: dict[str, object] = orjson.loads(result.stdout)
    return report


def test_the_first_events_of_the_readme_are_counted_and_sent_again_are_duplicates(
    installation: Settings, environment: Environment, tmp_path: Path
) -> None:
    own = environment(installation)
    (shell,) = re.findall(r"^(echo .*opscentre publish -)$", README, re.MULTILINE)
    (python,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    shell = shell.replace(".venv/bin/opscentre", f"{sys.executable} -m opscentre")
    python = python.replace("127.0.0.1:29092", installation.kafka)
    with commands_of(installation):
        with Workers(installation, environment, tmp_path) as workers:
            workers.start()
            for _ in range(2):
                subprocess.run(["sh", "-c", shell], check=True, env=own, cwd=ROOT)
                subprocess.run([sys.executable, "-c", python], check=True, env=own, cwd=ROOT)
            workers.wait(lambda: status()["duplicates"] == 2, "two events and two duplicates")
        report = status()
        assert report["events"] == 2
        assert report["items"]["station"]["standing"] == 2  # type: ignore[index]
        assert CliRunner().invoke(app, ["recount"]).exit_code == 0
