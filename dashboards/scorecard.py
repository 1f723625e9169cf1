"""The scorecard of Resolution 57: how every target stands, and the one-stop shops of every agency."""

from dashboards.columns import ONE_DECIMAL, PERCENT, WHOLE_NUMBER, Column, key, red_above_zero
from dashboards.panels import Panel, Screen, last_event, rows, tiles
from dashboards.queries import Sql
from dashboards.statuses import COLOURS, statuses_table
from dashboards.targets_table import targets_table
from dashboards.texts import AGENCY, Language, Text
from schemas.catalogue.model import Catalogue


def scorecard(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `scorecard`."""
    screen = Screen(
        "scorecard",
        Text("Bộ chỉ số giám sát Nghị quyết 57", "Scorecard of Resolution 57"),
        Text("Mọi chỉ tiêu, và bộ phận một cửa của từng cơ quan.", "Every target, and every agency's one-stop shop."),
        Sql(catalogue, language),
    )
    screen.add(tiles(screen, Text("Các chỉ tiêu", "Targets"), _counts(language), COLOURS), 18, 4)
    screen.add(last_event(screen), 6, 4)
    title = Text("Từng chỉ tiêu: đang ở đâu, còn bao lâu, ai chịu trách nhiệm", "Every target: where, until when, who")
    screen.add(targets_table(screen, title), 24, 23)
    screen.add(_agencies(screen), 24, 20)
    return screen


def _counts(language: Language) -> str:
    return f"""SELECT k.name, k.mark || chr(160) || count(s.status) AS value
FROM {statuses_table(language)}
LEFT JOIN indicators.indicator_status AS s USING (status)
GROUP BY k.place, k.name, k.mark ORDER BY k.place"""


def _agencies(screen: Screen) -> Panel:
    sql = screen.sql
    columns = [
        key("code", sql.choice("a.code")),
        Column(AGENCY, sql.name("a"), link=screen.agency_link()),
        Column(Text("Tiếp nhận", "Received"), "r.value::bigint", width=150, number=WHOLE_NUMBER),
        Column(Text("Đã giải quyết", "Processed"), "p.value::bigint", width=150, number=WHOLE_NUMBER),
        Column(Text("Đúng hạn", "On time"), "t.value", width=150, number=PERCENT),
        Column(Text("Quá hạn", "Overdue"), "o.value::bigint", width=150, number=WHOLE_NUMBER, colour=red_above_zero()),
        Column(Text("Số ngày làm việc", "Working days"), "d.value", width=170, number=ONE_DECIMAL),
        Column(Text("Điểm chất lượng", "Quality score"), "q.value", width=170, number=ONE_DECIMAL),
    ]
    source = f"""FROM agencies AS a
{sql.join_running("r", "dossiers-received")}
LEFT {sql.join_running("p", "dossiers-processed")}
LEFT {sql.join_running("t", "dossiers-on-time-share")}
LEFT {sql.join_running("o", "dossiers-overdue")}
LEFT {sql.join_running("d", "dossiers-working-days")}
LEFT {sql.join_running("q", "service-quality-score")}
ORDER BY a.parent IS NOT NULL, o.value DESC, {sql.name("a")}, a.code"""
    note = Text(
        "Tháng này. Đúng hạn: hồ sơ chưa giải quyết mà đã quá hạn cũng tính là trễ hạn. Số ngày làm việc: trung bình "
        "để giải quyết một hồ sơ, không kể tạm dừng. Điểm chất lượng: tính trên các chỉ tiêu thành phần có số liệu.",
        "This month. On time: what is open and overdue counts as late. Working days: to process a dossier on average, "
        "without suspensions. Quality score: of the components that are measured.",
    )
    title = Text("Bộ phận một cửa theo cơ quan, tháng này", "One-stop shops by agency, this month")
    return rows(screen, title, columns, source, description=note)
