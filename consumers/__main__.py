"""One notifier process: `python -m consumers`. The command `opscentre notifier` runs it under a supervisor."""

import logging
import signal
import sys
import threading
import time

from consumers.couriers import Courier
from consumers.notifier import Notifier
from consumers.recipients import recipients
from core import logs
from core.catalogue import open_catalogue
from core.errors import OpsCentreError, UnavailableError, first_line
from core.settings import Settings, settings

log = logging.getLogger("consumers")

WAIT_SECONDS = 1.0

_stopping = threading.Event()


def main() -> None:
    """Run until SIGTERM or SIGINT (status 0); settings or a catalogue that are wrong end it with status 1."""
    logs.set_up()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: _stopping.set())
    try:
        run(settings())
    except OpsCentreError as error:
        log.critical("%s", error)
        sys.exit(1)


def run(options: Settings) -> None:
    """Tell people of what comes on the topic `alerts`, connecting anew whenever Kafka or the database was away."""
    catalogue, to = open_catalogue(options), recipients(options.notify)
    if not to:
        log.warning("OPSCENTRE_NOTIFY is empty: alerts are listed, but nobody is told")
    couriers = [Courier(options, catalogue.zone, one, _stopping) for one in to]
    for courier in couriers:
        courier.start()
    while not _stopping.is_set():
        try:
            notifier = Notifier(options, catalogue, to)
            try:
                while not _stopping.is_set():
                    notifier.step(WAIT_SECONDS)
            finally:
                notifier.close()
        except UnavailableError as error:
            log.warning("waiting: %s", first_line(error))
            _stopping.wait(2)
    last = time.monotonic() + options.stop_seconds / 2
    for courier in couriers:  # what is just being sent is noted as sent
        courier.join(max(0.0, last - time.monotonic()))


if __name__ == "__main__":
    main()
