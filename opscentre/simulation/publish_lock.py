"""A readers-writer lock over processes: simulations share it while they publish, a verification has it alone."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from core.errors import UnavailableError


class PublishLock:
    """Simulations of one folder hold it while they publish, several at a time; held exclusively, none publishes.

    Made of the kernel's locks on two files, which end with the process that holds them, however it ends. Who acquires
    it goes through the first: simulations that come and go could otherwise keep out for ever who wants it exclusively.
    As a context manager it closes its files on leaving, and so lets go of the lock.
    """

    def __init__(self, folder: Path) -> None:
        """Open the lock of a folder, which is made where it is missing; nothing is held yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self._queue = (folder / "turn.lock").open("wb")
        self._publishing = (folder / "inside.lock").open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the lock for good."""
        self._publishing.close()
        self._queue.close()

    def acquire(self) -> None:
        """Hold it, together with others who publish; wait while somebody has it exclusively."""
        fcntl.flock(self._queue, fcntl.LOCK_SH)
        fcntl.flock(self._publishing, fcntl.LOCK_SH)
        fcntl.flock(self._queue, fcntl.LOCK_UN)

    def release(self) -> None:
        """Let go of it; nothing happens where it is not held."""
        fcntl.flock(self._publishing, fcntl.LOCK_UN)

    @contextmanager
    def exclusive(self, seconds: float = 60) -> Iterator[None]:
        """Wait until nobody holds it, and let nobody have it meanwhile.

        Raises:
            UnavailableError: somebody still holds it after that many seconds.
        """
        until = time.monotonic() + seconds
        _take(self._queue, until)
        try:
            _take(self._publishing, until)
            yield
        finally:
            fcntl.flock(self._publishing, fcntl.LOCK_UN)
            fcntl.flock(self._queue, fcntl.LOCK_UN)


def _take(file: IO[bytes], until: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise UnavailableError(
                    "a simulation that runs here does not come to rest, or another verification has not ended: "
                    "is Kafka slow, or away? Try again, or stop the simulation first."
                ) from None
            time.sleep(0.02)
        else:
            return
