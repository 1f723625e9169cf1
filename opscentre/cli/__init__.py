"""The command line: every command of `opscentre`, thin over the modules that do the work."""

import sys
from errno import EACCES, ENOSPC, ENOTDIR, EPERM, EROFS
from typing import NoReturn

import typer
from psycopg import errors

from core.errors import OpsCentreError
from opscentre.cli import (
    audit,
    catalogue,
    dashboards,
    deadletters,
    indicators,
    installation,
    output,
    partitions,
    publishing,
    reports,
    screens,
    simulation,
    web,
)

app = typer.Typer(
    name="opscentre",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The smart operations centre: agencies' events through Kafka into exact counters in TimescaleDB.\n\n"
    "Start with `opscentre run`: it sets up everything on this machine and shows data move.",
)
for command in (
    *installation.COMMANDS,
    *publishing.COMMANDS,
    *simulation.COMMANDS,
    *reports.COMMANDS,
    *audit.COMMANDS,
    *indicators.COMMANDS,
    *partitions.COMMANDS,
    *web.COMMANDS,
):
    app.command()(command)
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(deadletters.app, name="dead-letters")
app.add_typer(dashboards.app, name="dashboards")
app.add_typer(screens.app, name="screens")


def main() -> None:
    """Run a command; an error of ours becomes its message and status 1."""
    try:
        app()
    except OpsCentreError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno not in (EACCES, EPERM, EROFS, ENOSPC, ENOTDIR) or not error.filename:
            raise
        _fail(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    except (errors.UndefinedTable, errors.UndefinedFunction, errors.UndefinedColumn, errors.InvalidSchemaName) as error:
        wrong = str(error).splitlines()[0]
        _fail(f"the database is not at this version ({wrong}): run `opscentre migrate`")


def _fail(why: str) -> NoReturn:
    output.errors.print(f"opscentre: {why}", style="red")
    sys.exit(1)
