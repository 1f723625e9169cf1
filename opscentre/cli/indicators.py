"""Commands about indicators: what they are, and what stands behind each of them."""

from typing import Annotated

import typer

from core.catalogue import open_catalogue
from core.database import at_one_moment, connect
from core.settings import settings
from opscentre.cli.output import Json, console, print_json
from opscentre.reports.explanation import explain as explained
from opscentre.reports.explanation import period_named
from opscentre.reports.indicators import Asked, agency_named, day_named, indicator_named, report, today
from opscentre.reports.tables import explanation_table, indicators_table
from streams.fold.rulebook import load_rulebook

Agency = Annotated[str | None, typer.Option(help="Code of the agency, with all below it; else the province.")]


def indicators(
    agency: Agency = None,
    as_of: Annotated[str | None, typer.Option(help="The end of this day, such as 2025-06-30; else now.")] = None,
    system: Annotated[str | None, typer.Option(help="Of this system only.")] = None,
    json: Json = False,
) -> None:
    """Every indicator: its value, and how its targets are coming on."""
    options = settings()
    catalogue = open_catalogue(options)
    with connect(options.dsn, "opscentre indicators") as connection:
        load_rulebook(connection, catalogue)  # the views have to be those of this catalogue
        at_one_moment(connection)
        now = today(connection)
        day = now if as_of is None else day_named(as_of, now)
        asked = Asked(catalogue, agency_named(catalogue, agency), day, options.language)
        found = report(connection, asked, system)
    if json:
        print_json(found)
    else:
        console.print(indicators_table(found, asked))


def explain(
    indicator: Annotated[str, typer.Argument(help="Id of the indicator, as `opscentre indicators` shows it.")],
    agency: Agency = None,
    period: Annotated[str, typer.Option(help="2025, 2025-Q2, 2025-06 or running.")] = "running",
    limit: Annotated[int, typer.Option(min=1, help="At most so many of what stands behind it, the worst.")] = 20,
    json: Json = False,
) -> None:
    """What an indicator is worked out from, and the cases behind it: the worst first, and who owes them."""
    options = settings()
    catalogue = open_catalogue(options)
    with connect(options.dsn, "opscentre explain") as connection:
        rules = load_rulebook(connection, catalogue).current
        at_one_moment(connection)
        one, now = indicator_named(catalogue, indicator), today(connection)
        asked = Asked(catalogue, agency_named(catalogue, agency), now, options.language)
        days = period_named(period, one, now)
        found = explained(connection, rules, asked, one, days, limit)
    if json:
        print_json(found)
    else:
        console.print(explanation_table(found, asked))


COMMANDS = (indicators, explain)
