"""The screen that is being rendered, among all of its language: its names, texts and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from dashboards.grafana.queries import carried
from dashboards.model import Link, Screen
from dashboards.parameters import for_grafana
from dashboards.texts import Language, Text


def uid(name: str, language: Language) -> str:
    """A dashboard's uid."""
    return f"opscentre-{name}-{language}"


@dataclass(frozen=True)
class Context:
    """A screen, every screen of its language by name, and the province's zone, an IANA name."""

    screen: Screen
    screens: Mapping[str, Screen]
    zone: str

    @property
    def language(self) -> Language:
        """The language of its texts."""
        return self.screen.language

    def say(self, text: Text) -> str:
        """A text in the screen's language."""
        return text.of(self.language)

    def asked(self, query: str) -> str:
        """A definition's query with Grafana's variables."""
        return for_grafana(query, self.screen.choices)

    def address(self, link: Link) -> str:
        """Where a link leads. The row's values go along, what is chosen here for what is chosen there, and the period.

        A wall is played in kiosk mode, and so its links ask for it; newer Grafanas keep it by themselves.
        """
        target = self.screens[link.screen]
        here = {choice.parameter for choice in self.screen.choices}
        said = {
            **{name: quote("$__all" if value == "*" else value, safe="") for name, value in link.constants.items()},
            **{name: f"${{__data.fields.{carried(column)}:percentencode}}" for name, column in link.carry.items()},
        }
        parts = [f"var-{name}={value}" for name, value in said.items()]
        along = [one.parameter for one in target.choices if one.parameter in here and one.parameter not in said]
        parts += [f"${{{name}:queryparam}}" for name in along]
        if target.days and self.screen.days:
            parts.append("${__url_time_range}")
        if self.screen.wall:
            parts.append("kiosk")
        return f"/d/{uid(target.name, self.language)}" + (f"?{'&'.join(parts)}" if parts else "")
