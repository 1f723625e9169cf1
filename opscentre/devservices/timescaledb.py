"""TimescaleDB without Docker: Debian 13's packages, in a folder of their own where the machine is another one.

The server runs as `postgres`, which need not be able to enter the checkout: a private mount shows it the data.
"""

import os
import platform
import re
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import psycopg

from core.errors import DevServiceError
from core.progress import ProgressCallback
from opscentre.devservices.install import DOCKER_HINT, locked, need, run
from opscentre.devservices.ports import free_or_fail, listens, taken
from opscentre.devservices.process import Process, wait_until

_BIN = "usr/lib/postgresql/17/bin"
_EXTENSION = "usr/lib/postgresql/17/lib/timescaledb.so"
_CONTROL = "usr/share/postgresql/17/extension/timescaledb.control"
_INSTALL = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "postgresql-17", "postgresql-17-timescaledb"]
_NAME = "opscentre"

_INSIDE = (
    'mount --rbind /dev "$1/dev" && mount --bind "$2" "$1/srv" && root="$1" && shift 2 && '
    'exec chroot --userspec=postgres:postgres "$root" "$@"'
)

_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "lz4",
    "max_connections": "60",
    "jit": "off",
    "TimeZone": "UTC",
}


class TimescaleDB:
    """One server on 127.0.0.1, its data in `home`; role, password and database are all `opscentre`."""

    def __init__(self, home: Path, port: int, cache: Path, options: Mapping[str, str] = MappingProxyType({})) -> None:
        """`options`: settings of the server, on top of what it always has."""
        self.port = port
        self._options = {**_OPTIONS, **options}
        self.process = Process("timescaledb", home)
        self._home = home
        self._cache = cache
        self._own_root = cache / "trixie"

    def dsn(self, database: str = _NAME) -> str:
        """How to connect to a database of it: a libpq connection string."""
        return f"host=127.0.0.1 port={self.port} user={_NAME} password={_NAME} dbname={database}"

    def version(self) -> str | None:
        """The extension's version; None where it is not installed yet."""
        control = Path(self._root, _CONTROL)
        found = re.search(r"default_version = '([^']+)'", control.read_text()) if control.exists() else None
        return found[1] if found else None

    @property
    def _root(self) -> Path:
        return Path("/") if Path("/", _EXTENSION).exists() else self._own_root

    def install(self, say: ProgressCallback) -> None:
        """Install the server where it is missing.

        Raises:
            DevServiceError: there is no way to, on this machine.
        """
        if os.geteuid() != 0:
            raise DevServiceError(f"running TimescaleDB without Docker needs root (on a Debian machine), {DOCKER_HINT}")
        with locked(self._cache):
            if Path(self._root, _EXTENSION).exists():
                return
            if _debian_13():
                say("installing TimescaleDB (PostgreSQL 17) from Debian's packages: half a minute, once")
                run(["apt-get", "update", "-q"], say)
                run(_INSTALL, say)
                return
            need("debootstrap", "debootstrap", say)
            say("installing TimescaleDB (PostgreSQL 17, of Debian 13) into the cache: about a minute, 590 MB, once")
            work = self._cache / "trixie.part"
            shutil.rmtree(work, ignore_errors=True)
            run(["debootstrap", "--variant=minbase", "trixie", str(work)], say)
            # Nothing may start a server of its own accord in there.
            (work / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
            (work / "usr/sbin/policy-rc.d").chmod(0o755)
            run(["chroot", str(work), *_INSTALL], say)
            run(["chroot", str(work), "apt-get", "clean"], say)
            work.rename(self._own_root)

    def start(self, say: ProgressCallback) -> None:
        """Start the server and wait until it takes connections; its data stays from run to run.

        Raises:
            DevServiceError: the port is in use, or it takes no connections within 300 seconds.
        """
        if self.process.pid is None:
            free_or_fail(self.port, "TimescaleDB", "OPSCENTRE_DSN")
            if not (self._home / "data" / "initialised").exists():
                self._initialise(say)
            self._end_orphans()
            options = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
            self.process.start(self._inside("postgres", "-D", "/srv/db", "-p", str(self.port), *options))
        try:
            self.process.require(self._answers, 300)  # after a crash it first reads up to max_wal_size again
        except DevServiceError:
            if self.process.pid is None and listens(self.port):  # somebody else was a moment faster
                raise taken(self.port, "TimescaleDB", "OPSCENTRE_DSN") from None
            raise
        self._create_database()

    def stop(self) -> None:
        """Stop the server in order, ending its connections."""
        self.process.stop(30, signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()

    def refuse_connections(self, database: str = _NAME) -> None:
        """Be unavailable, for tests: end every connection to a database and let nobody in."""
        self._administer(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false', database)

    def accept_connections(self, database: str = _NAME) -> None:
        """Undo `refuse_connections`."""
        self._administer(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')

    def _administer(self, statement: str, disconnect: str = "") -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (disconnect,)
            )

    def _initialise(self, say: ProgressCallback) -> None:
        data = self._home / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        (data / "password").write_text(_NAME)
        owner = Path(self._root, "var/lib/postgresql").stat()
        os.chown(data, owner.st_uid, owner.st_gid)
        words = ["-D", "/srv/db", "-E", "UTF8", "--locale=C.UTF-8", "-U", _NAME, "-A", "scram-sha-256", "-N"]
        run(self._inside("initdb", *words, "--pwfile=/srv/password"), say)
        (data / "initialised").touch()

    def _inside(self, program: str, *words: str) -> list[str]:
        inside = [
            "unshare",
            "--mount",
            "sh",
            "-c",
            _INSIDE,
            "sh",
            str(self._root),
            str((self._home / "data").resolve()),
        ]
        return [*inside, f"/{_BIN}/{program}", *words]

    def _end_orphans(self) -> None:
        """End what a killed server left: a busy child does not notice, and no new server starts beside it."""
        data = self._home / "data" / "db"
        left = _postgres_in(data)
        with suppress(FileNotFoundError, ValueError):  # it was stopped in order
            if int((data / "postmaster.pid").read_text().split()[0]) in left:
                return  # no orphans: their server lives, and the new one will refuse and say so
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)  # at once, and without leaving anything half done in the files
        wait_until(lambda: not _postgres_in(data), 30)

    def _answers(self) -> bool:
        """Whether it is this server that takes connections, and not one that has taken its port meanwhile."""
        control = (self._home / "data" / "db" / "global" / "pg_control").read_bytes()
        try:
            with psycopg.connect(self.dsn("postgres"), connect_timeout=2) as connection:
                rows = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchall()
        except psycopg.OperationalError:
            return False
        return rows == [(int.from_bytes(control[:8], sys.byteorder, signed=True),)]

    def _create_database(self) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_NAME,)).fetchone():
                connection.execute(f"CREATE DATABASE {_NAME}".encode())


def _debian_13() -> bool:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return release.get("VERSION_CODENAME") == "trixie"


def _postgres_in(data: Path) -> set[int]:
    """The processes of a server on this data folder: each works inside of it, under whatever mount."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is a kernel thread
            if (process / "exe").readlink().name == "postgres" and (process / "cwd").samefile(data):
                found.add(int(process.name))
    return found
