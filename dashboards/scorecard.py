"""The scorecard of Resolution 57: how every target stands, and the one-stop shops of every agency."""

from dashboards.columns import alarming, figures, hidden, leads_to, percent, width
from dashboards.panels import Panel, Screen, last_event, rows, tiles
from dashboards.queries import Sql
from dashboards.statuses import COLOURS, statuses_sql
from dashboards.targets_table import targets_table
from dashboards.texts import Language, Text
from schemas.catalogue.model import Catalogue


def scorecard(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `scorecard`."""
    screen = Screen(
        "scorecard",
        Text("Bộ chỉ số giám sát Nghị quyết 57", "Scorecard of Resolution 57"),
        language,
        Sql(catalogue, language),
        Text("Mọi chỉ tiêu, và bộ phận một cửa của từng cơ quan.", "Every target, and every agency's one-stop shop."),
    )
    screen.add(tiles(screen, Text("Các chỉ tiêu", "Targets"), _counts(language), COLOURS), 18, 4)
    screen.add(last_event(screen), 6, 4)
    title = Text("Từng chỉ tiêu: đang ở đâu, còn bao lâu, ai chịu trách nhiệm", "Every target: where, until when, who")
    screen.add(targets_table(screen, title), 24, 23)
    screen.add(_agencies(screen), 24, 20)
    return screen


def _counts(language: Language) -> str:
    return f"""SELECT k.name, k.mark || chr(160) || count(s.status) AS value
FROM {statuses_sql(language)} AS k (place, status, mark, name)
LEFT JOIN indicators.indicator_status AS s USING (status)
GROUP BY k.place, k.name, k.mark ORDER BY k.place"""


def _agencies(screen: Screen) -> Panel:
    sql = screen.sql
    agency, received, processed, share, overdue, days, score = (
        ("Cơ quan", "Tiếp nhận", "Đã giải quyết", "Đúng hạn", "Quá hạn", "Số ngày làm việc", "Điểm chất lượng")
        if screen.language == "vi"
        else ("Agency", "Received", "Processed", "On time", "Overdue", "Working days", "Quality score")
    )
    # A province is all of its agencies, so it leads to all.
    query = f"""SELECT CASE WHEN a.parent IS NULL THEN '$__all' ELSE a.code END AS code, {sql.name} AS "{agency}",
    r.value::bigint AS "{received}", p.value::bigint AS "{processed}", t.value AS "{share}",
    o.value::bigint AS "{overdue}", d.value AS "{days}",
    q.value AS "{score}"
FROM agencies AS a
JOIN ({sql.running("dossiers-received")}) AS r ON r.agency = a.code
LEFT JOIN ({sql.running("dossiers-processed")}) AS p ON p.agency = a.code
LEFT JOIN ({sql.running("dossiers-on-time-share")}) AS t ON t.agency = a.code
LEFT JOIN ({sql.running("dossiers-overdue")}) AS o ON o.agency = a.code
LEFT JOIN ({sql.running("dossiers-working-days")}) AS d ON d.agency = a.code
LEFT JOIN ({sql.running("service-quality-score")}) AS q ON q.agency = a.code
ORDER BY a.parent IS NOT NULL, o.value DESC, {sql.name}, a.code"""
    to = screen.link("services", "var-agency=${__data.fields.code:percentencode}&")
    columns = {
        "code": hidden(),
        agency: leads_to(agency, to),
        received: [*width(150), *figures()],
        processed: [*width(150), *figures()],
        share: [*width(150), *percent()],
        overdue: [*width(150), *figures(), *alarming()],
        days: [*width(170), *figures(1)],
        score: [*width(170), *figures(1)],
    }
    note = Text(
        "Tháng này. Đúng hạn: hồ sơ chưa giải quyết mà đã quá hạn cũng tính là trễ hạn. Số ngày làm việc: trung bình "
        "để giải quyết một hồ sơ, không kể tạm dừng. Điểm chất lượng: tính trên các chỉ tiêu thành phần có số liệu.",
        "This month. On time: what is open and overdue counts as late. Working days: to process a dossier on average, "
        "without suspensions. Quality score: of the components that are measured.",
    )
    title = Text("Bộ phận một cửa theo cơ quan, tháng này", "One-stop shops by agency, this month")
    return rows(screen, title, query, columns=columns, description=note)
