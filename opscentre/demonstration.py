"""`opscentre run`: everything on this machine, with a simulated province, screens and a live table, until Ctrl-C."""

import os
import signal
import sys
import time
import webbrowser
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from core.catalogue import open_catalogue
from core.database import connect, scalar
from core.errors import OpsCentreError, UnavailableError
from core.readers import reader_dsn
from core.settings import DEMONSTRATION, Settings
from dashboards.grafana.documents import documents, playlists
from opscentre.devservices import open_stack
from opscentre.devservices.grafana import Grafana
from opscentre.devservices.process import Process
from opscentre.reports.alerts import alerts_report
from opscentre.reports.status import current
from opscentre.reports.status_table import first_minutes, status_table
from schemas.catalogue.indicators import months_later
from schemas.catalogue.load import Catalogue

console = Console()


def run_demonstration(options: Settings, migrate: Callable[[], None], days: int, rate: float, began: float) -> None:
    """Start what does not run, publish, show; stop on Ctrl-C, SIGTERM or SIGHUP what was started here.

    Args:
        options: the settings.
        migrate: brings database and topics up to date.
        days: of history to publish, where there is none yet.
        rate: new things a second.
        began: when the start began, in seconds since 1970: it is told how long that took.
    """
    catalogue = open_catalogue(options)
    stack = open_stack(options)
    for signum in (signal.SIGTERM, signal.SIGHUP):  # a terminal that is closed, too
        signal.signal(signum, _interrupt)
    home = options.data.resolve()
    worker, notifier, pages, province = (Process(name, home) for name in ("worker", "notifier", "web", "simulation"))
    grafana = Grafana.found(options)
    ran_before = all(stack.running().values())
    try:
        stack.up(_say)
        migrate()
        _say("starting a stream worker, a notifier, the screens' pages and a simulated province")
        worker.start([*_OPSCENTRE, "worker"])
        notifier.start([*_OPSCENTRE, "notifier"])
        pages.start([*_OPSCENTRE, "web"])
        province.start(_simulate(_history(options, days), rate))
        _say(f"everything runs after {time.time() - began:.0f} s; logs are in {options.data}; Ctrl-C stops")
        _say(f"the screens are at {options.web}")
        if grafana is not None:
            _show_in_grafana(options, catalogue, grafana)
        _open_browser(options.web)
        _show(options, catalogue, [worker, notifier, pages, province])
    except KeyboardInterrupt:
        _say("stopping what was started here; the data stays")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave servers behind
        province.stop(10)
        pages.stop(10)
        if grafana is not None:
            grafana.stop()
        notifier.stop(options.stop_seconds + 5)
        worker.stop(options.stop_seconds + 5)
        if not ran_before:
            stack.down(_say)


def shift_targets(catalogue: Catalogue) -> None:
    """Let the catalogue's last target lie a month ahead or more, once for all commands in this folder.

    The programme's targets are of one year. A demonstration shows them around its own day: some past, the last ahead.
    """
    months = months_ahead(catalogue)
    DEMONSTRATION.parent.mkdir(parents=True, exist_ok=True)
    DEMONSTRATION.write_text(f"OPSCENTRE_TARGET_MONTHS={months}\n")


def months_ahead(catalogue: Catalogue) -> int:
    """Months by which the catalogue's targets are to be later, so that the last lies a month ahead or more."""
    dues = [target.due for indicator in catalogue.indicators.values() for target in indicator.file.target]
    ahead, months = datetime.now(catalogue.zone).date() + timedelta(days=30), 0
    while dues and months_later(max(dues), months) < ahead:
        months += 1
    return months


_OPSCENTRE = [sys.executable, "-m", "opscentre"]

_DOSSIERS_A_DAY = 200
"""A year of a small province: enough to see, and published in seconds."""


def _simulate(days: int, rate: float) -> list[str]:
    return [*_OPSCENTRE, "simulate", "--days", str(days), "--rate", str(rate), "--dossiers", str(_DOSSIERS_A_DAY)]


def _history(options: Settings, days: int) -> int:
    """Days of history to publish: none where there is one already, for a second start goes on from the data it had."""
    with connect(options.dsn, "opscentre run") as connection:
        return 0 if scalar(connection, "SELECT EXISTS (SELECT FROM events)") else days


def _show(options: Settings, catalogue: Catalogue, processes: list[Process]) -> None:
    names = [system.topic for system in catalogue.systems.values()]
    last: tuple[float, int] | None = None
    with Live(console=console, refresh_per_second=4) as live, connect(options.dsn, "opscentre run") as connection:
        while True:
            try:
                report = current(connection, options.kafka, names)
            except UnavailableError as error:
                live.update(Text(str(error), style="red"))
                time.sleep(1)
                continue
            now = time.monotonic()
            rate = (report["events"] - last[1]) / (now - last[0]) if last else 0.0
            last = (now, report["events"])
            missed = alerts_report(connection, 3)
            since = scalar(connection, "SELECT min(time) FROM events WHERE time > '2000-01-01'")
            connection.commit()
            seen = first_minutes(report, rate, since, missed, catalogue)
            live.update(Group(status_table(report, rate), seen, _ended(processes)))
            time.sleep(1)


def _ended(processes: list[Process]) -> Text:
    text = Text()
    for process in processes:
        if process.pid is None:
            text.append(f"the {process.name} has ended: see {process.log}\n", style="bold red")
    return text


def _show_in_grafana(options: Settings, catalogue: Catalogue, grafana: Grafana) -> None:
    """Start it and publish the screens; what goes wrong is said, and everything else goes on."""
    # Here, because the client's HTTP library would take a fifth of every other command's start.
    from dashboards.grafana.publish import Grafana as PublishTo  # noqa: PLC0415
    from dashboards.grafana.publish import publish  # noqa: PLC0415

    try:
        grafana.start()
        here = reader_dsn(options)
        target = PublishTo(grafana.url, grafana.credentials, here, options.dsn)
        published = publish(target, documents(catalogue), playlists(catalogue))
        if published.trouble:
            _say(f"Grafana does not reach the database: {published.trouble}")
        _say(f"the same screens in Grafana: {grafana.url}/d/opscentre-wall-{options.language}")
    except OpsCentreError as error:
        _say(f"no Grafana: {error}")


def _open_browser(address: str) -> None:
    """Show the screens to whoever sits before a desktop; a machine without one is told their address only."""
    if sys.stdout.isatty() and (sys.platform == "darwin" or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()):
        webbrowser.open(address)


def _say(line: str) -> None:
    console.print(line, markup=False, emoji=False, highlight=False)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
