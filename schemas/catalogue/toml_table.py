"""What the tables of a catalogue's files have in common."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

# Capitals and digits only, so that a code is never taken for a kind where a system's grants name either.
AgencyCode = Annotated[str, Field(pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$", max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Language = Literal["vi", "en"]
Values = TypeVar("Values", bound=Sequence[str])


def each_once(values: Values) -> Values:
    """A validator: no value stands in the list twice."""
    if twice := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"{', '.join(twice)}: more than once")
    return values


class Table(BaseModel):
    """A table of a file: a key that it does not know is a mistake, not a comment."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Name(Table):
    """A name as the screens show it."""

    vi: Text
    en: Text
