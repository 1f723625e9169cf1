"""Everything that this project raises on purpose.

OpsCentreError
├── ConfigurationError      a setting or the catalogue is wrong; nothing was started
├── DevServiceError         a local server (Kafka, TimescaleDB) cannot be installed, started or stopped
├── UnavailableError        Kafka or the database does not answer; trying again may help
├── MappingError            a CSV mapping is wrong as a whole
├── RowError                a row of a CSV export cannot become events: reported with its line, and the rest goes on
├── InvalidEventError       an event cannot be accepted: a dead letter with a reason code and a detail
├── AddressError            an address of the pages asks for what there is not; whoever wrote it is told
├── NotFoundError           what was asked for by number or name does not exist
├── FullHistoryError        a case, item or reading has as many events as it may: these become dead letters
├── OutdatedCatalogueError  the database is at another catalogue than this process; it waits or ends
└── OffsetMismatchError     the log and the database disagree about where a partition stands; it is looked at anew

Messages say what is wrong and what to do next: they are shown to people as they are. Outside this tree is only
`schemas.catalogue.load.CatalogueError`, for `schemas` stands below: `core.catalogue` makes a ConfigurationError of it.
"""

from collections.abc import Mapping, Set


class OpsCentreError(Exception):
    """Base of all; the command line prints its message and exits with status 1."""


class ConfigurationError(OpsCentreError):
    """A setting or the catalogue is wrong."""


class DevServiceError(OpsCentreError):
    """A local server cannot be installed, started or stopped."""


class UnavailableError(OpsCentreError):
    """Kafka or the database does not answer."""


class MappingError(OpsCentreError):
    """A CSV mapping is wrong as a whole."""


class RowError(OpsCentreError):
    """A row cannot become events; the message is for the person who keeps the export."""


class InvalidEventError(OpsCentreError):
    """An event cannot be accepted.

    `reason` is one of the codes of `schemas.events.envelope.REASONS`; `detail` is a sentence for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class AddressError(OpsCentreError):
    """An address of the pages asks for what there is not.

    `texts` says what is wrong to whoever wrote it, by language; `status` is HTTP's, 400 or 404.
    """

    def __init__(self, texts: Mapping[str, str], status: int) -> None:
        super().__init__(texts["en"])
        self.texts = texts
        self.status = status


class NotFoundError(OpsCentreError):
    """What was asked for does not exist."""


class FullHistoryError(OpsCentreError):
    """A case, an item or a reading has as many events as it may have.

    `events` are (system, id) of those that are too many; `entity` names what they are about, for a person.
    """

    def __init__(self, entity: str, most: int, events: Set[tuple[str, str]]) -> None:
        super().__init__(f"{entity} has the {most:,} events that it may have")
        self.events = events


class OffsetMismatchError(OpsCentreError):
    """The log and the database disagree about where a partition stands."""


class OutdatedCatalogueError(OpsCentreError):
    """The database is at another catalogue than this process."""


def first_line(error: BaseException) -> str:
    """What an error says, in one line for a log; its name where it says nothing."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
