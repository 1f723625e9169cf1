"""What the streams say on the topic `alerts`: deadlines that were missed, one CloudEvent an agency and sweep."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from schemas.events.envelope import MAX_TEXT, SPECVERSION

ALERT_NAME: Final = "deadlines.missed.v1"
ALERT_TYPE: Final = "vn.opscentre.deadlines.missed.v1"

MOST_CASES = 100
"""How many cases one message names; `count` has all."""


Text = Annotated[str, Field(max_length=MAX_TEXT, pattern=r"^[^\u0000-\u001f\u007f]+$")]
"""What the database's keys and a message's title can hold: not too long, no control characters."""


def _near(moment: datetime) -> datetime:
    if not 1 < moment.year < 9999:
        raise ValueError("must be between the years 2 and 9998: it is told in the province's time")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_near)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MissedDeadline(_Model):
    """A case that is owed and overdue. `overdue_at` is the moment from which it is late."""

    system: Text
    kind: Text
    subject: Text
    due_at: Moment
    overdue_at: Moment


class DeadlinesMissed(_Model):
    """What one agency missed, as one sweep found it; `cases` the longest overdue first."""

    agency: Text
    sweep: UUID
    count: int = Field(ge=1)
    cases: list[MissedDeadline] = Field(min_length=1, max_length=MOST_CASES)


class Alert(_Model):
    """The CloudEvent. `id` is the same however often it is sent; `subject` is the agency."""

    specversion: Literal["1.0"] = SPECVERSION
    id: Text
    source: Literal["/opscentre/deadlines"] = "/opscentre/deadlines"
    type: Literal["vn.opscentre.deadlines.missed.v1"] = ALERT_TYPE
    subject: Text
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    data: DeadlinesMissed


def missed(agency: str, sweep: UUID, time: datetime, cases: list[MissedDeadline]) -> Alert:
    """The alert of what a sweep found at one agency at `time`."""
    first = sorted(cases, key=lambda case: (case.overdue_at, case.system, case.kind, case.subject))[:MOST_CASES]
    data = DeadlinesMissed(agency=agency, sweep=sweep, count=len(cases), cases=first)
    return Alert(id=f"{sweep}/{agency}", subject=agency, time=time, data=data)
