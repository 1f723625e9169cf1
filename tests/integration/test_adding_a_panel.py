"""docs/adding-a-panel.md, followed to the letter in a copy of the project: the panel appears in both renderers."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from core.readers import make_reader
from core.settings import Settings
from opscentre.devservices.ports import free_port
from opscentre.devservices.process import Process, wait_until
from tests.province import pages_answer

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "adding-a-panel.md").read_text(encoding="utf-8")
EDITS = re.findall(r"^```diff\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)).splitlines()
EDITED = "dashboards/screens/services.py"
TITLES = {"vi": "Mở lại trong năm", "en": "Reopened this year"}


def apply(text: str, diff: str) -> str:
    """The text after an edit; what the edit finds must stand there exactly once."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    assert text.count(old) == 1, f"{EDITED} does not have just one\n{old}"
    return text.replace(old, "".join(line[1:] for line in lines if line[0] in " +"))


def test_a_panel_that_is_added_once_appears_in_both(database: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "pictures"))
    text = (copy / EDITED).read_text(encoding="utf-8")
    for edit in EDITS:
        text = apply(text, edit)
    (copy / EDITED).write_text(text, encoding="utf-8")
    options = Settings(dsn=database, data=tmp_path / "data", web=f"http://127.0.0.1:{free_port()}")
    make_reader(options)
    environment = {**os.environ, **options.environment(), "PYTHONPATH": str(copy)}
    assert len(COMMANDS) == 3
    for command in COMMANDS:
        words = shlex.split(command, comments=True)
        assert words.pop(0) == ".venv/bin/opscentre"
        json_too = ["--json"] if words[0] == "screens" else []
        done = subprocess.run(
            [sys.executable, "-m", "opscentre", *words, *json_too],
            cwd=copy, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert TITLES["vi"] in {one["panel"] for one in json.loads(done.stdout)}
    assert TITLES["en"] in (copy / "docs/screens.md").read_text(encoding="utf-8")
    for language, title in TITLES.items():
        generated = copy / f"dashboards/generated/opscentre-services-{language}.json"
        assert title in {panel.get("title") for panel in json.loads(generated.read_text(encoding="utf-8"))["panels"]}
    process = Process("web", options.data)
    process.start([sys.executable, "-P", "-m", "opscentre", "web"], environment)  # -P: the copy, and not this checkout
    try:
        wait_until(lambda: pages_answer(options), 60)
        for language, title in TITLES.items():
            with urllib.request.urlopen(f"{options.web}/{language}/services") as answer:
                assert f">{title}</h2>" in answer.read().decode()
    finally:
        process.stop(10)
