"""One agency: everything that it owes, and how it stands beside the province."""

from dashboards.model import Column, Link, Number, Placed, Screen, Table
from dashboards.screens.parts import TO_TARGET, agency_choice, cases_table, last_event, one, overdue_everywhere
from dashboards.sources import Sources, below
from dashboards.texts import Text

_OPEN = "c.state IN ('open', 'suspended')"


def agency(sources: Sources) -> Screen:
    """The screen `agency`."""
    overdue = f"c.overdue AND {below('c.agency')}"
    soon = f"""{_OPEN} AND NOT c.overdue AND c.overdue_at <= indicators.begin_of(indicators.today() + 15)
    AND {below("c.agency")}"""
    return Screen(
        "agency",
        sources.language,
        Text("Một cơ quan", "One agency"),
        Text(
            "Mọi việc cơ quan này đang nợ, việc gấp nhất trước.", "Everything this agency owes, the most urgent first."
        ),
        [
            Placed(overdue_everywhere(Link("deadlines")), 5, 4),
            Placed(_due_soon(), 5, 4),
            Placed(
                one(sources, Text("Hồ sơ đúng hạn tháng này", "Dossiers on time this month"), "dossiers-on-time-share"),
                5,
                4,
            ),
            Placed(one(sources, Text("Cán bộ ký số", "Officers who sign"), "officers-signing-share"), 5, 4),
            Placed(last_event(), 4, 4),
            Placed(cases_table(sources, Text("Đã quá hạn", "Overdue"), overdue), 24, 13),
            Placed(cases_table(sources, Text("Sắp đến hạn, 14 ngày", "Due within 14 days"), soon, ahead=True), 24, 13),
            Placed(_beside(sources), 24, 20),
        ],
        [agency_choice(sources)],
        viewers=Text("Thủ trưởng và chuyên viên của cơ quan", "The agency's head and its officers"),
        when_red=Text(
            "Giải quyết theo thứ tự trong bảng; việc không thuộc mình thì chuyển và báo trung tâm.",
            "Work through the table from the top; hand on what is not yours, and tell the centre.",
        ),
    )


def _due_soon() -> Number:
    query = f"""SELECT count(*) AS value FROM screens.cases AS c WHERE {_OPEN} AND NOT c.overdue
    AND c.overdue_at <= indicators.begin_of(indicators.today() + 4) AND {below("c.agency")}"""
    return Number(Text("Đến hạn trong 3 ngày", "Due within 3 days"), query)


def _beside(sources: Sources) -> Table:
    """Shares and means of the agency beside the province's: sums of a whole province say nothing beside one's own."""
    query = f"""SELECT c.indicator, {sources.name("c")} AS name, v.own_value, v.whole_value,
    {sources.with_unit("v.own_value", "c.unit")} AS own_shown,
    {sources.with_unit("v.whole_value", "c.unit")} AS whole_shown
FROM indicators.catalogue AS c
JOIN LATERAL (SELECT max(v.value) FILTER (WHERE v.agency = :agency) AS own_value,
        max(v.value) FILTER (WHERE v.agency = {sources.province}) AS whole_value
    FROM indicators.known_values_of(c.indicator, indicators.today(), ARRAY[:agency, {sources.province}]) AS v
) AS v ON v.own_value IS NOT NULL
WHERE c.formula IN ('ratio', 'distinct', 'mean', 'score', 'age') ORDER BY 2"""
    columns = [
        Column("name", Text("Chỉ số", "Indicator"), link=TO_TARGET),
        Column("own_shown", Text("Cơ quan này", "This agency"), width=150, right=True, sort="own_value"),
        Column("whole_shown", Text("Toàn tỉnh", "The province"), width=150, right=True, sort="whole_value"),
    ]
    return Table(Text("Bên cạnh toàn tỉnh", "Beside the province"), query, columns)
