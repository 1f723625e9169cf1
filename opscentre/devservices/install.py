"""Installing what the local parts need, once for all checkouts of a user."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.errors import DevServiceError
from core.progress import ProgressCallback
from opscentre.devservices.process import wait_until

DOCKER_HINT = "or install Docker with Compose and set STACK=docker"


@contextmanager
def locked(cache: Path) -> Iterator[None]:
    """One installation at a time."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(argv: Sequence[str], say: ProgressCallback, cwd: Path | None = None) -> None:
    """Run a step of an installation, with a sign of life every ten seconds.

    Raises:
        DevServiceError: it fails; the message has the end of what it printed.
    """
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryFile("a+") as output:
        step = subprocess.Popen(  # noqa: S603 - our own words
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        seconds = 0
        while not wait_until(lambda: step.poll() is not None, 10):
            seconds += 10
            say(f"  … {seconds} s: {_last_lines(output, 1)[:70]}")
        if step.returncode:
            output.seek(0)
            if "No space left on device" in output.read():
                raise DevServiceError(f"`{argv[0]}` failed: no space left on the disk; make room, and try again")
            raise DevServiceError(f"`{' '.join(argv)}` failed:\n{_last_lines(output, 15)}")


def _last_lines(output: IO[str], number: int) -> str:
    output.seek(0)
    return "\n".join([line for line in output.read().splitlines() if line.strip()][-number:])


def need(program: str, package: str, say: ProgressCallback) -> None:
    """Make sure that a program is there, from Debian's packages where we may install them.

    Raises:
        DevServiceError: it is missing, and we may not, or installing it fails.
    """
    if shutil.which(program):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise DevServiceError(f"`{program}` is missing: install {package}, {DOCKER_HINT}")
    say(f"installing {package} ({program} is missing)")
    run(["apt-get", "update", "-q"], say)
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", package], say)
