"""Texts in both languages, side by side where they are used: one that lacks a language does not type-check."""

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
