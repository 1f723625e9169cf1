"""Units of indicators in Vietnamese: the catalogue has them in English words."""

from dashboards.texts import Language

_VIETNAMESE = {
    "authentications": "lượt xác thực",
    "berths": "bến",
    "credentials": "giấy tờ",
    "days": "ngày",
    "dossiers": "hồ sơ",
    "enterprises": "doanh nghiệp",
    "incidents": "vụ việc",
    "officers": "cán bộ",
    "parks": "khu công nghiệp",
    "payments": "lượt thanh toán",
    "people": "người",
    "rank": "thứ hạng",
    "signatures": "lượt ký số",
    "stations": "trạm",
    "systems": "hệ thống",
    "tasks": "nhiệm vụ",
    "uses": "lượt",
    "violations": "vi phạm",
    "working days": "ngày làm việc",
    "works": "công trình",
}


def unit(name: str, language: Language) -> str:
    """A unit in a language; one that is not known here as the catalogue has it."""
    if name == "percent":
        return "%"
    return _VIETNAMESE.get(name, name) if language == "vi" else name


def units_sql(language: Language, column: str) -> str:
    """The unit in a language, of a column that has it as the catalogue does."""
    known = " ".join(f"WHEN '{name}' THEN '{unit(name, language)}'" for name in ("percent", *_VIETNAMESE))
    return f"CASE {column} {known} ELSE {column} END"
