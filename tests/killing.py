"""Runs a piece of work in a process of its own, and kills that with SIGKILL before its n-th step.

A step is whatever leaves the process: a statement, the end of a transaction, a record to or from Kafka, a message to
somebody. As a program: `python killing.py N sweep|notify|catalogue`, settings by environment.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import apprise
import psycopg
from kafka import KafkaConsumer

from consumers.deliveries import targets
from consumers.notifier import Notifier
from opscentre.catalogue import open_catalogue
from opscentre.publisher import Publisher
from opscentre.settings import settings
from streams import catalogues
from streams.deadlines import sweep

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


def kill_at_every_step(work: str, environment: Mapping[str, str]) -> Iterator[int]:
    """Do the work again and again, killed before its first step, its second …, at last to its end; yield each time."""
    for step in range(1, MOST_STEPS):
        argv = [sys.executable, __file__, str(step), work]
        done = subprocess.run(argv, env=dict(environment), capture_output=True, text=True, timeout=120, check=False)
        yield step
        if done.returncode == 0:
            return
        assert done.returncode == -signal.SIGKILL, done.stderr
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


def _sweep() -> None:
    topics = {system.topic: system.id for system in open_catalogue(None).systems.values()}
    sweep(settings().dsn, settings().kafka, topics, 3)


def _notify() -> None:
    notifier = Notifier(settings(), open_catalogue(None), targets(settings().notify))
    while notifier.step(1):
        pass
    notifier.close()


def _catalogue() -> None:
    catalogues.CHUNK = 4
    catalogues.apply_catalogue(settings().dsn, open_catalogue(settings().catalogue))


if __name__ == "__main__":
    _kill_before(int(sys.argv[1]))
    {"sweep": _sweep, "notify": _notify, "catalogue": _catalogue}[sys.argv[2]]()
