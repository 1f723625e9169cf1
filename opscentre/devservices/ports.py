"""Ports of this machine: which are free, and whose server stands on one that is not."""

import random
import socket
from contextlib import suppress
from pathlib import Path

from core.errors import DevServiceError

_LISTENING = "0A"


def listens(port: int) -> bool:
    """Whether something accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_or_fail(port: int, what: str, setting: str) -> None:
    """Make sure that nobody else uses a port.

    Raises:
        DevServiceError: somebody does; the message says who, and how to choose another.
    """
    if listens(port):
        raise taken(port, what, setting)


def taken(port: int, what: str, setting: str) -> DevServiceError:
    """The error that says whose a port is that a server of ours needs."""
    example = f"127.0.0.1:{free_port()}" if setting == "OPSCENTRE_KAFKA" else f"host=127.0.0.1 port={free_port()} …"
    return DevServiceError(
        f"port {port} on 127.0.0.1 is in use by another program{_owner(port)}; {what} needs it. "
        f"Set {setting} to another port, such as `{example}` (in .env, for every command in this folder), or stop it."
    )


def _owner(port: int) -> str:
    """The process that listens on a port, as far as we may see it: ` (process 12 in /home/me/clone: java …)`."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if any(str(handle.readlink()) in sockets for handle in (process / "fd").iterdir()):
                words = (process / "cmdline").read_text().split("\0")
                last = f" … {words[-2]}" if len(words) > 2 else ""  # of Kafka its settings, in its data folder
                return f" (process {process.name} in {(process / 'cwd').readlink()}: {words[0]}{last})"
    return ""


def _listening(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                    found.add(rest[5])
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses.

    From below the range that the system takes for outgoing connections: none of them gets it before a server does.
    """
    while True:
        port = random.randrange(15_000, 29_000)  # noqa: S311 - no secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:  # in use: another one
                continue
            return port
