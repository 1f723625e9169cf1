"""Keeps processes running: crash-only workers need somebody who starts them again."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence

from core.progress import ProgressCallback
from core.settings import Settings

MAX_PROCESSES = 4
"""Of a worker, where nobody says how many: from here on the database is what there is to wait for."""

_PR_SET_PDEATHSIG = 1


def worker_processes(options: Settings) -> int:
    """How many processes a worker has: as `OPSCENTRE_PROCESSES` says, else one a core that it may use, at most four."""
    return options.processes or min(len(os.sched_getaffinity(0)), MAX_PROCESSES)


def supervise(argv: Sequence[str], stop_seconds: float, say: ProgressCallback, processes: int = 1) -> None:
    """Run a program in so many processes, each again whenever it ends, until SIGTERM or SIGINT.

    On either, all get SIGTERM and together `stop_seconds` to end before they are killed. Restarts wait from half a
    second up to 15 s while a process keeps ending early; one that ran for a minute starts afresh at once.

    Args:
        argv: the program and its arguments, as `subprocess` takes them.
        stop_seconds: what all processes together have to end after SIGTERM.
        say: told of each process that has ended, and of when it starts again.
        processes: how many.
    """
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    slots = [_Slot(argv) for _ in range(processes)]
    while not stopping:
        for slot in slots:
            slot.poll(say)
        time.sleep(0.1)
    deadline = time.monotonic() + stop_seconds
    for slot in slots:
        slot.terminate()
    for slot in slots:
        slot.wait_or_kill(deadline)


class _Slot:
    """Where one process of the program runs, or is about to."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._delay = 0.5
        self._next = 0.0

    def poll(self, say: ProgressCallback) -> None:
        """Start the process where it is time; say so where it has ended."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._next:
                # A session of its own: Ctrl-C is for the supervisor, which then asks its processes to end.
                self._process = subprocess.Popen(self._argv, preexec_fn=_die_with_parent, start_new_session=True)  # noqa: PLW1509, S603
                self._began = now
            return
        status = self._process.poll()
        if status is not None:
            self._process = None
            self._delay = 0.5 if now - self._began > 60 else min(self._delay * 2, 15.0)
            self._next = now + self._delay
            say(f"{self._argv[-1]} ended with status {status}; started again in {self._delay:.0f} s")

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        if self._process is not None:
            self._process.terminate()

    def wait_or_kill(self, deadline: float) -> None:
        """Wait for the end; kill what has not ended by then."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _die_with_parent() -> None:
    # A supervisor that is killed must not leave its workers behind: as many would be started in their place.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
