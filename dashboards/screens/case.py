"""One case: how it stands, everything that happened to it, and how its due time came about."""

from dashboards.model import Choice, Column, Placed, Screen, Table
from dashboards.screens.parts import TO_AGENCY
from dashboards.sources import Sources
from dashboards.texts import AGENCY, Text
from dashboards.words import DIMENSIONS, ENDED, HAPPENED, KINDS, STATES, SUPPRESSED

_THIS = "c.system = :system AND c.kind = :kind AND c.subject = :subject"
_GONE = Text("Không có việc nào như thế", "There is no such case")


def case(sources: Sources) -> Screen:
    """The screen `case`, which links lead to."""
    return Screen(
        "case",
        sources.language,
        Text("Một việc", "One case"),
        Text("Đang ở đâu, ai giữ, hạn từ đâu mà có.", "Where it stands, who has it, how its due time came about."),
        [
            Placed(_facts(sources), 24, 6),
            Placed(_history(sources), 24, 16),
            Placed(_alerts(sources), 24, 8),
        ],
        [
            Choice("system", Text("Hệ thống", "System")),
            Choice("kind", Text("Loại", "Kind")),
            Choice("subject", Text("Mã số", "Number")),
        ],
        listed=False,
        viewers=Text("Người đang xử lý", "Whoever works on it"),
        when_red=Text("Liên hệ cơ quan đang giữ.", "Ask the agency that has it."),
    )


def _facts(sources: Sources) -> Table:
    channel = sources.word("split_part(c.dimensions, ' ', 1)", DIMENSIONS)
    query = f"""SELECT c.agency AS code, c.subject, {sources.word("c.kind", KINDS)} AS kind,
    {sources.agency("c.agency")} AS agency,
    {sources.word("c.state", STATES)} AS state, CASE WHEN c.dimensions <> '' THEN {channel} END AS channel,
    c.opened_at, c.due_at, c.closed_at,
    CASE WHEN c.overdue THEN indicators.today() - (c.due_at AT TIME ZONE {sources.zone})::date END AS days_late,
    c.due_moved_by_day
FROM screens.cases AS c LEFT JOIN screens.agencies AS a ON a.code = c.agency WHERE {_THIS}"""
    columns = [
        Column("subject", Text("Mã số", "Number")),
        Column("kind", Text("Loại", "Kind"), width=110),
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("state", Text("Trạng thái", "State"), width=140),
        Column("channel", Text("Hình thức", "Channel"), width=120),
        Column("opened_at", Text("Bắt đầu", "Opened"), "moment", width=160),
        Column("due_at", Text("Hạn", "Due"), "moment", width=160),
        Column("closed_at", Text("Kết thúc", "Closed"), "moment", width=160),
        Column("days_late", Text("Ngày quá hạn", "Days overdue"), "whole", width=110, alarming=True),
        Column("due_moved_by_day", Text("Lịch đổi ngày", "Calendar day that moved it"), "day", width=130),
    ]
    return Table(Text("Hiện trạng", "As it stands"), query, columns, nothing=_GONE)


def _history(sources: Sources) -> Table:
    happened = sources.word("split_part(e.name, '.', 2)", HAPPENED)
    query = f"""SELECT e.agency AS code, e.time, {happened} AS happened, {sources.agency("e.agency")} AS agency,
    e.due_at, e.id
FROM screens.case_events AS e LEFT JOIN screens.agencies AS a ON a.code = e.agency
WHERE e.system = :system AND e.kind = :kind AND e.subject = :subject ORDER BY e.place LIMIT 5000"""
    columns = [
        Column("time", Text("Lúc", "When"), "moment", width=160),
        Column("happened", Text("Việc đã xảy ra", "What happened"), width=220),
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("due_at", Text("Hạn được nêu", "Due time given"), "moment", width=170),
        Column("id", Text("Sự kiện", "Event"), width=320),
    ]
    return Table(Text("Diễn biến", "What happened"), query, columns, nothing=_GONE)


def _alerts(sources: Sources) -> Table:
    query = f"""SELECT c.raised_at, {sources.agency("c.agency")} AS agency, c.agency AS code, c.due_at, c.told_at,
    {sources.word("c.suppressed", SUPPRESSED)} AS suppressed, {sources.word("c.ended", ENDED)} AS ended, c.ended_at
FROM screens.alerts AS c LEFT JOIN screens.agencies AS a ON a.code = c.agency WHERE {_THIS} ORDER BY c.raised_at DESC"""
    columns = [
        Column("raised_at", Text("Phát hiện", "Raised"), "moment", width=160),
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("due_at", Text("Hạn", "Due"), "moment", width=160),
        Column("told_at", Text("Gửi lúc", "Told at"), "moment", width=160),
        Column("suppressed", Text("Không gửi vì", "Not told because"), width=200),
        Column("ended", Text("Kết thúc vì", "Ended because"), width=180),
        Column("ended_at", Text("Kết thúc lúc", "Ended at"), "moment", width=160),
    ]
    return Table(Text("Cảnh báo", "Alerts"), query, columns, nothing=Text("Chưa có cảnh báo", "No alert"))
