"""The local parts as processes of this machine."""

import os
import shutil

from core.errors import DevServiceError
from core.progress import ProgressCallback
from core.settings import Settings
from opscentre.devservices.addresses import local_database, local_kafka_port
from opscentre.devservices.kafka import Kafka
from opscentre.devservices.ports import free_or_fail
from opscentre.devservices.timescaledb import TimescaleDB


def native_possible() -> bool:
    """Whether what is missing can be installed and started here: as root, on a Debian machine."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


class NativeStack:
    """Kafka and TimescaleDB on the ports that the settings name, their data in the settings' data folder."""

    def __init__(self, settings: Settings) -> None:
        port, database = local_kafka_port(settings), local_database(settings)
        data, cache = settings.data.resolve(), settings.cache.expanduser()
        self._parts: dict[str, Kafka | TimescaleDB | None] = {
            "Kafka": Kafka(data / "kafka", port, cache) if port is not None else None,
            "TimescaleDB": TimescaleDB(data / "timescaledb", database.port, cache) if database else None,
        }
        self._foreign_login = database is not None and (database.user, database.password) != ("opscentre", "opscentre")

    def up(self, say: ProgressCallback) -> None:
        """Install what is missing and start what does not run.

        Raises:
            DevServiceError: it cannot be; the message says why and what to do.
        """
        if self._foreign_login:
            raise DevServiceError(
                "OPSCENTRE_DSN names a user or password of its own for a database on this machine. The one that is "
                "started here knows only user=opscentre password=opscentre: use these, or STACK=docker."
            )
        for part, setting in zip(self._parts.items(), ("OPSCENTRE_KAFKA", "OPSCENTRE_DSN"), strict=True):
            name, server = part
            if server is None:
                say(f"{name} is not on this machine (see the settings): left alone")
            elif server.process.pid is None:
                free_or_fail(server.port, name, setting)  # before any of them is started
        begun: list[Kafka | TimescaleDB] = []
        try:
            for name, server in self._parts.items():
                if server is None:
                    continue
                server.install(say)
                if server.process.pid is None:
                    say(f"starting {name} on 127.0.0.1:{server.port}")
                    begun.append(server)
                server.start(say)
        except BaseException as error:
            for server in begun:  # what runs already is left alone; of what was begun here nothing is left behind
                server.stop()
            if isinstance(error, OSError):
                raise _unwritable(error) from error
            raise

    def down(self, say: ProgressCallback) -> None:
        """Stop what runs; the data stays."""
        for name, part in self._parts.items():
            if part is not None and part.process.pid is not None:
                say(f"stopping {name}")
                part.stop()

    def running(self) -> dict[str, bool]:
        """Whether each local part runs, by its name in small letters; a part that is elsewhere is left out."""
        return {name.lower(): part.process.pid is not None for name, part in self._parts.items() if part is not None}


def _unwritable(error: OSError) -> DevServiceError:
    """What the system refused of a file, in a sentence."""
    where = f"{error.filename}: " if error.filename else ""
    return DevServiceError(
        f"{where}{(error.strerror or str(error)).lower()}. The data are in OPSCENTRE_DATA, the downloads in "
        "OPSCENTRE_CACHE: both need to be writable and to have some gigabytes free."
    )
