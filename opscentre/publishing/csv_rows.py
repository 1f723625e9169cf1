"""A CSV file row by row. A stray quotation mark costs its own row: what stands below is not taken for its text."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator

MOST_LINES = 100
"""A row with more line breaks in its cells has lost a quotation mark."""

_OPEN = "unexpected end of data"
"""What `csv` says where a quotation mark is still open."""
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
Row = tuple[int, list[str], str]
"""The line it begins on (from 1), its cells, and what is wrong with it, if anything."""


class CsvRows:
    """Rows of lines of text, which keep their line ends."""

    def __init__(self, lines: Iterable[str], delimiter: str, skip: int = 0) -> None:
        """`skip` lines above the header are left out. Excel's first line `sep=;` is none of them, and it counts."""
        self._lines = iter(lines)
        self._waiting: deque[str] = deque()
        self._delimiter = delimiter
        self.line = 0
        """Lines read so far."""
        first = self._next()
        if first is not None and (named := _SEP.fullmatch(first.lstrip("\ufeff"))):
            self._delimiter = named[1]
        elif first is not None:
            self._put_back([first])
        for _ in range(skip):
            self._next()

    def header(self) -> list[str]:
        """The next row, of whatever width.

        Raises:
            csv.Error: it is none.
        """
        for _, cells, wrong in self._rows(None):
            if wrong:
                raise csv.Error(wrong)
            return cells
        return []

    def rows(self, width: int) -> Iterator[Row]:
        """All rows that are left but empty ones; each has `width` cells, or it is wrong."""
        for line, cells, wrong in self._rows(width):
            if not wrong and len(cells) != width:
                wrong = f"the row has {len(cells)} cells, the header {width}"  # noqa: PLW2901
            if wrong or any(map(str.strip, cells)):
                yield line, cells, wrong

    def _rows(self, width: int | None) -> Iterator[Row]:
        while (text := self._next()) is not None:
            line = self.line
            try:
                cells, wrong = self._parse([text]), ""
            except csv.Error as error:
                cells, wrong = [], f"not CSV: {error}"
                if str(error) == _OPEN:
                    cells, wrong = self._over_lines(text, width)
            if cells or wrong:
                yield line, cells, wrong

    def _over_lines(self, text: str, width: int | None) -> tuple[list[str], str]:
        """The row whose first line leaves a quotation mark open: with line breaks in a cell, or a mistake."""
        gathered = [text]
        # A row that has all its marks between cells and leaves a quotation open has one too many, or ends in that cell:
        # then what follows is no row.
        whole = width is not None and text.count(self._delimiter) >= width - 1 > 0
        while len(gathered) < MOST_LINES and (more := self._next()) is not None:
            gathered.append(more)
            if whole and self._is_row(more, width):
                break
            if '"' not in more:
                continue
            try:
                cells = self._parse(gathered)
            except csv.Error as error:
                if str(error) == _OPEN:
                    continue
                break
            if width is None or len(cells) == width:
                return cells, ""
            break
        self._put_back(gathered[1:])
        return [], 'not CSV: a quotation mark (") is opened and not closed; one within a cell is written twice ("")'

    def _is_row(self, text: str, width: int | None) -> bool:
        """Whether a line would be a row by itself, by its quotation marks or in spite of them: no line of a cell is."""
        if width is not None and text.count(self._delimiter) == width - 1:
            return True
        try:
            return len(self._parse([text])) == width
        except csv.Error:
            return False

    def _parse(self, lines: list[str]) -> list[str]:
        return next(csv.reader(lines, delimiter=self._delimiter, strict=True), [])

    def _next(self) -> str | None:
        text = self._waiting.popleft() if self._waiting else next(self._lines, None)
        self.line += text is not None
        return text

    def _put_back(self, lines: list[str]) -> None:
        self._waiting.extendleft(reversed(lines))
        self.line -= len(lines)
