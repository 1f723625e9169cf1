"""The population system (Đề án 06): credentials on VNeID, and electronic authentication."""

from typing import Literal

from pydantic import Field

from schemas.events.effects import Case, Closed, Event, Extended, Flow, Opened, Reopened


class Credential(Case):
    """A credential that somebody asked for; on time or late is decided by day."""

    kind = "credential"
    by_day = True


class CredentialRequested(Credential, Opened, name="credential.requested"):
    """A credential was asked for."""

    dimensions = ("credential",)

    credential: Literal["health_record", "judicial_record", "electronic_identity", "identity_card"] = Field(
        description="Which: Sổ sức khỏe điện tử, Phiếu lý lịch tư pháp, định danh điện tử, thẻ căn cước."
    )


class CredentialExtended(Credential, Extended, name="credential.extended"):
    """There is until another due time."""


class CredentialIssued(Credential, Closed, name="credential.issued"):
    """It was issued."""

    dimensions = ("outcome",)

    outcome: Literal["issued"] = Field(default="issued", description="How it ended; the type says it already.")


class CredentialRefused(Credential, Closed, name="credential.refused"):
    """It was refused."""

    dimensions = ("outcome",)
    precedence = 2

    outcome: Literal["refused"] = Field(default="refused", description="How it ended; the type says it already.")


class CredentialReopened(Credential, Reopened, name="credential.reopened"):
    """It is owed again, such as where what was issued was wrong."""


class IdentityAuthenticated(Flow, name="identity.authenticated"):
    """Somebody's identity was authenticated electronically; never whose."""

    dimensions = ("means",)

    means: Literal["vneid", "identity_card", "other"] = Field(description="By what.")


EVENTS: tuple[type[Event], ...] = (
    CredentialRequested,
    CredentialExtended,
    CredentialIssued,
    CredentialRefused,
    CredentialReopened,
    IdentityAuthenticated,
)
