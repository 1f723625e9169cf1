"""The scorecard of Resolution 57, and what is behind one of its targets."""

from dashboards.model import Choice, Column, Lines, Placed, Screen, Table, Tiles
from dashboards.screens.parts import NO_CASES, TO_AGENCY, agency_choice, cases_table, last_event
from dashboards.screens.targets import targets_table
from dashboards.sources import MOST_ROWS, Sources, rows_of_texts
from dashboards.statuses import STATUSES
from dashboards.texts import AGENCY, Text
from schemas.catalogue.describe import describe
from schemas.catalogue.indicators import Indicator, Milestone, Reported, terms


def scorecard(sources: Sources) -> Screen:
    """The screen `scorecard`."""
    title = Text("Từng chỉ tiêu: đang ở đâu, còn bao lâu, ai chịu trách nhiệm", "Every target: where, until when, who")
    return Screen(
        "scorecard",
        sources.language,
        Text("Bộ chỉ số giám sát Nghị quyết 57", "Scorecard of Resolution 57"),
        Text("Mọi chỉ tiêu của chương trình: đạt chưa, có kịp không.", "Every target: is it met, and will it be?"),
        [
            Placed(_counts(sources), 18, 4),
            Placed(last_event(), 6, 4),
            Placed(targets_table(sources, title), 24, 24),
        ],
        viewers=Text("Ban chỉ đạo, lãnh đạo tỉnh", "The steering committee, the province's leaders"),
        when_red=Text(
            "Mở chỉ tiêu để xem cơ quan, việc nào còn chậm; giao lại hoặc gia hạn bằng văn bản.",
            "Open the target to see which agency and which case is late; assign anew, or extend in writing.",
        ),
    )


def _counts(sources: Sources) -> Tiles:
    names = " ".join(f"WHEN '{code}' THEN {sources.text(one.name)}" for code, one in STATUSES.items())
    query = f"""SELECT CASE k.status {names} END AS name, count(s.status)::text AS shown,
    CASE WHEN count(s.status) > 0 THEN k.status END AS status
FROM {sources.statuses()} LEFT JOIN indicators.indicator_status AS s USING (status)
GROUP BY k.place, k.status ORDER BY k.place"""
    return Tiles(Text("Các chỉ tiêu", "Targets"), query, None, 5)


def target(sources: Sources) -> Screen:
    """The screen `target`."""
    targeted = [one for one in sources.catalogue.indicators.values() if one.file.target]
    choices = (
        f"SELECT c.indicator AS value, {sources.name('c')} AS name FROM indicators.catalogue AS c "
        f"ORDER BY NOT EXISTS (SELECT FROM indicators.targets AS t WHERE t.indicator = c.indicator), 2"
    )
    chosen = "indicators.status_at(indicators.today(), ARRAY[:indicator])"
    return Screen(
        "target",
        sources.language,
        Text("Phía sau một chỉ tiêu", "Behind a target"),
        Text("Cơ quan nào, việc nào làm chỉ tiêu này chậm.", "Which agency and which case keep this target back."),
        [
            Placed(targets_table(sources, Text("Chỉ tiêu", "The target"), chosen), 24, 7),
            Placed(_curve(sources), 14, 10),
            Placed(_agencies(sources), 10, 10),
            Placed(_worked_out(sources), 24, 8),
            Placed(_cases(sources, targeted), 24, 14),
            Placed(_readings(sources, targeted), 24, 10),
        ],
        [Choice("indicator", Text("Chỉ tiêu", "Target"), choices), agency_choice(sources)],
        viewers=Text("Cơ quan chịu trách nhiệm, văn phòng ban chỉ đạo", "Whoever owes it, the committee's office"),
        when_red=Text(
            "Bắt đầu từ cơ quan đứng đầu bảng và việc quá hạn lâu nhất.",
            "Begin with the agency at the top of the table and the case that has been overdue for longest.",
        ),
    )


def _curve(sources: Sources) -> Lines:
    """The value by month of the agency chosen, and what is to be reached."""
    query = """SELECT indicators.begin_of(m.ends) AS time, v.value, t.goal
FROM (SELECT least((f + interval '1 month')::date - 1, indicators.today()) AS ends
    FROM generate_series(date_trunc('month', indicators.today()::timestamp) - interval '12 months',
        indicators.today()::timestamp, interval '1 month') AS f) AS m
LEFT JOIN LATERAL indicators.known_values_of(:indicator, m.ends, ARRAY[:agency]) AS v ON true
LEFT JOIN LATERAL (SELECT coalesce(at_least, at_most) AS goal FROM indicators.targets
    WHERE indicator = :indicator ORDER BY agency = :agency DESC, due DESC LIMIT 1) AS t ON true
ORDER BY 1"""
    series = [
        Column("value", Text("Giá trị", "Value"), "figure"),
        Column("goal", Text("Mục tiêu", "Target"), "figure"),
    ]
    return Lines(Text("Một năm qua", "The last year"), query, series)


def _worked_out(sources: Sources) -> Table:
    """The formula, and what it gives for the agency chosen; then the parts by which the indicator is split."""
    formulas = rows_of_texts(
        ((one.id, describe(one.file.formula).line) for one in sources.catalogue.indicators.values()), 2
    )
    whole = sources.text(Text("cả", "whole"))
    query = f"""SELECT coalesce(nullif(p.dimensions, ''), {whole}) AS part, p.numerator, p.denominator, p.value,
    CASE WHEN p.dimensions = '' THEN f.line END AS formula
FROM indicators.parts_of(:indicator, indicators.today(), ARRAY[:agency]) AS p
LEFT JOIN {formulas} AS f (indicator, line) ON f.indicator = :indicator ORDER BY p.dimensions"""
    columns = [
        Column("part", Text("Phần", "Part"), width=160),
        Column("formula", Text("Cách tính", "How it is worked out")),
        Column("numerator", Text("Tử số", "Numerator"), "figure", width=140),
        Column("denominator", Text("Mẫu số", "Denominator"), "figure", width=140),
        Column("value", Text("Giá trị", "Value"), "figure", width=140),
    ]
    return Table(Text("Tính thế nào", "How it is worked out"), query, columns)


def _agencies(sources: Sources) -> Table:
    query = f"""SELECT a.code, {sources.name("a")} AS agency, now.value AS now,
    CASE WHEN t.due < indicators.today() THEN was.value END AS then
FROM screens.agencies AS a
LEFT JOIN LATERAL (SELECT max(due) AS due, bool_and(at_most IS NULL) AS least FROM indicators.targets
    WHERE indicator = :indicator) AS t ON true
JOIN indicators.known_values_of(:indicator, indicators.today(), (SELECT array_agg(code) FROM screens.agencies)) AS now
    ON now.agency = a.code
LEFT JOIN indicators.known_values_of(:indicator,
    (SELECT least(max(due), indicators.today()) FROM indicators.targets WHERE indicator = :indicator),
    (SELECT array_agg(code) FROM screens.agencies)) AS was ON was.agency = a.code
ORDER BY CASE WHEN t.least IS NOT FALSE THEN now.value ELSE -now.value END NULLS LAST, 2 LIMIT {MOST_ROWS}"""
    columns = [
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("now", Text("Hiện nay", "Now"), "figure", width=120),
        Column("then", Text("Tính đến hạn", "On its day"), "figure", width=130),
    ]
    title = Text("Theo cơ quan, còn cách xa nhất trước", "By agency, the furthest off first")
    return Table(title, query, columns)


def _cases(sources: Sources, targeted: list[Indicator]) -> Table:
    kinds = rows_of_texts((row for one in targeted for row in _kinds(one)), 4)
    where = f"""c.state IN ('open', 'suspended') AND EXISTS (SELECT FROM {kinds} AS o (indicator, system, kind, subject)
        WHERE o.indicator = :indicator AND o.system = c.system AND o.kind = c.kind
            AND (o.subject IS NULL OR o.subject = c.subject))
    AND c.agency IN (SELECT t.agency FROM indicators.tree AS t WHERE t.ancestor = :agency)"""
    title = Text("Nhiệm vụ, vụ việc còn mở phía sau chỉ tiêu", "Open tasks and other cases behind it")
    return cases_table(sources, title, where, tasks=True)


def _kinds(one: Indicator) -> list[tuple[str, str, str, str | None]]:
    """(indicator, system, kind, subject) of the cases that an indicator is worked out from; None: all of the kind."""
    formula = one.file.formula
    if isinstance(formula, Milestone):
        return [(one.id, one.file.system, "task", formula.task)]
    kinds = dict.fromkeys(term.of.partition(".")[0] for term in terms(formula))
    return [(one.id, one.file.system, kind, None) for kind in kinds]


def _readings(sources: Sources, targeted: list[Indicator]) -> Table:
    formulas = ((one, one.file.formula) for one in targeted)
    names = rows_of_texts(
        ((one.id, one.file.system, formula.reading) for one, formula in formulas if isinstance(formula, Reported)), 3
    )
    query = f"""SELECT r.agency AS code, r.period, {sources.agency("r.agency")} AS agency, r.value, r.reported_at
FROM {names} AS o (indicator, system, name) JOIN screens.readings AS r USING (system, name)
LEFT JOIN screens.agencies AS a ON a.code = r.agency
WHERE o.indicator = :indicator ORDER BY r.reported_at DESC, r.agency LIMIT {MOST_ROWS}"""
    columns = [
        Column("period", Text("Kỳ", "Period"), width=120),
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("value", Text("Số báo cáo", "Reported value"), "figure", width=150),
        Column("reported_at", Text("Báo cáo lúc", "Reported at"), "moment", width=160),
    ]
    return Table(Text("Số liệu các cơ quan báo cáo", "What agencies reported"), query, columns, nothing=NO_CASES)
