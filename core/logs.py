"""What a process writes to its log, which is its standard error."""

import logging
import sys
import time

_LIBRARIES = ("aiokafka", "kafka", "faust", "mode")


class Seldom(logging.Filter):
    """Lets what a library says in one place through once in so many seconds, with how often it was said meanwhile.

    While a broker is away, its client says so thousands of times a minute, and everything else drowns.
    """

    def __init__(self, seconds: float = 30.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._said: dict[tuple[str, int], tuple[float, int]] = {}
        """(logger, line of its code) → when it was let through last, and how often not since."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is written."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        place, now = (record.name, record.lineno), time.monotonic()
        last, held = self._said.get(place, (float("-inf"), 0))
        if now - last < self._seconds:
            self._said[place] = last, held + 1
            return False
        self._said[place] = now, 0
        if held:
            record.msg, record.args = f"{record.getMessage()} (and {held:,} times since)", ()
        return True


def set_up() -> None:
    """Our own words from INFO on, those of libraries from WARNING on, and seldom."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Seldom())
    form = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level="INFO", format=form, handlers=[handler])
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel("WARNING")
