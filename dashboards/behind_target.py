"""What is behind one target: every agency's part of it, and the tasks and reports that it is worked out from."""

from collections.abc import Iterable, Iterator

from dashboards.columns import alarming, at_least, optional, right, width
from dashboards.panels import Panel, Screen, rows
from dashboards.queries import Sql, rows_of_texts
from dashboards.targets_table import targets_table
from dashboards.texts import Language, Text
from dashboards.variables import INDICATOR, indicator
from schemas.catalogue.indicators import Indicator, Milestone, Reported, terms
from schemas.catalogue.model import Catalogue
from schemas.views.formulas import function_of

MOST_ROWS = 500


def behind_target(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `target`."""
    screen = Screen(
        "target",
        Text("Phía sau một chỉ tiêu", "Behind a target"),
        language,
        Sql(catalogue, language),
        Text("Chọn một chỉ tiêu để xem cơ quan nào, việc nào còn chậm.", "Choose a target to see who is late."),
        variables=[indicator(language)],
    )
    targeted = [one for one in catalogue.indicators.values() if one.file.target]
    screen.add(targets_table(screen, Text("Chỉ tiêu", "The target"), f"s.indicator = {INDICATOR}"), 24, 5)
    screen.add(_agencies(screen, targeted), 9, 14)
    screen.add(_cases(screen, targeted), 15, 14)
    screen.add(_readings(screen, targeted), 24, 8)
    return screen


def _agencies(screen: Screen, targeted: Iterable[Indicator]) -> Panel:
    sql = screen.sql
    agency, then, now = (
        ("Cơ quan", "Theo hạn", "Hiện nay") if screen.language == "vi" else ("Agency", "As counted", "Today")
    )
    values = "SELECT NULL::date AS day, NULL::text AS agency, NULL::float8 AS value WHERE false" + "".join(
        f" UNION ALL SELECT d.day, v.agency, v.value FROM days AS d, "
        f"LATERAL {function_of(one.id)}(indicators.first_day('{one.file.period}', d.day), d.day) AS v "
        f"WHERE v.dimensions = '' AND '{one.id}' = {INDICATOR}"
        for one in targeted
    )
    query = f"""WITH asked AS (
    SELECT max(least(due, indicators.today())) AS ends, bool_and(at_most IS NULL) AS least
    FROM indicators.targets WHERE indicator = {INDICATOR}
), days AS (
    SELECT ends AS day FROM asked UNION SELECT indicators.today()
), found AS (
    {values}
), both_days AS (
    SELECT f.agency, max(f.value) FILTER (WHERE f.day = asked.ends) AS then,
        max(f.value) FILTER (WHERE f.day = indicators.today()) AS now, bool_and(asked.least) AS least
    FROM found AS f, asked GROUP BY f.agency
)
SELECT coalesce({sql.name}, b.agency) AS "{agency}", coalesce({sql.figure("b.then")}, '—') AS "{then}",
    coalesce({sql.figure("b.now")}, '—') AS "{now}"
FROM both_days AS b LEFT JOIN agencies AS a ON a.code = b.agency
ORDER BY CASE WHEN b.least THEN b.now ELSE -b.now END NULLS LAST, 1 LIMIT {MOST_ROWS}"""
    title = Text("Theo cơ quan, còn cách xa nhất trước", "By agency, the furthest off first")
    note = Text(
        "Hiện nay, và giá trị mà chỉ tiêu được tính: của ngày đến hạn, nếu đã qua. Cấp trên gồm mọi cơ quan cấp dưới.",
        "Today's value, and the one that counts: of the day it was due, once past. An agency includes all below it.",
    )
    columns = {then: [*width(120), *right()], now: [*width(110), *right()]}
    return rows(screen, title, query, columns=columns, description=note)


def _cases(screen: Screen, targeted: Iterable[Indicator]) -> Panel:
    sql = screen.sql
    case, agency, state, done, due, late = (
        ("Mã số", "Cơ quan", "Trạng thái", "Hoàn thành", "Hạn", "Ngày quá hạn")
        if screen.language == "vi"
        else ("Number", "Agency", "State", "Done", "Due", "Days overdue")
    )
    states = (
        "WHEN 'open' THEN 'đang thực hiện' WHEN 'suspended' THEN 'tạm dừng' WHEN 'closed' THEN 'đã kết thúc'"
        if screen.language == "vi"
        else "WHEN 'open' THEN 'open' WHEN 'suspended' THEN 'suspended' WHEN 'closed' THEN 'closed'"
    )
    sources = rows_of_texts((source for one in targeted for source in _kinds(one)), 4)
    query = f"""SELECT c.subject AS "{case}", coalesce({sql.name}, c.agency) AS "{agency}",
    CASE c.state {states} END AS "{state}",
    CASE WHEN c.kind = 'task' THEN CASE WHEN c.on_time IS NULL THEN c.percent ELSE 100 END || ' %' END AS "{done}",
    {sql.local("c.due_at")} AS "{due}",
    CASE WHEN c.state = 'open' AND c.overdue_at <= now()
        THEN {sql.today} - (c.due_at AT TIME ZONE '{sql.zone}')::date END AS "{late}"
FROM {sources} AS o (indicator, system, kind, subject)
JOIN cases AS c ON c.system = o.system AND c.kind = o.kind AND (o.subject IS NULL OR c.subject = o.subject)
LEFT JOIN agencies AS a ON a.code = c.agency
WHERE o.indicator = {INDICATOR} AND c.state IN ('open', 'suspended', 'closed')
ORDER BY c.state = 'closed', c.overdue_at > now(), c.due_at, c.subject LIMIT {MOST_ROWS}"""
    columns = {
        case: at_least(240),
        state: width(120),
        done: [*width(105), *right(), *optional()],
        due: [*width(140), *optional()],
        late: [*width(120), *optional(), *alarming()],
    }
    nothing = Text("Không có nhiệm vụ, vụ việc nào phía sau chỉ tiêu này", "There are no cases behind this target")
    return rows(screen, Text("Nhiệm vụ, vụ việc", "Tasks and other cases"), query, columns=columns, nothing=nothing)


def _readings(screen: Screen, targeted: Iterable[Indicator]) -> Panel:
    sql = screen.sql
    period, agency, value, reported = (
        ("Kỳ", "Cơ quan", "Số báo cáo", "Báo cáo lúc")
        if screen.language == "vi"
        else ("Period", "Agency", "Reported value", "Reported at")
    )
    reported_ones = ((one, one.file.formula) for one in targeted)
    sources = rows_of_texts(
        ((one.id, one.file.system, m.reading) for one, m in reported_ones if isinstance(m, Reported)),
        3,
    )
    query = f"""SELECT r.period AS "{period}", coalesce({sql.name}, r.agency) AS "{agency}",
    {sql.figure("r.value")} AS "{value}", {sql.local("r.reported_at")} AS "{reported}"
FROM {sources} AS o (indicator, system, name) JOIN readings AS r USING (system, name)
LEFT JOIN agencies AS a ON a.code = r.agency
WHERE o.indicator = {INDICATOR} ORDER BY r.reported_at DESC, r.agency LIMIT {MOST_ROWS}"""
    columns = {period: width(110), value: [*width(140), *right()], reported: width(140)}
    title = Text("Số liệu các cơ quan báo cáo", "What agencies reported")
    nothing = Text("Chỉ tiêu này không có số liệu do cơ quan báo cáo", "Nothing was reported for this target")
    return rows(screen, title, query, columns=columns, nothing=nothing)


def _kinds(one: Indicator) -> Iterator[tuple[str, str, str, str | None]]:
    """(indicator, system, kind, subject) of the cases that an indicator is worked out from; None: all of the kind."""
    formula = one.file.formula
    if isinstance(formula, Milestone):
        yield one.id, one.file.system, "task", formula.task
    for kind in dict.fromkeys(term.of.partition(".")[0] for term in terms(formula)):
        yield one.id, one.file.system, kind, None
