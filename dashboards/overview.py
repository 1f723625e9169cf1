"""The province at a glance."""

from dashboards.columns import Column, key, select
from dashboards.panels import (
    ATTENTION,
    PLAIN,
    SHARE,
    NumberStyle,
    Panel,
    Screen,
    last_event,
    lines,
    number,
    rows,
    shares,
)
from dashboards.queries import Sql
from dashboards.texts import AGENCY, Language, Text
from schemas.catalogue.model import Catalogue

_ENDED = {
    "settled": Text("đã giải quyết", "settled"),
    "transferred": Text("đã chuyển cơ quan", "transferred"),
    "postponed": Text("đã lùi hạn", "postponed"),
    "retracted": Text("đã thu hồi", "retracted"),
}
"""Why an alert no longer stands."""


def overview(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `overview`."""
    sql = Sql(catalogue, language)
    screen = Screen(
        "overview",
        Text("Trung tâm điều hành: toàn cảnh", "Operations centre: overview"),
        Text("Toàn tỉnh trong một màn hình.", "The province at a glance."),
        sql,
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

    def add(title: Text, indicator: str, style: NumberStyle = PLAIN, link_to: str | None = None) -> None:
        value = f"SELECT max(value) AS value FROM ({sql.running(indicator)} AND agency = '{sql.province}') AS whole"
        screen.add(number(screen, title, value, style, link_to=link_to), 3, 4)

    add(Text("Đang giải quyết", "Open"), "dossiers-open", link_to=services)
    add(Text("Quá hạn", "Overdue"), "dossiers-overdue", ATTENTION, services)
    add(Text("Đúng hạn tháng này", "On time this month"), "dossiers-on-time-share", SHARE, services)
    received = Text("Tiếp nhận hôm nay", "Received today")
    screen.add(number(screen, received, sql.total_today("dossier.opened"), link_to=services), 3, 4)
    add(Text("Ký số tháng này", "Signatures this month"), "signatures")
    stations = screen.link("target", "var-indicator=stations-5g&")
    add(Text("Trạm 5G hoạt động", "5G stations standing"), "stations-5g", link_to=stations)
    screen.add(last_event(screen), 6, 4)


def _by_day(sql: Sql) -> str:
    # What was open before comes from whole months: adding up all days that there ever were takes a second.
    first = f"date_trunc('month', $__timeFrom()::timestamptz AT TIME ZONE '{sql.zone}')::date"
    ctes = f"""WITH days AS (
    SELECT bucket, sum(value) FILTER (WHERE measure = 'dossier.opened') AS opened,
        sum(value) FILTER (WHERE measure = 'dossier.closed') AS closed,
        sum(sum(value) FILTER (WHERE measure = 'dossier.open')) OVER (ORDER BY bucket) AS open
    FROM counters_day WHERE measure IN ('dossier.opened', 'dossier.closed', 'dossier.open')
        AND bucket >= (SELECT {first}) AND bucket <= indicators.today()
    GROUP BY bucket
), before AS (
    SELECT coalesce(sum(value), 0) AS open FROM counters_month
    WHERE measure = 'dossier.open' AND bucket < (SELECT {first})
)"""
    midnight = f"bucket::timestamp AT TIME ZONE '{sql.zone}'"
    backlog = "(before.open + coalesce(days.open, 0))::bigint"
    columns = [
        Column(Text("time", "time"), midnight),
        Column(Text("Tiếp nhận", "Received"), "coalesce(opened, 0)::bigint"),
        Column(Text("Kết thúc", "Closed"), "coalesce(closed, 0)::bigint"),
        Column(Text("Tồn cuối ngày", "Open by night"), backlog),
    ]
    source = f"FROM days, before WHERE $__timeFilter({midnight}) ORDER BY 1"
    return select(sql.language, columns, source, ctes=ctes)


def _share_by_month(sql: Sql) -> str:
    columns = [
        Column(Text("Tháng", "Month"), "to_char(starts, 'MM/YYYY')"),
        Column(Text("Đúng hạn", "On time"), "value"),
    ]
    source = f"""FROM ({sql.monthly("dossiers-on-time-share")} AND agency = '{sql.province}') AS months
WHERE starts >= indicators.first_day('month', indicators.today()) - interval '11 months' AND value IS NOT NULL
ORDER BY starts LIMIT 12"""
    return select(sql.language, columns, source)


def _agencies(screen: Screen) -> Panel:
    sql = screen.sql
    columns = [
        key("code", "v.agency"),
        Column(AGENCY, sql.name("a"), link=screen.agency_link()),
        Column(Text("Quá hạn", "Overdue"), "v.value::bigint", width=90),
    ]
    source = f"""FROM ({sql.running("dossiers-overdue")}) AS v JOIN agencies AS a ON a.code = v.agency
WHERE a.parent IS NOT NULL AND v.value > 0 ORDER BY 3 DESC, 2 LIMIT 50"""
    return rows(screen, Text("Cơ quan có hồ sơ quá hạn", "Agencies with overdue dossiers"), columns, source)


def _alerts(screen: Screen) -> Panel:
    sql = screen.sql
    listed = screen.say(Text("chỉ liệt kê", "listed"))
    sent, unsent = screen.say(Text("đã gửi", "sent")), screen.say(Text("chưa gửi", "not sent"))
    delivered = "SELECT FROM deliveries WHERE message = l.sweep || '/' || l.agency AND state = 'delivered'"
    told = f"CASE WHEN EXISTS ({delivered}) THEN '{sent}' ELSE '{unsent}' END"
    state = f"CASE WHEN l.suppressed IS NOT NULL THEN '{listed}' ELSE {sql.word('l.ended', _ENDED, told)} END"
    columns = [
        key("code", "l.agency"),
        Column(Text("Lúc", "Raised"), sql.local("l.raised_at"), width=140),
        Column(Text("Hồ sơ", "Dossier"), "l.subject", width=290),
        Column(AGENCY, sql.agency("l.agency"), link=screen.agency_link()),
        Column(Text("Hạn trả", "Due"), sql.local("l.due_at"), width=140),
        Column(Text("Cảnh báo", "Alert"), state, width=110),
    ]
    source = """FROM alerts AS l LEFT JOIN agencies AS a ON a.code = l.agency
ORDER BY l.raised_at DESC, l.suppressed NULLS FIRST, l.overdue_at DESC LIMIT 50"""
    return rows(screen, Text("Cảnh báo quá hạn mới nhất", "Newest missed deadlines"), columns, source)
