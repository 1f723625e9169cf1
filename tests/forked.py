"""Our programs as processes of their own, forked from a parent that has imported them: a second sooner each.

Everything else is as from the shell: environment, arguments, descriptors, id, signals, status. What starts from
nothing, as an operator starts it, is in `test_readme.py` and wherever a supervisor runs.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from opscentre.devservices.process import children

_MAINS = {
    "streams": "streams.__main__",
    "consumers": "consumers.__main__",
    "opscentre": "opscentre.cli",
    "tests.supervised": "tests.supervised",
}
"""Of `python -m NAME`: the module with its `main`."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*_MAINS.values(), "opscentre.simulation", __name__])


class Forked:
    """`python -m NAME ARGUMENTS`, with standard output and error at the end of the given files."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path | None = None
    ) -> None:
        argv = [name, *arguments]
        self._out = out
        self._process: ForkServerProcess = _context.Process(
            target=_become, args=(argv, dict(environment), out, err or out)
        )
        self._process.start()

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._out.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """Id of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def child(self) -> int | None:
        """Of a supervisor: the id of the worker that runs under it now."""
        return next(iter(children(self.pid)), None)

    @property
    def status(self) -> int | None:
        """The status it ended with, a signal as a negative number; None while it runs."""
        return self._process.exitcode

    def ended(self, seconds: float) -> int:
        """Wait until it has ended; return its status."""
        self._process.join(seconds)
        assert self.status is not None, f"still running after {seconds:.0f} s; it said:\n{self.log[-4000:]}"
        return self.status

    def kill(self) -> None:
        """SIGKILL, and wait; nothing where it has ended."""
        self._process.kill()
        self._process.join()

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self._process.terminate()


def _become(argv: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    for path, descriptor in ((Path(os.devnull), 0), (out, 1), (err, 2)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = argv
    import_module(_MAINS[argv[0]]).main()
