"""Addresses of the pages: everything chosen is in them, a value stays a value, and links carry what is chosen."""

from datetime import date
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AddressError
from dashboards.model import Link
from tests.pages import HOSTILE, samples
from web.address import Address, View, read
from web.figures import periods

SCREENS = samples("vi")
EVERY, CASES = SCREENS["every"], SCREENS["cases"]
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200).filter(
    lambda value: value != "*"
)


def again(address: Address) -> Address:
    """What the address's own query string says."""
    return read(SCREENS[address.screen], parse_qsl(address.query, keep_blank_values=True))


@given(st.lists(VALUES, unique=True, max_size=4), VALUES, st.dates(), VALUES)
def test_an_address_says_again_what_it_said(agencies: list[str], filtered: str, since: date, text: str) -> None:
    pairs = [*(("agency", one) for one in agencies), ("since", since.isoformat())]
    address = read(EVERY, [*pairs, ("filter6", filtered), ("sort6", "-overdue"), ("rotate", "30")])
    assert again(address) == address
    assert address.views == {6: View("-overdue", filtered)}
    typed = read(CASES, [("text", text), ("agency", "h1")])
    assert again(typed) == typed
    assert typed.values["text"] == (text,)


def test_one_meaning_has_one_address() -> None:
    one = read(EVERY, [("since", "2026-01-01"), ("agency", "b"), ("agency", "a"), ("agency", "b")])
    other = read(EVERY, [("agency", "b"), ("agency", "a"), ("since", "2026-01-01"), ("until", "")])
    assert one.query == other.query == "agency=b&agency=a&since=2026-01-01"
    assert read(EVERY, [("agency", "*"), ("agency", "a")]) == read(EVERY, [])


@pytest.mark.parametrize(
    "pair",
    [
        ("agenc", "h1"),
        ("since", "yesterday"),
        ("since", "2026-02-30"),
        ("sort6", "code; DROP TABLE cases"),
        ("sort6", "code"),
        ("sort1", "name"),
        ("filter99", "x"),
        ("filter0", "x"),
        ("rotate", "1"),
        ("rotate", "٣٠"),
        ("agency", "a\0b"),
        ("", ""),
    ],
)
def test_what_there_is_not_is_refused_in_both_languages(pair: tuple[str, str]) -> None:
    with pytest.raises(AddressError) as refused:
        read(EVERY, [pair])
    assert refused.value.status == 400
    assert set(refused.value.texts) == {"vi", "en"}
    assert all(refused.value.texts.values())


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(AddressError, match="first day"):
        read(EVERY, [("since", "2026-02-01"), ("until", "2026-01-01")])


def test_a_screen_without_a_period_has_none_to_choose() -> None:
    with pytest.raises(AddressError, match=r"since.*agency, state, text"):
        read(CASES, [("since", "2026-01-01")])


def test_a_link_carries_what_is_chosen_and_can_be_chosen_there() -> None:
    address = read(EVERY, [("agency", "h1"), ("agency", "h2"), ("since", "2026-01-01"), ("rotate", "30")])
    to_cases = Link("cases", {"agency": "code"}, {"state": "overdue"})
    assert address.linked(to_cases, {"code": "h4"}, SCREENS) == "/vi/cases?agency=h4&state=overdue"
    assert address.linked(Link("cases"), {}, SCREENS) == "/vi/cases?agency=h1"
    assert address.linked(to_cases, {"code": None}, SCREENS) is None
    assert address.linked(Link("nowhere"), {}, SCREENS) is None
    found = address.linked(to_cases, {"code": HOSTILE}, SCREENS)
    assert found is not None
    assert dict(parse_qsl(urlsplit(found).query))["agency"] == HOSTILE


def test_another_language_and_another_order_keep_everything_else() -> None:
    address = read(EVERY, [("agency", "h1"), ("filter6", "a&b"), ("sort6", "due")])
    assert address.in_language("en") == "/en/every?agency=h1&sort6=due&filter6=a%26b"
    assert address.sorted_by(6, "due") == "/vi/every?agency=h1&sort6=-due&filter6=a%26b#p6"
    assert address.sorted_by(6, "share") == "/vi/every?agency=h1&sort6=share&filter6=a%26b#p6"
    assert address.panel(6, "csv") == "/vi/every/6.csv?agency=h1&sort6=due&filter6=a%26b"


def test_periods_to_choose_are_named_in_the_language_and_the_own_one_is_among_them() -> None:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    plain = [(one.value == "", one.name, one.chosen) for one in periods(EVERY, read(EVERY, []), zone)]
    assert (True, f"{EVERY.days} ngày qua", True) in plain
    assert len(plain) >= 5
    own = periods(EVERY, read(EVERY, [("since", "2026-01-05"), ("until", "2026-01-31")]), zone)
    assert [one.name for one in own if one.chosen] == ["05/01/2026 – 31/01/2026"]
