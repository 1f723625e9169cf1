"""The pipeline's own health: is everything counted, refused, swept and told?"""

from typing import Any

from dashboards.colours import DARK, RED
from dashboards.columns import width
from dashboards.panels import ATTENTION, Panel, Screen, lines, number, rows
from dashboards.queries import Sql
from dashboards.texts import Language, Text
from schemas.catalogue.model import Catalogue


def pipeline(language: Language, catalogue: Catalogue) -> Screen:
    """The dashboard `pipeline`."""
    screen = Screen(
        "pipeline",
        Text("Trung tâm điều hành: tình trạng hệ thống", "Operations centre: pipeline health"),
        language,
        Sql(catalogue, language),
        Text("Sự kiện đến, bị từ chối, cảnh báo đã gửi.", "Events in, events refused, alerts sent."),
        since="now-1h",
    )
    _numbers(screen)
    events = "sự kiện" if language == "vi" else "events"
    title = Text("Sự kiện theo phút xảy ra", "Events by the minute in which they happened")
    per_minute = (
        f"SELECT date_trunc('minute', time) AS time, count(*) AS \"{events}\" FROM events "
        "WHERE $__timeFilter(time) GROUP BY 1 ORDER BY 1"
    )
    screen.add(lines(screen, title, per_minute, bars=True), 12, 8)
    screen.add(_letters(screen), 12, 8)
    screen.add(_partitions(screen), 12, 9)
    screen.add(_deliveries(screen), 12, 9)
    screen.add(_sweeps(screen), 12, 6)
    screen.add(_sizes(screen), 12, 6)
    return screen


def _numbers(screen: Screen) -> None:
    def add(title: Text, sql: str, **options: Any) -> None:
        screen.add(number(screen, title, sql, **options), 4, 4)

    add(Text("Sự kiện đã ghi nhận", "Events counted"), "SELECT sum(events)::bigint AS value FROM partition_offsets")
    add(Text("Bản trùng đã bỏ", "Duplicates dropped"), "SELECT sum(duplicates)::bigint AS value FROM partition_offsets")
    letters = "SELECT count(*) AS value FROM dead_letters WHERE state = 'open'"
    add(Text("Bị từ chối, chưa xử lý", "Dead letters open"), letters, steps=ATTENTION)
    written = (
        "SELECT ceil(extract(epoch FROM now() - max(updated_at))) AS value FROM partition_offsets WHERE events > 0"
    )
    late = ((None, DARK), (600.0, RED))
    add(Text("Từ lần ghi gần nhất", "Since the last write"), written, unit="s", decimals=0, steps=late)
    swept = "SELECT ceil(extract(epoch FROM now() - min(swept_at))) AS value FROM sweeps"
    add(Text("Từ lần quét hạn gần nhất", "Since the last sweep"), swept, unit="s", decimals=0, steps=late)
    waiting = "SELECT count(*) AS value FROM deliveries WHERE state <> 'delivered'"
    add(Text("Tin chưa gửi được", "Messages not delivered"), waiting, steps=ATTENTION)


def _letters(screen: Screen) -> Panel:
    reason, count, newest, example = (
        ("Lý do", "Số lượng", "Mới nhất", "Ví dụ")
        if screen.language == "vi"
        else ("Reason", "Count", "Newest", "Example")
    )
    query = f"""SELECT reason AS "{reason}", count(*) AS "{count}", {screen.sql.local("max(timestamp)")} AS "{newest}",
    (array_agg(left(detail, 200) ORDER BY id DESC))[1] AS "{example}"
FROM dead_letters WHERE state = 'open' GROUP BY reason ORDER BY 2 DESC"""
    columns = {reason: width(170), count: width(90), newest: width(140)}
    note = Text("Lệnh: opscentre dead-letters list", "Command: opscentre dead-letters list")
    title = Text("Bị từ chối theo lý do", "Dead letters by reason")
    return rows(screen, title, query, columns=columns, description=note)


def _partitions(screen: Screen) -> Panel:
    topic, partition, offset, events, duplicates, written = (
        ("Chủ đề", "Phân vùng", "Vị trí", "Sự kiện", "Trùng", "Ghi lúc")
        if screen.language == "vi"
        else ("Topic", "Partition", "Next offset", "Events", "Duplicates", "Written")
    )
    query = f"""SELECT topic AS "{topic}", partition AS "{partition}", next_offset AS "{offset}",
    events AS "{events}", duplicates AS "{duplicates}", {screen.sql.local("updated_at")} AS "{written}"
FROM partition_offsets ORDER BY topic, partition, updated_at DESC"""
    return rows(screen, Text("Phân vùng", "Partitions"), query, columns={written: width(140)})


def _deliveries(screen: Screen) -> Panel:
    address, state, count, tries, error = (
        ("Nơi nhận", "Trạng thái", "Số tin", "Số lần thử", "Lỗi gần nhất")
        if screen.language == "vi"
        else ("To", "State", "Messages", "Most attempts", "Last error")
    )
    names = (
        "WHEN 'pending' THEN 'đang chờ' WHEN 'delivered' THEN 'đã gửi' WHEN 'failed' THEN 'thất bại'"
        if screen.language == "vi"
        else "WHEN 'pending' THEN 'pending' WHEN 'delivered' THEN 'delivered' WHEN 'failed' THEN 'failed'"
    )
    query = f"""SELECT address AS "{address}", CASE state {names} END AS "{state}", count(*) AS "{count}",
    max(attempts) AS "{tries}", (array_agg(error ORDER BY created_at DESC))[1] AS "{error}"
FROM deliveries GROUP BY address, state ORDER BY address, state"""
    columns = {state: width(100), count: width(80), tries: width(100)}
    return rows(screen, Text("Tin nhắn đã gửi", "Messages"), query, columns=columns)


def _sweeps(screen: Screen) -> Panel:
    system, swept = ("Hệ thống", "Quét lúc") if screen.language == "vi" else ("System", "Swept")
    query = f'SELECT system AS "{system}", {screen.sql.local("swept_at")} AS "{swept}" FROM sweeps ORDER BY system'
    return rows(screen, Text("Quét hạn theo hệ thống", "Sweeps for missed deadlines"), query)


def _sizes(screen: Screen) -> Panel:
    table, size = ("Bảng", "Dung lượng") if screen.language == "vi" else ("Table", "Size")
    query = f"""SELECT c.relname AS "{table}", pg_size_pretty(
    CASE c.relname WHEN 'events' THEN hypertable_size('events') ELSE pg_total_relation_size(c.oid) END) AS "{size}"
FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'migrations'
ORDER BY CASE c.relname WHEN 'events' THEN hypertable_size('events') ELSE pg_total_relation_size(c.oid) END DESC"""
    return rows(screen, Text("Dung lượng", "Sizes"), query)
