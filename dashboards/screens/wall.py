"""The wall: what is worst in the province, from five metres."""

from dashboards.model import Link, Map, Number, Placed, Screen, Tiles
from dashboards.screens.parts import TO_TARGET, last_event, most_overdue
from dashboards.sources import Sources, below
from dashboards.texts import Text


def wall(sources: Sources) -> Screen:
    """The screen `wall`."""
    return Screen(
        "wall",
        sources.language,
        Text("Trung tâm điều hành thông minh", "Smart operations centre"),
        Text("Điều xấu nhất của tỉnh lúc này, ai phải xử lý.", "What is worst in the province now, and who owes it."),
        [
            *(Placed(number, 4, 5) for number in _numbers(sources)),
            Placed(_targets(sources), 16, 19),
            Placed(stations_map(sources, Text("Trạm 5G", "5G stations")), 8, 9),
            Placed(most_overdue(sources, Text("Quá hạn nhiều nhất", "Most overdue"), "c.overdue", 5), 8, 10),
        ],
        refresh=5,
        wall=True,
        viewers=Text("Mọi người trong phòng điều hành", "Everybody in the operations room"),
        when_red=Text(
            "Gọi cơ quan có tên trong danh sách quá hạn nhiều nhất; mở màn hình Thời hạn để xem từng việc.",
            "Call the agency that is named first among the overdue; the screen Deadlines has every case.",
        ),
    )


def _numbers(sources: Sources) -> list[Number]:
    province = sources.province
    today = sources.values("dossiers-received", "indicators.today()")
    done = sources.values("dossiers-processed", "indicators.today()")
    deadlines = Link("deadlines")
    fresh = f"""SELECT sum(CASE WHEN alive THEN 1 ELSE 0 END) || '/' || count(*) AS value,
    CASE WHEN bool_and(alive) THEN 'met' ELSE 'missed' END AS status FROM ({freshness()}) AS f"""
    stations = f"""SELECT v.value::bigint || '/' || t.at_least::bigint AS value,
    CASE WHEN v.value >= t.at_least THEN 'met' WHEN t.due < indicators.today() THEN 'missed' ELSE 'on_track' END
        AS status
FROM {sources.values("stations-5g")} AS v, indicators.targets AS t
WHERE v.agency = {province} AND v.dimensions = '' AND t.indicator = 'stations-5g'"""
    return [
        _of_province(sources, Text("Tiếp nhận hôm nay", "Received today"), today),
        _of_province(sources, Text("Giải quyết hôm nay", "Processed today"), done),
        Number(
            Text("Quá hạn, mọi loại", "Overdue, all kinds"),
            "SELECT count(*) AS value FROM screens.cases AS c WHERE c.overdue",
            alarming=True,
            link=deadlines,
        ),
        Number(Text("Trạm 5G", "5G stations"), stations, "text", link=Link("stations")),
        Number(Text("Hệ thống đang gửi", "Systems alive"), fresh, "text", link=Link("quality")),
        last_event(),
    ]


def _of_province(sources: Sources, title: Text, values: str) -> Number:
    query = f"SELECT coalesce(sum(v.value), 0) AS value FROM {values} AS v WHERE v.agency = {sources.province} "
    return Number(title, query + "AND v.dimensions = ''", link=Link("services"))


def freshness() -> str:
    """(system, name_vi, name_en, owner, cadence, last_at, alive): silence counts by working days of eight hours.

    A system is alive if it was silent for less than its cadence, rounded up to whole working days.
    """
    return """SELECT s.system, s.name_vi, s.name_en, s.owner, s.cadence, max(p.updated_at) AS last_at,
    max(p.updated_at) IS NOT NULL AND (SELECT count(*) FROM indicators.working_days AS w
        WHERE w.day > (max(p.updated_at) AT TIME ZONE indicators.zone())::date AND w.day <= indicators.today()
    ) <= ceil(s.cadence / 8.0) AS alive
FROM screens.systems AS s LEFT JOIN screens.partition_offsets AS p ON p.topic = s.topic AND p.events > 0
GROUP BY s.system, s.name_vi, s.name_en, s.owner, s.cadence"""


def _targets(sources: Sources) -> Tiles:
    name = sources.name("c")
    query = f"""SELECT {name} || ' / ' || {sources.with_unit("coalesce(s.at_least, s.at_most)", "c.unit")} AS name,
    {sources.with_unit("s.value", "c.unit")} AS shown, s.status, s.indicator
FROM indicators.indicator_status AS s JOIN indicators.catalogue AS c USING (indicator)
JOIN {sources.statuses()} USING (status) WHERE s.agency = {sources.province}
ORDER BY k.place, s.due, {name} LIMIT 12"""
    return Tiles(Text("Chỉ tiêu, cần chú ý trước", "Targets, what needs attention first"), query, TO_TARGET, 4)


def stations_map(sources: Sources, title: Text, agency: str | None = None) -> Map:
    """Stations where they stand; those of a commune without any are told by its own place."""
    where = below("s.agency", agency) if agency else "true"
    query = f"""SELECT coalesce(s.longitude, a.longitude) AS lon, coalesce(s.latitude, a.latitude) AS lat,
    {sources.agency("s.agency")} AS name, 1 AS value, 'met' AS status, s.agency AS code
FROM screens.stations AS s LEFT JOIN screens.agencies AS a ON a.code = s.agency
WHERE s.technology = '5g' AND coalesce(s.longitude, a.longitude) IS NOT NULL AND {where}
UNION ALL
SELECT a.longitude, a.latitude, {sources.name("a")}, 0, 'no_data', a.code FROM screens.agencies AS a
WHERE a.kind = 'commune' AND a.longitude IS NOT NULL AND {below("a.code", agency) if agency else "true"}
    AND NOT EXISTS (SELECT FROM screens.stations AS s WHERE s.agency = a.code AND s.technology = '5g')
ORDER BY 5, 3 LIMIT 2000"""
    return Map(title, query, Link("stations", {"agency": "code"}))
