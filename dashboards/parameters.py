"""What a viewer chooses, in a panel's query: `:agency`, and how each renderer puts the value there.

`:since` and `:until` are moments, the ends of a screen's period. A choice of many is an array of texts, `{*}` for all.
"""

import re
from collections.abc import Callable, Iterable

from dashboards.model import Choice

_NAMED = re.compile(r"(?<![\w:']):([a-z_]+)\b")
PERIOD = ("since", "until")


def named(query: str) -> list[str]:
    """The parameters that a query names, each once."""
    return list(dict.fromkeys(_NAMED.findall(query)))


def for_psycopg(query: str, choices: Iterable[Choice]) -> str:
    """The query with psycopg's named parameters, typed."""
    many = {choice.parameter for choice in choices if choice.many}

    def place(name: str) -> str:
        kind = "text[]" if name in many else "timestamptz" if name in PERIOD else "text"
        return f"%({name})s::{kind}"

    return _replaced(query.replace("%", "%%"), place)


def for_grafana(query: str, choices: Iterable[Choice]) -> str:
    """The query with Grafana's variables, each quoted by Grafana as a literal of SQL."""
    many = {choice.parameter for choice in choices if choice.many}
    period = {"since": "$__timeFrom()::timestamptz", "until": "$__timeTo()::timestamptz"}

    def place(name: str) -> str:
        if name in period:
            return period[name]
        # An array, because Grafana writes nothing, not even quotes, for a box that nobody typed in.
        chosen = f"ARRAY[${{{name}:sqlstring}}]::text[]"
        return chosen if name in many else f"({chosen})[1]"

    return _replaced(query, place)


def _replaced(query: str, place: Callable[[str], str]) -> str:
    return _NAMED.sub(lambda match: place(match[1]), query)
