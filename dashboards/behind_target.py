"""What is behind one target: every agency's part of it, and the tasks and reports that it is worked out from."""

from collections.abc import Iterable, Iterator

from dashboards.columns import Column, red_above_zero
from dashboards.panels import Panel, Screen, rows
from dashboards.queries import MOST_ROWS, OVERDUE, Sql, or_dash, rows_of_texts
from dashboards.targets_table import targets_table
from dashboards.texts import AGENCY, Language, Text
from dashboards.variables import INDICATOR, indicator
from schemas.catalogue.indicators import Indicator, Milestone, Reported, terms
from schemas.catalogue.model import Catalogue
from schemas.views.formulas import function_of

_STATES = {
    "open": Text("đang thực hiện", "open"),
    "suspended": Text("tạm dừng", "suspended"),
    "closed": Text("đã kết thúc", "closed"),
}


def behind_target(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `target`."""
    screen = Screen(
        "target",
        Text("Phía sau một chỉ tiêu", "Behind a target"),
        Text("Chọn một chỉ tiêu để xem cơ quan nào, việc nào còn chậm.", "Choose a target to see who is late."),
        Sql(catalogue, language),
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
    columns = [
        Column(AGENCY, sql.agency("b.agency")),
        Column(Text("Theo hạn", "As counted"), or_dash(sql.figure("b.then")), width=120, right=True),
        Column(Text("Hiện nay", "Today"), or_dash(sql.figure("b.now")), width=110, right=True),
    ]
    source = f"""FROM both_days AS b LEFT JOIN agencies AS a ON a.code = b.agency
ORDER BY CASE WHEN b.least THEN b.now ELSE -b.now END NULLS LAST, 1 LIMIT {MOST_ROWS}"""
    title = Text("Theo cơ quan, còn cách xa nhất trước", "By agency, the furthest off first")
    note = Text(
        "Hiện nay, và giá trị mà chỉ tiêu được tính: của ngày đến hạn, nếu đã qua. Cấp trên gồm mọi cơ quan cấp dưới.",
        "Today's value, and the one that counts: of the day it was due, once past. An agency includes all below it.",
    )
    return rows(screen, title, columns, source, ctes=_both_days(targeted), description=note)


def _both_days(targeted: Iterable[Indicator]) -> str:
    """`both_days (agency, then, now, least)`: the value on the day that counts and today's, of the target chosen.

    `least`: whether it is to be reached from below, so that the lowest value is the furthest off.
    """
    values = "SELECT NULL::date AS day, NULL::text AS agency, NULL::float8 AS value WHERE false" + "".join(
        f" UNION ALL SELECT d.day, v.agency, v.value FROM days AS d, "
        f"LATERAL {function_of(one.id)}(indicators.first_day('{one.file.period}', d.day), d.day) AS v "
        f"WHERE v.dimensions = '' AND '{one.id}' = {INDICATOR}"
        for one in targeted
    )
    return f"""WITH asked AS (
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
)"""


def _cases(screen: Screen, targeted: Iterable[Indicator]) -> Panel:
    sql = screen.sql
    done = "CASE WHEN c.kind = 'task' THEN c.percent || ' %' END"
    late = f"CASE WHEN {OVERDUE} THEN {sql.days_since('c.due_at')} END"
    columns = [
        Column(Text("Mã số", "Number"), "c.subject", min_width=240),
        Column(AGENCY, sql.agency("c.agency")),
        Column(Text("Trạng thái", "State"), sql.word("c.state", _STATES), width=120),
        Column(Text("Hoàn thành", "Done"), done, width=105, right=True, dash=True),
        Column(Text("Hạn", "Due"), sql.local("c.due_at"), width=140, dash=True),
        Column(Text("Ngày quá hạn", "Days overdue"), late, width=120, dash=True, colour=red_above_zero()),
    ]
    sources = rows_of_texts((source for one in targeted for source in _kinds(one)), 4)
    source = f"""FROM {sources} AS o (indicator, system, kind, subject)
JOIN cases AS c ON c.system = o.system AND c.kind = o.kind AND (o.subject IS NULL OR c.subject = o.subject)
LEFT JOIN agencies AS a ON a.code = c.agency
WHERE o.indicator = {INDICATOR} AND c.state IN ('open', 'suspended', 'closed')
ORDER BY c.state = 'closed', c.overdue_at > now(), c.due_at, c.subject LIMIT {MOST_ROWS}"""
    nothing = Text("Không có nhiệm vụ, vụ việc nào phía sau chỉ tiêu này", "There are no cases behind this target")
    return rows(screen, Text("Nhiệm vụ, vụ việc", "Tasks and other cases"), columns, source, nothing=nothing)


def _kinds(one: Indicator) -> Iterator[tuple[str, str, str, str | None]]:
    """(indicator, system, kind, subject) of the cases that an indicator is worked out from; None: all of the kind."""
    formula = one.file.formula
    if isinstance(formula, Milestone):
        yield one.id, one.file.system, "task", formula.task
    for kind in dict.fromkeys(term.of.partition(".")[0] for term in terms(formula)):
        yield one.id, one.file.system, kind, None


def _readings(screen: Screen, targeted: Iterable[Indicator]) -> Panel:
    sql = screen.sql
    columns = [
        Column(Text("Kỳ", "Period"), "r.period", width=110),
        Column(AGENCY, sql.agency("r.agency")),
        Column(Text("Số báo cáo", "Reported value"), sql.figure("r.value"), width=140, right=True),
        Column(Text("Báo cáo lúc", "Reported at"), sql.local("r.reported_at"), width=140),
    ]
    formulas = ((one, one.file.formula) for one in targeted)
    sources = rows_of_texts(
        ((one.id, one.file.system, formula.reading) for one, formula in formulas if isinstance(formula, Reported)), 3
    )
    source = f"""FROM {sources} AS o (indicator, system, name) JOIN readings AS r USING (system, name)
LEFT JOIN agencies AS a ON a.code = r.agency
WHERE o.indicator = {INDICATOR} ORDER BY r.reported_at DESC, r.agency LIMIT {MOST_ROWS}"""
    title = Text("Số liệu các cơ quan báo cáo", "What agencies reported")
    nothing = Text("Chỉ tiêu này không có số liệu do cơ quan báo cáo", "Nothing was reported for this target")
    return rows(screen, title, columns, source, nothing=nothing)
