"""The table of targets: how each stands now and on its day, and where what is behind it is found."""

from dashboards.model import Column, Table
from dashboards.screens.parts import TO_AGENCY, TO_TARGET
from dashboards.sources import Sources, rows_of_texts
from dashboards.texts import Text
from schemas.catalogue.indicators import Indicator, Milestone

NOTE = Text(
    "Hiện nay: giá trị lúc này. Tính đến hạn: giá trị của ngày đến hạn, dùng để xét; chỉ có khi đã qua hạn. Nhịp độ: "
    "thay đổi bình quân mỗi ngày làm việc trong 20 ngày làm việc gần nhất; cần mỗi ngày: để kịp đạt khi đến hạn. "
    "Ngày có dấu * là tạm định: chương trình không nêu. ✎: số liệu đã được đính chính sau khi chốt.",
    "Now: the value at this moment. On its day: the value of the day it was due, by which it is judged; once that is "
    "past. Pace: change a working day, over the last 20; needed: to reach the target in time. A day with * is assumed: "
    "the programme gives none. ✎: corrected after it was decided.",
)


ALL = "indicators.indicator_status"


def targets_table(sources: Sources, title: Text, statuses: str = ALL) -> Table:
    """The targets of a view or function as `indicators.indicator_status`, what needs attention first."""
    return Table(title, _query(sources, statuses), _columns(), note=NOTE)


def _columns() -> list[Column]:
    ahead = Text("Cần mỗi ngày làm việc", "Needed a working day")
    return [
        Column("status", Text("Tình trạng", "Status"), "status", width=160),
        Column("name", Text("Chỉ tiêu", "Target"), link=TO_TARGET),
        Column("now_shown", Text("Hiện nay", "Now"), width=110, right=True, sort="now_value"),
        Column("then_shown", Text("Tính đến hạn", "On its day"), width=120, right=True, sort="then_value"),
        Column("goal", Text("Mục tiêu", "To reach"), width=150, right=True, sort="goal_value"),
        Column("due_shown", Text("Hạn", "Due"), width=120, right=True, sort="due"),
        Column("working_days_left", Text("Ngày làm việc còn", "Working days left"), "whole", width=130),
        Column("owner", Text("Cơ quan chịu trách nhiệm", "Who owes"), width=240, link=TO_AGENCY),
        Column("pace", Text("Nhịp độ", "Pace"), "figure", width=100),
        Column("pace_needed", ahead, "figure", width=130),
        Column("projected_shown", Text("Dự kiến", "Projected"), width=110, right=True, sort="projected"),
        Column("decided", Text("Đã chốt", "Decided"), width=170, right=True, sort="decided_at"),
    ]


def _query(sources: Sources, statuses: str) -> str:
    day = "DD/MM/YYYY" if sources.language == "vi" else "YYYY-MM-DD"
    past = "s.due < indicators.today()"
    decided = sources.with_unit("s.decided_value", "c.unit")
    return f"""SELECT s.indicator, coalesce(a.code, s.agency) AS code, s.status, {sources.name("c")} AS name,
    now.value AS now_value, {sources.with_unit("now.value", "c.unit")} AS now_shown,
    CASE WHEN {past} THEN s.value END AS then_value,
    CASE WHEN {past} THEN {sources.with_unit("s.value", "c.unit")} END AS then_shown,
    coalesce(s.at_least, s.at_most) AS goal_value,
    CASE WHEN s.at_most IS NULL THEN '≥ ' ELSE '≤ ' END || {sources.figure("coalesce(s.at_least, s.at_most)")} || ' '
        || {sources.unit("c.unit")} AS goal,
    s.due, to_char(s.due, '{day}') || CASE WHEN s.assumed THEN '\u00a0*' ELSE '' END AS due_shown,
    CASE WHEN NOT {past} THEN s.working_days_left END AS working_days_left,
    {sources.agency("s.agency")} AS owner, CASE WHEN NOT {past} THEN s.pace END AS pace,
    CASE WHEN NOT {past} THEN s.pace_needed END AS pace_needed, CASE WHEN NOT {past} THEN s.projected END AS projected,
    CASE WHEN NOT {past} THEN {sources.with_unit("s.projected", "c.unit")} END AS projected_shown, s.decided_at,
    CASE WHEN s.decided_at IS NOT NULL THEN CASE WHEN s.corrected THEN '✎ ' ELSE '' END || {decided} || ' ('
        || to_char(s.decided_at AT TIME ZONE {sources.zone}, '{day}') || ')' END AS decided
FROM {statuses} AS s JOIN indicators.catalogue AS c USING (indicator)
JOIN {sources.statuses()} USING (status)
LEFT JOIN LATERAL indicators.known_values_of(s.indicator, indicators.today(), ARRAY[s.agency]) AS now ON true
LEFT JOIN {_behind(sources)} AS b (indicator, task, owner) ON b.indicator = s.indicator
LEFT JOIN screens.cases AS task ON task.system = s.system AND task.kind = 'task' AND task.subject = b.task
LEFT JOIN screens.agencies AS a ON a.code = CASE WHEN s.agency <> {sources.province} THEN s.agency
    ELSE coalesce(task.agency, b.owner, s.agency) END
ORDER BY k.place, s.due, {sources.name("c")}, s.agency"""


def _behind(sources: Sources) -> str:
    """(indicator, task, owner) of those with a target: what the province owes is its task's agency to see to."""
    catalogue = sources.catalogue
    owners = {id_: system.owner for id_, system in (catalogue.systems | catalogue.derived).items()}
    targeted = (one for one in catalogue.indicators.values() if one.file.target)
    return rows_of_texts(((one.id, _task(one), owners[one.file.system]) for one in targeted), 3)


def _task(one: Indicator) -> str | None:
    return one.file.formula.task if isinstance(one.file.formula, Milestone) else None
