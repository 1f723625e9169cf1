"""`opscentre dashboards`: generate them, and publish them to Grafana."""

from typing import Annotated

import typer

from core.catalogue import open_catalogue
from core.errors import ConfigurationError
from core.readers import reader_dsn
from core.settings import settings
from dashboards.grafana.documents import documents, playlists, stale, write
from opscentre.cli.output import Json, print_json, say
from schemas.catalogue.load import load_catalogue

app = typer.Typer(no_args_is_help=True, help="Grafana dashboards, in Vietnamese and English: publish, build.")


@app.command()
def publish(
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Also those that were changed by hand.")] = False,
    any_role: Annotated[
        bool, typer.Option("--any-role", help="Also with a database role that may do more than read.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would be done.")] = False,
    json: Json = False,
) -> None:
    """Publish data source, folder, dashboards and playlists to OPSCENTRE_GRAFANA_URL. Safe to run again.

    Dashboards that are no more are removed. One that somebody changed in Grafana is left as it is, and the status is 2.
    """
    # Here, because the client's HTTP library would take a fifth of every other command's start.
    from dashboards.grafana.publish import Grafana  # noqa: PLC0415
    from dashboards.grafana.publish import publish as publish_documents  # noqa: PLC0415

    options = settings()
    if not options.grafana_url or not options.grafana_token:
        raise ConfigurationError(
            "set OPSCENTRE_GRAFANA_URL (such as http://127.0.0.1:3000) and OPSCENTRE_GRAFANA_TOKEN (a service "
            "account's token, role Admin: Administration → Service accounts in Grafana)"
        )
    dsn = options.grafana_dsn or reader_dsn(options)
    grafana = Grafana(options.grafana_url, options.grafana_token, dsn, options.dsn)
    catalogue = open_catalogue(options)
    made = documents(catalogue)
    published = publish_documents(
        grafana, made, playlists(catalogue), overwrite=overwrite, any_role=any_role, dry_run=dry_run
    )
    if json:
        print_json({"outcomes": published.outcomes, "trouble": published.trouble, "dry_run": dry_run})
    else:
        for uid, outcome in published.outcomes.items():
            say(f"{outcome:>16}  {uid if uid not in made else f'{options.grafana_url}/d/{uid}'}")
        if dry_run:
            say("nothing was written: this is what would be done")
    if published.trouble:
        raise ConfigurationError(published.trouble)
    if "changed by hand" in published.outcomes.values():
        say("what was changed by hand was left; `--overwrite` publishes over it")
        raise typer.Exit(2)


@app.command()
def build(
    check_only: Annotated[bool, typer.Option("--check", help="Write nothing; fail where one is stale.")] = False,
) -> None:
    """Write the generated dashboards of the shipped catalogue, for review; `publish` makes them anew."""
    catalogue = load_catalogue()
    if not check_only:
        for path in write(catalogue):
            say(f"wrote {path.name}")
        return
    found = stale(catalogue)
    if found:
        raise ConfigurationError(
            f"stale: {', '.join(path.name for path in found)}\nRun `opscentre dashboards build` and commit it."
        )
    say("the generated dashboards are up to date")
