"""Data quality: the ministry's four words for a system's data, measured: right, complete, clean, live.

Guidance 1709/BKHCN-CĐSQG of 21 May 2025 asks for data that is đúng, đủ, sạch, sống; how each is measured is ours.
"""

from dashboards.model import Column, Lines, Placed, Screen, Table
from dashboards.screens.wall import freshness
from dashboards.sources import Sources
from dashboards.texts import AGENCY, Text
from dashboards.words import ADVICE
from schemas.counters import KINDS
from schemas.views.quoting import literal

_NONE = Text("Không có", "None")


def quality(sources: Sources) -> Screen:
    """The screen `quality`."""
    return Screen(
        "quality",
        sources.language,
        Text("Chất lượng dữ liệu", "Data quality"),
        Text(
            "Dữ liệu của từng hệ thống có đúng, đủ, sạch, sống không.",
            "Is each system's data right, complete, clean and live?",
        ),
        [
            Placed(_systems(sources), 24, 16),
            Placed(_reasons(sources), 14, 12),
            Placed(_by_day(sources), 10, 12),
            Placed(_delays(sources), 24, 14),
        ],
        days=7,
        viewers=Text("Chủ quản hệ thống, đội vận hành", "Owners of the systems, the operators"),
        when_red=Text(
            "Gửi chủ quản hệ thống bảng lý do; họ sửa theo cột việc cần làm rồi gửi lại.",
            "Send the system's owner the table of reasons; they do what its last column says, and send again.",
        ),
    )


def _systems(sources: Sources) -> Table:
    parts = ("opened", "incomplete", "contradictory", "without_due", "open_without_due")
    measures = ", ".join(literal(f"{kind}.{part}") for kind in KINDS for part in parts)
    query = f"""WITH counted AS (
    SELECT topic, sum(events) AS events, sum(duplicates) AS duplicates FROM screens.partition_offsets GROUP BY topic
), refused AS (
    SELECT topic, count(*) AS letters, count(*) FILTER (WHERE reason = 'conflicting_id') AS conflicts
    FROM screens.dead_letters WHERE state <> 'replayed' GROUP BY topic
), cases AS (
    SELECT system, sum(value) FILTER (WHERE measure LIKE '%.opened') AS opened,
        sum(value) FILTER (WHERE measure LIKE '%.incomplete') AS incomplete,
        sum(value) FILTER (WHERE measure LIKE '%.contradictory') AS contradictory,
        sum(value) FILTER (WHERE measure LIKE '%.without_due' OR measure LIKE '%.open_without_due') AS without_due
    FROM screens.counters_month WHERE measure IN ({measures}) GROUP BY system
)
SELECT f.name_{sources.language} AS system, {sources.agency("f.owner")} AS owner, f.owner AS code,
    100.0 * c.events / nullif(c.events + coalesce(r.letters, 0), 0) AS accepted, coalesce(r.letters, 0) AS letters,
    100.0 * (k.opened - coalesce(k.without_due, 0)) / nullif(k.opened, 0) AS with_due,
    coalesce(k.incomplete, 0) AS incomplete, coalesce(k.contradictory, 0) AS contradictory,
    coalesce(c.duplicates, 0) AS duplicates, coalesce(r.conflicts, 0) AS conflicts, f.last_at,
    CASE WHEN f.last_at IS NULL THEN 'no_data' WHEN f.alive THEN 'met' ELSE 'at_risk' END AS live
FROM ({freshness()}) AS f JOIN screens.systems AS s ON s.system = f.system
LEFT JOIN counted AS c ON c.topic = s.topic LEFT JOIN refused AS r ON r.topic = s.topic
LEFT JOIN cases AS k ON k.system = f.system LEFT JOIN screens.agencies AS a ON a.code = f.owner
ORDER BY f.alive, accepted NULLS LAST, 1"""
    columns = [
        Column("system", Text("Hệ thống", "System")),
        Column("owner", AGENCY, width=240),
        Column("accepted", Text("Đúng: được nhận", "Right: accepted"), "percent", width=140),
        Column("letters", Text("Bị từ chối", "Refused"), "whole", width=110, alarming=True),
        Column("with_due", Text("Đủ: có hạn", "Complete: with due time"), "percent", width=130),
        Column("incomplete", Text("Thiếu tiếp nhận", "No opening"), "whole", width=120, alarming=True),
        Column("contradictory", Text("Mâu thuẫn", "Contradictory"), "whole", width=120, alarming=True),
        Column("duplicates", Text("Sạch: bản trùng", "Clean: duplicates"), "whole", width=130),
        Column("conflicts", Text("Trùng id khác nội dung", "Conflicts"), "whole", width=120, alarming=True),
        Column("last_at", Text("Sống: nhận gần nhất", "Live: last received"), "moment", width=160),
        Column("live", Text("So với nhịp", "Against its cadence"), "status", width=160),
    ]
    return Table(Text("Đúng, đủ, sạch, sống", "Right, complete, clean, live"), query, columns)


def _reasons(sources: Sources) -> Table:
    look = sources.text(Text("Xem opscentre dead-letters show", "See opscentre dead-letters show"))
    query = f"""SELECT coalesce({sources.name("s")}, d.topic) AS system, d.reason, count(*) AS letters,
    max(d.seen_at) AS newest, {sources.word("d.reason", ADVICE, look)} AS advice
FROM screens.dead_letters AS d LEFT JOIN screens.systems AS s ON s.topic = d.topic
WHERE d.state = 'open' GROUP BY s.name_vi, s.name_en, d.topic, d.reason ORDER BY 3 DESC, 1, 2 LIMIT 200"""
    columns = [
        Column("system", Text("Hệ thống", "System")),
        Column("reason", Text("Lý do", "Reason"), width=170),
        Column("letters", Text("Số lượng", "Count"), "whole", width=90, alarming=True),
        Column("newest", Text("Mới nhất", "Newest"), "moment", width=150),
        Column("advice", Text("Việc cần làm", "What to do"), width=300),
    ]
    return Table(Text("Bị từ chối, vì sao", "Refused, and why"), query, columns, nothing=_NONE)


def _by_day(sources: Sources) -> Lines:
    query = f"""SELECT indicators.begin_of(d.day) AS time,
    (SELECT count(*) FROM screens.dead_letters AS l WHERE l.seen_at >= indicators.begin_of(d.day)
        AND l.seen_at < indicators.begin_of(d.day + 1)) AS refused
FROM (SELECT generate_series((:since AT TIME ZONE {sources.zone})::date, (:until AT TIME ZONE {sources.zone})::date,
    interval '1 day')::date AS day) AS d ORDER BY 1"""
    series = [Column("refused", Text("Bị từ chối", "Refused"), "whole")]
    return Lines(Text("Bị từ chối theo ngày", "Refused by day"), query, series, bars=True)


def _delays(sources: Sources) -> Table:
    query = f"""SELECT {sources.name("s")} AS system, (e.time AT TIME ZONE {sources.zone})::date AS day,
    count(*) AS events,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM e.received_at - e.time)) AS p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM e.received_at - e.time)) AS p95
FROM screens.events AS e JOIN screens.systems AS s ON s.system = e.system
WHERE e.time >= :since AND e.time <= :until GROUP BY s.name_vi, s.name_en, 2 ORDER BY 2 DESC, 5 DESC LIMIT 200"""
    columns = [
        Column("system", Text("Hệ thống", "System")),
        Column("day", Text("Ngày xảy ra", "Day"), "day", width=120),
        Column("events", Text("Sự kiện", "Events"), "whole", width=120),
        Column("p50", Text("Trễ trung vị", "Delay, median"), "seconds", width=140),
        Column("p95", Text("Trễ, 95 %", "Delay, 95 %"), "seconds", width=140),
    ]
    title = Text("Từ lúc xảy ra đến lúc nhận", "From when it happened to when it was received")
    return Table(title, query, columns, nothing=_NONE)
