"""The local parts as containers, through Docker Compose and the checkout's docker-compose.yml."""

import os
import shutil
import subprocess
from pathlib import Path

from core.errors import DevServiceError
from core.progress import ProgressCallback
from core.settings import Settings
from opscentre.devservices.addresses import local_database, local_kafka_port

_FILE = Path("docker-compose.yml")


def docker_compose_works() -> bool:
    """Whether the client and its Compose plugin are here; the one without the other is not rare."""
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode == 0  # noqa: S607


class DockerStack:
    """Kafka and TimescaleDB in containers, on the ports and with the password that the settings name."""

    def __init__(self, settings: Settings) -> None:
        kafka, database = local_kafka_port(settings), local_database(settings)
        self._services = {"kafka": kafka is not None, "timescaledb": database is not None}
        # What the compose file takes from .env is given here from the settings, so that the two cannot disagree.
        self._environment = dict(os.environ)
        if kafka is not None:
            self._environment["KAFKA_PORT"] = str(kafka)
        if database is not None:
            self._environment["DATABASE_PORT"] = str(database.port)
            self._environment["DATABASE_PASSWORD"] = database.password
        else:
            # Never used: Compose wants a value even for a service that is not started.
            self._environment.setdefault("DATABASE_PASSWORD", "unused")

    def up(self, say: ProgressCallback) -> None:
        """Start the containers and wait until they are healthy.

        Raises:
            DevServiceError: Compose failed, or this is not the checkout's top folder.
        """
        for name, local in self._services.items():
            if not local:
                say(f"{name} is not on this machine (see the settings): left alone")
        if self._ours:
            say(f"starting {' and '.join(self._ours)} through Docker Compose (the first time fetches the images)")
            self._compose("up", "--detach", "--wait", *self._ours)

    def down(self, say: ProgressCallback) -> None:
        """Stop the containers; the data stays in their volumes.

        Raises:
            DevServiceError: as for `up`.
        """
        if self._ours:
            say(f"stopping the containers of {' and '.join(self._ours)}")
            self._compose("stop", *self._ours)

    def running(self) -> dict[str, bool]:
        """Whether each local part runs, by its service's name; a part that is elsewhere is left out."""
        names = self._compose("ps", "--services", "--status", "running", capture=True).split() if self._ours else []
        return {name: name in names for name in self._ours}

    @property
    def _ours(self) -> list[str]:
        return [name for name, local in self._services.items() if local]

    def _compose(self, *words: str, capture: bool = False) -> str:
        if not _FILE.exists():
            raise DevServiceError(f"there is no {_FILE} here: run this in the checkout's top folder")
        result = subprocess.run(  # noqa: S603
            ["docker", "compose", "--file", str(_FILE), *words],  # noqa: S607
            check=False,
            text=True,
            env=self._environment,
            stdout=subprocess.PIPE if capture else None,
        )
        if result.returncode:
            raise DevServiceError(f"`docker compose {' '.join(words)}` failed (status {result.returncode}); see above")
        return result.stdout or ""
