"""How work that takes a while tells a person how far it is."""

from collections.abc import Callable

ProgressCallback = Callable[[str], None]
"""Takes one line for people, such as `starting Kafka on 127.0.0.1:29092`. The command line prints it."""
