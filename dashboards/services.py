"""Public services: what is overdue, and who owes it."""

from dashboards.columns import PERCENT, Column, key, red_above_zero
from dashboards.panels import ATTENTION, PLAIN, SHARE, NumberStyle, Panel, Screen, number, rows
from dashboards.queries import MOST_ROWS, OVERDUE, Sql
from dashboards.texts import AGENCY, Language, Text
from dashboards.variables import agencies, chosen, outermost
from schemas.catalogue.model import Catalogue

_CHANNELS = {
    "online": Text("Trực tuyến", "Online"),
    "counter": Text("Trực tiếp", "Counter"),
    "post": Text("Bưu chính", "Post"),
    "email": Text("Thư điện tử", "E-mail"),
    "internal": Text("Nội bộ", "Internal"),
}


def services(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `services`."""
    screen = Screen(
        "services",
        Text(
            "Dịch vụ công: hồ sơ quá hạn và cơ quan chịu trách nhiệm",
            "Public services: overdue, and who owes it",
        ),
        Text("Chọn cơ quan để xem hồ sơ của cơ quan đó.", "Choose agencies to see theirs."),
        Sql(catalogue, language),
        variables=[agencies(language)],
    )
    _numbers(screen)
    screen.add(_who_owes(screen), 11, 23)
    screen.add(_overdue(screen), 13, 23)
    return screen


def _numbers(screen: Screen) -> None:
    def add(title: Text, indicator: str, style: NumberStyle = PLAIN, value: str = "sum(value)") -> None:
        running = screen.sql.running(indicator)
        query = f"SELECT {value} AS value FROM ({running}) AS v WHERE {outermost('v.agency')}"
        screen.add(number(screen, title, query, style), 4, 4)

    add(Text("Đang giải quyết", "Open"), "dossiers-open")
    add(Text("Quá hạn", "Overdue"), "dossiers-overdue", ATTENTION)
    add(Text("Tạm dừng", "Suspended"), "dossiers-suspended")
    add(Text("Đã giải quyết tháng này", "Processed this month"), "dossiers-processed")
    add(Text("Trễ hạn tháng này", "Late this month"), "dossiers-late")
    share = "sum(numerator) * 100 / nullif(sum(denominator), 0)"
    add(Text("Đúng hạn tháng này", "On time this month"), "dossiers-on-time-share", SHARE, share)


def _who_owes(screen: Screen) -> Panel:
    sql = screen.sql
    columns = [
        key("code", "a.code"),
        Column(AGENCY, sql.name("a"), link=screen.agency_link()),
        Column(Text("Đang giải quyết", "Open"), "o.value::bigint", width=140),
        Column(Text("Quá hạn", "Overdue"), "d.value::bigint", width=90, colour=red_above_zero()),
        Column(Text("Hạn cũ nhất", "Oldest due"), sql.local("oldest.due_at"), width=140, dash=True),
        Column(Text("Trễ tháng này", "Late this month"), "l.value::bigint", width=140),
        Column(Text("Đúng hạn", "On time"), "t.value", width=90, number=PERCENT),
    ]
    oldest = f"""WITH oldest AS (
    SELECT c.agency, min(c.due_at) AS due_at FROM cases AS c
    WHERE c.kind = 'dossier' AND {OVERDUE} GROUP BY c.agency
)"""
    source = f"""FROM agencies AS a {sql.join_running("o", "dossiers-open")}
LEFT {sql.join_running("d", "dossiers-overdue")}
LEFT {sql.join_running("l", "dossiers-late")}
LEFT {sql.join_running("t", "dossiers-on-time-share")}
LEFT JOIN oldest ON oldest.agency = a.code
WHERE a.parent IS NOT NULL AND {chosen("a.code")} ORDER BY 4 DESC, 3 DESC, 2 LIMIT {MOST_ROWS}"""
    return rows(screen, Text("Cơ quan chịu trách nhiệm", "Who owes"), columns, source, ctes=oldest)


def _overdue(screen: Screen) -> Panel:
    sql = screen.sql
    channel = sql.word("split_part(c.dimensions, ' ', 1)", _CHANNELS, "c.dimensions")
    columns = [
        Column(Text("Mã hồ sơ", "Dossier"), "c.subject", width=275),
        Column(AGENCY, sql.agency("c.agency")),
        Column(Text("Hạn trả", "Due"), sql.local("c.due_at"), width=140),
        Column(Text("Số ngày quá hạn", "Days overdue"), sql.days_since("c.due_at"), width=130, colour=red_above_zero()),
        Column(Text("Hình thức nộp", "Channel"), channel, width=120),
        Column(Text("Tiếp nhận", "Received"), sql.local("c.opened_at"), width=140),
    ]
    source = f"""FROM cases AS c LEFT JOIN agencies AS a ON a.code = c.agency
WHERE c.kind = 'dossier' AND {OVERDUE} AND {chosen("c.agency")}
ORDER BY c.overdue_at, c.subject LIMIT {MOST_ROWS}"""
    note = Text(f"Nhiều nhất {MOST_ROWS} hồ sơ, quá hạn lâu nhất trước.", f"At most {MOST_ROWS}, the oldest first.")
    return rows(screen, Text("Hồ sơ quá hạn", "Overdue dossiers"), columns, source, description=note)
