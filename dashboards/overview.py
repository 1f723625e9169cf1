"""The province at a glance."""

from typing import Any

from dashboards.columns import hidden, leads_to, width
from dashboards.panels import ATTENTION, SHARE, Panel, Screen, last_event, lines, number, rows, shares
from dashboards.queries import Sql
from dashboards.texts import Language, Text
from schemas.catalogue.model import Catalogue


def overview(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `overview`."""
    sql = Sql(catalogue, language)
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
    province = sql.catalogue.province.code

    def add(title: Text, indicator: str, **options: Any) -> None:
        value = f"SELECT max(value) AS value FROM ({sql.running(indicator)} AND agency = '{province}') AS whole"
        screen.add(number(screen, title, value, **options), 3, 4)

    add(Text("Đang giải quyết", "Open"), "dossiers-open", to=services)
    add(Text("Quá hạn", "Overdue"), "dossiers-overdue", to=services, steps=ATTENTION)
    add(Text("Đúng hạn tháng này", "On time this month"), "dossiers-on-time-share", to=services, **SHARE)
    received = Text("Tiếp nhận hôm nay", "Received today")
    screen.add(number(screen, received, sql.total("dossier.opened", sql.today), to=services), 3, 4)
    add(Text("Ký số tháng này", "Signatures this month"), "signatures")
    add(
        Text("Trạm 5G hoạt động", "5G stations standing"),
        "stations-5g",
        to=screen.link("target", "var-indicator=stations-5g&"),
    )
    screen.add(last_event(screen), 6, 4)


def _by_day(sql: Sql) -> str:
    received, finished, backlog = (
        ("Tiếp nhận", "Kết thúc", "Tồn cuối ngày") if sql.language == "vi" else ("Received", "Closed", "Open by night")
    )
    # What was open before comes from whole months: adding up all days that there ever were takes a second.
    first = f"date_trunc('month', $__timeFrom()::timestamptz AT TIME ZONE '{sql.zone}')::date"
    return f"""WITH days AS (
    SELECT bucket, sum(value) FILTER (WHERE measure = 'dossier.opened') AS opened,
        sum(value) FILTER (WHERE measure = 'dossier.closed') AS closed,
        sum(sum(value) FILTER (WHERE measure = 'dossier.open')) OVER (ORDER BY bucket) AS open
    FROM counters_day WHERE measure IN ('dossier.opened', 'dossier.closed', 'dossier.open')
        AND bucket >= (SELECT {first}) AND bucket <= {sql.today}
    GROUP BY bucket
), before AS (
    SELECT coalesce(sum(value), 0) AS open FROM counters_month
    WHERE measure = 'dossier.open' AND bucket < (SELECT {first})
)
SELECT bucket::timestamp AT TIME ZONE '{sql.zone}' AS time, coalesce(opened, 0)::bigint AS "{received}",
    coalesce(closed, 0)::bigint AS "{finished}", (before.open + coalesce(days.open, 0))::bigint AS "{backlog}"
FROM days, before WHERE $__timeFilter(bucket::timestamp AT TIME ZONE '{sql.zone}') ORDER BY 1"""


def _share_by_month(sql: Sql) -> str:
    month, name = ("Tháng", "Đúng hạn") if sql.language == "vi" else ("Month", "On time")
    return f"""SELECT to_char(starts, 'MM/YYYY') AS "{month}", value AS "{name}"
FROM ({sql.monthly("dossiers-on-time-share")} AND agency = '{sql.catalogue.province.code}') AS months
WHERE starts >= {sql.month} - interval '11 months' AND value IS NOT NULL ORDER BY starts LIMIT 12"""


def _agencies(screen: Screen) -> Panel:
    sql, language = screen.sql, screen.language
    agency, overdue = ("Cơ quan", "Quá hạn") if language == "vi" else ("Agency", "Overdue")
    query = f"""SELECT v.agency AS code, {sql.name} AS "{agency}", v.value::bigint AS "{overdue}"
FROM ({sql.running("dossiers-overdue")}) AS v JOIN agencies AS a ON a.code = v.agency
WHERE a.parent IS NOT NULL AND v.value > 0 ORDER BY 3 DESC, 2 LIMIT 50"""
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
    CASE WHEN l.suppressed IS NULL THEN '{sent}' ELSE '{listed}' END AS "{state}"
FROM alerts AS l LEFT JOIN agencies AS a ON a.code = l.agency
ORDER BY l.raised_at DESC, l.suppressed NULLS FIRST, l.overdue_at DESC LIMIT 50"""
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
