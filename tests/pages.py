"""Screens for the pages' tests: every kind of panel, without a table of the database but one view."""

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
from dashboards.texts import AGENCY, Language, Text

HOSTILE = """<script>alert("'1'")</script> & =1+1 \n%(x)s {{ 7*7 }} ' OR 1=1 --"""


def same(text: str) -> Text:
    """A text that both languages share."""
    return Text(text, text)


TO_CASES = Link("cases", {"agency": "code"}, {"state": "overdue"})
COUNTED = "SELECT sum(events)::bigint AS value FROM screens.partition_offsets"
CASES = """SELECT * FROM (VALUES
    ('h1', 'Xã Số 9', 9, 90.55, 'missed', DATE '2026-11-03', TIMESTAMPTZ '2026-11-03 01:02:03Z', 90000),
    ('h2', 'Sở Nội vụ', 0, 7.0, 'on_track', DATE '2026-01-30', TIMESTAMPTZ '2026-01-30 17:00:00Z', 59),
    ('h3', 'P. 1 – Sở Tài chính', 1131, NULL, 'no_data', NULL, NULL, NULL),
    ('h4', 'Xã Số 10', 10, 12345.678, 'at_risk', DATE '2025-12-31', TIMESTAMPTZ '2025-12-31 00:00:00Z', 7300))
    AS t (code, name, overdue, share, status, due, at, age) WHERE :agency = '{*}' OR code = ANY (:agency)"""
TABLE = Table(
    Text("Hồ sơ quá hạn", "Overdue dossiers"),
    CASES,
    (
        Column("name", AGENCY, link=TO_CASES),
        Column("overdue", Text("Quá hạn", "Overdue"), "whole", width=110, alarming=True),
        Column("share", Text("Tỷ lệ", "Share"), "percent", width=120, status="status"),
        Column("status", Text("Trạng thái", "Status"), "status", width=160),
        Column("due", Text("Hạn", "Due"), "day", width=120),
        Column("at", Text("Lúc", "At"), "moment", width=170),
        Column("age", Text("Tuổi", "Age"), "seconds", width=100),
    ),
    note=Text("Quá hạn tính theo ngày làm việc.", "Overdue by working days."),
)
AGENCIES = "SELECT * FROM (VALUES ('h1', 'Xã Số 9'), ('h2', 'Sở Nội vụ'), ('h4', 'Xã Số 10')) AS a (value, name)"
TILES = """SELECT * FROM (VALUES ('Hồ sơ trực tuyến toàn trình / 80%', '78,4 %', 'on_track', 'h1'),
    ('Hồ sơ giải quyết đúng hạn / 95%', '96,2 %', 'met', 'h1'),
    ('Thanh toán trực tuyến / 80%', '61,3 %', 'at_risk', 'h1'),
    ('Kinh tế số trong GRDP / 20%', '14,6 %', 'missed', 'h2'), ('Hồ sơ sức khỏe điện tử / 95%', NULL, 'no_data', 'h4'),
    ('Bộ dữ liệu mở công bố', '118', NULL, NULL)) AS t (name, shown, status, code)"""
BARS = """SELECT * FROM (VALUES ('Xã Số 40', 26, 'h1'), ('P. 2 – Sở NN-MT', 25, 'h2'), ('P. 2 – Sở Xây dựng', 24, 'h4'),
    ('P. 3 – Sở Công Thương', 12, NULL), ('Xã Số 7', 0, NULL)) AS t (name, value, code)"""
MAP = """SELECT 107.0 + (i * 37 % 100) / 200.0 AS lon, 10.3 + (i * 61 % 90) / 250.0 AS lat, 'Xã Số ' || i AS name,
    i % 17 AS value, (ARRAY['met', 'on_track', 'at_risk', 'missed', 'no_data'])[1 + i % 5] AS status, 'h1' AS code
    FROM generate_series(1, 40) AS i"""
LINES = """SELECT day AS time, 100 + i * 7 % 31 AS received,
    CASE WHEN i <> 5 THEN 95 + i * 5 % 29 END AS processed
    FROM generate_series(:since, :until, interval '1 day') WITH ORDINALITY AS t (day, i)"""
SERIES = (
    Column("received", Text("Tiếp nhận", "Received"), "whole"),
    Column("processed", Text("Giải quyết", "Processed"), "whole"),
)


def number(title: str, query: str, **how: object) -> Number:
    """A number."""
    return Number(same(title), query, **how)  # type: ignore[arg-type]


def samples(language: Language) -> dict[str, Screen]:
    """The screens: a wall, all kinds of panels with choices and a period, and one that only links lead to."""
    wall = Screen(
        "wall",
        language,
        Text("Trung tâm điều hành thông minh", "Smart operations centre"),
        Text("Điều xấu nhất của tỉnh lúc này, ai phải xử lý.", "What is worst in the province now, and who owes it."),
        (
            Placed(number("Tiếp nhận hôm nay", COUNTED), 4, 5),
            Placed(number("Giải quyết hôm nay", "SELECT 0 AS value"), 4, 5),
            Placed(number("Đúng hạn 30 ngày", "SELECT 90.6 AS value, 'at_risk' AS status", kind="percent"), 4, 5),
            Placed(number("Đang quá hạn", "SELECT 1131 AS value", alarming=True, link=Link("every")), 4, 5),
            Placed(number("Trạm 5G", "SELECT '317/412' AS value, 'on_track' AS status", kind="text"), 4, 5),
            Placed(number("Luồng dữ liệu", "SELECT value FROM (SELECT 1 AS value) AS t WHERE false"), 4, 5),
            Placed(
                Tiles(
                    same("Chỉ tiêu, cần chú ý trước"), f"{TILES} UNION ALL {TILES} UNION ALL {TILES} LIMIT 15", TO_CASES
                ),
                16,
                19,
            ),
            Placed(Map(Text("Trạm 5G", "5G stations"), MAP, TO_CASES), 8, 9),
            Placed(Bars(Text("Quá hạn nhiều nhất", "Most overdue"), BARS, link=TO_CASES), 8, 10),
        ),
        refresh=5,
        wall=True,
    )
    every = Screen(
        "every",
        language,
        Text("Mọi thứ", "Everything"),
        Text("Mỗi loại ô một lần, để thử.", "A panel of each kind, to try them."),
        (
            Placed(number("Đã đếm", COUNTED), 5, 4),
            Placed(number("Bằng không", "SELECT 0 AS value", alarming=True), 5, 4),
            Placed(number("Không có", "SELECT NULL::int AS value"), 5, 4),
            Placed(number("Không rõ", "SELECT 1/0 AS value"), 5, 4),
            Placed(number("Quá hạn", "SELECT 7 AS value", alarming=True, link=TO_CASES), 4, 4),
            Placed(TABLE, 16, 9),
            Placed(Map(Text("Trạm", "Stations"), MAP, TO_CASES), 8, 9),
            Placed(Lines(Text("Theo ngày", "By day"), LINES, SERIES), 12, 8),
            Placed(Lines(Text("Cột", "As bars"), LINES, SERIES[:1], bars=True), 12, 8),
            Placed(Tiles(Text("Chỉ tiêu", "Targets"), TILES, TO_CASES, columns=3), 16, 8),
            Placed(Bars(Text("Nhiều nhất", "Most"), BARS, link=TO_CASES), 8, 8),
            Placed(Note(Text("Giải thích", "Explained"), Text("Một đoạn.\n\nHai đoạn.", "One.\n\nTwo.")), 24, 3),
        ),
        (Choice("agency", AGENCY, AGENCIES, many=True),),
        days=14,
        viewers=Text("Người thử", "Testers"),
        when_red=Text("Gọi Xã Số 9.", "Call Xã Số 9."),
    )
    cases = Screen(
        "cases",
        language,
        Text("Việc", "Cases"),
        Text("Từng việc của một cơ quan.", "One agency's cases."),
        (
            Placed(
                Table(
                    same("Việc"),
                    "SELECT :agency AS code, :state AS state, :text AS text",
                    _plain("code", "state", "text"),
                ),
                24,
                8,
            ),
        ),
        (Choice("agency", AGENCY, AGENCIES), Choice("state", same("State")), Choice("text", same("Text"))),
        listed=False,
    )
    return {screen.name: screen for screen in (wall, every, cases)}


def _plain(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, same(name)) for name in names)
