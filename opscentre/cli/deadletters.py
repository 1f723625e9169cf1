"""`opscentre dead-letters`: what could not be accepted, and what to do about it."""

from typing import Annotated

import typer
from rich.table import Table

from core.catalogue import open_catalogue
from core.database import connect
from core.settings import settings
from opscentre.cli.output import Json, console, print_json, say
from opscentre.reports import dead_letters
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
Reason = Annotated[str | None, typer.Option(help="Only those with this reason code.")]


@app.command("list")
def list_letters(
    state: Annotated[str, typer.Option(help="open, replayed or discarded.")] = "open",
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    json: Json = False,
) -> None:
    """List dead letters, newest first, and say what each reason means."""
    with connect(settings().dsn, "opscentre dead-letters") as connection:
        letters = dead_letters.listed(connection, state, reason, limit)
    if json:
        print_json(letters)
        return
    table = Table("number", "received", "topic", "offset", "reason", "detail", title=f"{state} dead letters")
    for letter in letters:
        place = f"{letter['topic']}/{letter['partition']}"
        received = f"{letter['timestamp']:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            str(letter["id"]), received, place, str(letter["offset"]), letter["reason"], _plain(letter["detail"][:200])
        )
    console.print(table)
    for code in sorted({letter["reason"] for letter in letters}):
        console.print(f"{code}: {REASONS.get(code, '')}", markup=False, highlight=False)


@app.command()
def show(number: Annotated[int, typer.Argument(help="Number of the dead letter.")], json: Json = False) -> None:
    """Show one dead letter with its key, headers and raw value."""
    with connect(settings().dsn, "opscentre dead-letters") as connection:
        letter = dead_letters.shown(connection, number)
    if json:
        print_json(letter)
        return
    for name, value in letter.items():
        console.print(f"{name:>11}  {value}", markup=False, highlight=False)
    console.print(f"{'what now':>11}  {REASONS.get(letter['reason'], '')}", markup=False, highlight=False)


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
        wanted = dead_letters.chosen(connection, numbers or [], reason)
        connection.commit()
        accepted, refused = replay_letters(connection, writer, decoders, wanted)
    if json:
        print_json({"accepted": accepted, "refused": refused})
    else:
        say(f"{accepted} accepted, {refused} refused again (they stay open)")
    if refused:
        raise typer.Exit(2)


@app.command()
def discard(
    numbers: Annotated[list[int], typer.Argument(help="Numbers of dead letters.")],
    why: Annotated[str, typer.Option(help="Why they are given up; kept with them.")],
) -> None:
    """Settle dead letters by giving them up. They stay in the list of the discarded, with the reason why."""
    with connect(settings().dsn, "opscentre dead-letters") as connection:
        count = dead_letters.discard(connection, numbers, why)
    say(f"{count} discarded" + (f", {len(numbers) - count} were not open" if count < len(numbers) else ""))


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
