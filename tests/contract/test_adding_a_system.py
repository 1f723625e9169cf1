"""docs/adding-a-system.md, followed to the letter in a copy of the project, by somebody who knows nothing else."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "adding-a-system.md").read_text(encoding="utf-8")

FILES = re.findall(r"^`(\S+)`:\n\n```\w+\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
EDITS = re.findall(r"^```diff\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)).splitlines()
PROGRAMS = {".venv/bin/python": [sys.executable], ".venv/bin/opscentre": [sys.executable, "-m", "opscentre"]}
EDITED = "schemas/events/__init__.py"

# What the event counts for, as the copy's own workers see it.
_COUNT = """
import json
import sys
import time
from pathlib import Path

import schemas
from schemas.counters import KINDS
from schemas.catalogue.load import load_catalogue
from streams.ingest.decoder import Decoder
from streams.ingest.records import Record

value = Path("checkup.json").read_bytes()
incoming = Decoder(load_catalogue().systems["health"]).decode(Record(0, time.time_ns() // 1_000_000, None, value, ()))
stated = incoming.fact
json.dump(
    {
        "code": str(Path(schemas.__file__).parents[1]),
        "effect": stated.effect,
        "entity": stated.entity,
        "name": stated.entry.name,
        "agency": stated.entry.agency,
        "dimensions": stated.entry.dimensions,
        "has due time": stated.entry.due is not None,
        "shown": stated.entity.group in KINDS,
    },
    sys.stdout,
)
"""


def run(folder: Path, command: list[str]) -> str:
    """What a command prints that is run in the copy, with the copy's packages and nobody's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPSCENTRE_")}
    done = subprocess.run(
        command, cwd=folder, env={**environment, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def apply(text: str, diff: str) -> str:
    """The text after an edit; what the edit finds must stand there exactly once."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    assert text.count(old) == 1, f"{EDITED} does not have just one\n{old}"
    return text.replace(old, "".join(line[1:] for line in lines if line[0] in " +"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which all has been done that the document says before its commands."""
    folder = tmp_path_factory.mktemp("project") / "copy"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    for name, text in FILES:
        path = folder / name
        assert not path.exists(), f"{name} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    edited = folder / EDITED
    for diff in EDITS:
        edited.write_text(apply(edited.read_text(encoding="utf-8"), diff), encoding="utf-8")
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        run(folder, [*PROGRAMS[program], *arguments])
    return folder


def test_the_document_has_all_that_a_system_needs() -> None:
    assert len(EDITS) == 2
    assert {"check", "build"} <= {word for command in COMMANDS for word in command.split()}
    assert {Path(name).suffix for name, _ in FILES} == {".py", ".json", ".toml"}
    assert DOCUMENT.count("```") == 2 * (len(FILES) + len(EDITS) + 1)  # no block that is not followed


def test_after_what_the_document_says_its_event_counts(copy: Path) -> None:
    counted: dict[str, Any] = json.loads(run(copy, [sys.executable, "-c", _COUNT]))
    assert counted == {
        "code": str(copy),
        "effect": "case",
        "entity": ["health", "checkup", "KSK-26560-2025-01"],
        "name": "checkup.planned",
        "agency": "H06.26560",
        "dimensions": "workers",
        "has due time": True,
        "shown": True,
    }


def test_after_what_the_document_says_the_documents_have_the_system(copy: Path) -> None:
    assert "### checkup.held\n" in (copy / "docs" / "events.md").read_text(encoding="utf-8")
    assert "### checkups-overdue\n" in (copy / "docs" / "indicators.md").read_text(encoding="utf-8")
    assert "events.health" in json.loads((copy / "docs" / "asyncapi.json").read_text(encoding="utf-8"))["channels"]
    assert (copy / "docs" / "schemas" / "checkup.planned.v1.json").is_file()


def test_the_copy_is_as_tidy_as_the_project(copy: Path) -> None:
    python = [name for name, _ in FILES if name.endswith(".py")]
    run(copy, [sys.executable, "-m", "ruff", "check", EDITED, *python])
    run(copy, [sys.executable, "-m", "ruff", "format", "--check", EDITED, *python])
