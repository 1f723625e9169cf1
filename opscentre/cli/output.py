"""How commands speak: lines to people, JSON to programs."""

import os
import re
import sys
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.text import Text

# Control characters but line feed and tab, marks that turn the direction, what takes no width, halves of characters.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Text with what a terminal would obey, or nobody would see, written out: `\x1b`, `\u200b`."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class PlainConsole(Console):
    """Prints words as they stand, whoever wrote them: `[x]` is no colour, `:100:` no emoji, an escape sequence text."""

    def __init__(self, *, width: int | None = None, stderr: bool = False) -> None:
        super().__init__(width=width, stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Every text that is printed, and every cell of a table, comes through here."""
        return super().render_str(visible(text), **options)


# What is piped is as wide as what the tables are made for, unless the environment says otherwise.
console = PlainConsole(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)
errors = PlainConsole(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def say(line: str) -> None:
    """A line about progress; to standard error, so that it never mixes with a report."""
    errors.print(line, soft_wrap=True)


def warn(line: str | None) -> None:
    """Something that goes on all the same, but should be mended; to standard error. None: there is nothing."""
    if line:
        errors.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


def print_json(report: Any) -> None:
    """A report as JSON; times in RFC 3339, bytes not at all."""
    print(orjson.dumps(report, option=orjson.OPT_INDENT_2, default=str).decode())  # noqa: T201 - this is the output
