"""Public services: what is overdue, and who owes it."""

from typing import Any

from dashboards.columns import alarming, hidden, leads_to, optional, percent, width
from dashboards.panels import ATTENTION, SHARE, Panel, Screen, number, rows
from dashboards.queries import Sql
from dashboards.texts import Language, Text
from dashboards.variables import agencies, chosen, outermost
from schemas.catalogue.model import Catalogue

MOST_ROWS = 500

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
        language,
        Sql(catalogue, language),
        Text("Chọn cơ quan để xem hồ sơ của cơ quan đó.", "Choose agencies to see theirs."),
        variables=[agencies(language)],
    )
    _numbers(screen)
    screen.add(_who_owes(screen), 11, 23)
    screen.add(_overdue(screen), 13, 23)
    return screen


def _numbers(screen: Screen) -> None:
    def add(title: Text, indicator: str, value: str = "sum(value)", **options: Any) -> None:
        running = screen.sql.running(indicator)
        query = f"SELECT {value} AS value FROM ({running}) AS v WHERE {outermost('v.agency')}"
        screen.add(number(screen, title, query, **options), 4, 4)

    add(Text("Đang giải quyết", "Open"), "dossiers-open")
    add(Text("Quá hạn", "Overdue"), "dossiers-overdue", steps=ATTENTION)
    add(Text("Tạm dừng", "Suspended"), "dossiers-suspended")
    add(Text("Đã giải quyết tháng này", "Processed this month"), "dossiers-processed")
    add(Text("Trễ hạn tháng này", "Late this month"), "dossiers-late")
    share = "sum(numerator) * 100 / nullif(sum(denominator), 0)"
    add(Text("Đúng hạn tháng này", "On time this month"), "dossiers-on-time-share", share, **SHARE)


def _who_owes(screen: Screen) -> Panel:
    sql = screen.sql
    agency, opened, overdue, oldest, late, share = (
        ("Cơ quan", "Đang giải quyết", "Quá hạn", "Hạn cũ nhất", "Trễ tháng này", "Đúng hạn")
        if screen.language == "vi"
        else ("Agency", "Open", "Overdue", "Oldest due", "Late this month", "On time")
    )
    query = f"""WITH oldest AS (
    SELECT agency, min(due_at) AS due_at FROM cases
    WHERE kind = 'dossier' AND state = 'open' AND overdue_at <= now() GROUP BY agency
)
SELECT a.code, {sql.name} AS "{agency}", o.value::bigint AS "{opened}", d.value::bigint AS "{overdue}",
    {sql.local("oldest.due_at")} AS "{oldest}", l.value::bigint AS "{late}", t.value AS "{share}"
FROM agencies AS a JOIN ({sql.running("dossiers-open")}) AS o ON o.agency = a.code
LEFT JOIN ({sql.running("dossiers-overdue")}) AS d ON d.agency = a.code
LEFT JOIN ({sql.running("dossiers-late")}) AS l ON l.agency = a.code
LEFT JOIN ({sql.running("dossiers-on-time-share")}) AS t ON t.agency = a.code
LEFT JOIN oldest ON oldest.agency = a.code
WHERE a.parent IS NOT NULL AND {chosen("a.code")} ORDER BY 4 DESC, 3 DESC, 2 LIMIT {MOST_ROWS}"""
    to = screen.link("services", "var-agency=${__data.fields.code:percentencode}&")
    columns = {
        "code": hidden(),
        agency: leads_to(agency, to),
        opened: width(140),
        overdue: [*width(90), *alarming()],
        oldest: [*width(140), *optional()],
        late: width(140),
        share: [*width(90), *percent()],
    }
    return rows(screen, Text("Cơ quan chịu trách nhiệm", "Who owes"), query, columns=columns)


def _overdue(screen: Screen) -> Panel:
    sql = screen.sql
    case, agency, due, days, channel, received = (
        ("Mã hồ sơ", "Cơ quan", "Hạn trả", "Số ngày quá hạn", "Hình thức nộp", "Tiếp nhận")
        if screen.language == "vi"
        else ("Dossier", "Agency", "Due", "Days overdue", "Channel", "Received")
    )
    names = " ".join(f"WHEN '{value}' THEN '{text.of(screen.language)}'" for value, text in _CHANNELS.items())
    query = f"""SELECT c.subject AS "{case}", coalesce({sql.name}, c.agency) AS "{agency}",
    {sql.local("c.due_at")} AS "{due}",
    {sql.today} - (c.due_at AT TIME ZONE '{sql.zone}')::date AS "{days}",
    CASE split_part(c.dimensions, ' ', 1) {names} ELSE c.dimensions END AS "{channel}",
        {sql.local("c.opened_at")} AS "{received}"
FROM cases AS c LEFT JOIN agencies AS a ON a.code = c.agency
WHERE c.kind = 'dossier' AND c.state = 'open' AND c.overdue_at <= now() AND {chosen("c.agency")}
ORDER BY c.overdue_at, c.subject LIMIT {MOST_ROWS}"""
    columns = {
        case: width(275),
        due: width(140),
        days: [*width(130), *alarming()],
        channel: width(120),
        received: width(140),
    }
    note = Text(f"Nhiều nhất {MOST_ROWS} hồ sơ, quá hạn lâu nhất trước.", f"At most {MOST_ROWS}, the oldest first.")
    return rows(screen, Text("Hồ sơ quá hạn", "Overdue dossiers"), query, columns=columns, description=note)
