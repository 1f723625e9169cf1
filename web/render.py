"""Pages and panels as HTML: what the templates are given, and the templates. What is the same is made once."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards.formats import shown
from dashboards.model import Bars, Lines, Map, Note, Number, Screen, Table, Tiles
from dashboards.statuses import STATUSES
from dashboards.texts import LANGUAGES, NO_DATA, Language, Text
from web import charts, texts
from web.address import Address, View
from web.cache import PanelCache, Result
from web.figures import Option, periods
from web.tables import MOST_SHOWN, Reader, Row, cell_class, is_alarming, seen, to_the_right

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
HEARTBEAT_SECONDS = 5
"""Between two signs of life; a page that has had none for three times as long says that it has stopped."""
_FILTERED_FROM = 10
"""Rows from which on a table can be filtered."""


@dataclass(frozen=True)
class Beat:
    """What the head of a page says of the server: the same on the page and in the stream."""

    now: datetime
    as_of: datetime | None
    last_event: datetime | None
    away: bool


class Renderer:
    """Makes HTML of screens, results and addresses."""

    def __init__(self, screens: Mapping[Language, Mapping[str, Screen]], cache: PanelCache, zone: ZoneInfo) -> None:
        self._screens, self._cache, self._zone = screens, cache, zone
        environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(
            texts=texts,
            STATUSES=STATUSES,
            NO_DATA=NO_DATA,
            LANGUAGES=LANGUAGES,
            static=_static(),
            HEARTBEAT=HEARTBEAT_SECONDS,
        )
        self._templates = {
            name: environment.get_template(f"{name}.html")
            for name in ("page", "error", "beat", "number", "tiles", "lines", "bars", "table", "map", "note", "unknown")
        }

    def page(
        self, screen: Screen, address: Address, options: Mapping[str, Sequence[Option]], results: Mapping[int, Result]
    ) -> str:
        """A whole page; `results` are those of its panels by their numbers."""
        screens = self._screens[screen.language]
        panels = [
            {
                "number": number,
                "placed": placed,
                "kind": type(placed.panel).__name__.lower(),
                "digest": results[number].digest if number in results else "",
                "html": Markup(self.fragment(screen, address, number, results.get(number))),  # noqa: S704 — escaped by its template
                "view": address.views.get(number, View()),
                "filtered": isinstance(placed.panel, Table) and _is_long(results[number], address.views.get(number)),
            }
            for number, placed in enumerate(screen.panels, 1)
        ]
        as_of = min((one.as_of for one in results.values() if one.answer), default=None)
        have = ",".join(results[number].digest if number in results else "" for number in range(1, len(panels) + 1))
        stream = f"{address.path}/stream?{'&'.join(filter(None, (address.query, f'have={have}')))}"
        return self._templates["page"].render(
            screen=screen,
            address=address,
            panels=panels,
            options=options,
            periods=periods(screen, address, self._zone) if screen.days else (),
            stream=stream,
            beat=Markup(self.beat(screen.language, self.now(as_of), wall=screen.wall)),  # noqa: S704
            listed=[(one.title, address.to(one), one.name == screen.name) for one in screens.values() if one.listed],
            following=self._following(address) if address.rotate else "",
            t=_of(screen.language),
        )

    def fragment(self, screen: Screen, address: Address, number: int, result: Result | None) -> str:
        """A panel's figures as HTML, without its frame. Pages with the same figures and address share it."""
        key = (screen.name, number, screen.language, address.query, result.digest if result else "")
        kept = self._cache.fragments.get(key)
        if kept is None:
            try:
                kept = self._made(screen, address, number, result)
            except Exception:  # what one panel gives must not take the page from the others
                log.exception("%s, panel %s cannot be shown", screen.name, number)
                kept = self._templates["unknown"].render(t=_of(screen.language))
            self._cache.fragments.put(key, kept, len(kept))
        return kept

    def rows(self, screen: Screen, address: Address, number: int, result: Result) -> list[Row]:
        """All rows of a panel, a table's as its viewer wants them."""
        panel, rows = screen.panels[number - 1].panel, result.answer.dicts() if result.answer else []
        if not isinstance(panel, Table):
            return list(rows)
        return seen(panel, rows, address.views.get(number, View()), Reader(screen.language, self._zone))

    def beat(self, language: Language, beat: Beat, *, wall: bool) -> str:
        """A sign of life: the time, when the figures were asked, the last event, and whether the database is away."""
        read = partial(shown, language=language, zone=self._zone)
        return self._templates["beat"].render(beat=beat, wall=wall, read=read, t=_of(language))

    def now(self, as_of: datetime | None) -> Beat:
        """The sign of life of this moment, for a page with figures of `as_of`."""
        return Beat(datetime.now(UTC), as_of, self._cache.last_event, bool(self._cache.away))

    def error(self, language: Language, status: int, heading: Text, text: Text) -> str:
        """A page that says what is wrong."""
        return self._templates["error"].render(
            language=language, status=status, heading=heading, text=text, t=_of(language)
        )

    def _following(self, address: Address) -> str:
        listed = [one for one in self._screens[address.language].values() if one.listed or one.name == address.screen]
        place = next(place for place, one in enumerate(listed) if one.name == address.screen)
        return f"{Address(address.language, listed[(place + 1) % len(listed)].name, rotate=address.rotate).url}"

    def _made(self, screen: Screen, address: Address, number: int, result: Result | None) -> str:
        panel, language = screen.panels[number - 1].panel, screen.language
        context: dict[str, Any] = {
            "panel": panel,
            "number": number,
            "address": address,
            "t": _of(language),
            "reader": Reader(language, self._zone),
            "result": result,
            "old": shown(result.as_of, "moment", language, self._zone) if result and result.error else "",
            "link": lambda link, row: address.linked(link, row, self._screens[language]) if link else None,
        }
        if result is not None and result.answer is None:
            return self._templates["unknown"].render(context)
        rows = result.answer.dicts() if result and result.answer else []
        context |= {"rows": rows} | self._of_kind(screen, number, rows, address.views.get(number, View()))
        return self._templates[type(panel).__name__.lower()].render(context)

    def _of_kind(self, screen: Screen, number: int, rows: Sequence[Row], view: View) -> dict[str, Any]:
        placed, language = screen.panels[number - 1], screen.language
        panel = placed.panel
        read = partial(shown, language=language, zone=self._zone)
        if isinstance(panel, Number):
            row = rows[0] if rows else {}
            value, status = row.get("value"), row.get("status")
            alarm = panel.alarming and is_alarming(value)
            judged = "missed" if alarm else status if status in STATUSES else ""
            return {"row": row, "status": judged, "text": "" if value is None else read(value, panel.kind)}
        if isinstance(panel, Table):
            wanted = seen(panel, rows, view, Reader(language, self._zone))
            return {
                "wanted": wanted[:MOST_SHOWN],
                "all": read(len(wanted), "whole"),
                "left_out": len(wanted) > MOST_SHOWN,
                "most": read(MOST_SHOWN, "whole"),
                "view": view,
                "cell_class": cell_class,
                "right": to_the_right,
            }
        if isinstance(panel, Bars):
            return {"bars": list(zip(rows, charts.lengths(rows), strict=True)), "read": lambda v: read(v, panel.kind)}
        if isinstance(panel, Map):
            sheet = charts.Sheet.of(placed.width, placed.height, wall=screen.wall)
            points = charts.points(rows, sheet)
            counts = {status: sum(point.rows for point in points if point.status == status) for status in STATUSES}
            return {"points": points, "counts": counts, "sheet": sheet, "shapes": charts.SHAPES, "read": read}
        if isinstance(panel, Lines):
            return {"data": self._plotted(panel, rows, language), "last": rows[-1] if rows else {}, "read": read}
        assert isinstance(panel, Tiles | Note)  # there is no other
        return {}

    def _plotted(self, panel: Lines, rows: Sequence[Row], language: Language) -> str:
        document = {
            "times": [self._second(row["time"]) for row in rows],
            "series": [
                {"label": one.heading.of(language), "values": [_plain(row[one.name]) for row in rows], "kind": one.kind}
                for one in panel.series
            ],
            "bars": panel.bars,
            "zone": self._zone.key,
            "language": language,
        }
        return orjson.dumps(document).decode()

    def _second(self, moment: date | datetime) -> float:
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time.min, self._zone)
        return moment.timestamp()


def _is_long(result: Result, view: View | None) -> bool:
    rows = len(result.answer.rows) if result.answer else 0
    return rows >= _FILTERED_FROM or bool(view and view.filter)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _of(language: Language) -> Any:
    return lambda text: text.of(language)


def _static() -> Mapping[str, str]:
    """The addresses of our files: another one when the file is another one, so that browsers may keep them for good."""
    names = [path.name for path in STATIC.iterdir() if path.suffix in (".js", ".css", ".svg")]
    return {name: f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:8]}" for name in names}
