"""Deadlines across all systems: what is due, what is overdue, whose it is, and which alerts stand."""

from dashboards.model import Bars, Column, Placed, Screen, Table
from dashboards.screens.parts import TO_AGENCY, TO_CASE, agency_choice, cases_table
from dashboards.sources import MOST_ROWS, Sources, below
from dashboards.texts import AGENCY, Text
from dashboards.words import ENDED, KINDS, SUPPRESSED

_OPEN = "c.state IN ('open', 'suspended')"


def deadlines(sources: Sources) -> Screen:
    """The screen `deadlines`."""
    return Screen(
        "deadlines",
        sources.language,
        Text("Thời hạn", "Deadlines"),
        Text(
            "Việc gì đến hạn những ngày tới, việc gì đã quá hạn, của ai.",
            "What is due in the coming days, what is overdue, and whose.",
        ),
        [
            Placed(_coming(sources), 12, 15),
            Placed(_kinds(sources), 12, 15),
            Placed(_agencies(sources), 24, 14),
            Placed(
                cases_table(
                    sources,
                    Text("Quá hạn, lâu nhất trước", "Overdue, the longest first"),
                    f"c.overdue AND {below('c.agency')}",
                ),
                24,
                18,
            ),
            Placed(_alerts(sources), 24, 14),
        ],
        [agency_choice(sources)],
        viewers=Text("Trực ban trung tâm điều hành", "The centre's duty officer"),
        when_red=Text(
            "Báo cơ quan chịu trách nhiệm; theo dõi đến khi việc được đóng.",
            "Tell the agency that owes it; follow it until it is closed.",
        ),
    )


def _coming(sources: Sources) -> Bars:
    form = "DD/MM" if sources.language == "vi" else "MM-DD"
    query = f"""SELECT to_char(d.day, '{form}') AS name, count(c.day) AS value
FROM (SELECT indicators.today() + n AS day FROM generate_series(0, 13) AS n) AS d
LEFT JOIN (SELECT (c.due_at AT TIME ZONE {sources.zone})::date AS day FROM screens.cases AS c
    WHERE {_OPEN} AND NOT c.overdue AND c.overdue_at > now()
        AND c.overdue_at <= indicators.begin_of(indicators.today() + 14) AND {below("c.agency")}) AS c USING (day)
GROUP BY d.day ORDER BY d.day"""
    return Bars(Text("Đến hạn trong 14 ngày tới", "Due within 14 days"), query)


def _kinds(sources: Sources) -> Table:
    query = f"""SELECT {sources.word("c.kind", KINDS)} AS kind, {sources.name("s")} AS system, count(*) AS overdue,
    min(c.due_at) AS oldest
FROM screens.cases AS c LEFT JOIN screens.systems AS s ON s.system = c.system
WHERE c.overdue AND {below("c.agency")} GROUP BY c.kind, c.system, s.name_vi, s.name_en ORDER BY 3 DESC"""
    columns = [
        Column("kind", Text("Loại", "Kind"), width=110),
        Column("system", Text("Hệ thống", "System")),
        Column("overdue", Text("Quá hạn", "Overdue"), "whole", width=100, alarming=True),
        Column("oldest", Text("Hạn cũ nhất", "Oldest due"), "moment", width=160),
    ]
    return Table(Text("Quá hạn theo hệ thống", "Overdue by system"), query, columns, nothing=Text("Không có", "None"))


def _agencies(sources: Sources) -> Table:
    query = f"""SELECT c.agency AS code, {sources.agency("c.agency")} AS agency,
    count(*) FILTER (WHERE c.overdue) AS overdue,
    count(*) FILTER (WHERE NOT c.overdue AND c.due_at < indicators.begin_of(indicators.today() + 1)) AS today,
    count(*) FILTER (WHERE NOT c.overdue AND c.due_at < indicators.begin_of(indicators.today() + 3)) AS three,
    count(*) FILTER (WHERE NOT c.overdue AND c.due_at < indicators.begin_of(indicators.today() + 14)) AS fourteen,
    min(c.due_at) FILTER (WHERE c.overdue) AS oldest
FROM screens.cases AS c LEFT JOIN screens.agencies AS a ON a.code = c.agency
WHERE {_OPEN} AND c.overdue_at <= indicators.begin_of(indicators.today() + 15) AND {below("c.agency")}
GROUP BY c.agency, a.name_vi, a.name_en ORDER BY 3 DESC, 4 DESC, 2 LIMIT {MOST_ROWS}"""
    columns = [
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("overdue", Text("Quá hạn", "Overdue"), "whole", width=110, alarming=True),
        Column("today", Text("Hôm nay", "Today"), "whole", width=110),
        Column("three", Text("3 ngày", "3 days"), "whole", width=110),
        Column("fourteen", Text("14 ngày", "14 days"), "whole", width=110),
        Column("oldest", Text("Hạn cũ nhất", "Oldest due"), "moment", width=160),
    ]
    return Table(Text("Theo cơ quan", "By agency"), query, columns, nothing=Text("Không có", "None"))


def _alerts(sources: Sources) -> Table:
    told = sources.text(Text("đã gửi", "told"))
    untold = sources.text(Text("chưa ai nhận", "nobody was told"))
    state = f"""CASE WHEN l.suppressed IS NOT NULL THEN {sources.word("l.suppressed", SUPPRESSED)}
        WHEN l.ended IS NOT NULL THEN {sources.word("l.ended", ENDED)}
        WHEN l.told_at IS NOT NULL THEN {told} ELSE {untold} END"""
    query = f"""SELECT l.system, l.kind, l.subject, l.agency AS code, {sources.word("l.kind", KINDS)} AS kind_name,
    {sources.agency("l.agency")} AS agency, l.due_at, l.raised_at, l.told_at, {state} AS state
FROM screens.alerts AS l LEFT JOIN screens.agencies AS a ON a.code = l.agency
WHERE l.ended IS NULL AND {below("l.agency")} ORDER BY l.raised_at DESC, l.overdue_at LIMIT {MOST_ROWS}"""
    columns = [
        Column("raised_at", Text("Phát hiện", "Raised"), "moment", width=160),
        Column("kind_name", Text("Loại", "Kind"), width=110),
        Column("subject", Text("Mã số", "Number"), width=260, link=TO_CASE),
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("due_at", Text("Hạn", "Due"), "moment", width=160),
        Column("state", Text("Cảnh báo", "Alert"), width=220),
        Column("told_at", Text("Gửi lúc", "Told at"), "moment", width=160),
    ]
    return Table(
        Text("Cảnh báo đang còn hiệu lực", "Standing alerts"), query, columns, nothing=Text("Không có", "None")
    )
