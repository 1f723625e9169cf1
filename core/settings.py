"""Settings, read from environment variables with the prefix OPSCENTRE_ (and from `.env`)."""

import re
from datetime import time
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import ConfigurationError


class Hours(NamedTuple):
    """From a local time until before another; over midnight where the second is the earlier one."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{'24:00' if self.end == time.max else format(self.end, '%H:%M')}"


def _hours(value: object) -> object:
    """Read `07:00-19:00`; 24:00 is the end of the day."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)", value.strip())
    begin, _, end = value.strip().partition("-")
    if match is None or begin == end:
        raise ValueError("must be two times, such as 07:00-19:00; 00:00-24:00 is any time")
    return Hours(time.fromisoformat(begin), time.max if end == "24:00" else time.fromisoformat(end))


DEMONSTRATION = Path(".opscentre/demonstration.env")
"""What a demonstration has set, for every command in its folder; gone with its data."""


class Settings(BaseSettings):
    """Every setting there is; `docs/settings.md` is held against this class by a test."""

    model_config = SettingsConfigDict(env_prefix="OPSCENTRE_", env_file=(DEMONSTRATION, ".env"), extra="ignore")

    kafka: str = Field(default="127.0.0.1:29092", description="Kafka bootstrap servers, `host:port`, by commas.")
    dsn: str = Field(
        default="host=127.0.0.1 port=25432 dbname=opscentre user=opscentre password=opscentre",
        description="TimescaleDB connection string (libpq form or URL). Not through a pooler by transaction: "
        "docs/runbooks/connection-pooler.md.",
    )
    reader_dsn: str = Field(
        default="",
        description="How the pages and Grafana reach the database, as a role that only reads; without it as one that "
        "`opscentre migrate` makes on the server of `OPSCENTRE_DSN`.",
    )
    catalogue: Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)] = Field(
        default=None, description="Folder of the catalogue; without it, or empty, the one shipped."
    )
    target_months: int = Field(
        default=0,
        ge=0,
        le=1200,
        description="Months by which every target of the catalogue is due later. For demonstrations: `make run` sets "
        "it once, in `.opscentre/demonstration.env`, so that the targets lie around its day.",
    )
    group: str = Field(default="opscentre", description="Kafka consumer group of the stream workers.")
    processes: int = Field(
        default=0,
        ge=0,
        description="Processes that `opscentre worker` runs, which share the partitions; 0: one a core, at most four.",
    )
    batch_events: int = Field(default=6000, ge=1, description="Most events that one transaction takes, about.")
    watchdog_seconds: float = Field(
        default=120,
        gt=0,
        description="A worker with lag but no progress for this long ends itself and is restarted. "
        "Keep it well above the 30 s that Kafka waits for a worker that was killed.",
    )
    stop_seconds: float = Field(default=20, gt=0, description="How long a worker may take to stop before it is killed.")
    sweep_seconds: float = Field(default=15, gt=0, description="Seconds between two sweeps for missed deadlines.")
    decide_days: int = Field(
        default=3,
        ge=1,
        description="Days after the one that a target is due on until it is decided for good whether it was met.",
    )
    notify: str = Field(
        default="",
        description="Who is told of missed deadlines: Apprise URLs (`mailto://…`, `json://…`), by blanks or commas.",
    )
    notify_hours: Annotated[Hours, BeforeValidator(_hours), NoDecode] = Field(
        default=Hours(time(7), time(19)),
        description="Hours, of the province and on every day, within which people are told: `07:00-19:00`. What is "
        "missed at night is told in the morning. `00:00-24:00`: at any time.",
    )
    language: Literal["vi", "en"] = Field(default="vi", description="Language of what people are told: `vi` or `en`.")
    web: str = Field(
        default="http://127.0.0.1:8057", description="Address of the pages that show the screens, `http://host:port`."
    )
    grafana_url: str = Field(default="", description="Grafana to publish dashboards to, `http://host:port`.")
    grafana_home: Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)] = Field(
        default=None,
        description="Where a Grafana is installed that `opscentre run` is to start; without it the one on the PATH, if "
        "there is one.",
    )
    grafana_token: str = Field(
        default="", description="Token of a service account of that Grafana, role Admin; or USER:PASSWORD of an admin."
    )
    grafana_dsn: str = Field(
        default="", description="How Grafana reaches the database, where that is not as the pages do."
    )
    raw_days: int = Field(default=90, ge=1, description="Days that the raw bytes of dead letters are kept.")
    data: Path = Field(default=Path(".opscentre"), description="Folder of the local parts' data, logs and process ids.")
    cache: Path = Field(default=Path("~/.cache/opscentre"), description="Folder of downloads, shared by all checkouts.")

    def environment(self) -> dict[str, str]:
        """The variables that give another process these settings."""
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {f"OPSCENTRE_{name.upper()}": str(value) for name, value in values if value is not None}


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: a variable has a value that is not allowed.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"OPSCENTRE_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError("settings are wrong:\n" + "\n".join(lines)) from None
