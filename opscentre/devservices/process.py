"""A process that outlives the command which started it: pid file, log file, stop and kill by its id."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from core.errors import DevServiceError

_TOO_LITTLE = 16 * 1024 * 1024
"""Bytes: a disk with fewer is full."""


def wait_until(done: Callable[[], bool], seconds: float, interval: float = 0.05) -> bool:
    """Wait until `done()`; False if it is not within that many seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def children(pid: int) -> list[int]:
    """Ids of the processes that a process has started and that still run; none where it runs no longer."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


class Process:
    """A named process of one home folder: `<home>/<name>.pid` and `<home>/<name>.log`."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        self.log = home / f"{name}.log"
        self._pid_file = home / f"{name}.pid"

    @property
    def pid(self) -> int | None:
        """Its id while it runs."""
        try:
            pid, started = self._pid_file.read_text().split()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return int(pid) if _started(int(pid)) == started else None

    def start(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start it in a session of its own, so that Ctrl-C in the terminal does not reach it; no-op if it runs."""
        if self.pid is not None:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - our own words
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **(env or {})},
            )
        self._pid_file.write_text(f"{child.pid} {_started(child.pid)}")
        # Reaped by us while we live, so that a process that has ended is seen to have ended.
        _children[child.pid] = child

    def stop(self, seconds: float = 20, signum: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, and kill it where it has not after that many seconds.

        Raises:
            DevServiceError: as for `kill`.
        """
        if not self._send(signum):
            return
        if not wait_until(lambda: self.pid is None, seconds):
            self.kill()

    def kill(self) -> None:
        """End it at once, with the processes of its session.

        Raises:
            DevServiceError: it has not ended after ten seconds.
        """
        pid = self.pid
        if pid is None:
            return
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.killpg(pid, signal.SIGKILL)
        if not wait_until(lambda: self.pid is None, 10):
            raise DevServiceError(f"{self.name} (process {pid}) does not end")

    def require(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it is ready.

        Raises:
            DevServiceError: it has ended, or is not ready in time; the message has the end of its log.
        """
        if wait_until(lambda: ready() or self.pid is None, seconds) and self.pid is not None:
            return
        text = self.log.read_text(errors="replace")
        if "No space left on device" in text or shutil.disk_usage(self.home).free < _TOO_LITTLE:
            raise DevServiceError(f"{self.name} cannot go on: no space left on the disk of {self.home}; make room")
        tail = "\n".join(text.splitlines()[-12:])
        state = "has ended" if self.pid is None else f"is not ready after {seconds:.0f} s"
        raise DevServiceError(f"{self.name} {state}; the end of {self.log}:\n{tail}")

    def _send(self, signum: signal.Signals) -> bool:
        pid = self.pid
        if pid is None:
            return False
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(pid, signum)
        return True


_children: dict[int, "subprocess.Popen[bytes]"] = {}


def _started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks: tells it from a later one with the same id. None: not running."""
    child = _children.get(pid)
    if child is not None:
        child.poll()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # A dead main thread is no dead process: a JVM's other threads hold its ports and files for a moment longer.
        ended = fields[0] == "Z" and len(os.listdir(f"/proc/{pid}/task")) <= 1  # noqa: PTH208
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if ended else fields[19]
