"""`opscentre screens check`: does every panel of every screen give what it should, and how fast?"""

from typing import Annotated

import psycopg
import typer
from rich.table import Table

from core.catalogue import open_catalogue
from core.errors import UnavailableError, first_line
from core.readers import reader_dsn
from core.settings import settings
from dashboards.check import SLOW_MS, Checked, check
from dashboards.screens import screens
from opscentre.cli.output import Json, console, print_json, say

app = typer.Typer(no_args_is_help=True, help="The screens of the province, as Grafana and the pages show them.")


@app.callback()
def main() -> None:
    """The screens of the province, as Grafana and the pages show them."""


@app.command("check")
def check_screens(
    choices: Annotated[int, typer.Option(min=1, help="Most values of each choice that are tried.")] = 3,
    slow: Annotated[float, typer.Option(min=1, help="Milliseconds from which on a query is slow.")] = SLOW_MS,
    json: Json = False,
) -> None:
    """Run every query of every screen once with each choice, as the readers' role; name what is not as it should be.

    That a panel gives nothing may be right: there may be nothing overdue. Status 2 if a query failed.
    """
    options = settings()
    every = screens(open_catalogue(options), options.language)
    found: list[Checked] = []
    try:
        with psycopg.connect(reader_dsn(options), autocommit=True, application_name="opscentre screens") as connection:
            for screen in every.values():
                say(f"checking {screen.name}: {len(screen.panels)} panels")
                found += check(connection, [screen], choices)
    except psycopg.OperationalError as error:
        raise UnavailableError(f"the database does not let the readers in: {first_line(error)}") from None
    if json:
        print_json([one._asdict() for one in found])
    else:
        console.print(_table([one for one in found if one.error or not one.rows or one.milliseconds > slow]))
        slowest = max(found, key=lambda one: one.milliseconds)
        console.print(f"{len(found)} queries; the slowest, {slowest.panel}, took {slowest.milliseconds:.0f} ms")
    if any(one.error for one in found):
        raise typer.Exit(2)


def _table(found: list[Checked]) -> Table:
    table = Table("screen", "panel", "chosen", "rows", "ms", "what is wrong", title="Not as it should be")
    for one in sorted(found, key=lambda one: (not one.error, one.rows > 0, -one.milliseconds)):
        wrong = one.error or ("slow" if one.rows else "gives nothing")
        table.add_row(one.screen, one.panel, one.choice, str(one.rows), f"{one.milliseconds:.0f}", wrong)
    return table
