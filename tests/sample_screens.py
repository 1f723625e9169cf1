"""Screens with every kind of panel, over values that need no tables."""

from dashboards.model import (
    Bars,
    Choice,
    Column,
    Lines,
    Link,
    Map,
    Note,
    Number,
    Placed,
    Screen,
    Table,
    Tiles,
)
from dashboards.texts import Language, Text

HOSTILE = """'; DROP TABLE cases; -- " ${agency} <script>alert(1)</script> \\' Xã"""
AGENCIES = "SELECT * FROM (VALUES ('H06.01', 'Xã A'), ('H06.02', 'Xã B')) AS a (value, name) ORDER BY name DESC"
CHOICES = (
    Choice("agency", Text("Cơ quan", "Agency"), AGENCIES, many=True),
    Choice("indicator", Text("Chỉ tiêu", "Target"), "SELECT 'one' AS value, 'Một' AS name"),
    Choice("number", Text("Số", "Number")),
)
CASE = Link("case", carry={"number": "id"}, constants={"kind": "dossier & more"})
AGENCY = Link("table", carry={"agency": "code"})

FIGURES = """SELECT * FROM (VALUES
    ('*', 'c3', 9, 31.5, 280, 'met', '2026-01-03'::date, '2026-01-02T23:30:00Z'::timestamptz, now(), '≥ 9', 120),
    ('H06.01', 'c1', 1234567, 100, 31, 'missed', '2025-12-06', '2025-12-06T01:00:00Z', '2026-01-03', '≥ 10', 86400 * 3),
    ('H06.02', 'c2', 0, -12.25, NULL, 'at_risk', NULL, NULL, '2025-02-05', NULL, 59)
) AS f (code, id, whole, figure, share, status, day, moment, counted, goal, span)
WHERE '*' = ANY (:agency) OR f.code = ANY (:agency) ORDER BY f.id"""


def _text(words: str) -> Text:
    return Text(f"{words} (vi)", words)


def samples(language: Language) -> dict[str, Screen]:
    """By name: `wall` with what a wall has, `table` with a period and choices, `case` that only links lead to."""
    return {screen.name: screen for screen in (_wall(language), _table(language), _case(language))}


def _wall(language: Language) -> Screen:
    judged = "SELECT 87.56 AS value, 'at_risk' AS status, 'H06.01' AS code"
    tiles = """SELECT * FROM (VALUES ('Trạm 5G', '1.234 / 2.000', 'missed', 'stations'), ('Khu', NULL, NULL, 'parks'))
        AS t (name, shown, status, id)"""
    places = (
        "SELECT 107.1::float8 AS lon, 10.4::float8 AS lat, 'Xã A' AS name, 5 AS value, 'met' AS status, '*' AS code"
    )
    panels = [
        Placed(Number(_text("Judged"), judged, "percent", link=AGENCY), 6, 5),
        Placed(Number(_text("Overdue"), "SELECT 1107 AS value", alarming=True), 6, 5),
        Placed(Number(_text("Nothing"), "SELECT 1 AS value WHERE false", nothing=_text("Nobody reported")), 6, 5),
        Placed(Tiles(_text("Targets"), tiles, Link("table", carry={"indicator": "id"})), 24, 12),
        Placed(Map(_text("Places"), places, AGENCY), 12, 10),
        Placed(Note(_text("What <to> do"), Text(HOSTILE, HOSTILE)), 12, 10),
    ]
    return Screen("wall", language, _text("Wall"), _text("For the hall."), panels, refresh=5, wall=True)


def _table(language: Language) -> Screen:
    columns = [
        Column("code", _text("Agency"), link=AGENCY, width=120),
        Column("whole", _text("Whole"), "whole", alarming=True),
        Column("figure", _text("Figure"), "figure"),
        Column("share", _text("Share"), "percent", status="status"),
        Column("status", _text("Status"), "status"),
        Column("day", _text("Day"), "day"),
        Column("moment", _text("Moment"), "moment", link=CASE),
        Column("counted", _text("Counted"), "clock"),
        Column("goal", _text("Goal"), right=True, sort="figure"),
        Column("span", _text("Span"), "seconds"),
    ]
    days = """SELECT :since + n * interval '1 day' AS time, n AS opened, n * 2.5 AS share
        FROM generate_series(0, 3) AS n WHERE :since + n * interval '1 day' <= :until ORDER BY 1"""
    series = [
        Column("opened", _text("Opened"), "whole", alarming=True),
        Column("share", _text("Share"), "percent"),
    ]
    ranked = """SELECT name, length(name) * 1000.5 AS value, code
        FROM (VALUES ('Xã A', '*'), ('Phường', 'b')) AS r (name, code)"""
    panels = [
        Placed(
            Table(_text("Rows"), FIGURES, columns, nothing=_text("None is overdue"), note=_text("What it is")), 24, 10
        ),
        Placed(Lines(_text("By day"), days, series), 12, 8),
        Placed(Bars(_text("By agency"), ranked, "decimal", AGENCY), 12, 8),
    ]
    return Screen(
        "table",
        language,
        _text("Table"),
        Text("Ai nợ <gì>.", "Who owes <what>."),
        panels,
        CHOICES,
        days=90,
        viewers=_text("Heads of office"),
        when_red=_text("Call them"),
    )


def _case(language: Language) -> Screen:
    choices = (Choice("number", _text("Number")), Choice("kind", _text("Kind")))
    panel = Number(_text("It"), "SELECT :number || '/' || :kind AS value", "text")
    panels = [Placed(panel, width, height) for width, height in [(16, 9), (8, 4), (8, 5)]]
    return Screen("case", language, _text("Case"), _text("One case."), panels, choices, days=30, listed=False)
