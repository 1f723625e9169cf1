"""`python -m opscentre` is `opscentre`."""

from opscentre.cli import main

main()
