"""The e-office system: work files processed online, digital signatures, and the officers who owe both."""

from typing import Literal

from pydantic import Field

from schemas.events.effects import Added, Code, Event, Flow, Item, Removed

Officer = Field(description="Pseudonym of the officer, made by the agency; the same for all that this officer does.")


class SignatureUsed(Flow, name="signature.used"):
    """An officer signed a document digitally."""

    actor = "officer"

    officer: Code = Officer
    document: Code | None = Field(default=None, description="Number of the document signed.")


class WorkfileProcessed(Flow, name="workfile.processed"):
    """An officer finished a work file (hồ sơ công việc)."""

    dimensions = ("online",)
    actor = "officer"

    officer: Code = Officer
    online: bool = Field(description="Whether it was processed online.")


class OfficerRegister(Item):
    """Leaders, officials and civil servants in service."""

    register_name = "officer"


class OfficerEnrolled(OfficerRegister, Added, name="officer.enrolled"):
    """An officer is in service at the agency."""

    dimensions = ("rank",)

    officer: Code = Officer
    rank: Literal["leader", "official", "civil_servant"] = Field(description="Rank of the officer.")


class OfficerLeft(OfficerRegister, Removed, name="officer.left"):
    """The officer is no longer in service there."""

    officer: Code = Officer


EVENTS: tuple[type[Event], ...] = (SignatureUsed, WorkfileProcessed, OfficerEnrolled, OfficerLeft)
