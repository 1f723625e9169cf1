"""Public services: what is overdue, and who owes it."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import (
    ATTENTION,
    SHARE,
    Panel,
    Screen,
    alarming,
    hidden,
    leads_to,
    number,
    percent,
    rows,
    width,
)
from dashboards.queries import DATA_SOURCE_TYPE, DATA_SOURCE_UID, Sql
from dashboards.texts import Language, Text

MOST_ROWS = 500

_CHANNELS = {
    "online": Text("Trực tuyến", "Online"),
    "counter": Text("Trực tiếp", "Counter"),
    "post": Text("Bưu chính", "Post"),
    "email": Text("Thư điện tử", "E-mail"),
    "internal": Text("Nội bộ", "Internal"),
}


def services(language: Language, zone: str) -> Screen:
    """The dashboard `services`."""
    screen = Screen(
        "services",
        Text(
            "Dịch vụ công: hồ sơ quá hạn và cơ quan chịu trách nhiệm",
            "Public services: overdue, and who owes it",
        ),
        language,
        Sql(zone, language),
        Text("Chọn cơ quan để xem hồ sơ của cơ quan đó.", "Choose agencies to see theirs."),
        variables=[_agency(language)],
    )
    _numbers(screen)
    screen.add(_who_owes(screen), 11, 23)
    screen.add(_overdue(screen), 13, 23)
    return screen


def chosen(column: str) -> str:
    """The condition that an agency is among those chosen."""
    return f"('*' IN (${{agency:sqlstring}}) OR {column} IN (${{agency:sqlstring}}))"


def _agency(language: Language) -> dashboard.QueryVariable:
    query = (
        f"SELECT name_{language} AS __text, code AS __value FROM agencies "
        f"WHERE kind <> 'province' ORDER BY kind DESC, name_{language}"
    )
    return (
        dashboard.QueryVariable("agency")
        .id("agency")
        .label(Text("Cơ quan", "Agency").of(language))
        .datasource(models.DataSourceRef(type_val=DATA_SOURCE_TYPE, uid=DATA_SOURCE_UID))
        .query(query)
        .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
        .multi(True)
        .include_all(True)
        .all_value("'*'")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _numbers(screen: Screen) -> None:
    sql, mine = screen.sql, chosen("agency")

    def add(title: Text, panel_sql: str, **options: Any) -> None:
        screen.add(number(screen, title, panel_sql, **options), 4, 4)

    add(Text("Đang giải quyết", "Open"), sql.total("dossier.open", where=mine))
    add(Text("Quá hạn", "Overdue"), sql.total("dossier.overdue", where=mine), steps=ATTENTION)
    add(Text("Tạm dừng", "Suspended"), sql.total("dossier.suspended", where=mine))
    add(Text("Kết thúc tháng này", "Closed this month"), sql.total("dossier.closed", sql.month, mine))
    add(Text("Trễ hạn tháng này", "Late this month"), sql.total("dossier.late", sql.month, mine))
    add(Text("Đúng hạn tháng này", "On time this month"), sql.share(sql.month, mine), **SHARE)


def _who_owes(screen: Screen) -> Panel:
    sql = screen.sql
    agency, opened, overdue, oldest, late, share = (
        ("Cơ quan", "Đang giải quyết", "Quá hạn", "Hạn cũ nhất", "Trễ tháng này", "Đúng hạn")
        if screen.language == "vi"
        else ("Agency", "Open", "Overdue", "Oldest due", "Late this month", "On time")
    )
    query = f"""WITH {sql.counted()}, stands AS (
    SELECT agency, sum(value) FILTER (WHERE measure = 'dossier.open')::bigint AS open,
        sum(value) FILTER (WHERE measure = 'dossier.overdue')::bigint AS overdue
    FROM counted WHERE measure IN ('dossier.open', 'dossier.overdue') AND {chosen("agency")} GROUP BY agency
), oldest AS (
    SELECT agency, min(due_at) AS due_at FROM cases
    WHERE kind = 'dossier' AND state = 'open' AND overdue_at <= now() GROUP BY agency
), month AS (
    SELECT agency, sum(value) FILTER (WHERE measure = 'dossier.late')::bigint AS late,
        sum(value) FILTER (WHERE measure = 'dossier.on_time')::float8 / nullif(sum(value), 0) AS share
    FROM counters_day WHERE measure IN ('dossier.late', 'dossier.on_time')
        AND bucket BETWEEN {sql.month} AND {sql.today} GROUP BY agency
)
SELECT s.agency AS code, coalesce({sql.name}, s.agency) AS "{agency}", s.open AS "{opened}",
    coalesce(s.overdue, 0) AS "{overdue}", {sql.local("o.due_at")} AS "{oldest}", m.late AS "{late}",
    m.share AS "{share}"
FROM stands AS s LEFT JOIN agencies AS a ON a.code = s.agency LEFT JOIN oldest AS o USING (agency)
    LEFT JOIN month AS m USING (agency)
ORDER BY 4 DESC, 3 DESC, 2"""
    to = screen.link("services", "var-agency=${__data.fields.code:percentencode}&")
    columns = {
        "code": hidden(),
        agency: leads_to(agency, to),
        opened: width(140),
        overdue: [*width(90), *alarming()],
        oldest: width(140),
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
    CASE split_part(c.label, ' ', 1) {names} ELSE c.label END AS "{channel}", {sql.local("c.opened_at")} AS "{received}"
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
