"""The events that the benchmark publishes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from core.publisher import event

LIFECYCLE = [
    "received",
    "suspended",
    "resumed",
    "suspended",
    "resumed",
    "extended",
    "suspended",
    "resumed",
    "processed",
    "returned",
]
"""Ten events of one dossier."""


def worst(count: int, agencies: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every event another case: nothing is shared between them but the counters."""
    now = datetime.now(UTC)
    for number in range(count):
        yield dossier("received", number, now - timedelta(milliseconds=count - number), agencies)


def realistic(count: int, agencies: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Ten events a case over some weeks, a thousand cases side by side."""
    begin = datetime.now(UTC) - timedelta(days=30)
    for number in range(count):
        wave, position = divmod(number, 10_000)
        step, case = divmod(position, 1000)
        time = begin + timedelta(days=2 * step, seconds=case)
        yield dossier(LIFECYCLE[step], wave * 1000 + case, time, agencies)


def dossier(verb: str, number: int, time: datetime, agencies: Sequence[str]) -> dict[str, Any]:
    """One event of one dossier."""
    data: dict[str, Any] = {"agency": agencies[number % len(agencies)]}
    if verb == "received":
        channel = "online" if number % 5 else "counter"
        data |= {
            "procedure": "2.000815",
            "channel": channel,
            "due_at": (time + timedelta(days=number % 20)).isoformat(),
        }
    elif verb == "suspended":
        data["reason"] = "supplement"
    elif verb == "extended":
        data["due_at"] = (time + timedelta(days=10)).isoformat()
    elif verb == "processed":
        data["outcome"] = "approved"
    subject = f"H06.16-250403-{number:07d}"
    identity = f"{subject}/{verb}/{time.timestamp():.3f}"
    return event("one-stop", f"dossier.{verb}", subject, time, data, id=identity)
