"""The local parts that an installation for development or demonstration starts by itself: Kafka and TimescaleDB."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg

from opscentre.errors import StackError
from opscentre.settings import Settings
from opscentre.stack.install import Say
from opscentre.stack.kafka import Kafka
from opscentre.stack.timescaledb import TimescaleDB

_LOCAL = ("127.0.0.1", "localhost")


class NativeStack:
    """Kafka and TimescaleDB as processes of this machine, on the ports that the settings name."""

    def __init__(self, settings: Settings) -> None:
        host, _, port = settings.kafka.partition(":")
        database = psycopg.conninfo.conninfo_to_dict(settings.dsn)
        data, cache = settings.data.resolve(), settings.cache.expanduser()
        self._kafka = Kafka(data / "kafka", int(port or 9092), cache) if host in _LOCAL else None
        local = database.get("host", "127.0.0.1") in _LOCAL
        self._database = TimescaleDB(data / "timescaledb", int(database.get("port") or 5432), cache) if local else None

    def up(self, say: Say) -> None:
        """Install what is missing and start what does not run."""
        for name, part in (("Kafka", self._kafka), ("TimescaleDB", self._database)):
            if part is None:
                say(f"{name} is not on this machine (see the settings): left alone")
                continue
            part.install(say)
            if part.process.pid is None:
                say(f"starting {name} on 127.0.0.1:{part.port}")
            part.start(say)

    def down(self, say: Say) -> None:
        """Stop what runs; the data stays."""
        for name, part in (("Kafka", self._kafka), ("TimescaleDB", self._database)):
            if part is not None and part.process.pid is not None:
                say(f"stopping {name}")
                part.stop()

    def running(self) -> dict[str, bool]:
        """Which of the local parts run."""
        parts = {"kafka": self._kafka, "timescaledb": self._database}
        return {name: part.process.pid is not None for name, part in parts.items() if part is not None}


class DockerStack:
    """The same through Docker Compose and the checkout's docker-compose.yml."""

    def __init__(self, settings: Settings) -> None:
        self._dsn = settings.dsn

    def up(self, say: Say) -> None:
        """Start both containers and wait until they are healthy."""
        say("starting Kafka and TimescaleDB through Docker Compose (the first time fetches the images)")
        self._compose("up", "--detach", "--wait", "kafka", "timescaledb")

    def down(self, say: Say) -> None:
        """Stop the containers; the data stays in their volumes."""
        say("stopping the containers")
        self._compose("stop")

    def running(self) -> dict[str, bool]:
        """Which of the local parts run."""
        names = self._compose("ps", "--services", "--status", "running", capture=True).split()
        return {name: name in names for name in ("kafka", "timescaledb")}

    def _compose(self, *words: str, capture: bool = False) -> str:
        file = Path("docker-compose.yml")
        if not file.exists():
            raise StackError("there is no docker-compose.yml here: run this in the checkout's top folder")
        result = subprocess.run(  # noqa: S603
            ["docker", "compose", *words],  # noqa: S607
            check=False,
            text=True,
            stdout=subprocess.PIPE if capture else None,
        )
        if result.returncode:
            raise StackError(f"`docker compose {' '.join(words)}` failed (status {result.returncode})")
        return result.stdout or ""


def open_stack(settings: Settings) -> NativeStack | DockerStack:
    """The stack of this machine: `STACK=native|docker` decides, else natively where that can work.

    Raises:
        StackError: neither way is open; the message says what is needed.
    """
    choice = os.environ.get("STACK", "")
    if choice not in ("", "native", "docker"):
        raise StackError(f"STACK={choice}: allowed are native and docker")
    native = os.geteuid() == 0 and shutil.which("apt-get") is not None
    if choice == "native" or (not choice and native):
        return NativeStack(settings)
    if choice == "docker" or shutil.which("docker"):
        return DockerStack(settings)
    raise StackError(
        "Kafka and TimescaleDB cannot be started here. Either run as root on Debian 12 or later (JDK 17 and Maven are "
        "installed where missing), or install Docker with Compose; or set OPSCENTRE_KAFKA and OPSCENTRE_DSN to servers "
        "that run elsewhere."
    )
