"""`opscentre run`: everything on this machine, with a simulated province and a live table, until Ctrl-C."""

import signal
import sys
import time
from types import FrameType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from opscentre.catalogue import open_catalogue, store_agencies
from opscentre.database import connect, migrate
from opscentre.errors import UnavailableError
from opscentre.kafka import create_topics, topics
from opscentre.live import status_table
from opscentre.settings import Settings
from opscentre.stack import open_stack
from opscentre.stack.process import Process
from opscentre.status import current
from schemas.catalogues import Catalogue

console = Console()


def run_demonstration(options: Settings, days: int, rate: float) -> None:
    """Start what does not run, publish, show; stop on Ctrl-C or SIGTERM what was started here."""
    began = time.monotonic()
    catalogue = open_catalogue(options.catalogue)
    stack = open_stack(options)
    signal.signal(signal.SIGTERM, _interrupt)
    home = options.data.resolve()
    worker, province = Process("worker", home), Process("simulation", home)
    ran_before = all(stack.running().values())
    try:
        stack.up(_say)
        migrate(options.dsn, _say)
        with connect(options.dsn, "opscentre run") as connection:
            store_agencies(connection, catalogue)
        create_topics(options.kafka, topics(catalogue), _say)
        _say("starting a stream worker and a simulated province")
        worker.start([sys.executable, "-m", "opscentre", "worker"])
        province.start([*_SIMULATE, "--days", str(_history(options, days)), "--rate", str(rate)])
        _say(f"everything runs after {time.monotonic() - began:.0f} s; logs are in {home}; Ctrl-C stops")
        _show(options, catalogue, [worker, province])
    except KeyboardInterrupt:
        _say("stopping what was started here; the data stays")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave servers behind
        province.stop(10)
        worker.stop(options.stop_seconds + 5)
        if not ran_before:
            stack.down(_say)


_SIMULATE = [sys.executable, "-m", "opscentre", "simulate"]


def _history(options: Settings, days: int) -> int:
    """Days of history to publish: none where there is one already, for a second start goes on from the data it had."""
    with connect(options.dsn, "opscentre run") as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM events)").fetchone()
    return 0 if row and row[0] else days


def _show(options: Settings, catalogue: Catalogue, processes: list[Process]) -> None:
    names = [system.topic for system in catalogue.systems.values()]
    last: tuple[float, int] | None = None
    with Live(console=console, refresh_per_second=4) as live, connect(options.dsn, "opscentre run") as connection:
        while True:
            try:
                report = current(connection, catalogue.zone, options.kafka, names)
            except UnavailableError as error:
                live.update(Text(str(error), style="red"))
                time.sleep(1)
                continue
            now = time.monotonic()
            rate = (report["events"] - last[1]) / (now - last[0]) if last else None
            last = (now, report["events"])
            live.update(Group(status_table(report, rate), _hints(report, processes)))
            time.sleep(1)


def _hints(report: dict[str, Any], processes: list[Process]) -> Text:
    ended = [process for process in processes if process.pid is None]
    text = Text()
    for process in ended:
        text.append(f"the {process.name} has ended: see {process.log}\n", style="bold red")
    if report["lag"] > 1000:
        text.append("catching up with the history …\n", style="yellow")
    text.append(
        "prove the numbers: .venv/bin/opscentre recount · what was refused: .venv/bin/opscentre dead-letters list"
    )
    text.append(" · Ctrl-C stops")
    return text


def _say(line: str) -> None:
    console.print(line, markup=False, highlight=False)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
