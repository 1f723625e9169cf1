"""`opscentre catalogue`: begin a catalogue of one's own."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from core.catalogue import write_template
from opscentre.cli.output import say

app = typer.Typer(no_args_is_help=True, help="The catalogue of agencies, systems, calendar and procedures.")


@app.callback()
def catalogue() -> None:
    """Keeps `new` a command of its own: typer would make an only command the group itself."""


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty or does not exist yet.")],
) -> None:
    """Write a small catalogue for another province, every key explained, to start from."""
    for path in write_template(folder):
        say(f"wrote {path}")
    quoted = shlex.quote(str(folder.resolve()))
    say(
        f"\nNext: put your province into these files, agencies.toml first; systems that publish nothing here yet can "
        f"go.\nThen, and after every change:\n\n    export OPSCENTRE_CATALOGUE={quoted}\n    opscentre check"
        "\n\nThe variable can also stand in .env. `opscentre up` and `opscentre migrate` go by it from then on."
    )
