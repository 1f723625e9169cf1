"""Keeps a process running: crash-only workers need somebody who starts them again."""

import ctypes
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG = 1


def supervise(argv: Sequence[str], stop_seconds: float, say: Callable[[str], None]) -> None:
    """Run a program, and again whenever it ends, until SIGTERM or SIGINT.

    On either, the program gets SIGTERM and `stop_seconds` to end before it is killed. Restarts wait from half a
    second up to 15 s while the program keeps ending early; one that ran for a minute starts afresh at once.
    """
    stopping = False
    child: subprocess.Popen[bytes] | None = None

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        if child is not None and child.poll() is None:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    delay = 0.5
    while not stopping:
        began = time.monotonic()
        child = subprocess.Popen(argv, preexec_fn=_die_with_parent, start_new_session=True)  # noqa: PLW1509, S603
        if stopping:
            child.terminate()  # the signal came before there was a child to pass it to
        status = _wait(child, lambda: stopping, stop_seconds)
        if stopping:
            break
        delay = 0.5 if time.monotonic() - began > 60 else min(delay * 2, 15.0)
        say(f"{argv[-1]} ended with status {status}; started again in {delay:.0f} s")
        until = time.monotonic() + delay
        while not stopping and time.monotonic() < until:
            time.sleep(0.1)


def _wait(child: "subprocess.Popen[bytes]", stopping: Callable[[], bool], stop_seconds: float) -> int:
    while not stopping():
        try:
            return child.wait(0.5)
        except subprocess.TimeoutExpired:
            continue
    try:
        return child.wait(stop_seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def _die_with_parent() -> None:
    # A supervisor that is killed must not leave its worker behind: two would be started in its place.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
