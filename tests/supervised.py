"""A worker under its supervisor, as `opscentre worker` runs it; the argument is how many seconds it has to stop."""

import sys

from opscentre.supervisor import supervise


def main() -> None:
    """Run until told to stop."""
    supervise([sys.executable, "-m", "streams"], float(sys.argv[1]), lambda line: print(line, flush=True))
