"""The province at a glance."""

from typing import Any

from dashboards.panels import ATTENTION, SHARE, Panel, Screen, hidden, leads_to, lines, number, rows, shares, width
from dashboards.queries import Sql
from dashboards.texts import Language, Text


def overview(language: Language, zone: str) -> Screen:
    """The dashboard `overview`."""
    sql = Sql(zone, language)
    screen = Screen(
        "overview",
        Text("Trung tâm điều hành: toàn cảnh", "Operations centre: overview"),
        language,
        sql,
        Text("Toàn tỉnh trong một màn hình.", "The province at a glance."),
    )
    _numbers(screen)
    screen.add(lines(screen, Text("Hồ sơ theo ngày", "Dossiers by day"), _by_day(sql)), 12, 8)
    title = Text("Tỷ lệ đúng hạn theo tháng", "Share on time by month")
    screen.add(shares(screen, title, _share_by_month(sql)), 12, 8)
    screen.add(_agencies(screen), 9, 15)
    screen.add(_alerts(screen), 15, 15)
    return screen


def _numbers(screen: Screen) -> None:
    sql, services = screen.sql, screen.link("services")

    def add(title: Text, panel_sql: str, columns: int = 3, **options: Any) -> None:
        screen.add(number(screen, title, panel_sql, **options), columns, 4)

    add(Text("Đang giải quyết", "Open"), sql.total("dossier.open"), to=services)
    add(Text("Quá hạn", "Overdue"), sql.total("dossier.overdue"), to=services, steps=ATTENTION)
    month = sql.share(sql.month)
    add(Text("Đúng hạn tháng này", "On time this month"), month, to=services, **SHARE)
    add(Text("Tiếp nhận hôm nay", "Received today"), sql.total("dossier.opened", sql.today), to=services)
    add(Text("Ký số tháng này", "Signatures this month"), sql.total("signature.used", sql.month))
    add(
        Text("Trạm 5G hoạt động", "5G stations standing"),
        sql.total("station.standing", where="split_part(label, ' ', 2) = '5g'"),
    )
    # A screen that has frozen shows it here.
    newest = f"SELECT to_char(max(updated_at) AT TIME ZONE '{sql.zone}', 'HH24:MI:SS DD/MM') AS value FROM progress"
    newest += " WHERE events > 0"
    title = Text("Ghi nhận gần nhất", "Last event counted")
    add(title, newest, 6, unit="string", to=screen.link("pipeline"))


def _by_day(sql: Sql) -> str:
    received, finished, backlog = (
        ("Tiếp nhận", "Kết thúc", "Tồn cuối ngày") if sql.language == "vi" else ("Received", "Closed", "Open by night")
    )
    return f"""WITH days AS (
    SELECT bucket, sum(value) FILTER (WHERE measure = 'dossier.opened') AS opened,
        sum(value) FILTER (WHERE measure = 'dossier.closed') AS closed,
        sum(sum(value) FILTER (WHERE measure = 'dossier.open')) OVER (ORDER BY bucket) AS open
    FROM counters_day WHERE measure IN ('dossier.opened', 'dossier.closed', 'dossier.open') AND bucket <= {sql.today}
    GROUP BY bucket
)
SELECT bucket::timestamp AT TIME ZONE '{sql.zone}' AS time, coalesce(opened, 0)::bigint AS "{received}",
    coalesce(closed, 0)::bigint AS "{finished}", open::bigint AS "{backlog}"
FROM days WHERE $__timeFilter(bucket::timestamp AT TIME ZONE '{sql.zone}') ORDER BY 1"""


def _share_by_month(sql: Sql) -> str:
    month, name = ("Tháng", "Đúng hạn") if sql.language == "vi" else ("Month", "On time")
    return f"""SELECT to_char(date_trunc('month', bucket), 'MM/YYYY') AS "{month}",
    sum(value) FILTER (WHERE measure = 'dossier.on_time')::float8 / nullif(sum(value), 0) AS "{name}"
FROM counters_day WHERE measure IN ('dossier.on_time', 'dossier.late') AND bucket <= {sql.today}
    AND bucket >= {sql.month} - interval '11 months'
GROUP BY date_trunc('month', bucket) ORDER BY date_trunc('month', bucket)"""


def _agencies(screen: Screen) -> Panel:
    sql, language = screen.sql, screen.language
    agency, overdue = ("Cơ quan", "Quá hạn") if language == "vi" else ("Agency", "Overdue")
    query = f"""WITH {sql.counted()}
SELECT c.agency AS code, coalesce({sql.name}, c.agency) AS "{agency}", sum(c.value)::bigint AS "{overdue}"
FROM counted AS c LEFT JOIN agencies AS a ON a.code = c.agency
WHERE c.measure = 'dossier.overdue' GROUP BY 1, 2 HAVING sum(c.value) > 0 ORDER BY 3 DESC, 2 LIMIT 50"""
    to = screen.link("services", "var-agency=${__data.fields.code:percentencode}&")
    columns = {"code": hidden(), agency: leads_to(agency, to), overdue: width(90)}
    return rows(screen, Text("Cơ quan có hồ sơ quá hạn", "Agencies with overdue dossiers"), query, columns=columns)


def _alerts(screen: Screen) -> Panel:
    sql, language = screen.sql, screen.language
    raised, case, agency, due, state = (
        ("Lúc", "Hồ sơ", "Cơ quan", "Hạn trả", "Cảnh báo")
        if language == "vi"
        else ("Raised", "Dossier", "Agency", "Due", "Alert")
    )
    sent, listed = ("đã gửi", "chỉ liệt kê") if language == "vi" else ("sent", "listed")
    query = f"""SELECT l.agency AS code, {sql.local("l.raised_at")} AS "{raised}", l.subject AS "{case}",
    coalesce({sql.name}, l.agency) AS "{agency}", {sql.local("l.due_at")} AS "{due}",
    CASE WHEN l.silent IS NULL THEN '{sent}' ELSE '{listed}' END AS "{state}"
FROM alerts AS l LEFT JOIN agencies AS a ON a.code = l.agency
ORDER BY l.raised_at DESC, l.silent NULLS FIRST, l.overdue_at DESC LIMIT 50"""
    to = screen.link("services", "var-agency=${__data.fields.code:percentencode}&")
    columns = {
        "code": hidden(),
        raised: width(140),
        case: width(290),
        agency: leads_to(agency, to),
        due: width(140),
        state: width(110),
    }
    return rows(screen, Text("Cảnh báo quá hạn mới nhất", "Newest missed deadlines"), query, columns=columns)
