"""The table of targets: how each stands, and where what is behind it is found."""

from dashboards.colours import AMBER_TEXT
from dashboards.columns import Column, Link, by_mark, key
from dashboards.panels import Panel, Screen, rows, uid
from dashboards.queries import Sql, or_dash, rows_of_texts
from dashboards.statuses import COLOURS, statuses_table
from dashboards.texts import UNITS, Text
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
"""What the columns mean, for the panel's description."""

_BEHIND = Link(
    "/d/${__data.fields.screen:percentencode}?var-agency=${__data.fields.code:percentencode}"
    "&var-indicator=${__data.fields.indicator:percentencode}&${__url_time_range}",
    Text("Xem phía sau", "See what is behind"),
)


def targets_table(screen: Screen, title: Text, where: str = "true") -> Panel:
    """Every target whose row of `indicators.indicator_status` (`s`) meets a condition, what needs attention first."""
    return rows(screen, title, _columns(screen.sql), _source(screen.sql, where), description=NOTE)


def _columns(sql: Sql) -> list[Column]:
    status, name = "k.mark || ' ' || k.name", sql.name("c")
    pace, needed = sql.figure("s.pace", signed=True), sql.figure("s.pace_needed", signed=True)
    projected = _with_percent(sql, "s.projected")
    return [
        key("indicator", "s.indicator"),
        key("screen", "b.screen"),
        key("code", sql.choice("s.agency")),
        Column(Text("Tình trạng", "Status"), status, width=150, colour=by_mark(COLOURS, ground=True)),
        Column(Text("Chỉ tiêu", "Target"), name, min_width=330, link=_BEHIND),
        Column(Text("Hiện tại", "Now"), or_dash(_with_percent(sql, "s.value")), width=90, right=True),
        Column(Text("Mục tiêu", "To reach"), _goal(sql), width=155, right=True),
        Column(Text("Đến hạn", "Due"), _due(sql), width=115, right=True),
        Column(Text("Còn (ngày)", "Days left"), "s.days_left", width=90, right=True),
        Column(Text("Cơ quan chịu trách nhiệm", "Who owes"), sql.agency("s.agency"), width=250),
        Column(Text("Nhịp độ/ngày", "Pace/day"), _while_ahead(pace), width=115, right=True),
        Column(Text("Cần mỗi ngày", "Needed/day"), _while_ahead(needed), width=125, right=True),
        Column(Text("Dự kiến", "Projected"), _while_ahead(projected), width=100, right=True),
        Column(
            Text("Khi chốt", "As decided"),
            _decided(sql),
            width=175,
            right=True,
            colour=by_mark({CORRECTED: AMBER_TEXT}),
        ),
    ]


def _with_percent(sql: Sql, value: str) -> str:
    """A figure, with the percent sign where the indicator is a share."""
    return f"{sql.figure(value)} || CASE c.unit WHEN 'percent' THEN ' %' ELSE '' END"


def _goal(sql: Sql) -> str:
    """What is to be reached: at least or at most so many of a unit."""
    figure, unit = sql.figure("coalesce(s.at_least, s.at_most)"), sql.word("c.unit", UNITS, "c.unit")
    return f"CASE WHEN s.at_most IS NULL THEN '≥ ' ELSE '≤ ' END || {figure} || ' ' || {unit}"


def _due(sql: Sql) -> str:
    """The day, with an asterisk where the programme gives none."""
    return f"{sql.day('s.due')} || CASE WHEN s.assumed THEN ' *' ELSE '' END"


def _while_ahead(text: str) -> str:
    """A text while the day is not over, then a dash: of a day that has passed no pace is asked any more."""
    return or_dash(f"CASE WHEN s.days_left >= 0 THEN {text} END")


def _decided(sql: Sql) -> str:
    """The value that was decided and the local day of the decision, marked where it was corrected since."""
    value, day = or_dash(_with_percent(sql, "s.decided_value")), sql.day(f"s.decided_at AT TIME ZONE '{sql.zone}'")
    return or_dash(
        f"CASE WHEN s.corrected THEN '{CORRECTED} ' ELSE '' END "
        f"|| CASE WHEN s.decided_at IS NOT NULL THEN {value} || ' (' || {day} || ')' END"
    )


def _source(sql: Sql, where: str) -> str:
    """The targets (`s`), their indicators (`c`), statuses (`k`), what is behind them (`b`) and who owes them (`a`)."""
    return f"""FROM indicators.indicator_status AS s JOIN indicators.catalogue AS c USING (indicator)
JOIN {statuses_table(sql.language)} USING (status)
LEFT JOIN {_behind(sql)} AS b (indicator, screen, task, owner) USING (indicator)
LEFT JOIN cases AS task ON task.system = s.system AND task.kind = 'task' AND task.subject = b.task
LEFT JOIN agencies AS a
    ON a.code = CASE WHEN s.agency <> '{sql.province}' THEN s.agency ELSE coalesce(task.agency, b.owner, s.agency) END
WHERE {where} ORDER BY k.place, s.due, {sql.name("c")}, s.agency"""


def _behind(sql: Sql) -> str:
    """(indicator, screen, task, owner) of those with a target: the dashboard of what is behind it, and who owes it.

    What the province as a whole owes is its task's agency to see to, or the owner of the system.
    """
    catalogue = sql.catalogue
    owners = {id_: system.owner for id_, system in (catalogue.systems | catalogue.derived).items()}
    targeted = (one for one in catalogue.indicators.values() if one.file.target)
    return rows_of_texts(((one.id, _screen(one, sql), _task(one), owners[one.file.system]) for one in targeted), 4)


def _screen(one: Indicator, sql: Sql) -> str:
    """The uid of the dashboard that shows what is behind an indicator."""
    of_dossiers = any(term.of.startswith("dossier.") for term in terms(one.file.formula))
    return uid("services" if of_dossiers else "target", sql.language)


def _task(one: Indicator) -> str | None:
    """The subject of the task that an indicator is the progress of, where it is one's."""
    return one.file.formula.task if isinstance(one.file.formula, Milestone) else None
