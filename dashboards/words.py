"""Words for what the tables call by codes: kinds and states of cases, what happened to them, channels, reasons."""

from collections.abc import Mapping

from dashboards.texts import Text

KINDS: Mapping[str, Text] = {
    "dossier": Text("Hồ sơ", "Dossier"),
    "task": Text("Nhiệm vụ", "Task"),
    "incident": Text("Vụ việc", "Incident"),
    "violation": Text("Vi phạm", "Violation"),
    "credential": Text("Giấy tờ", "Credential"),
}
STATES: Mapping[str, Text] = {
    "open": Text("đang thực hiện", "open"),
    "suspended": Text("tạm dừng", "suspended"),
    "closed": Text("đã kết thúc", "closed"),
    "incomplete": Text("thiếu sự kiện tiếp nhận", "no opening"),
}
HAPPENED: Mapping[str, Text] = {
    "received": Text("tiếp nhận", "received"),
    "assigned": Text("giao việc", "assigned"),
    "reported": Text("báo tin", "reported"),
    "recorded": Text("lập biên bản", "recorded"),
    "requested": Text("yêu cầu", "requested"),
    "progressed": Text("báo cáo tiến độ", "progress reported"),
    "suspended": Text("tạm dừng", "suspended"),
    "resumed": Text("tiếp tục", "resumed"),
    "extended": Text("gia hạn", "extended"),
    "processed": Text("xử lý xong", "processed"),
    "returned": Text("trả kết quả", "returned"),
    "refused": Text("từ chối", "refused"),
    "withdrawn": Text("rút hồ sơ", "withdrawn"),
    "completed": Text("hoàn thành", "completed"),
    "cancelled": Text("hủy", "cancelled"),
    "settled": Text("giải quyết xong", "settled"),
    "issued": Text("cấp", "issued"),
    "reopened": Text("mở lại", "reopened"),
}
"""By the second part of an event's name."""
DIMENSIONS: Mapping[str, Text] = {
    "online": Text("Trực tuyến", "Online"),
    "counter": Text("Trực tiếp", "Counter"),
    "post": Text("Bưu chính", "Post"),
    "email": Text("Thư điện tử", "E-mail"),
    "internal": Text("Nội bộ", "Internal"),
    "leader": Text("Lãnh đạo", "Leaders"),
    "official": Text("Cán bộ", "Officials"),
    "civil_servant": Text("Công chức", "Civil servants"),
    "chung-thuc": Text("Chứng thực", "Certification"),
    "ho-tich": Text("Hộ tịch", "Civil status"),
    "traffic_accident": Text("Tai nạn giao thông", "Traffic accidents"),
    "public_order": Text("Trật tự công cộng", "Public order"),
    "fire": Text("Cháy, nổ", "Fires"),
    "fire_safety": Text("Phòng cháy, chữa cháy", "Fire safety"),
    "traffic": Text("Giao thông", "Traffic"),
    "electronic_identity": Text("Định danh điện tử", "Electronic identity"),
    "health_record": Text("Sổ sức khỏe điện tử", "Health records"),
    "identity_card": Text("Thẻ căn cước", "Identity cards"),
    "judicial_record": Text("Phiếu lý lịch tư pháp", "Judicial records"),
    "vneid": Text("VNeID", "VNeID"),
    "local": Text("Cổng của tỉnh", "The province's gateway"),
    "national": Text("Cổng quốc gia", "The national gateway"),
    "full": Text("Toàn trình", "Full process"),
    "partial": Text("Một phần", "Partial"),
    "information": Text("Cung cấp thông tin", "Information only"),
    "other": Text("Khác", "Other"),
    "-": Text("Không rõ", "Not said"),
}
"""Values by which counters are split, where they have a word of their own."""
ENDED: Mapping[str, Text] = {
    "settled": Text("đã giải quyết", "settled"),
    "transferred": Text("đã chuyển cơ quan", "transferred"),
    "postponed": Text("đã lùi hạn", "postponed"),
    "retracted": Text("đã thu hồi", "retracted"),
}
"""Why an alert no longer stands."""
SUPPRESSED: Mapping[str, Text] = {
    "settled": Text("đã xong khi phát hiện", "settled when found"),
    "old": Text("quá hạn đã lâu, chỉ liệt kê", "old, listed only"),
    "untellable": Text("không thể gửi", "cannot be told"),
}
"""Why nobody is told of it."""
DELIVERIES: Mapping[str, Text] = {
    "pending": Text("đang chờ", "pending"),
    "delivered": Text("đã gửi", "delivered"),
    "failed": Text("thất bại", "failed"),
    "removed": Text("đã bỏ địa chỉ", "address removed"),
}
ADVICE: Mapping[str, Text] = {
    "conflicting_id": Text(
        "Mỗi sự kiện một id; đính chính: tăng revision", "One id an event; to correct, raise revision"
    ),
    "invalid_data": Text("Sửa trường được nêu, gửi lại", "Mend the field that is named, send again"),
    "not_json": Text("Gửi JSON dạng UTF-8", "Send JSON in UTF-8"),
    "not_cloudevents": Text("Sửa thuộc tính CloudEvents được nêu", "Mend the CloudEvents attribute that is named"),
    "agency_not_granted": Text("Đề nghị cấp quyền cho cơ quan trong danh mục", "Ask for the agency in the catalogue"),
    "wrong_source": Text("Đặt source đúng hệ thống của chủ đề", "Set source to the topic's own system"),
    "unknown_type": Text("Dùng loại sự kiện có trong tài liệu", "Use a type of the documents"),
    "type_not_granted": Text("Đề nghị cấp quyền cho loại sự kiện", "Ask for the type in the catalogue"),
    "time_in_future": Text("Chỉnh đồng hồ hệ thống", "Set the system's clock"),
}
"""What a system's people do about what is refused most."""
