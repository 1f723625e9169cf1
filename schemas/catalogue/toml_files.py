"""TOML files read into models, with every mistake told by file, line and key."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

TomlPath = tuple[str | int, ...]
"""Where a value stands in a file: keys, and numbers within lists; `("agency", 3, "parent")`."""

Model = TypeVar("Model", bound=BaseModel)

_AT = re.compile(r" \(at line (?P<line>\d+), column (?P<column>\d+)\)$")
_HEADER = re.compile(r"\s*(?P<open>\[\[?)(?P<name>[^\[\]]+)\]")
_KEY = re.compile(r"""\s*(?P<name>[\w-]+|"[^"]*"|'[^']*')\s*=""")


@dataclass(frozen=True)
class Problem:
    """One mistake: `file` is relative to the catalogue's folder, `line` counts from 1."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


def guess(found: str, allowed: Iterable[str], otherwise: str = "") -> str:
    """`; did you mean "…"?` where one of `allowed` comes close to `found`, else `otherwise`."""
    close = get_close_matches(found, allowed, n=1)
    return f'; did you mean "{close[0]}"?' if close else otherwise


def choice(found: str, allowed: Iterable[str]) -> str:
    """The nearest of `allowed`, and all of them: the end of a message about `found`."""
    close = guess(found, allowed)
    return f"{close} Allowed: {quoted(allowed)}" if close else f"; allowed: {quoted(allowed)}"


def quoted(values: Iterable[str]) -> str:
    """The values in quotation marks, with commas between them."""
    return ", ".join(f'"{value}"' for value in values)


@dataclass
class TomlFile:
    """A file of a catalogue: what it says, on which lines it says so, and the mistakes found in it so far."""

    name: str
    content: dict[str, Any] = field(default_factory=dict)
    readable: bool = False
    problems: list[Problem] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)
    _starts: dict[TomlPath, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, name: str) -> "TomlFile":
        """Read a file; one that is missing or not TOML has a problem and no content."""
        file = cls(name)
        try:
            # utf-8-sig, because editors on Windows put a mark before the text that TOML does not know.
            text = (folder / name).read_bytes().decode("utf-8-sig")
            file.content = tomllib.loads(text)
        except FileNotFoundError:
            beside = [path.name for path in (folder / name).parent.glob("*.toml")]
            file.problem((), f"the file is missing from {folder}{guess(Path(name).name, beside)}")
        except OSError as error:
            file.problem((), f"the file cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            file._add(error.object.count(b"\n", 0, error.start) + 1, "", "not UTF-8 text")
        except tomllib.TOMLDecodeError as error:
            at = _AT.search(str(error))
            line = int(at["line"]) if at else None
            file._add(line, "", "not TOML: " + _AT.sub(r" (column \g<column>)", str(error)))
        else:
            file.readable = True
            file._lines = text.splitlines()
            file._starts = _starts(file._lines)
        return file

    def problem(self, path: TomlPath, message: str, value: object = None) -> None:
        """Note a mistake at `path`; `value` is the element meant, where a list on several lines is at fault."""
        self._add(self.line(path, value), _key(path), message)

    def line(self, path: TomlPath, value: object = None) -> int | None:
        """Line of the deepest known part of `path`, or of `value` in the list that stands there."""
        known = [path[:length] for length in range(len(path), 0, -1) if path[:length] in self._starts]
        if not known:
            return None
        start = self._starts[known[0]]
        if value is not None:
            end = min((line for line in self._starts.values() if line > start), default=len(self._lines) + 1)
            for number in range(start, end):
                if json.dumps(value, ensure_ascii=False) in self._lines[number - 1]:
                    return number
        return start

    def parse(self, model: type[Model], content: object, path: TomlPath = ()) -> Model | None:
        """`content`, which stands at `path`, as a model; None, and every mistake noted, where it does not fit."""
        try:
            return model.model_validate(content)
        except ValidationError as error:
            for mistake in error.errors(include_url=False):
                inner, table = _walk(model, mistake["loc"])
                if mistake["type"] in {"union_tag_invalid", "union_tag_not_found"}:
                    inner += (mistake["ctx"]["discriminator"].strip("'"),)
                self.problem(path + _as_written(inner, content), _say(mistake, table), _scalar(mistake["input"]))
            return None

    def tables(self, heading: str, *, required: bool = False) -> list[dict[str, Any]] | None:
        """The tables under `[[heading]]`; None, and a mistake noted, where there is something else."""
        entries = self.content.get(heading, None if required else [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self.problem((heading,), f"must be tables, each under [[{heading}]]")
            return None
        return entries

    def only(self, *headings: str) -> None:
        """Note a mistake for each key at the top that is none of these."""
        for key in self.content.keys() - set(headings):
            self.problem((key,), f"is not a key of this file{choice(key, headings)}")

    def _add(self, line: int | None, key: str, message: str) -> None:
        self.problems.append(Problem(self.name, line, key, message))


def _starts(lines: list[str]) -> dict[TomlPath, int]:
    """Line of each table and key. A reader of headers and first words: tomllib has read the file before."""
    starts: dict[TomlPath, int] = {}
    tables: dict[TomlPath, int] = {}
    table: TomlPath = ()
    for number, line in enumerate(lines, start=1):
        if header := _HEADER.match(line):
            *above, name = (part.strip(" \"'") for part in header["name"].split("."))
            table = (*_latest(above, tables), name)
            if header["open"] == "[[":
                starts.setdefault(table, number)
                tables[table] = tables.get(table, 0) + 1
                table += (tables[table] - 1,)
            starts.setdefault(table, number)
        elif key := _KEY.match(line):
            starts.setdefault((*table, key["name"].strip("\"'")), number)
    return starts


def _latest(names: list[str], tables: Mapping[TomlPath, int]) -> TomlPath:
    """Where `names` are at this point of a file, given how many tables each `[[heading]]` has had before."""
    path: TomlPath = ()
    for name in names:
        path += (name,)
        if path in tables:
            path += (tables[path] - 1,)
    return path


def _key(path: TomlPath) -> str:
    """The keys of `path` within its own entry of a list of tables: `name.vi`."""
    inner = path[2:] if len(path) > 2 and isinstance(path[1], int) else path
    return ".".join(part for part in inner if isinstance(part, str))


def _say(mistake: Mapping[str, Any], table: type[BaseModel] | None) -> str:
    """Say pydantic's mistake, made in a table of this model, in the words of somebody who edits a TOML file."""
    found = json.dumps(mistake["input"], ensure_ascii=False, default=str)
    match mistake["type"]:
        case "missing" | "union_tag_not_found":
            return "is missing"
        case "extra_forbidden" if table:
            return f"is not a key of this table{choice(str(mistake['loc'][-1]), list(table.model_fields))}"
        case "literal_error":
            return f"{found} is not allowed{choice(str(mistake['input']), _words(mistake['ctx']['expected']))}"
        case "union_tag_invalid":
            tag = str(mistake["ctx"]["tag"])
            return f'"{tag}" is not allowed{choice(tag, _words(mistake["ctx"]["expected_tags"]))}'
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{found} is not a table"
        case "list_type" if isinstance(mistake["input"], dict):
            return "must be a list, or tables each under its own [[heading]]"
        case "string_pattern_mismatch":
            return f"{found} does not match {mistake['ctx']['pattern']}"
        case "date_type":
            return f"{found} is not a date: it is written as 2025-04-30, without a time or quotation marks"
        case "value_error":
            reason = str(mistake["ctx"]["error"])
            return reason if _scalar(mistake["input"]) is None else f"{found}: {reason}"
        case _:
            return f"{found}: {mistake['msg'][0].lower()}{mistake['msg'][1:]}"


def _words(expected: str) -> list[str]:
    """Pydantic's `'this', 'that' or 'other'`, as a list."""
    return expected.replace(" or ", ", ").replace("'", "").split(", ")


def _walk(model: type[BaseModel], where: TomlPath) -> tuple[TomlPath, type[BaseModel] | None]:
    """Keys and numbers of `where`, within a table of `model`, and the model of the table that the last key is in.

    Where a table may be one of several, pydantic's places have the chosen one's tag among the keys.
    """
    path: TomlPath = ()
    table: type[BaseModel] | None = model
    options: list[type[BaseModel]] = [model]
    tagged: str | None = None
    for part in where:
        if isinstance(part, str) and tagged:
            options = [option for option in options if part in get_args(option.model_fields[tagged].annotation)]
            tagged = None
            continue
        path += (part,)
        if isinstance(part, str):
            table = options[0] if options else None
            field = table.model_fields.get(part) if table else None
            options = list(_tables(field.annotation)) if field else []
            tagged = field.discriminator if field and isinstance(field.discriminator, str) else None
    return path, table


def _as_written(path: TomlPath, content: Any) -> TomlPath:
    """The path without the numbers of lists that are not in the file: one table may stand for a list of one."""
    written: TomlPath = ()
    for part in path:
        if isinstance(part, int) and not isinstance(content, list):
            continue
        written += (part,)
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):  # what is missing, or no table
            content = None
    return written


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models within an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _tables(part)


def _scalar(value: object) -> object:
    return value if isinstance(value, str | int | float) else None
