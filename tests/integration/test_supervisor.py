"""The supervisor, on processes of its own kind: it keeps as many running as it was told, and leaves none behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opscentre.devservices.process import children, wait_until

_PROGRAM = """
import signal, sys, time
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    time.sleep(60)
"""
_SUPERVISOR = """
import sys
from opscentre.supervisor import supervise
supervise([sys.executable, "-c", sys.argv[1], sys.argv[2]], float(sys.argv[3]), lambda line: print(line, flush=True), 3)
"""


@contextmanager
def supervised(log: Path, manners: str, stop_seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor of three processes, once all are ready."""
    argv = [sys.executable, "-c", _SUPERVISOR, _PROGRAM, manners, str(stop_seconds)]
    with log.open("wb") as file, subprocess.Popen(argv, stdout=file, stderr=subprocess.STDOUT) as process:
        try:
            assert wait_until(lambda: log.read_text().count("ready") == 3, 20), log.read_text()
            yield process
        finally:
            process.kill()


def running(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


def test_one_that_ends_is_started_again_and_the_others_stay(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with supervised(log, "meek", 10) as process:
        before = set(children(process.pid))
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        assert wait_until(lambda: log.read_text().count("ready") == 4, 20), log.read_text()
        after = set(children(process.pid))
        assert len(before) == len(after) == 3
        assert before - after == {victim}
        assert "meek ended with status -9; started again in 1 s" in log.read_text()


@pytest.mark.parametrize(("manners", "stop_seconds"), [("meek", 60), ("stubborn", 0.5)])
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_all_end_when_it_is_stopped(tmp_path: Path, manners: str, stop_seconds: float, sign: signal.Signals) -> None:
    with supervised(tmp_path / "log", manners, stop_seconds) as process:
        pids = set(children(process.pid))
        assert len(pids) == 3
        process.send_signal(sign)
        assert process.wait(20) == 0
        assert running(pids) == set()


def test_none_is_left_behind_when_it_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path / "log", "meek", 60) as process:
        pids = set(children(process.pid))
        assert len(pids) == 3
        process.kill()
        process.wait()
        assert wait_until(lambda: running(pids) == set(), 10)
