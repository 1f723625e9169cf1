"""The tasks that the programme assigns: what, until when, and how it goes with them.

Days count from the plan's today, so that whenever it is simulated some targets have been met, some have been missed,
and the last are ahead. They lie as the province's own targets of 2025 lay in late November: those of May, June and
August behind, the end of the year ahead.
"""

from typing import NamedTuple

MAY, JUNE, AUGUST, DECEMBER = -179, -148, -87, 36


class Assignment(NamedTuple):
    """A task; `subject` is its system and its name."""

    subject: str
    title: str
    due: int
    """Day on which it is due."""
    done: int | None = None
    """Day on which it is completed; None: not yet."""
    programme: str = "resolution-57"
    days: int = 150
    """Days between the assignment and the due time first given."""
    extended: int = 0
    """Days by which the due time was moved to `due`, shortly before it was reached."""
    suspended: int = 0
    """Days for which it was suspended in the middle."""
    reopened: int = 0
    """Days before `done` on which it had been said to be completed; what was done did not do."""
    cancelled: bool = False
    """It was taken back on the day on which it would have been done."""
    agency: str = ""
    """Code of the agency that owes it, where the system may speak for it; else the one that leads there."""
    spread: bool = False
    """Those that are `spread` are owed by all the agencies in turn."""

    @property
    def system(self) -> str:
        """Id of the system that reports it."""
        return self.subject.partition("/")[0]


_NAMED = (
    Assignment(
        "ops-centre/official-operation",
        "Đưa Trung tâm điều hành thông minh vào vận hành chính thức",
        DECEMBER,
        DECEMBER - 6,
        days=280,
    ),
    Assignment(
        "ops-centre/connect-systems", "Kết nối các hệ thống thông tin của tỉnh", AUGUST, AUGUST - 9, suspended=14
    ),
    Assignment("one-stop/upgrade", "Nâng cấp Hệ thống thông tin giải quyết TTHC tỉnh", JUNE, JUNE - 3),
    Assignment(
        "one-stop/full-process-services", "100% TTHC đủ điều kiện được cung cấp trực tuyến toàn trình", MAY, MAY + 12
    ),
    Assignment("one-stop/full-process-share", "Tỷ lệ hồ sơ trực tuyến toàn trình tối thiểu 70%", AUGUST, days=200),
    Assignment(
        "police-ops/operations-centre",
        "Đưa Trung tâm điều hành tác chiến vào hoạt động",
        DECEMBER,
        DECEMBER - 2,
        "project",
        300,
    ),
    Assignment("front/digital-transformation", "Chuyển đổi số Mặt trận và các tổ chức", DECEMBER, DECEMBER - 1),
    Assignment("front/member-database", "Cơ sở dữ liệu đoàn viên, hội viên", -40),
    Assignment("front/online-feedback", "Kênh tiếp nhận ý kiến trực tuyến", JUNE, JUNE - 20),
    Assignment(
        "tourism/digital-product",
        "Trải nghiệm - khám phá cùng thanh niên tỉnh",
        AUGUST,
        AUGUST - 4,
        "project",
        agency="H06.42",
    ),
    Assignment("tourism/digital-transformation", "Chuyển đổi số du lịch", DECEMBER, DECEMBER - 8, days=250),
    Assignment("tourism/smart-cards", "Thẻ du lịch thông minh", AUGUST, -110, "project", cancelled=True),
    Assignment(
        "finance/fee-proposal",
        "Đề xuất miễn, giảm phí, lệ phí dịch vụ công toàn trình",
        JUNE,
        JUNE - 2,
        agency="H06.31",
    ),
    Assignment("finance/fee-resolution", "Nghị quyết về miễn, giảm phí, lệ phí", JUNE, JUNE + 9, agency="H06.32"),
    Assignment("finance/spending-mechanism", "Cơ chế tài chính cho khoa học, công nghệ", 20, extended=80),
    Assignment("finance/enterprise-support", "Chính sách hỗ trợ doanh nghiệp số", DECEMBER, DECEMBER - 5),
    Assignment("finance/disbursement-plan", "Kế hoạch giải ngân cho Nghị quyết 57", -60, -35, suspended=12),
    Assignment("green/industrial-parks", "Chuyển đổi xanh các khu công nghiệp", DECEMBER, DECEMBER - 3, "green", 300),
    Assignment("green/green-ports", "Cảng xanh Cái Mép - Thị Vải", DECEMBER, None, "green", 300),
    Assignment("green/emissions-inventory", "Kiểm kê phát thải khí nhà kính", -30, None, "green", 200),
    Assignment(
        "green/shore-power", "Cung cấp điện bờ cho tàu", AUGUST, AUGUST - 1, "green", 120, extended=45, reopened=20
    ),
)

_PILOTS = (
    ("resolution-193/sandbox-rules", "Quy chế thử nghiệm có kiểm soát", JUNE, JUNE - 11),
    ("resolution-193/delivery-drones", "Thí điểm giao hàng bằng thiết bị bay không người lái", DECEMBER, None),
    ("resolution-193/direct-to-device", "Thí điểm dịch vụ viễn thông qua vệ tinh", DECEMBER, DECEMBER - 10),
    ("resolution-193/lump-sum-funding", "Thí điểm khoán chi nhiệm vụ khoa học", AUGUST, AUGUST + 25),
    ("resolution-193/results-ownership", "Thí điểm giao quyền sở hữu kết quả nghiên cứu", -20, None),
)

_SCIENCE = 25
"""Provincial tasks; the targets ask for as many under way, and for 20 accepted works."""


def _science(number: int) -> Assignment:
    due = MAY + 9 * number
    # The first have been accepted, each fifth of them late; one has been left behind; of the rest one needs more time.
    done = None if number in {17, 25} else due + (14 if number % 5 == 0 else -4)
    return Assignment(
        f"science/provincial-task-{number:02}",
        f"Nhiệm vụ khoa học và công nghệ cấp tỉnh số {number}",
        due,
        done,
        days=240,
        extended=60 if number % 7 == 0 else 0,
        suspended=20 if number % 6 == 0 else 0,
        spread=True,
    )


ASSIGNMENTS = (
    *_NAMED,
    *(Assignment(subject, title, due, done, "pilot", 120, spread=True) for subject, title, due, done in _PILOTS),
    *(_science(number) for number in range(1, _SCIENCE + 1)),
)
"""All of them; a catalogue without one of the systems does without its tasks."""
