"""Bars and maps as geometry: what the templates draw as SVG, so that both are there without JavaScript. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, Self

from dashboards.statuses import STATUSES
from web.tables import Row

_MARGIN = 1.2
"""Around a map, in lines of text."""
_LARGEST, _SMALLEST = 0.8, 0.35
"""The largest place in lines of text, where there is room, and the smallest as a part of it."""
_COVERED = 0.15
"""How much of the map places may cover, about, if all were large."""
_FREE = 100
"""Places that names are kept away from at most."""
_NEAR = 0.15
"""What a wide gap becomes, as a part of what is left without it."""
_LETTER = 0.55
"""How wide a letter of a name is, about, in heights of the text."""
SHAPES = {
    "missed": "M-1-.6L-.6-1 0-.4 .6-1 1-.6 .4 0 1 .6 .6 1 0 .4-.6 1-1 .6-.4 0Z",
    "at_risk": "M0-1.2L1.2 0 0 1.2-1.2 0Z",
    "no_data": "M0-1A1 1 0 1 1 0 1 1 1 0 0 1 0-1ZM0-.5A.5 .5 0 1 0 0 .5 .5 .5 0 0 0 0-.5Z",
    "on_track": "M0-1.1L1.1 .9-1.1 .9Z",
    "met": "M-1-1H1V1H-1Z",
    "": "M0-1A1 1 0 1 1 0 1 1 1 0 0 1 0-1Z",
}
"""A status → its shape around the origin, of size one; no status is a disc."""


@dataclass(frozen=True)
class Sheet:
    """What a map is drawn on: its size and that of its names, in its own units, about pixels of the screen."""

    width: float
    height: float
    text: float

    @classmethod
    def of(cls, columns: int, rows: int, *, wall: bool) -> Self:
        """The sheet of a panel so many columns and rows of the grid large; what its head takes is left out."""
        if wall:
            return cls(columns * 79.0, max(150.0, rows * 38.0 - 100), 24)
        return cls(columns * 56.0, max(150.0, rows * 38.0 - 80), 13)


@dataclass(frozen=True)
class Point:
    """A place on a map."""

    x: float
    y: float
    size: float
    status: str
    """One of `SHAPES`."""
    row: Row
    amount: float | None
    """The value; of several rows of one name and status at one place their sum."""
    rows: int
    label: tuple[float, float, str] | None
    """Where its name stands, and on which side (`start`, `end`); none where there is no room."""


class _Place(NamedTuple):
    row: Row
    amount: float | None
    rows: int

    @property
    def size(self) -> float:
        return max(0.0, self.amount or 0.0)


def lengths(rows: Sequence[Row]) -> list[float]:
    """How long each bar is, in percent of the longest."""
    values = [max(0.0, float(row["value"] or 0)) for row in rows]
    longest = max(values, default=0.0) or 1.0
    return [round(100 * value / longest, 1) for value in values]


def points(rows: Sequence[Row], sheet: Sheet) -> list[Point]:
    """The places, in an equirectangular projection fitted to them; what needs attention is drawn last, and named first.

    Rows without a position that can be one are left out.
    """
    together: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if _position(row):
            key = (round(float(row["lon"]), 5), round(float(row["lat"]), 5), row["name"], row.get("status"))
            together.setdefault(key, []).append(row)
    placed = [_Place(each[0], _sum(each), len(each)) for each in together.values()]
    if not placed:
        return []
    flat, room = _fitted(placed, sheet)
    largest = max((one.size for one in placed), default=0.0) or 1.0
    most = max(sheet.text / 4, min(_LARGEST * sheet.text, math.sqrt(room) if room else math.inf))
    order = {status: need for need, status in enumerate(STATUSES)}
    by_need = sorted(
        zip(placed, flat, strict=True), key=lambda one: (order.get(str(one[0].row.get("status")), 9), -one[0].size)
    )
    drawn = []
    for place, (x, y) in by_need:
        size = round(most * (_SMALLEST + (1 - _SMALLEST) * math.sqrt(place.size / largest)), 1)
        drawn.append((place, x, y, size))
    # Places keep names away, too, unless there are so many that a name would find no room between them.
    taken = [(x - size, y - size, x + size, y + size) for _, x, y, size in drawn if len(drawn) <= _FREE]
    named: set[str] = set()
    made = []
    for place, x, y, size in drawn:
        row, name = place.row, str(place.row["name"])
        status = row.get("status") if row.get("status") in STATUSES else ""
        label = None if name in named else _label(name, x, y, size, sheet, taken)
        if label:
            named.add(name)
        made.append(Point(x, y, size, status or "", row, place.amount, place.rows, label))
    return made[::-1]


def _fitted(placed: Sequence[_Place], sheet: Sheet) -> tuple[list[tuple[float, float]], float]:
    """Where the places lie on the sheet, and how much of it each may cover."""
    margin = _MARGIN * sheet.text
    middle = math.radians(sum(float(one.row["lat"]) for one in placed) / len(placed))
    across = _nearer([float(one.row["lon"]) * math.cos(middle) for one in placed])
    flat = list(zip(across, _nearer([-float(one.row["lat"]) for one in placed]), strict=True))
    left, top = min(x for x, _ in flat), min(y for _, y in flat)
    wide, high = max(x for x, _ in flat) - left, max(y for _, y in flat) - top
    scale = min((sheet.width - 2 * margin) / (wide or 1e-9), (sheet.height - 2 * margin) / (high or 1e-9), 1e5)
    shift_x, shift_y = (sheet.width - wide * scale) / 2, (sheet.height - high * scale) / 2
    fitted = [(round(shift_x + (x - left) * scale, 1), round(shift_y + (y - top) * scale, 1)) for x, y in flat]
    return fitted, _COVERED * wide * high * scale**2 / (len(placed) * math.pi)


def _nearer(values: Sequence[float]) -> list[float]:
    """Coordinates with every gap of more than a third of their span made small: an island far out at sea comes near.

    Else all others would lie on one spot.
    """
    ordered = sorted(set(values))
    span = ordered[-1] - ordered[0]
    gaps = {after: after - before for before, after in pairwise(ordered) if after - before > span / 3}
    near = _NEAR * (span - sum(gaps.values()))
    if near <= 0:
        return list(values)
    return [value - sum(gap - near for begins, gap in gaps.items() if value >= begins) for value in values]


def _label(
    name: str, x: float, y: float, size: float, sheet: Sheet, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float, str] | None:
    wide = len(name) * _LETTER * sheet.text
    for side, left in (("start", x + size + 3), ("end", x - size - 3 - wide)):
        box = (left, y - sheet.text / 2, left + wide, y + sheet.text / 2)
        inside = box[0] >= 0 and box[2] <= sheet.width
        if inside and not any(a < box[2] and box[0] < c and b < box[3] and box[1] < d for a, b, c, d in taken):
            taken.append(box)
            return (box[0] if side == "start" else box[2]), y, side
    return None


def _position(row: Row) -> bool:
    lon, lat = row.get("lon"), row.get("lat")
    return lon is not None and lat is not None and abs(float(lon)) <= 180 and abs(float(lat)) <= 90


def _sum(rows: Sequence[Row]) -> float | None:
    values = [float(row["value"]) for row in rows if row.get("value") is not None]
    return sum(values) if values else None
