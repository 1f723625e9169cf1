"""The pipeline's own health: is everything counted, refused, swept and told?"""

from dashboards.columns import Column, select
from dashboards.panels import AGE, ATTENTION, PLAIN, NumberStyle, Panel, Screen, lines, number, rows
from dashboards.queries import Sql
from dashboards.texts import Language, Text
from schemas.catalogue.model import Catalogue

_DELIVERY_STATES = {
    "pending": Text("đang chờ", "pending"),
    "delivered": Text("đã gửi", "delivered"),
    "failed": Text("thất bại", "failed"),
    "removed": Text("đã bỏ địa chỉ", "address removed"),
}


def pipeline(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `pipeline`."""
    screen = Screen(
        "pipeline",
        Text("Trung tâm điều hành: tình trạng hệ thống", "Operations centre: pipeline health"),
        Text("Sự kiện đến, bị từ chối, cảnh báo đã gửi.", "Events in, events refused, alerts sent."),
        Sql(catalogue, language),
        since="now-1h",
    )
    _numbers(screen)
    title = Text("Sự kiện theo phút xảy ra", "Events by the minute in which they happened")
    screen.add(lines(screen, title, _by_minute(language), bars=True), 12, 8)
    screen.add(_dead_letters(screen), 12, 8)
    screen.add(_partitions(screen), 12, 9)
    screen.add(_deliveries(screen), 12, 9)
    screen.add(_sweeps(screen), 12, 6)
    screen.add(_sizes(screen), 12, 6)
    return screen


def _numbers(screen: Screen) -> None:
    def add(title: Text, value: str, source: str, style: NumberStyle = PLAIN) -> None:
        screen.add(number(screen, title, f"SELECT {value} AS value FROM {source}", style), 4, 4)

    add(Text("Sự kiện đã ghi nhận", "Events counted"), "sum(events)::bigint", "partition_offsets")
    add(Text("Bản trùng đã bỏ", "Duplicates dropped"), "sum(duplicates)::bigint", "partition_offsets")
    refused = "dead_letters WHERE state = 'open'"
    add(Text("Bị từ chối, chưa xử lý", "Dead letters open"), "count(*)", refused, ATTENTION)
    written = "partition_offsets WHERE events > 0"
    add(Text("Từ lần ghi gần nhất", "Since the last write"), _seconds_since("max(updated_at)"), written, AGE)
    add(Text("Từ lần quét hạn gần nhất", "Since the last sweep"), _seconds_since("min(swept_at)"), "sweeps", AGE)
    waiting = "deliveries WHERE state IN ('pending', 'failed')"
    add(Text("Tin chưa gửi được", "Messages not delivered"), "count(*)", waiting, ATTENTION)


def _seconds_since(moment: str) -> str:
    return f"ceil(extract(epoch FROM now() - {moment}))"


def _by_minute(language: Language) -> str:
    columns = [
        Column(Text("time", "time"), "date_trunc('minute', time)"),
        Column(Text("sự kiện", "events"), "count(*)"),
    ]
    return select(language, columns, "FROM events WHERE $__timeFilter(time) GROUP BY 1 ORDER BY 1")


def _dead_letters(screen: Screen) -> Panel:
    columns = [
        Column(Text("Lý do", "Reason"), "reason", width=170),
        Column(Text("Số lượng", "Count"), "count(*)", width=90),
        Column(Text("Mới nhất", "Newest"), screen.sql.local("max(timestamp)"), width=140),
        Column(Text("Ví dụ", "Example"), "(array_agg(left(detail, 200) ORDER BY id DESC))[1]"),
    ]
    source = "FROM dead_letters WHERE state = 'open' GROUP BY reason ORDER BY 2 DESC"
    note = Text("Lệnh: opscentre dead-letters list", "Command: opscentre dead-letters list")
    return rows(screen, Text("Bị từ chối theo lý do", "Dead letters by reason"), columns, source, description=note)


def _partitions(screen: Screen) -> Panel:
    columns = [
        Column(Text("Chủ đề", "Topic"), "topic"),
        Column(Text("Phân vùng", "Partition"), "partition"),
        Column(Text("Vị trí", "Next offset"), "next_offset"),
        Column(Text("Sự kiện", "Events"), "events"),
        Column(Text("Trùng", "Duplicates"), "duplicates"),
        Column(Text("Ghi lúc", "Written"), screen.sql.local("updated_at"), width=140),
    ]
    source = "FROM partition_offsets ORDER BY topic, partition, updated_at DESC"
    return rows(screen, Text("Phân vùng", "Partitions"), columns, source)


def _deliveries(screen: Screen) -> Panel:
    columns = [
        Column(Text("Nơi nhận", "To"), "address"),
        Column(Text("Trạng thái", "State"), screen.sql.word("state", _DELIVERY_STATES), width=100),
        Column(Text("Số tin", "Messages"), "count(*)", width=80),
        Column(Text("Số lần thử", "Most attempts"), "max(attempts)", width=100),
        Column(Text("Lỗi gần nhất", "Last error"), "(array_agg(error ORDER BY created_at DESC))[1]"),
    ]
    source = "FROM deliveries GROUP BY address, state ORDER BY address, state"
    return rows(screen, Text("Tin nhắn đã gửi", "Messages"), columns, source)


def _sweeps(screen: Screen) -> Panel:
    columns = [
        Column(Text("Hệ thống", "System"), "system"),
        Column(Text("Quét lúc", "Swept"), screen.sql.local("swept_at")),
    ]
    title = Text("Quét hạn theo hệ thống", "Sweeps for missed deadlines")
    return rows(screen, title, columns, "FROM sweeps ORDER BY system")


def _sizes(screen: Screen) -> Panel:
    size = "CASE c.relname WHEN 'events' THEN hypertable_size('events') ELSE pg_total_relation_size(c.oid) END"
    columns = [
        Column(Text("Bảng", "Table"), "c.relname"),
        Column(Text("Dung lượng", "Size"), f"pg_size_pretty({size})"),
    ]
    source = f"""FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'migrations'
ORDER BY {size} DESC"""
    return rows(screen, Text("Dung lượng", "Sizes"), columns, source)
