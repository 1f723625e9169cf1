"""The police operations centre (Trung tâm điều hành tác chiến): incidents and violations."""

from typing import Literal

from pydantic import Field

from schemas.events.effects import Case, Closed, Event, Extended, Opened, Reopened


class Incident(Case):
    """An incident of public order; on time or late is decided by the instant."""

    kind = "incident"
    by_day = False


class IncidentReported(Incident, Opened, name="incident.reported"):
    """An incident was reported, and somebody has to deal with it."""

    dimensions = ("category",)

    category: Literal["public_order", "traffic_accident", "fire", "other"] = Field(description="What kind of incident.")
    latitude: float | None = Field(default=None, ge=-90, le=90, description="Degrees north, WGS 84.")
    longitude: float | None = Field(default=None, ge=-180, le=180, description="Degrees east, WGS 84.")


class IncidentExtended(Incident, Extended, name="incident.extended"):
    """There is until another due time."""


class IncidentSettled(Incident, Closed, name="incident.settled"):
    """The incident has been dealt with."""


class IncidentReopened(Incident, Reopened, name="incident.reopened"):
    """It was not over after all."""


class Violation(Case):
    """A violation (vi phạm hành chính) that is owed a decision; on time or late is decided by day."""

    kind = "violation"
    by_day = True


class ViolationRecorded(Violation, Opened, name="violation.recorded"):
    """A record was drawn up (lập biên bản)."""

    dimensions = ("field",)

    field: Literal["traffic", "public_order", "fire_safety", "other"] = Field(description="Field of the violation.")


class ViolationExtended(Violation, Extended, name="violation.extended"):
    """There is until another due time (gia hạn)."""


class ViolationSettled(Violation, Closed, name="violation.settled"):
    """It was decided."""

    dimensions = ("outcome",)

    outcome: Literal["fined", "warned", "transferred", "dismissed"] = Field(description="What was decided.")


class ViolationReopened(Violation, Reopened, name="violation.reopened"):
    """The decision was set aside: another is owed."""


EVENTS: tuple[type[Event], ...] = (
    IncidentReported,
    IncidentExtended,
    IncidentSettled,
    IncidentReopened,
    ViolationRecorded,
    ViolationExtended,
    ViolationSettled,
    ViolationReopened,
)
