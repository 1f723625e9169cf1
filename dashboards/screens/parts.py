"""Panels that several screens have."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from dashboards.model import Bars, Choice, Column, Kind, Lines, Link, Number, Placed, Table, Tiles
from dashboards.sources import MOST_ROWS, Sources, below, of_systems
from dashboards.texts import AGENCY, UNITS, Text
from dashboards.words import DIMENSIONS, KINDS, STATES
from schemas.catalogue.indicators import Indicator, Milestone
from schemas.views.quoting import literal

TO_AGENCY = Link("agency", {"agency": "code"})
TO_CASE = Link("case", {"system": "system", "kind": "kind", "subject": "subject"})
TO_TARGET = Link("target", {"indicator": "indicator"})

NO_CASES = Text("Không có", "None")


def agency_choice(sources: Sources) -> Choice:
    """One agency, the province first: it has everything."""
    query = (
        f"SELECT code AS value, {sources.name('a')} AS name FROM screens.agencies AS a "
        f"ORDER BY code <> {sources.province}, kind DESC, {sources.name('a')}"
    )
    return Choice("agency", AGENCY, query)


def last_event() -> Number:
    """When the last event was counted: a screen that has frozen shows it here."""
    query = "SELECT max(updated_at) AS value FROM screens.partition_offsets WHERE events > 0"
    return Number(Text("Ghi nhận gần nhất", "Last event counted"), query, "clock", link=Link("pipeline"))


def one(sources: Sources, title: Text, indicator: str, *, alarming: bool = False, link: Link | None = None) -> Number:
    """The value of an indicator for the agency chosen; a share is judged by its target, where it has one."""
    found = sources.catalogue.indicators.get(indicator)
    share = found is not None and found.file.unit == "percent"
    value = sources.value(indicator)
    if share and found and found.file.target:
        query = f"""SELECT v.value, (SELECT CASE WHEN v.value IS NULL THEN 'no_data'
    WHEN v.value >= t.at_least THEN 'met' WHEN t.due < indicators.today() THEN 'missed' ELSE 'at_risk' END
    FROM indicators.targets AS t WHERE t.indicator = {literal(indicator)} ORDER BY t.due DESC LIMIT 1) AS status
FROM (SELECT {value} AS value) AS v"""
    else:
        query = f"SELECT {value} AS value"
    return Number(title, query, "percent" if share else "whole", alarming=alarming, link=link)


def overdue_everywhere(link: Link) -> Number:
    """What is overdue, of every kind and system."""
    query = f"SELECT count(*) AS value FROM screens.cases AS c WHERE c.overdue AND {below('c.agency')}"
    return Number(Text("Quá hạn, mọi loại", "Overdue, all kinds"), query, alarming=True, link=link)


def indicator_tiles(sources: Sources, title: Text, systems: Sequence[str], columns: int = 4) -> Tiles:
    """Every indicator of some systems for the agency chosen, judged where it has a target; what is worst first."""
    name = sources.name("c")
    found = sources.catalogue.indicators.values()
    statuses = sources.statuses_of(one.id for one in found if one.file.system in systems and one.file.target)
    query = f"""SELECT {name} AS name, {sources.with_unit("v.value", "c.unit")}
        || CASE WHEN c.unit = 'percent' OR v.value IS NULL THEN '' ELSE ' ' || {sources.unit("c.unit")} END AS shown,
    CASE WHEN v.value IS NULL THEN 'no_data' ELSE s.status END AS status, c.indicator
FROM indicators.catalogue AS c
LEFT JOIN LATERAL indicators.known_values_of(c.indicator, indicators.today(), ARRAY[:agency]) AS v ON true
LEFT JOIN (SELECT DISTINCT ON (indicator) indicator, status FROM {statuses}
    WHERE agency = :agency ORDER BY indicator, due DESC) AS s USING (indicator)
LEFT JOIN {sources.statuses()} ON k.status = s.status
WHERE {of_systems("c.system", systems)} ORDER BY k.place NULLS LAST, {name}"""
    return Tiles(title, query, TO_TARGET, columns)


def curves(sources: Sources, indicators: Iterable[Indicator]) -> list[Lines]:
    """A year of indicators by month, those of one unit together: at most four lines a panel."""
    made = []
    by_unit = sorted((one for one in indicators if not isinstance(one.file.formula, Milestone)), key=_unit)
    for unit, group in groupby(by_unit, key=_unit):
        ones = list(group)
        said = UNITS.get(unit, Text(unit, unit))
        made += [_curve(sources, ones[begin : begin + 4], said) for begin in range(0, len(ones), 4)]
    return made


def _unit(indicator: Indicator) -> str:
    return indicator.file.unit


def _curve(sources: Sources, indicators: Sequence[Indicator], unit: Text) -> Lines:
    first, *others = [f"{sources.at_months(one.id)} AS i{n}" for n, one in enumerate(indicators)]
    cells = ", ".join(f"i{n}.value AS v{n}" for n in range(len(indicators)))
    joined = "".join(f"\nJOIN {other} USING (time)" for other in others)
    kind: Kind = "percent" if indicators[0].file.unit == "percent" else "figure"
    series = [Column(f"v{n}", Text(one.file.name.vi, one.file.name.en), kind) for n, one in enumerate(indicators)]
    title = series[0].heading if len(series) == 1 else Text(f"Theo tháng ({unit.vi})", f"By month ({unit.en})")
    return Lines(title, f"SELECT time, {cells} FROM {first}{joined} ORDER BY time", series)


def split(sources: Sources, indicator: Indicator) -> Bars:
    """An indicator by what it is split by, the running period."""
    name = Text(indicator.file.name.vi, indicator.file.name.en)
    query = f"""SELECT {sources.word("v.dimensions", DIMENSIONS)} AS name, v.value
FROM {sources.values(indicator.id)} AS v WHERE v.agency = :agency AND v.dimensions <> '' AND v.value IS NOT NULL
ORDER BY v.value DESC, 1"""
    return Bars(name, query, "percent" if indicator.file.unit == "percent" else "whole")


def system_panels(sources: Sources, systems: Sequence[str]) -> list[Placed]:
    """What a system's indicators call for: tiles of all, curves of those that move, bars of those that are split."""
    indicators = [one for one in sources.catalogue.indicators.values() if one.file.system in systems]
    title = Text("Chỉ số", "Indicators")
    height = 3 + 3 * ((len(indicators) + 3) // 4)
    panels = [Placed(indicator_tiles(sources, title, systems), 24, min(height, 18))]
    panels += [Placed(panel, 8, 8) for panel in curves(sources, indicators)]
    panels += [Placed(split(sources, one), 8, 8) for one in indicators if one.file.by]
    return panels


def most_overdue(sources: Sources, title: Text, where: str, most: int) -> Bars:
    """The agencies with most cases that meet a condition."""
    query = f"""SELECT {sources.agency("c.agency")} AS name, count(*) AS value, c.agency AS code
FROM screens.cases AS c LEFT JOIN screens.agencies AS a ON a.code = c.agency
WHERE {where} GROUP BY c.agency, a.name_vi, a.name_en ORDER BY 2 DESC, 1 LIMIT {most}"""
    return Bars(title, query, link=TO_AGENCY)


def cases_table(
    sources: Sources, title: Text, where: str, *, ahead: bool = False, systems: bool = True, tasks: bool = False
) -> Table:
    """Cases that meet a condition: which, whose, due when; how late, or `ahead`, how much time is left."""
    order = "c.due_at, c.subject" if ahead else "c.overdue_at, c.due_at, c.subject"
    query = f"""SELECT c.system, c.kind, c.subject, c.agency AS code, {sources.word("c.kind", KINDS)} AS kind_name,
    {sources.name("s")} AS system_name, {sources.agency("c.agency")} AS agency,
    {sources.word("c.state", STATES)} AS state, c.opened_at, c.due_at,
    CASE WHEN c.overdue THEN indicators.today() - (c.due_at AT TIME ZONE {sources.zone})::date END AS days_late,
    CASE WHEN NOT c.overdue THEN (SELECT count(*) FROM indicators.working_days AS w WHERE w.day > indicators.today()
        AND w.day <= (c.due_at AT TIME ZONE {sources.zone})::date) END AS days_left,
    CASE WHEN c.kind = 'task' THEN c.percent END AS percent
FROM screens.cases AS c LEFT JOIN screens.agencies AS a ON a.code = c.agency
LEFT JOIN screens.systems AS s ON s.system = c.system
WHERE {where} ORDER BY {order} LIMIT {MOST_ROWS}"""
    late = Column("days_late", Text("Ngày quá hạn", "Days overdue"), "whole", width=120, alarming=True)
    left = Column("days_left", Text("Ngày làm việc còn lại", "Working days left"), "whole", width=140)
    columns = [
        Column("subject", Text("Mã số", "Number"), width=260, link=TO_CASE),
        Column("kind_name", Text("Loại", "Kind"), width=110),
        *([Column("system_name", Text("Hệ thống", "System"))] if systems else []),
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("state", Text("Trạng thái", "State"), width=150),
        *([Column("percent", Text("Tiến độ", "Progress"), "percent", width=100)] if tasks else []),
        Column("due_at", Text("Hạn", "Due"), "moment", width=150),
        *([late] if tasks or not ahead else []),
        *([left] if tasks or ahead else []),
    ]
    note = Text(f"Nhiều nhất {MOST_ROWS}.", f"At most {MOST_ROWS}.")
    return Table(title, query, columns, nothing=NO_CASES, note=note)
