"""Who is told: each by itself, known by what is no secret."""

from datetime import time

import pytest

from consumers.couriers import within
from consumers.recipients import recipients
from core.errors import ConfigurationError
from core.settings import Hours, Settings


def ids(urls: str) -> list[str]:
    return [one.id for one in recipients(urls)]


@pytest.mark.parametrize(
    "url",
    [
        "mailto://user:{}@example.vn?to=duty@example.vn",
        "json://user:{}@127.0.0.1:8080/hook",
        "json://127.0.0.1:8080/hook?+Authorization={}",
        "tgram://123456789:{}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/1001/",
    ],
)
def test_a_renewed_secret_makes_no_other_recipient_and_shows_nowhere(url: str) -> None:
    (old,), (new,) = (recipients(url.format(secret)) for secret in ("oldsecret", "newsecret"))
    assert (old.id, old.address) == (new.id, new.address)
    assert "secret" not in old.address


def test_each_of_those_that_a_url_names_is_a_recipient() -> None:
    found = recipients(
        "mailto://user:x@example.vn?to=a@example.vn,b@example.vn&cc=c@example.vn "
        "tgram://123456789:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/1001/1002"
    )
    assert [one.address.rpartition("vn/")[2] for one in found[:3]] == ["a@example.vn", "b@example.vn", "c@example.vn"]
    assert len({one.id for one in found}) == 5


def test_what_stands_there_twice_is_told_once_and_what_differs_in_secrets_only_is_told_apart() -> None:
    assert len(ids("json://127.0.0.1/a json://127.0.0.1/a json://127.0.0.1/b")) == 2
    both = recipients("json://u:one@127.0.0.1/a json://u:two@127.0.0.1/a")
    assert [one.address for one in both] == ["json://u:***@127.0.0.1/a", "json://u:***@127.0.0.1/a (no. 2)"]


def test_a_url_that_names_nobody_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"number 1 \(mailto://…\) names nobody"):
        recipients("mailto://user:x@example.vn?to=nonsense")


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [("07:00-19:00", "07:00 18:59", "06:59 19:00 00:00"), ("20:00-06:00", "20:00 23:59 05:59", "06:00 19:59")],
)
def test_hours_may_span_midnight(hours: str, inside: str, outside: str) -> None:
    read = Settings.model_validate({"notify_hours": hours}).notify_hours
    assert str(read) == hours
    assert all(within(read, time.fromisoformat(at)) for at in inside.split())
    assert not any(within(read, time.fromisoformat(at)) for at in outside.split())


def test_any_time_is_until_midnight() -> None:
    read = Settings.model_validate({"notify_hours": "00:00-24:00"}).notify_hours
    assert str(read) == "00:00-24:00"
    assert within(read, time(23, 59, 59))
    assert within(read, time(0))


@pytest.mark.parametrize("wrong", ["7-19", "07:00", "19:00-19:00", "25:00-26:00", "07:00-19:00h", ""])
def test_hours_that_are_none_are_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(ValueError, match="such as 07:00-19:00"):
        Settings.model_validate({"notify_hours": wrong})


def test_settings_are_given_to_another_process_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Settings(notify_hours=Hours(time(8), time(17, 30)))
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings().notify_hours == made.notify_hours
