"""The two ways of `opscentre publish`: JSON lines as they are, and a CSV export through a mapping.

A line or row that cannot be published is reported and left out; the rest goes on.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, Protocol

from core.errors import InvalidEventError, MappingError, OpsCentreError, RowError
from core.publisher import STRUCTURED_HEADERS, Headers, encode, route
from opscentre.publishing.check import Check, unchecked
from opscentre.publishing.csv_rows import CsvRows
from opscentre.publishing.mapping_model import Mapping
from opscentre.publishing.mapping_rows import Outcome, map_row
from opscentre.publishing.state import State, open_state
from opscentre.publishing.words import tidy, word
from schemas.events.envelope import MAX_BYTES

Progress = Callable[[int], None]
"""Called now and then with the number of events published so far."""

ROWS_AT_ONCE = 1000
LINES_BETWEEN_REPORTS = 1000
REASONS_KEPT = 10_000
"""Of more rejections the reasons are not kept, nor of more rows the lines: a file may be of any size."""
STATES_KEPT = 100
"""Likewise of words that the mapping does not know."""


class Sink(Protocol):
    """What publishing needs of a `core.publisher.Publisher`."""

    def send(self, event: dict[str, Any]) -> None:
        """Send one event."""

    def send_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Send one record as it is."""

    def flush(self) -> None:
        """Wait for all, raise for those that did not arrive."""


@dataclass
class Tally:
    """How many rows, and the lines (from 1) of the first of them."""

    rows: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Count a row."""
        self.rows += 1
        if len(self.lines) < REASONS_KEPT:
            self.lines.append(line)


@dataclass
class Report:
    """What came of a file.

    `published` events were sent, `retracted` of them because their rows no longer give them. `rejected` are lines (from
    1) with the reason, `unlisted` those beyond `REASONS_KEPT`. `silent` rows gave no event. `unknown` are columns and
    what they say that the mapping does not know, so that an event is missing.
    """

    published: int = 0
    retracted: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)
    unlisted: int = 0
    silent: Tally = field(default_factory=Tally)
    unknown: dict[tuple[str, str], Tally] = field(default_factory=dict)

    def reject(self, line: int, reason: str) -> None:
        """A line is left out."""
        if len(self.rejected) < REASONS_KEPT:
            self.rejected.append((line, reason))
        else:
            self.unlisted += 1

    def note_unknown(self, line: int, state: tuple[str, str]) -> None:
        """A column says what the mapping does not know."""
        if state in self.unknown or len(self.unknown) < STATES_KEPT:
            self.unknown.setdefault(state, Tally()).add(line)

    def complete(self) -> bool:
        """Whether nothing was left out, as far as can be known: a file none of whose rows gives an event is suspect."""
        nothing = self.published == self.retracted and self.silent.rows > 0
        return not (self.rejected or self.unknown or nothing)


def publish_lines(
    lines: Iterable[bytes], sink: Sink, *, check: Check = unchecked, progress: Progress = lambda count: None
) -> Report:
    """Publish CloudEvents in JSON, one a line, byte for byte as they are.

    Args:
        lines: a file opened in binary mode; empty lines are passed over.
        sink: where to.
        check: what else to ask of each.
        progress: told how far it is.

    Raises:
        UnavailableError: Kafka did not take everything; publish the same again.
    """
    report = Report()
    for number, line in enumerate(lines, start=1):
        value = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not value:
            continue
        try:
            if len(value) > MAX_BYTES:
                raise InvalidEventError("too_large", f"{len(value):,} bytes; {MAX_BYTES:,} are allowed")
            topic, key = route(_read_event(value))
            check(topic, key, value)
        except InvalidEventError as error:
            report.reject(number, str(error))
            continue
        sink.send_raw(topic, key, value, STRUCTURED_HEADERS)
        report.published += 1
        if report.published % LINES_BETWEEN_REPORTS == 0:
            progress(report.published)
    sink.flush()
    progress(report.published)
    return report


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_event(value: bytes) -> Any:
    try:
        return json.loads(value.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise InvalidEventError("not_utf8", f"byte {error.start + 1} of the line: {error.reason}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidEventError("not_json", str(error)) from None


def publish_csv(
    file: Path,
    mapping: Mapping,
    sink: Sink,
    *,
    state: Path,
    check: Check = unchecked,
    progress: Progress = lambda count: None,
) -> Report:
    """Publish the events that a mapping makes of a CSV file.

    `state` (SQLite, made where missing) remembers the content of every id between runs: the same content goes out
    with the same revision, changed content with the next, and an event that its row no longer gives is retracted
    (where the row says something that the mapping does not know, it is not).
    A run that ends half-way can simply be repeated.

    Raises:
        MappingError: the file has not the columns or the encoding that the mapping says; before that was noticed,
            some rows may have been published.
        UnavailableError: Kafka did not take everything; publish the same file again.
        OpsCentreError: file or state cannot be read or written.
    """
    report = Report()
    try:
        with open_state(state, mapping.system) as remembered:
            outcomes = _outcomes(file, mapping, remembered, check, report)
            while batch := list(islice(outcomes, ROWS_AT_ONCE)):
                # Remembered first, sent second: after a crash between the two, the next run sends the very same.
                for event in _revise(remembered, batch, check, report):
                    sink.send(event)
                    report.published += 1
                    report.retracted += event.get("retracted", False)
                progress(report.published)
        sink.flush()
    except UnicodeError as error:
        raise MappingError(f"{file} is not written in {mapping.csv.encoding}: set csv.encoding ({error})") from None
    except csv.Error as error:
        raise MappingError(f"the header of {file} is not CSV: {error}") from None
    except OSError as error:
        raise OpsCentreError(f"{file} cannot be read, or {state.parent} not written: {error}") from None
    report.rejected.sort()
    return report


def _outcomes(
    file: Path, mapping: Mapping, state: State, check: Check, report: Report
) -> Iterator[tuple[int, Outcome]]:
    """What each row gives, with its line; rows that cannot be mapped go to the report."""
    for line, row in _rows(file, mapping, report):
        if mapping.rows == "first" and not state.is_first([tidy(row[column]) for column in mapping.key]):
            continue
        try:
            outcome = map_row(mapping, row)
            for event in outcome.events:
                check(*route(event), encode(event))
        except (RowError, InvalidEventError) as error:
            report.reject(line, str(error))
            continue
        if not outcome.events:
            report.silent.add(line)
        for unknown in sorted(outcome.unknown):
            report.note_unknown(line, unknown)
        # What a word means that nobody knows is not that what was true is so no longer.
        yield line, replace(outcome, absent=[]) if outcome.unknown else outcome


def _rows(file: Path, mapping: Mapping, report: Report) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells, by the mapping's columns, of each row that is one."""
    with file.open(encoding=mapping.csv.encoding, newline="") as text:
        rows = CsvRows(text, mapping.csv.delimiter, mapping.csv.skip)
        header = rows.header()
        places = _places(file, mapping, header)
        for line, cells, wrong in rows.rows(len(header)):
            if wrong:
                report.reject(line, wrong)
            else:
                yield line, {column: cells[place] for column, place in places.items()}


def _places(file: Path, mapping: Mapping, header: list[str]) -> dict[str, int]:
    """Where the columns stand that the mapping reads."""
    words = [word(name) for name in header]
    if missing := sorted(column for column in mapping.columns if word(column) not in words):
        raise MappingError(
            f"{file} lacks the columns {missing}, which {mapping.name} reads. It has: {header}. Is that not its header "
            "(csv.skip leaves out lines above it), or not one column each (csv.delimiter)?"
        )
    if twice := sorted(column for column in mapping.columns if words.count(word(column)) > 1):
        raise MappingError(f"{file} has the columns {twice} more than once, so they cannot be told apart")
    return {column: words.index(word(column)) for column in mapping.columns}


def _revise(state: State, batch: list[tuple[int, Outcome]], check: Check, report: Report) -> list[dict[str, Any]]:
    """The batch's events with their revisions, remembered for good when this returns."""
    events: list[dict[str, Any]] = []
    with state.remembering():
        for line, outcome in batch:
            try:
                for event in state.revise(outcome.events, outcome.absent):
                    if event.get("retracted"):  # what it was when it was sent may be refused by now
                        check(*route(event), encode(event))
                    events.append(event)
            except (RowError, InvalidEventError) as error:
                report.reject(line, str(error))
    return events
