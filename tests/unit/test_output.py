"""What commands print: words as they stand, whoever wrote them."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table
from typer.testing import CliRunner

from opscentre.cli import app
from opscentre.cli.output import PlainConsole, visible

HOSTILE = "QD:100:2026 [red]x[/] \x1b[31m \x9b2J \u202e \u200b \ud800 \x7f"
SHOWN = r"QD:100:2026 [red]x[/] \x1b[31m \x9b2J \u202e \u200b \ud800 \x7f"


def test_text_is_printed_as_it_stands_in_lines_and_tables() -> None:
    console = PlainConsole(width=200)
    table = Table("name", title=HOSTILE)
    table.add_row(HOSTILE)
    with console.capture() as said:
        console.print(HOSTILE)
        console.print(table)
    assert said.get().count(SHOWN) == 3
    assert visible("Số 7\n\tvẫn thế") == "Số 7\n\tvẫn thế"


def test_a_file_that_is_not_there_is_no_line_left_out(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "opscentre", "publish", "--csv", "nowhere.csv", "--mapping", "nowhere.toml"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, b"nowhere.toml: the file is missing" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["list", "--state", "nonsense"], "'open', 'replayed'"),
        (["list", "--reason", "not_jsn"], "not_json"),
        (["replay", "--reason", "not_jsn"], "not_json"),
        (["discard", "1", "--why", " "], "say why"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_asked(command: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["dead-letters", *command])
    assert result.exit_code != 0
    assert said in " ".join(result.output.replace("│", "").split())


def test_the_way_to_a_new_catalogue_can_be_copied_whatever_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "tỉnh của tôi"
    result = CliRunner().invoke(app, ["catalogue", "new", str(folder)], catch_exceptions=False)
    assert f"export OPSCENTRE_CATALOGUE='{folder}'" in result.output
