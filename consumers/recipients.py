"""Who is told: the addresses that Apprise URLs name, each by itself and known by what is no secret of it."""

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

import apprise
from apprise.plugins.email.base import NotifyEmail
from apprise.utils.parse import parse_urls

from core.errors import ConfigurationError


@dataclass(frozen=True)
class Recipient:
    """Who is told, at one address, which is shown without its secrets.

    `id` stays the same as long as the address does, whatever its password or token is.
    """

    id: str
    address: str
    service: apprise.NotifyBase


def recipients(urls: str) -> list[Recipient]:
    """The recipients that Apprise URLs name, in their order; `urls` are divided by blanks or commas, "" names none.

    Of a URL that names several (mailboxes, numbers, chats), each is a recipient of its own: one that refuses a message
    has no part in whether the others get it. What stands there twice is told once. Of several that differ in nothing
    but secrets, the second and all after it are told apart by their order.

    Raises:
        ConfigurationError: one of them is none that Apprise knows, or names nobody.
    """
    found, seen, alike = [], set[str](), Counter[str]()
    for number, url in enumerate(parse_urls(urls), 1):
        service = apprise.Apprise.instantiate(url)
        # Not the URL itself: it may hold a password.
        where = f"OPSCENTRE_NOTIFY: URL number {number} ({url.partition(':')[0]}://…)"
        if not isinstance(service, apprise.NotifyBase):
            raise ConfigurationError(
                f"{where} is not one that Apprise knows; "
                "its documentation lists them, such as mailto://user:password@example.vn"
            )
        each = list(_each(service))
        if not each:
            raise ConfigurationError(f"{where} names nobody whom a message could go to; such as ?to=duty@example.vn")
        for one in each:
            if (whole := one.url(privacy=False)) in seen:
                continue
            seen.add(whole)
            address = _address(one)
            alike[address] += 1
            if alike[address] > 1:
                address += f" (no. {alike[address]})"
            found.append(Recipient(blake2b(address.encode(), digest_size=8).hexdigest(), address, one))
    if urls.strip() and not found:
        raise ConfigurationError("OPSCENTRE_NOTIFY has no URL, such as mailto://user:password@example.vn")
    return found


def _each(service: Any) -> Iterator[apprise.NotifyBase]:
    """The service once for each of those that it tells."""
    targets = getattr(service, "targets", None)
    whom = list(targets) if isinstance(targets, list) else []
    if isinstance(service, NotifyEmail):
        whom += [(service.names.get(email, False), email) for email in sorted(service.cc | service.bcc)]
    elif len(whom) < 2:
        yield service
        return
    for target in whom:
        one: Any = copy.copy(service)
        one.targets = [target]
        if isinstance(one, NotifyEmail):
            one.cc, one.bcc = set(), set()
        yield one


def _address(service: apprise.NotifyBase) -> str:
    """Its URL up to the query, without anything that Apprise takes for a secret."""
    shown: Any = copy.copy(service)
    shown.pprint = lambda *_, **__: "***"
    return unquote(shown.url(privacy=True).partition("?")[0])
