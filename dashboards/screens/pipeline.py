"""The pipeline's own health: is everything counted, refused, swept and told?"""

from dashboards.model import Bars, Column, Lines, Number, Placed, Screen, Table
from dashboards.screens.parts import last_event
from dashboards.sources import Sources
from dashboards.texts import AGENCY, Text
from dashboards.words import DELIVERIES

_NONE = Text("Không có", "None")


def pipeline(sources: Sources) -> Screen:
    """The screen `pipeline`."""
    return Screen(
        "pipeline",
        sources.language,
        Text("Tình trạng hệ thống", "Pipeline health"),
        Text(
            "Mọi sự kiện có được đếm, mọi hạn có được quét, mọi tin có được gửi không.",
            "Is every event counted, every deadline swept, every message sent?",
        ),
        [
            *(Placed(number, 4, 4) for number in _numbers()),
            Placed(_by_minute(), 12, 9),
            Placed(_letters(sources), 12, 9),
            Placed(_partitions(), 12, 12),
            Placed(_deliveries(sources), 12, 12),
            Placed(_sweeps(sources), 12, 10),
            Placed(_sizes(), 12, 10),
        ],
        days=1,
        viewers=Text("Đội vận hành", "The operators"),
        when_red=Text(
            "Chạy opscentre status rồi làm theo sổ tay vận hành (docs/runbooks).",
            "Run opscentre status, then follow the runbook (docs/runbooks).",
        ),
    )


def _numbers() -> list[Number]:
    waited = "SELECT ceil(extract(epoch FROM now() - min(swept_at))) AS value, CASE WHEN min(swept_at) < now() "
    waited += "- interval '5 minutes' THEN 'at_risk' END AS status FROM screens.sweeps"
    waiting = "SELECT sum(lag) AS value, CASE WHEN max(asked_at) < now() - interval '5 minutes' OR sum(lag) > 10000 "
    waiting += "THEN 'at_risk' END AS status FROM screens.lags"
    return [
        Number(Text("Sự kiện đã đếm", "Events counted"), "SELECT sum(events) AS value FROM screens.partition_offsets"),
        Number(Text("Chờ đếm", "Not counted yet"), waiting),
        Number(
            Text("Bị từ chối, chưa xử lý", "Dead letters open"),
            "SELECT count(*) AS value FROM screens.dead_letters WHERE state = 'open'",
            alarming=True,
        ),
        Number(Text("Từ lần quét hạn cũ nhất", "Since the oldest sweep"), waited, "seconds"),
        Number(
            Text("Tin chưa gửi được", "Messages not delivered"),
            "SELECT count(*) AS value FROM screens.deliveries WHERE state IN ('pending', 'failed')",
            alarming=True,
        ),
        last_event(),
    ]


def _by_minute() -> Lines:
    query = """SELECT date_bin('10 minutes', e.received_at, timestamptz 'epoch') AS time, count(*) AS events
FROM screens.events AS e WHERE e.time >= :since AND e.time <= :until AND e.received_at >= :since
GROUP BY 1 ORDER BY 1"""
    series = [Column("events", Text("Sự kiện trong 10 phút", "Events in 10 minutes"), "whole")]
    title = Text("Sự kiện theo lúc nhận", "Events by when they were received")
    return Lines(title, query, series, bars=True)


def _letters(sources: Sources) -> Table:
    query = """SELECT reason, topic, count(*) AS letters, max("offset") AS newest_offset, max(seen_at) AS newest
FROM screens.dead_letters WHERE state = 'open' GROUP BY reason, topic ORDER BY 3 DESC, 1, 2 LIMIT 200"""
    columns = [
        Column("reason", Text("Lý do", "Reason"), width=180),
        Column("topic", Text("Chủ đề", "Topic")),
        Column("letters", Text("Số lượng", "Count"), "whole", width=100, alarming=True),
        Column("newest_offset", Text("Vị trí mới nhất", "Newest offset"), "whole", width=130),
        Column("newest", Text("Lúc", "Seen"), "moment", width=150),
    ]
    note = Text("Lệnh: opscentre dead-letters list", "Command: opscentre dead-letters list")
    return Table(Text("Bị từ chối theo lý do", "Dead letters by reason"), query, columns, nothing=_NONE, note=note)


def _partitions() -> Table:
    query = """SELECT p.topic, p.partition, p.next_offset, l.lag, p.events, p.duplicates, p.updated_at, p.set_aside
FROM screens.partition_offsets AS p LEFT JOIN screens.lags AS l USING (topic, partition)
ORDER BY p.set_aside NULLS LAST, l.lag DESC NULLS LAST, p.topic, p.partition, p.updated_at DESC"""
    columns = [
        Column("topic", Text("Chủ đề", "Topic")),
        Column("partition", Text("Phân vùng", "Partition"), "whole", width=90),
        Column("next_offset", Text("Vị trí", "Next offset"), "whole", width=110),
        Column("lag", Text("Chờ", "Waiting"), "whole", width=90),
        Column("events", Text("Sự kiện", "Events"), "whole", width=110),
        Column("duplicates", Text("Trùng", "Duplicates"), "whole", width=90),
        Column("updated_at", Text("Ghi lúc", "Written"), "moment", width=150),
        Column("set_aside", Text("Để riêng vì", "Set aside because"), width=180),
    ]
    return Table(Text("Phân vùng", "Partitions"), query, columns, nothing=_NONE)


def _deliveries(sources: Sources) -> Table:
    query = f"""SELECT {sources.word("d.state", DELIVERIES)} AS state, d.title, {sources.agency("d.agency")} AS agency,
    d.attempts, d.created_at, d.settled_at
FROM screens.deliveries AS d LEFT JOIN screens.agencies AS a ON a.code = d.agency
ORDER BY d.state = 'delivered', d.created_at DESC LIMIT 100"""
    columns = [
        Column("state", Text("Trạng thái", "State"), width=140),
        Column("title", Text("Tin", "Message")),
        Column("agency", AGENCY, width=220),
        Column("attempts", Text("Lần thử", "Attempts"), "whole", width=90),
        Column("created_at", Text("Tạo lúc", "Made"), "moment", width=150),
        Column("settled_at", Text("Xong lúc", "Settled"), "moment", width=150),
    ]
    return Table(Text("Gửi tin", "Deliveries"), query, columns, nothing=_NONE)


def _sweeps(sources: Sources) -> Table:
    query = f"""SELECT coalesce({sources.name("s")}, w.system) AS system, w.swept_at,
    extract(epoch FROM now() - w.swept_at) AS ago
FROM screens.sweeps AS w LEFT JOIN screens.systems AS s ON s.system = w.system ORDER BY w.swept_at, 1"""
    columns = [
        Column("system", Text("Hệ thống", "System")),
        Column("swept_at", Text("Quét lúc", "Swept"), "moment", width=160),
        Column("ago", Text("Cách đây", "Ago"), "seconds", width=120),
    ]
    return Table(Text("Quét hạn", "Sweeps for deadlines"), query, columns, nothing=_NONE)


def _sizes() -> Bars:
    query = "SELECT name, round(bytes / 1048576.0, 1) AS value FROM screens.sizes ORDER BY bytes DESC"
    return Bars(Text("Dung lượng bảng (MB)", "Size of the tables (MB)"), query, "decimal")
