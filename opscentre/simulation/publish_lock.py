"""Who may publish, and who wants to see what has been published: never both at once, over processes."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from core.errors import UnavailableError


class Gate:
    """Simulations of one folder are inside while they publish, several at a time; while it is shut, none is.

    Made of the kernel's locks on two files, which end with the process that holds them, however it ends. Who enters
    goes through the first: simulations that come and go could otherwise keep out for ever who waits to shut it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._turn = (folder / "turn.lock").open("wb")
        self._inside = (folder / "inside.lock").open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave for good."""
        self._inside.close()
        self._turn.close()

    def enter(self) -> None:
        """Go in; wait while it is shut."""
        fcntl.flock(self._turn, fcntl.LOCK_SH)
        fcntl.flock(self._inside, fcntl.LOCK_SH)
        fcntl.flock(self._turn, fcntl.LOCK_UN)

    def leave(self) -> None:
        """Go out; nothing happens where nobody is in."""
        fcntl.flock(self._inside, fcntl.LOCK_UN)

    @contextmanager
    def shut(self, seconds: float = 60) -> Iterator[None]:
        """Wait until all have left, and let nobody in meanwhile.

        Raises:
            UnavailableError: somebody is still inside after that many seconds.
        """
        until = time.monotonic() + seconds
        _take(self._turn, until)
        try:
            _take(self._inside, until)
            yield
        finally:
            fcntl.flock(self._inside, fcntl.LOCK_UN)
            fcntl.flock(self._turn, fcntl.LOCK_UN)


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
