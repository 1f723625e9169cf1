"""Readings, which several systems report: what is measured elsewhere, such as S&T enterprises or the national rank."""

from schemas.events.effects import Event, Reading


class ReadingReported(Reading, name="reading.reported"):
    """An agency reported a value for a period; `subject` names what was measured, such as science.enterprises."""


EVENTS: tuple[type[Event], ...] = (ReadingReported,)
