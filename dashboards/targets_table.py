"""The table of targets: how each stands, and where what is behind it is found."""

from dashboards.colours import AMBER_TEXT
from dashboards.columns import Property, at_least, hidden, leads_to, marked, right, width
from dashboards.panels import Panel, Screen, rows, uid
from dashboards.queries import rows_of_texts
from dashboards.statuses import COLOURS, statuses_sql
from dashboards.texts import Text
from dashboards.units import units_sql
from schemas.catalogue.indicators import Indicator, Milestone, terms

CORRECTED = "✎"
"""Marks a value that was decided, and corrected since."""

NOTE = Text(
    "Nhịp độ: thay đổi bình quân mỗi ngày làm việc trong 20 ngày làm việc gần nhất; cần mỗi ngày: để đạt vào ngày đến "
    "hạn; dự kiến: giá trị vào ngày đến hạn nếu giữ nhịp độ. * Ngày tạm định: chương trình không nêu. Khi chốt: giá "
    f"trị và ngày chốt kết quả; {CORRECTED}: số liệu đã được đính chính sau khi chốt.",
    "Pace: change a working day, over the last 20 working days; needed: to reach the target when it is due; "
    "projected: the value then if the pace is kept. * The day is assumed: the programme gives none. As decided: value "
    f"and day of the decision; {CORRECTED}: corrected since.",
)


def targets_table(screen: Screen, title: Text, where: str = "true") -> Panel:
    """Every target whose row of `indicators.indicator_status` (`s`) meets a condition, what needs attention first."""
    status, name, value, goal, due, left, owes, pace, needed, projected, decided = (
        (
            "Tình trạng",
            "Chỉ tiêu",
            "Hiện tại",
            "Mục tiêu",
            "Đến hạn",
            "Còn (ngày)",
            "Cơ quan chịu trách nhiệm",
            "Nhịp độ/ngày",
            "Cần mỗi ngày",
            "Dự kiến",
            "Khi chốt",
        )
        if screen.language == "vi"
        else (
            "Status",
            "Target",
            "Now",
            "To reach",
            "Due",
            "Days left",
            "Who owes",
            "Pace/day",
            "Needed/day",
            "Projected",
            "As decided",
        )
    )
    sql, language = screen.sql, screen.language
    province = sql.catalogue.province.code
    percent, ahead = "CASE c.unit WHEN 'percent' THEN ' %' ELSE '' END", "s.days_left >= 0"
    # Of a day that has passed no pace is asked any more.
    query = f"""SELECT s.indicator, b.screen,
    CASE s.agency WHEN '{province}' THEN '$__all' ELSE s.agency END AS code,
    k.mark || ' ' || k.name AS "{status}", c.name_{language} AS "{name}",
    coalesce({sql.figure("s.value")} || {percent}, '—') AS "{value}",
    CASE WHEN s.at_most IS NULL THEN '≥ ' ELSE '≤ ' END || {sql.figure("coalesce(s.at_least, s.at_most)")} || ' '
        || {units_sql(language, "c.unit")} AS "{goal}",
    {sql.day("s.due")} || CASE WHEN s.assumed THEN ' *' ELSE '' END AS "{due}", s.days_left AS "{left}",
    coalesce({sql.name}, s.agency) AS "{owes}",
    coalesce(CASE WHEN {ahead} THEN {sql.figure("s.pace", signed=True)} END, '—') AS "{pace}",
    coalesce(CASE WHEN {ahead} THEN {sql.figure("s.pace_needed", signed=True)} END, '—') AS "{needed}",
    coalesce(CASE WHEN {ahead} THEN {sql.figure("s.projected")} || {percent} END, '—') AS "{projected}",
    coalesce(CASE WHEN s.corrected THEN '{CORRECTED} ' ELSE '' END
        || CASE WHEN s.decided_at IS NOT NULL THEN coalesce({sql.figure("s.decided_value")} || {percent}, '—')
        || ' (' || {sql.day(f"s.decided_at AT TIME ZONE '{sql.zone}'")} || ')' END, '—') AS "{decided}"
FROM indicators.indicator_status AS s JOIN indicators.catalogue AS c USING (indicator)
JOIN {statuses_sql(language)} AS k (place, status, mark, name) USING (status)
LEFT JOIN {_behind(screen)} AS b (indicator, screen, task, owner) USING (indicator)
LEFT JOIN cases AS task ON task.system = s.system AND task.kind = 'task' AND task.subject = b.task
LEFT JOIN agencies AS a
    ON a.code = CASE WHEN s.agency <> '{province}' THEN s.agency ELSE coalesce(task.agency, b.owner, s.agency) END
WHERE {where} ORDER BY k.place, s.due, c.name_{language}, s.agency"""
    behind = (
        "/d/${__data.fields.screen:percentencode}?var-agency=${__data.fields.code:percentencode}"
        "&var-indicator=${__data.fields.indicator:percentencode}&${__url_time_range}"
    )
    to = leads_to(screen.say(Text("Xem phía sau", "See what is behind")), behind)
    columns: dict[str, list[Property]] = {
        "indicator": hidden(),
        "screen": hidden(),
        "code": hidden(),
        status: [*width(150), *marked(COLOURS, ground=True)],
        name: [*at_least(330), *to],
        value: [*width(90), *right()],
        goal: [*width(155), *right()],
        due: [*width(115), *right()],
        left: [*width(90), *right()],
        pace: [*width(115), *right()],
        needed: [*width(125), *right()],
        projected: [*width(100), *right()],
        decided: [*width(175), *right(), *marked({CORRECTED: AMBER_TEXT})],
        owes: width(250),
    }
    return rows(screen, title, query, columns=columns, description=NOTE)


def _behind(screen: Screen) -> str:
    """(indicator, screen, task, owner) of those with a target: what has the cases behind it, and who owes it.

    What the province as a whole owes is its task's agency to see to, or the owner of the system.
    """
    catalogue = screen.sql.catalogue
    owners = {id_: system.owner for id_, system in catalogue.systems.items()}
    owners |= {id_: system.owner for id_, system in catalogue.derived.items()}
    return rows_of_texts(
        (
            (
                one.id,
                uid("services" if _of_dossiers(one) else "target", screen.language),
                one.file.formula.task if isinstance(one.file.formula, Milestone) else None,
                owners[one.file.system],
            )
            for one in catalogue.indicators.values()
            if one.file.target
        ),
        4,
    )


def _of_dossiers(indicator: Indicator) -> bool:
    return any(term.of.startswith("dossier.") for term in terms(indicator.file.formula))
