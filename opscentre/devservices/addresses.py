"""Which of the servers that the settings name are this machine's own, and so ours to start."""

from typing import NamedTuple

import psycopg

from core.database import without_secrets
from core.errors import ConfigurationError
from core.settings import Settings

_LOCAL = ("127.0.0.1", "localhost")


class LocalDatabase(NamedTuple):
    """A database on this machine, as the settings name it."""

    port: int
    name: str
    user: str
    password: str


def local_kafka_port(settings: Settings) -> int | None:
    """Kafka's port, where it is one broker on this machine; else None: somebody else runs it.

    Raises:
        ConfigurationError: the setting is not `host:port`.
    """
    host, _, port = settings.kafka.partition(":")
    if host not in _LOCAL or "," in port:
        return None
    return _number(port, f"OPSCENTRE_KAFKA={settings.kafka}: expected host:port, such as 127.0.0.1:29092")


def local_database(settings: Settings) -> LocalDatabase | None:
    """The database, where it is on this machine; else None: somebody else runs it.

    Raises:
        ConfigurationError: the setting is no connection string.
    """
    try:
        parts = psycopg.conninfo.conninfo_to_dict(settings.dsn)
    except psycopg.ProgrammingError as error:
        said = without_secrets(error, settings.dsn)
        raise ConfigurationError(f"OPSCENTRE_DSN is no connection string: {said}") from None
    host = str(parts.get("host") or "127.0.0.1")
    if host not in _LOCAL:
        return None
    user = str(parts.get("user") or "opscentre")
    port = _number(str(parts.get("port") or 5432), "OPSCENTRE_DSN: the port is no number; one port is expected")
    return LocalDatabase(port, str(parts.get("dbname") or user), user, str(parts.get("password") or ""))


def _number(text: str, otherwise: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(otherwise) from None
