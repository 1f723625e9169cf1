"""Words of the pages' own: navigation, choices, what is wrong."""

from dashboards.texts import Text

SCREENS = Text("Màn hình", "Screens")
SHOW = Text("Xem", "Show")
ALL = Text("tất cả", "all")
CHOSEN = Text("đã chọn", "chosen")
PERIOD = Text("Thời gian", "Period")
LAST_DAYS = Text("{days} ngày qua", "the last {days} days")
FILTER = Text("Lọc", "Filter")
NO_MATCH = Text("Không có dòng nào khớp với bộ lọc.", "No row matches the filter.")
DATA = Text("Dữ liệu", "Data")
SKIP = Text("Đến nội dung chính", "Skip to the figures")
OTHER_LANGUAGE = Text("English", "Tiếng Việt")
AS_OF = Text("Số liệu lúc", "Figures as of")
LAST_EVENT = Text("sự kiện cuối được tính lúc", "last event counted at")
NO_EVENT = Text("chưa có sự kiện nào được tính", "no event counted yet")
UPDATED = Text("Cập nhật", "Updated")
FROZEN = Text(
    "Trang này đã ngừng cập nhật: không liên lạc được với máy chủ. Số liệu bên dưới là số liệu cũ.",
    "This page has stopped: the server cannot be reached. The figures below are old ones.",
)
DATABASE_AWAY = Text(
    "Cơ sở dữ liệu không trả lời. Số liệu bên dưới là của lúc", "The database does not answer. The figures are those of"
)
DATABASE_NEVER = Text(
    "Cơ sở dữ liệu không trả lời, chưa lấy được số liệu nào.", "The database does not answer; no figures were got yet."
)
NOT_KNOWN = Text("Không rõ", "Not known")
NOT_ASKED = Text("Không lấy được số liệu này", "This figure could not be got")
OLD = Text("Không lấy được số liệu mới; đây là số liệu lúc", "Newer figures could not be got; these are of")
SCRIPT_NEEDED = Text(
    "Biểu đồ cần JavaScript; số liệu ở dạng bảng:", "The chart needs JavaScript; the figures as a table:"
)
FIRST_ROWS = Text(
    "{shown} trong số {all} dòng; tất cả ở tệp CSV hoặc Excel.",
    "{shown} of {all} rows; all are in the CSV or Excel file.",
)
FOR_WHOM = Text("Dành cho", "For")
WHEN_RED = Text("Khi có số đỏ", "When a figure is red")
PLACES = Text("địa điểm", "places")

NOT_FOUND = Text("Không tìm thấy", "Not found")
BAD_ADDRESS = Text("Địa chỉ sai", "A wrong address")
FAILED = Text("Có lỗi ở máy chủ", "Something went wrong here")
BUSY = Text("Máy chủ đang bận", "The server is busy")
NO_SUCH_PAGE = Text("Không có trang này.", "There is no such page.")
NO_SUCH_SCREEN = Text("Không có màn hình “{name}”.", "There is no screen “{name}”.")
NO_SUCH_PANEL = Text("Màn hình này không có ô {name}.", "This screen has no panel {name}.")
NO_SUCH_PARAMETER = Text(
    "Màn hình này không có lựa chọn “{name}”. Có: {known}.", "This screen has no choice “{name}”. There are: {known}."
)
NO_SUCH_COLUMN = Text("Bảng này không có cột “{name}”.", "That table has no column “{name}”.")
NOT_A_DAY = Text("“{name}” không phải là ngày dạng 2025-06-30.", "“{name}” is no day such as 2025-06-30.")
NOT_SECONDS = Text("“{name}” không phải là số giây từ 5 đến 3600.", "“{name}” is no number of seconds from 5 to 3600.")
REVERSED = Text("Ngày đầu sau ngày cuối.", "The first day is after the last one.")
NO_NUL = Text("Giá trị của “{name}” có ký tự không dùng được.", "The value of “{name}” has a character that none may.")
WRONG_HERE = Text("Lỗi này đã được ghi lại; hãy thử lại sau.", "It has been written to the log; try again later.")
TOO_MANY = Text("Quá nhiều trang đang mở; hãy thử lại sau.", "Too many pages are open; try again later.")
BACK = Text("Về màn hình đầu tiên", "To the first screen")
