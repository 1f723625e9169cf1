"""The one-stop system (Hệ thống thông tin giải quyết TTHC): dossiers, procedures offered online, fees paid online."""

from typing import Literal

from pydantic import Field

from schemas.events.effects import (
    Added,
    Case,
    Closed,
    Code,
    Event,
    Extended,
    Flow,
    Instant,
    Item,
    Opened,
    Removed,
    Reopened,
    Resumed,
    Suspended,
)

Reason = Literal["supplement", "payment", "other"]
ServiceLevel = Literal["full", "partial", "information"]

_SERVICE_LEVEL = "Level of the online service: full process (toàn trình), partial, information only."


class Dossier(Case):
    """A dossier (hồ sơ); on time or late is decided by day."""

    kind = "dossier"
    by_day = True


class DossierReceived(Dossier, Opened, name="dossier.received"):
    """The one-stop desk accepted a dossier (national state 2). One not accepted (1, 3) is no event."""

    dimensions = ("channel", "service_level")
    procedure_field = "procedure"

    procedure: Code = Field(description="Code of the administrative procedure, such as 2.000815.")
    channel: Literal["online", "counter", "post", "email", "internal"] = Field(description="How it was handed in.")
    service_level: ServiceLevel | None = Field(default=None, description=_SERVICE_LEVEL)
    applicant: Literal["citizen", "business", "state_body", "other"] | None = Field(
        default=None, description="Kind of applicant; never who."
    )


class DossierSuspended(Dossier, Suspended, name="dossier.suspended"):
    """Waiting for the applicant (national states 5, 6, 8)."""

    reason: Reason = Field(description="What is waited for.")


class DossierResumed(Dossier, Resumed, name="dossier.resumed"):
    """The applicant has brought what was missing."""


class DossierExtended(Dossier, Extended, name="dossier.extended"):
    """A new due time, with an apology to the applicant (phiếu xin lỗi và hẹn lại kết quả)."""

    reason: str | None = Field(default=None, max_length=500, description="Why; never personal data.")


class DossierProcessed(Dossier, Closed, name="dossier.processed"):
    """Processing is finished (đã xử lý xong, national state 9)."""

    dimensions = ("outcome", "paid_online", "digitised")

    outcome: Literal["approved", "rejected", "stopped"] = Field(description="How it ended.")
    paid_online: bool | None = Field(default=None, description="Whether the fee was paid online.")
    due_at: Instant | None = Field(default=None, description="The due time in force, where the agency repeats it.")
    digitised: bool | None = Field(default=None, description="Whether papers of the dossier were digitised.")


class DossierReturned(Dossier, Closed, name="dossier.returned"):
    """The result was handed out (đã trả kết quả, state 10); the finish where processing's end is unknown."""

    precedence = 1


class DossierRefused(Dossier, Closed, name="dossier.refused"):
    """Refused after reception."""

    precedence = 2

    reason: str = Field(min_length=1, max_length=500, description="Why; never personal data.")


class DossierWithdrawn(Dossier, Closed, name="dossier.withdrawn"):
    """Withdrawn by the applicant (state 7): closed, neither on time nor late; nothing where it had ended before."""

    timed = False


class DossierReopened(Dossier, Reopened, name="dossier.reopened"):
    """It is taken up again after its end, such as after a complaint."""


class Procedure(Item):
    """Administrative procedures that an agency offers."""

    register_name = "procedure"


class ProcedurePublished(Procedure, Added, name="procedure.published"):
    """A procedure is offered, at this level of online service; `subject` is the procedure's code."""

    dimensions = ("field", "service_level", "eligible")

    field: Code = Field(description="Code of the field (lĩnh vực), such as chung-thuc or ho-tich.")
    level: Literal["province", "district", "commune", "other"] = Field(description="Level of the agencies that do it.")
    service_level: ServiceLevel = Field(description=_SERVICE_LEVEL)
    eligible: bool = Field(description="Whether it is eligible for a full-process online service.")


class ProcedureWithdrawn(Procedure, Removed, name="procedure.withdrawn"):
    """The procedure is no longer offered."""


class PaymentMade(Flow, name="payment.made"):
    """A fee was paid online; never by whom."""

    dimensions = ("gateway",)

    gateway: Literal["national", "local"] = Field(description="Gateway that it was paid through.")
    dossier: Code | None = Field(default=None, description="Number of the dossier that it was paid for.")


EVENTS: tuple[type[Event], ...] = (
    DossierReceived,
    DossierSuspended,
    DossierResumed,
    DossierExtended,
    DossierProcessed,
    DossierReturned,
    DossierRefused,
    DossierWithdrawn,
    DossierReopened,
    ProcedurePublished,
    ProcedureWithdrawn,
    PaymentMade,
)
