"""Screens of one or several systems: digital work, 5G, order and traffic, population, and the programmes' tasks."""

from dashboards.model import Column, Number, Placed, Screen, Table
from dashboards.screens.parts import (
    TO_AGENCY,
    agency_choice,
    cases_table,
    curves,
    indicator_tiles,
    most_overdue,
    one,
    split,
    system_panels,
)
from dashboards.screens.targets import targets_table
from dashboards.screens.wall import stations_map
from dashboards.sources import Sources, below, of_systems
from dashboards.texts import AGENCY, Text

PROGRAMME = ("science", "finance", "resolution-193", "green", "tourism", "front", "ops-centre")


def digital_work(sources: Sources) -> Screen:
    """The screen `digital-work`."""
    found = sources.catalogue.indicators
    shares = ["officers-online-and-signing-share", "officers-online-share", "officers-signing-share"]
    known = [found[id_] for id_ in shares if id_ in found]
    both = Text("Làm việc trực tuyến và ký số", "Work online and sign")
    return Screen(
        "digital-work",
        sources.language,
        Text("Làm việc số", "Digital work"),
        Text(
            "Bao nhiêu cán bộ xử lý hồ sơ trực tuyến và ký số; còn bao nhiêu chưa.",
            "How many work online and sign, and how many do not yet.",
        ),
        [
            Placed(one(sources, both, shares[0]), 6, 4),
            Placed(one(sources, Text("Xử lý trực tuyến", "Work online"), shares[1]), 6, 4),
            Placed(one(sources, Text("Ký số", "Sign digitally"), shares[2]), 6, 4),
            Placed(_not_yet(sources), 6, 4),
            *(Placed(panel, 12, 9) for panel in curves(sources, known[:1])),
            *(Placed(split(sources, indicator), 12, 9) for indicator in known[:1]),
            Placed(_officers(sources), 24, 18),
        ],
        [agency_choice(sources)],
        viewers=Text("Văn phòng tỉnh, thủ trưởng cơ quan", "The province's office, heads of agencies"),
        when_red=Text(
            "Cơ quan đứng đầu bảng còn nhiều người chưa làm: kiểm tra chứng thư số và tài khoản.",
            "The agency at the top has most who do not yet: check their certificates and accounts.",
        ),
    )


def _not_yet(sources: Sources) -> Number:
    query = f"""SELECT v.denominator - v.numerator AS value
FROM {sources.values("officers-online-and-signing-share")} AS v WHERE v.agency = :agency AND v.dimensions = ''"""
    return Number(Text("Còn chưa làm (người)", "Not yet (people)"), query)


def _officers(sources: Sources) -> Table:
    both = "officers-online-and-signing-share"
    query = f"""SELECT a.code, {sources.name("a")} AS agency, b.denominator AS officers, n.value AS online,
    s.value AS signing,
    b.value AS both_share, b.denominator - b.numerator AS not_yet
FROM screens.agencies AS a {sources.join("b", both)} {sources.join("n", "officers-online-share")}
{sources.join("s", "officers-signing-share")}
WHERE b.denominator > 0 AND {below("a.code")} ORDER BY a.parent IS NOT NULL, not_yet DESC, 2"""
    columns = [
        Column("agency", AGENCY, link=TO_AGENCY),
        Column("officers", Text("Cán bộ", "Officers"), "whole", width=110),
        Column("online", Text("Trực tuyến", "Online"), "percent", width=120),
        Column("signing", Text("Ký số", "Signing"), "percent", width=120),
        Column("both_share", Text("Cả hai", "Both"), "percent", width=120),
        Column("not_yet", Text("Còn chưa làm", "Not yet"), "whole", width=130),
    ]
    return Table(Text("Theo cơ quan, tháng này", "By agency, this month"), query, columns)


def stations(sources: Sources) -> Screen:
    """The screen `stations`."""
    found = sources.catalogue.indicators
    known = [found["stations-5g"]] if "stations-5g" in found else []
    return Screen(
        "stations",
        sources.language,
        Text("Trạm 5G", "5G stations"),
        Text(
            "Có bao nhiêu trạm, ở đâu, của ai; có kịp mục tiêu không.",
            "How many, where, whose; and will the target be met.",
        ),
        [
            Placed(targets_table(sources, Text("Mục tiêu", "The target"), sources.statuses_of(["stations-5g"])), 24, 6),
            Placed(stations_map(sources, Text("Vị trí các trạm", "Where they stand"), ":agency"), 12, 14),
            *(Placed(panel, 12, 14) for panel in curves(sources, known)),
            *(Placed(split(sources, indicator), 8, 12) for indicator in known),
            Placed(_communes(sources), 16, 12),
        ],
        [agency_choice(sources)],
        viewers=Text("Sở Khoa học và Công nghệ, nhà mạng", "The department of science and technology, operators"),
        when_red=Text(
            "Đối chiếu nhịp độ với mục tiêu; làm việc với nhà mạng về các xã chưa có trạm.",
            "Compare pace and target; speak with the operators about communes without a station.",
        ),
    )


def _communes(sources: Sources) -> Table:
    query = f"""SELECT a.code, {sources.name("a")} AS commune, count(s.subject) AS stations,
    coalesce(string_agg(DISTINCT s.operator, ', '), '') AS operators, max(s.since) AS newest
FROM screens.agencies AS a LEFT JOIN screens.stations AS s ON s.agency = a.code AND s.technology = '5g'
WHERE a.kind = 'commune' AND {below("a.code")} GROUP BY a.code, a.name_vi, a.name_en ORDER BY 3, 2"""
    columns = [
        Column("commune", Text("Xã, phường", "Commune"), link=TO_AGENCY),
        Column("stations", Text("Trạm", "Stations"), "whole", width=100),
        Column("operators", Text("Nhà mạng", "Operators"), width=220),
        Column("newest", Text("Mới nhất", "Newest"), "moment", width=160),
    ]
    return Table(Text("Theo xã, phường; chưa có trước", "By commune, those without first"), query, columns)


def order(sources: Sources) -> Screen:
    """The screen `order`."""
    return _of_system(
        sources,
        "order",
        ["police-ops"],
        Text("Trật tự, giao thông", "Order and traffic"),
        Text(
            "Vụ việc và vi phạm: bao nhiêu, giải quyết đúng hạn không.",
            "Incidents and violations: how many, settled in time?",
        ),
        Text("Công an tỉnh", "The province's police"),
    )


def population(sources: Sources) -> Screen:
    """The screen `population`."""
    return _of_system(
        sources,
        "population",
        ["population"],
        Text("Dân cư và VNeID", "Population and VNeID"),
        Text("Giấy tờ cấp đúng hạn, xác thực điện tử, thứ hạng.", "Credentials in time, authentications, the rank."),
        Text("Công an tỉnh, Tổ công tác Đề án 06", "The province's police, the task force of Project 06"),
    )


def _of_system(sources: Sources, name: str, systems: list[str], title: Text, purpose: Text, viewers: Text) -> Screen:
    overdue = f"{of_systems('c.system', systems)} AND c.overdue AND {below('c.agency')}"
    return Screen(
        name,
        sources.language,
        title,
        purpose,
        [
            *system_panels(sources, systems),
            Placed(most_overdue(sources, Text("Ai đang nợ", "Who owes"), overdue, 12), 8, 14),
            Placed(cases_table(sources, Text("Quá hạn", "Overdue"), overdue, systems=False), 16, 14),
        ],
        [agency_choice(sources)],
        viewers=viewers,
        when_red=Text(
            "Mở việc quá hạn lâu nhất và gọi đơn vị có tên trong bảng.",
            "Open what is overdue for longest, and call the unit that the table names.",
        ),
    )


def programme(sources: Sources) -> Screen:
    """The screen `programme`."""
    known = [system for system in PROGRAMME if system in sources.catalogue.systems]
    found = sources.catalogue.indicators.values()
    targeted = [one.id for one in found if one.file.system in known and one.file.target]
    tasks = f"""{of_systems("c.system", known)} AND c.kind = 'task' AND c.state IN ('open', 'suspended')
    AND {below("c.agency")}"""
    return Screen(
        "programme",
        sources.language,
        Text(
            "Chương trình và nhiệm vụ",
            "Programme and tasks",
        ),
        Text(
            "Mỗi nhiệm vụ phải giao gì, khi nào, đến đâu, đến lượt ai.",
            "What each task is to deliver, by when, how far it is, whose turn it is.",
        ),
        [
            Placed(targets_table(sources, Text("Chỉ tiêu", "Targets"), sources.statuses_of(targeted)), 24, 18),
            Placed(cases_table(sources, Text("Nhiệm vụ đang thực hiện", "Tasks under way"), tasks, tasks=True), 24, 20),
            Placed(indicator_tiles(sources, Text("Chỉ số", "Indicators"), known, 6), 24, 36),
        ],
        [agency_choice(sources)],
        viewers=Text("Văn phòng ban chỉ đạo, cơ quan chủ trì", "The committee's office, the agencies in charge"),
        when_red=Text(
            "Nhiệm vụ quá hạn: yêu cầu cơ quan chủ trì báo cáo lý do và ngày hoàn thành mới.",
            "An overdue task: ask the agency in charge for the reason and a new day.",
        ),
    )
