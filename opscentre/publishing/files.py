"""The two ways of `opscentre publish`: JSON lines as they are, and a CSV export through a mapping.

A line or row that cannot be published is reported and left out; the rest goes on.
"""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, Protocol

from pydantic import ValidationError

from core.errors import InvalidEventError, MappingError, OpsCentreError, RowError
from core.publisher import STRUCTURED_HEADERS, Headers, route
from opscentre.publishing.mapping import Mapping, missing_columns
from opscentre.publishing.mapping_rows import Outcome, map_row
from schemas.events import BY_TYPE

Progress = Callable[[int], None]
"""Called now and then with the number of events published so far."""

ROWS_AT_ONCE = 1000
LINES_BETWEEN_REPORTS = 1000

# Where the two are not told apart, a row of one agency's could raise the revision of another's.
_STATE = """
CREATE TABLE IF NOT EXISTS published (
    system TEXT NOT NULL, id TEXT NOT NULL, content BLOB NOT NULL, revision INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (system, id)
) WITHOUT ROWID
"""


class Sink(Protocol):
    """What publishing needs of a `core.publisher.Publisher`."""

    def send(self, event: dict[str, Any]) -> None:
        """Send one event."""

    def send_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Send one record as it is."""

    def flush(self) -> None:
        """Wait for all, raise for those that did not arrive."""


@dataclass
class Report:
    """What came of a file: how many events were published, and which lines (from 1) were rejected for what reason."""

    published: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


def publish_lines(
    lines: Iterable[bytes], sink: Sink, *, validate: bool = False, progress: Progress = lambda count: None
) -> Report:
    """Publish CloudEvents in JSON, one a line, byte for byte as they are.

    Args:
        lines: a file opened in binary mode; empty lines are passed over.
        sink: where to.
        validate: check type and data here, too, not only where the events arrive.
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
            event = _read_event(value)
            topic, key = route(event)
            if validate:
                _validate(event)
        except InvalidEventError as error:
            report.rejected.append((number, str(error)))
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


def _validate(event: dict[str, Any]) -> None:
    cls = BY_TYPE.get(str(event.get("type")))
    if cls is None:
        raise InvalidEventError("unknown_type", f"type is {event.get('type')!r}")
    try:
        cls.model_validate(event.get("data"))
    except ValidationError as error:
        details = (f"{'.'.join(map(str, e['loc'])) or 'data'}: {e['msg']}" for e in error.errors())
        raise InvalidEventError("invalid_data", "; ".join(details)) from None


def publish_csv(
    file: Path, mapping: Mapping, sink: Sink, *, state: Path, progress: Progress = lambda count: None
) -> Report:
    """Publish the events that a mapping makes of a CSV file.

    `state` (SQLite, made where missing) remembers the content of every id between runs: the same content goes out
    with the same revision, changed content with the next, and an event that its row no longer gives is retracted.
    A run that ends half-way can simply be repeated.

    Raises:
        MappingError: the file has not the columns or the encoding that the mapping says; before that was noticed,
            some rows may have been published.
        UnavailableError: Kafka did not take everything; publish the same file again.
        OpsCentreError: file or state cannot be read or written.
    """
    report = Report()
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(state, timeout=30, isolation_level=None)) as database:
            database.execute(_STATE)
            outcomes = _outcomes(file, mapping, report)
            seen: dict[str, bytes] = {}
            while batch := list(islice(outcomes, ROWS_AT_ONCE)):
                # Remembered first, sent second: after a crash between the two, the next run sends the very same.
                for event in _revise(database, mapping.system, batch, seen, report):
                    sink.send(event)
                    report.published += 1
                progress(report.published)
        sink.flush()
    except UnicodeDecodeError as error:
        raise MappingError(f"{file} is not written in {mapping.csv.encoding}: set csv.encoding ({error})") from None
    except csv.Error as error:
        raise MappingError(f"the header of {file} is not CSV: {error}") from None
    except OSError as error:
        raise OpsCentreError(f"{file} cannot be read, or {state.parent} not written: {error}") from None
    except sqlite3.Error as error:
        raise OpsCentreError(
            f"{state} cannot be used: {error}. Without it corrected rows lose their revisions, so restore it from a "
            "copy rather than remove it."
        ) from None
    report.rejected.sort()
    return report


def _outcomes(file: Path, mapping: Mapping, report: Report) -> Iterator[tuple[int, Outcome]]:
    """What each row gives, with its line; rows that cannot be mapped go to the report."""
    groups: set[tuple[str, ...]] = set()
    for line, cells, header in _rows(file, mapping, report):
        row = dict(zip(header, cells, strict=True))
        if mapping.rows == "first":
            group = tuple(row[column] for column in mapping.key)
            if group in groups:
                continue
            groups.add(group)
        try:
            yield line, map_row(mapping, row)
        except RowError as error:
            report.rejected.append((line, str(error)))


def _rows(file: Path, mapping: Mapping, report: Report) -> Iterator[tuple[int, list[str], list[str]]]:
    """Line, cells and header of each row that has as many cells as the header."""
    with file.open(encoding=mapping.csv.encoding, newline="") as text:
        reader = csv.reader(text, delimiter=mapping.csv.delimiter, strict=True)
        header = next(reader, [])
        if missing := missing_columns(mapping, header):
            raise MappingError(f"{file} lacks the columns {missing}, which {mapping.name} reads. It has: {header}")
        if twice := sorted({column for column in mapping.columns() if header.count(column) > 1}):
            raise MappingError(f"{file} has the columns {twice} more than once, so they cannot be told apart")
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                report.rejected.append((line, f"not CSV: {error}"))
                continue
            if len(cells) == len(header):
                yield line, cells, header
            elif cells:
                report.rejected.append((line, f"the row has {len(cells)} cells, the header {len(header)}"))


def _revise(
    database: sqlite3.Connection,
    system: str,
    batch: list[tuple[int, Outcome]],
    seen: dict[str, bytes],
    report: Report,
) -> list[dict[str, Any]]:
    """The batch's events with their revisions, remembered for good when this returns.

    `seen` is what this run has met: a second row that gives the same id otherwise is not a correction but a mistake
    in the key, and would go up one revision at every run.
    """
    events: list[dict[str, Any]] = []
    database.execute("BEGIN IMMEDIATE")
    with database:
        for line, outcome in batch:
            found = [(event, _content(event)) for event in outcome.events]
            clashes = [event["id"] for event, content in found if seen.get(event["id"], content) != content]
            if clashes:
                report.rejected.append((line, f"an earlier row gave {clashes[0]} with other content: see `key`"))
                continue
            for event, content in found:
                if event["id"] not in seen:
                    seen[event["id"]] = content
                    events.append(_record_revision(database, system, event, content))
            events += [
                retraction
                for identity in outcome.absent
                if identity not in seen and (retraction := _retract(database, system, identity))
            ]
    return events


def _content(event: dict[str, Any]) -> bytes:
    """All that would have to be corrected if it changed, the time included, since a row's time is no mere stamp."""
    return sha256(json.dumps(event, sort_keys=True).encode()).digest()


def _record_revision(
    database: sqlite3.Connection, system: str, event: dict[str, Any], content: bytes
) -> dict[str, Any]:
    where = (system, event["id"])
    before = database.execute("SELECT content, revision FROM published WHERE system = ? AND id = ?", where).fetchone()
    revision = 0 if before is None else before[1] + (before[0] != content)
    if before is None or before[0] != content:
        database.execute(
            "INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?, ?)", (*where, content, revision, json.dumps(event))
        )
    return {**event, "revision": revision} if revision else event


def _retract(database: sqlite3.Connection, system: str, identity: str) -> dict[str, Any] | None:
    """The retraction of an event that its row used to give; None where it never did."""
    row = database.execute("SELECT event FROM published WHERE system = ? AND id = ?", (system, identity)).fetchone()
    if row is None:
        return None
    event = {**json.loads(row[0]), "retracted": True}
    return _record_revision(database, system, event, _content(event))
