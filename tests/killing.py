"""Runs a piece of work in a process of its own, and kills that with SIGKILL before its n-th step.

A step is whatever leaves the process: a statement, the end of a transaction, a record to or from Kafka, a message to
somebody. As a program, `python -m tests.killing sweep|notify|catalogue` (settings by environment) imports everything
once, then forks a child for each number that it reads, and answers with the status that the child ended with: every
child begins as if newly started, without a thread or a connection, and without the second that starting takes.
"""

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import apprise
import psycopg
from kafka import KafkaConsumer

from consumers.deliveries import deliver_next
from consumers.notifier import Notifier
from consumers.recipients import recipients
from core.catalogue import open_catalogue
from core.database import connect
from core.publisher import Publisher
from core.settings import settings
from schemas.catalogue.load import Catalogue
from streams.recount import rebuild as catalogues
from streams.sweep.deadlines import sweep

STEPS: list[tuple[type, str]] = [
    (psycopg.Cursor, "execute"),
    (psycopg.Cursor, "executemany"),
    (psycopg.Transaction, "__exit__"),
    (Publisher, "send_raw"),
    (Publisher, "flush"),
    (KafkaConsumer, "poll"),
    (KafkaConsumer, "commit"),
    (apprise.NotifyBase, "notify"),
]
MOST_STEPS = 200
ROOT = Path(__file__).parents[1]


def kill_at_every_step(work: str, environment: Mapping[str, str]) -> Iterator[int]:
    """Do the work again and again, killed before its first step, its second …, at last to its end; yield each time."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.killing", work],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with parent:  # on leaving, its input ends, and so does it
        assert parent.stdin is not None
        assert parent.stdout is not None
        for step in range(1, MOST_STEPS):
            parent.stdin.write(f"{step}\n")
            status = int(parent.stdout.readline())
            yield step
            if status == 0:
                return
            assert status == -signal.SIGKILL, f"{work} ended with {status} at step {step}: see what it printed"
    raise AssertionError(f"{work} takes more than {MOST_STEPS} steps")


def _kill_before(step: int) -> None:
    left = [step]

    def counted(inner: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return inner(*args, **kwargs)

        return call

    for owner, name in STEPS:
        setattr(owner, name, counted(getattr(owner, name)))


def _sweep(catalogue: Catalogue) -> None:
    topics = {system.topic: system.id for system in catalogue.systems.values()}
    sweep(settings().dsn, settings().kafka, topics, 3)


def _notify(catalogue: Catalogue) -> None:
    to = recipients(settings().notify)
    notifier = Notifier(settings(), catalogue, to)
    while notifier.step(1):
        pass
    notifier.close()
    with connect(settings().dsn, "opscentre notifier", autocommit=True) as connection:
        for one in to:
            while deliver_next(connection, one) is not None:
                pass


def _catalogue(catalogue: Catalogue) -> None:
    catalogues.CHUNK = 4
    catalogues.apply_catalogue(settings().dsn, catalogue)


def _run(work: Callable[[Catalogue], None], step: int, catalogue: Catalogue) -> int:
    """Do it in a child, killed before the step; return its status as `subprocess` has it."""
    child = os.fork()
    if child == 0:
        try:
            _kill_before(step)
            work(catalogue)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    do = {"sweep": _sweep, "notify": _notify, "catalogue": _catalogue}[sys.argv[1]]
    read = open_catalogue(settings())
    for line in sys.stdin:
        print(_run(do, int(line), read), flush=True)
