"""The local parts that an installation for development or demonstration starts by itself: Kafka and TimescaleDB."""

import os

from core.errors import DevServiceError
from core.settings import Settings
from opscentre.devservices.docker import DockerStack, docker_compose_works
from opscentre.devservices.native import NativeStack, native_possible


def open_stack(settings: Settings) -> NativeStack | DockerStack:
    """The stack of this machine: `STACK=native|docker` decides, else natively where that can work.

    Raises:
        DevServiceError: neither way is open; the message says what is needed.
    """
    choice = os.environ.get("STACK", "")
    if choice not in ("", "native", "docker"):
        raise DevServiceError(f"STACK={choice}: allowed are native and docker")
    if choice == "native" or (not choice and native_possible()):
        return NativeStack(settings)
    if docker_compose_works():
        return DockerStack(settings)
    if choice == "docker":
        raise DevServiceError("STACK=docker: `docker compose version` fails; install Docker with its Compose plugin.")
    raise DevServiceError(
        "Kafka and TimescaleDB cannot be started here. Either run as root on Debian 12 or later (JDK 17 and Maven are "
        "installed where missing), or install Docker with Compose; or set OPSCENTRE_KAFKA and OPSCENTRE_DSN to servers "
        "that run elsewhere."
    )
