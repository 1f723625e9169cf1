"""How commands speak: lines to people, JSON to programs."""

import os
import sys
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

# What is piped is as wide as what the tables are made for, unless the environment says otherwise.
console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)
errors = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def say(line: str) -> None:
    """A line about progress; to standard error, so that it never mixes with a report."""
    errors.print(line, markup=False, highlight=False, soft_wrap=True)


def warn(line: str | None) -> None:
    """Something that goes on all the same, but should be mended; to standard error. None: there is nothing."""
    if line:
        errors.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


def print_json(report: Any) -> None:
    """A report as JSON; times in RFC 3339, bytes not at all."""
    print(orjson.dumps(report, option=orjson.OPT_INDENT_2, default=str).decode())  # noqa: T201 - this is the output
