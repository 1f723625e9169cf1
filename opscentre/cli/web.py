"""`opscentre web`: the built-in pages."""

from typing import Annotated
from urllib.parse import urlsplit

import typer

from core.catalogue import open_catalogue
from core.readers import reader_dsn
from core.settings import settings
from dashboards.screens import screens
from dashboards.texts import LANGUAGES
from opscentre.cli.output import say


def web(
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on, else that of OPSCENTRE_WEB; 0.0.0.0: every one of this machine."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on, else that of OPSCENTRE_WEB.")
    ] = None,
) -> None:
    """Show the screens in a browser: no Grafana, nothing to build, figures that follow by themselves. Ctrl-C stops.

    / leads to the wall. ?rotate=30 behind a screen's address walks through all of them, 30 seconds each. Every panel
    has an address of its own: /vi/SCREEN/3.csv, 3.xlsx, 3.json. /health says whether the database answers.

    There is no password: whoever reaches the port can read every screen. Other machines reach it through a proxy that
    asks who they are, such as nginx; `/LANGUAGE/SCREEN/stream` must not be buffered there.
    """
    # Here, because the server's libraries would take a fifth of every other command's start.
    import uvicorn  # noqa: PLC0415

    from web.app import create_app  # noqa: PLC0415

    options = settings()
    named = urlsplit(options.web)
    host, port = host or named.hostname or "127.0.0.1", port or named.port or 8057
    catalogue = open_catalogue(options)
    made = {language: screens(catalogue, language) for language in LANGUAGES}
    app = create_app(made, reader_dsn(options), catalogue.zone, options.language)
    say(f"http://{host}:{port}/ shows the screens; Ctrl-C stops")
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=1)


COMMANDS = (web,)
