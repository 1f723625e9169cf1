"""Texts in both languages, side by side where they are used: one that lacks a language does not type-check."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")


class Text(NamedTuple):
    """A text of the screens."""

    vi: str
    en: str

    def of(self, language: Language) -> str:
        """The text in a language."""
        return self.vi if language == "vi" else self.en


DASH = "—"
"""Stands in a cell of which there is nothing to say."""

AGENCY = Text("Cơ quan", "Agency")
NO_DATA = Text("Chưa có dữ liệu", "No data")

UNITS: Mapping[str, Text] = {
    "percent": Text("%", "%"),
    "authentications": Text("lượt xác thực", "authentications"),
    "berths": Text("bến", "berths"),
    "credentials": Text("giấy tờ", "credentials"),
    "days": Text("ngày", "days"),
    "dossiers": Text("hồ sơ", "dossiers"),
    "enterprises": Text("doanh nghiệp", "enterprises"),
    "incidents": Text("vụ việc", "incidents"),
    "officers": Text("cán bộ", "officers"),
    "parks": Text("khu công nghiệp", "parks"),
    "payments": Text("lượt thanh toán", "payments"),
    "people": Text("người", "people"),
    "rank": Text("thứ hạng", "rank"),
    "signatures": Text("lượt ký số", "signatures"),
    "stations": Text("trạm", "stations"),
    "systems": Text("hệ thống", "systems"),
    "tasks": Text("nhiệm vụ", "tasks"),
    "uses": Text("lượt", "uses"),
    "violations": Text("vi phạm", "violations"),
    "working days": Text("ngày làm việc", "working days"),
    "works": Text("công trình", "works"),
}
"""Units of indicators, by what the catalogue calls them. A province may add others, which show as it writes them."""
