"""`opscentre dead-letters`: what could not be accepted, and what to do about it."""

from datetime import datetime
from typing import Annotated, Literal

import psycopg
import typer
from rich.table import Table

from core.catalogue import open_catalogue
from core.database import connect
from core.errors import NotFoundError
from core.settings import settings
from opscentre.cli.output import Json, console, print_json, say
from opscentre.reports import dead_letters
from schemas.catalogue.toml_files import choice
from schemas.events.envelope import REASONS
from streams.fold.rulebook import load_rulebook
from streams.ingest.decoder import Decoder
from streams.recount.replay import replay as replay_letters
from streams.write.fence import prepare_session
from streams.write.writer import Writer

app = typer.Typer(
    no_args_is_help=True, help="Events and records that could not be accepted: list, show, replay, discard."
)

Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers of dead letters, as `list` shows them.")]
State = Literal["open", "replayed", "discarded"]


def _known(reason: str | None) -> str | None:
    if reason is not None and reason not in REASONS:
        raise typer.BadParameter(f'"{reason}" is no reason code{choice(reason, REASONS)}')
    return reason


Reason = Annotated[str | None, typer.Option(help="Only those with this reason code.", callback=_known)]


@app.command("list")
def list_letters(
    state: Annotated[State, typer.Option(help="What has become of them.")] = "open",
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    json: Json = False,
) -> None:
    """List dead letters, newest first, and say what each reason means. Times are the province's."""
    options = settings()
    with connect(options.dsn, "opscentre dead-letters") as connection:
        letters = dead_letters.listed(connection, state, reason, limit)
        number = dead_letters.matching(connection, state, reason)
    if json:
        print_json(letters)
        return
    zone = open_catalogue(options).zone
    table = Table("number", "received", "topic", "offset", "reason", "detail", title=f"{state} dead letters")
    for letter in letters:
        place = f"{letter['topic']}/{letter['partition']}"
        received = f"{letter['timestamp'].astimezone(zone):%d/%m/%Y %H:%M:%S}"
        table.add_row(
            str(letter["id"]), received, place, str(letter["offset"]), letter["reason"], letter["detail"][:200]
        )
    console.print(table)
    if len(letters) < number:
        console.print(f"the newest {len(letters):,} of {number:,}; --limit shows more, --reason those of one kind")
    for code in sorted({letter["reason"] for letter in letters}):
        console.print(f"{code}: {REASONS.get(code, '')}")


@app.command()
def show(number: Annotated[int, typer.Argument(help="Number of the dead letter.")], json: Json = False) -> None:
    """Show one dead letter with its key, headers and raw value. Times are the province's, with their offset."""
    options = settings()
    with connect(options.dsn, "opscentre dead-letters") as connection:
        letter = dead_letters.shown(connection, number)
    if json:
        print_json(letter)
        return
    zone = open_catalogue(options).zone
    for name, value in letter.items():
        shown_value = value.astimezone(zone).isoformat(" ") if isinstance(value, datetime) else value
        console.print(f"{name:>11}  {shown_value}")
    console.print(f"{'what now':>11}  {REASONS.get(letter['reason'], '')}")


@app.command()
def replay(
    numbers: Numbers = None,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    json: Json = False,
) -> None:
    """Try dead letters again, as if they had just been fetched: after a fix they count, once."""
    if not (numbers or reason or everything):
        raise typer.BadParameter("say which: numbers, --reason CODE or --all")
    options = settings()
    catalogue = open_catalogue(options)
    decoders = {system.topic: Decoder(system) for system in catalogue.systems.values()}
    with connect(options.dsn, "opscentre replay") as connection:
        writer = Writer(options.dsn, load_rulebook(connection, catalogue))
        prepare_session(connection)
        wrong = _not_open(connection, numbers or [])
        wanted = dead_letters.chosen(connection, numbers or [], reason)
        connection.commit()
        accepted, refused = replay_letters(connection, writer, decoders, wanted)
    if json:
        print_json({"accepted": accepted, "refused": refused, "not_open": sorted(wrong)})
    else:
        say(f"{accepted} accepted, {refused} refused again (they stay open)")
    if refused or wrong:
        raise typer.Exit(2)


@app.command()
def discard(
    numbers: Annotated[list[int], typer.Argument(help="Numbers of dead letters.")],
    why: Annotated[str, typer.Option(help="Why they are given up; kept with them.")],
) -> None:
    """Settle dead letters by giving them up. They stay in the list of the discarded, with the reason why."""
    if not why.strip():
        raise typer.BadParameter("say why, in words: it is kept with them", param_hint="--why")
    with connect(settings().dsn, "opscentre dead-letters") as connection:
        wrong = _not_open(connection, numbers)
        count = dead_letters.discard(connection, numbers, why.strip())
    say(f"{count} discarded")
    if wrong:
        raise typer.Exit(2)


def _not_open(connection: psycopg.Connection, numbers: list[int]) -> dict[int, str]:
    """Tell which of these are not open; it is an error where none is."""
    wrong = dead_letters.not_open(connection, numbers)
    if wrong:
        told = ", ".join(f"{number} ({why})" for number, why in wrong.items())
        told = f"not open: {told}; `opscentre dead-letters list` shows those that are"
        if len(wrong) == len(set(numbers)):
            raise NotFoundError(told)
        say(told)
    return wrong
