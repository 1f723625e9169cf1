"""Public services: what came in, what is done on time, what is overdue, and who owes it."""

from dashboards.model import Bars, Column, Lines, Link, Number, Placed, Screen, Table
from dashboards.screens.parts import TO_AGENCY, TO_TARGET, agency_choice, cases_table, one, split
from dashboards.sources import Sources, below
from dashboards.texts import AGENCY, Text
from schemas.views.quoting import literal

_SYSTEM = "one-stop"


def services(sources: Sources) -> Screen:
    """The screen `services`."""
    found = sources.catalogue.indicators
    by = [found[id_] for id_ in ("dossiers-received", "procedures-full-process-share", "payments") if id_ in found]
    overdue = f"c.system = '{_SYSTEM}' AND c.kind = 'dossier' AND c.overdue AND {below('c.agency')}"
    return Screen(
        "services",
        sources.language,
        Text("Dịch vụ công", "Public services"),
        Text(
            "Hồ sơ: tiếp nhận, đúng hạn, quá hạn, ai chịu trách nhiệm.", "Dossiers: received, on time, overdue, whose."
        ),
        [
            *(Placed(number, 3, 4) for number in _numbers(sources)),
            Placed(_by_day(sources), 16, 9),
            Placed(_backlog(sources), 8, 9),
            Placed(_agencies(sources), 24, 16),
            *(Placed(split(sources, indicator), 8, 8) for indicator in by),
            Placed(_score(sources), 24, 16),
            Placed(cases_table(sources, Text("Hồ sơ quá hạn", "Overdue dossiers"), overdue, systems=False), 24, 16),
        ],
        [agency_choice(sources)],
        days=30,
        viewers=Text("Lãnh đạo cơ quan, bộ phận một cửa", "Heads of agencies, one-stop shops"),
        when_red=Text(
            "Mở hồ sơ quá hạn lâu nhất; cơ quan giải quyết, xin lỗi và hẹn lại bằng văn bản nếu chưa xong.",
            "Open the dossier that is overdue for longest; settle it, or apologise and give a new day in writing.",
        ),
    )


def _numbers(sources: Sources) -> list[Number]:
    def number(vi: str, en: str, indicator: str, alarming: bool = False) -> Number:
        return one(
            sources, Text(vi, en), indicator, alarming=alarming, link=Link("target", {}, {"indicator": indicator})
        )

    return [
        number("Tiếp nhận tháng này", "Received this month", "dossiers-received"),
        number("Giải quyết tháng này", "Processed this month", "dossiers-processed"),
        number("Đúng hạn (kể cả quá hạn chưa xong)", "On time (open overdue count as late)", "dossiers-on-time-share"),
        _finished_on_time(sources),
        number("Quá hạn", "Overdue", "dossiers-overdue", alarming=True),
        number("Tạm dừng", "Suspended", "dossiers-suspended"),
        number("Trực tuyến toàn trình", "Full-process online", "full-process-share"),
        number("Điểm chất lượng phục vụ", "Service quality score", "service-quality-score"),
    ]


def _finished_on_time(sources: Sources) -> Number:
    done, late = sources.value("dossiers-on-time"), sources.value("dossiers-late")
    query = "SELECT 100.0 * d.done / nullif(d.done + coalesce(d.late, 0), 0) AS value "
    query += f"FROM (SELECT {done} AS done, {late} AS late) AS d"
    title = Text("Đúng hạn (chỉ hồ sơ đã xong)", "On time (finished ones only)")
    return Number(title, query, "percent")


def _by_day(sources: Sources) -> Lines:
    day = f"(:since AT TIME ZONE {sources.zone})::date"
    query = f"""WITH days AS (
    SELECT bucket, sum(value) FILTER (WHERE measure = 'dossier.opened') AS opened,
        sum(value) FILTER (WHERE measure = 'dossier.closed') AS closed,
        sum(sum(value) FILTER (WHERE measure = 'dossier.open')) OVER (ORDER BY bucket) AS open
    FROM screens.counters_day WHERE measure IN ('dossier.opened', 'dossier.closed', 'dossier.open')
        AND system = '{_SYSTEM}' AND bucket >= date_trunc('month', {day}::timestamp)::date
        AND bucket <= indicators.today() AND {below("agency")}
    GROUP BY bucket
), before AS (
    SELECT coalesce(sum(value), 0) AS open FROM screens.counters_month WHERE measure = 'dossier.open'
        AND system = '{_SYSTEM}' AND bucket < date_trunc('month', {day}::timestamp)::date AND {below("agency")}
)
SELECT indicators.begin_of(bucket) AS time, coalesce(opened, 0)::bigint AS opened,
    coalesce(closed, 0)::bigint AS closed, (before.open + coalesce(days.open, 0))::bigint AS open
FROM days, before WHERE bucket >= {day} AND indicators.begin_of(bucket) <= :until ORDER BY 1"""
    series = [
        Column("opened", Text("Tiếp nhận", "Received"), "whole"),
        Column("closed", Text("Kết thúc", "Closed"), "whole"),
        Column("open", Text("Tồn cuối ngày", "Open by night"), "whole"),
    ]
    return Lines(Text("Hồ sơ theo ngày", "Dossiers by day"), query, series)


def _backlog(sources: Sources) -> Bars:
    limits = (6, 11, 21, 61)
    names = (
        Text("đến 5 ngày", "up to 5 days"),
        Text("6–10 ngày", "6–10 days"),
        Text("11–20 ngày", "11–20 days"),
        Text("21–60 ngày", "21–60 days"),
        Text("trên 60 ngày", "over 60 days"),
    )
    values = ", ".join(f"({place}, {sources.text(name)})" for place, name in enumerate(names))
    age = f"indicators.today() - (c.opened_at AT TIME ZONE {sources.zone})::date"
    query = f"""SELECT l.name, coalesce(c.cases, 0) AS value FROM (VALUES {values}) AS l (place, name)
LEFT JOIN (SELECT width_bucket({age}, ARRAY{list(limits)}) AS place, count(*) AS cases FROM screens.cases AS c
    WHERE c.system = '{_SYSTEM}' AND c.kind = 'dossier' AND c.state IN ('open', 'suspended') AND {below("c.agency")}
    GROUP BY 1) AS c USING (place)
ORDER BY l.place"""
    return Bars(Text("Hồ sơ đang giải quyết, theo tuổi", "Open dossiers by age"), query)


def _agencies(sources: Sources) -> Table:
    query = f"""SELECT a.code, {sources.name("a")} AS agency, r.value AS received, p.value AS processed,
    t.value AS on_time, o.value AS overdue, d.value AS working_days, f.value AS full_process, q.value AS score
FROM screens.agencies AS a {sources.join("r", "dossiers-received")} {sources.join("p", "dossiers-processed")}
{sources.join("t", "dossiers-on-time-share")} {sources.join("o", "dossiers-overdue")}
{sources.join("d", "dossiers-working-days")} {sources.join("f", "full-process-share")}
{sources.join("q", "service-quality-score")}
WHERE coalesce(r.value, o.value, p.value) IS NOT NULL AND {below("a.code")}
ORDER BY a.parent IS NOT NULL, o.value DESC NULLS LAST, 2"""
    columns = [
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("received", Text("Tiếp nhận", "Received"), "whole", width=120),
        Column("processed", Text("Giải quyết", "Processed"), "whole", width=120),
        Column("on_time", Text("Đúng hạn", "On time"), "percent", width=110),
        Column("overdue", Text("Quá hạn", "Overdue"), "whole", width=110, alarming=True),
        Column("working_days", Text("Số ngày làm việc", "Working days"), "decimal", width=130),
        Column("full_process", Text("Toàn trình", "Full process"), "percent", width=120),
        Column("score", Text("Điểm", "Score"), "decimal", width=100),
    ]
    note = Text(
        "Tháng này. Đúng hạn: hồ sơ chưa giải quyết mà đã quá hạn cũng tính là trễ. Điểm: chỉ các thành phần đo được.",
        "This month. On time: what is open and overdue counts as late. Score: of the components that are measured.",
    )
    return Table(Text("Xếp theo cơ quan, tháng này", "Agencies, this month"), query, columns, note=note)


def _score(sources: Sources) -> Table:
    measured = sources.text(Text("đo được", "measured"))
    unmeasured = sources.text(Text("chưa đo được", "not measured"))
    query = f"""SELECT p.indicator, p.code, {sources.name("p")} AS component, p.points, p.full_at,
    CASE WHEN p.indicator IS NULL THEN {unmeasured} ELSE {measured} END AS state, v.value AS share,
    CASE WHEN v.value IS NOT NULL THEN least(1, v.value / coalesce(p.full_at, 100)) * p.points END AS earned
FROM screens.components AS p
LEFT JOIN LATERAL indicators.known_values_of(p.indicator, indicators.today(), ARRAY[:agency]) AS v
    ON p.indicator IS NOT NULL
WHERE p.score = {literal("service-quality-score")} ORDER BY p.place"""
    columns = [
        Column("component", Text("Thành phần (Quyết định 766)", "Component (Decision 766)"), link=TO_TARGET),
        Column("state", Text("Số liệu", "Data"), width=140),
        Column("share", Text("Tỷ lệ", "Share"), "percent", width=110),
        Column("points", Text("Điểm tối đa", "Points"), "decimal", width=120),
        Column("earned", Text("Điểm đạt", "Earned"), "decimal", width=120),
    ]
    title = Text("Chất lượng phục vụ: 21 thành phần", "Service quality: its 21 components")
    return Table(title, query, columns)
