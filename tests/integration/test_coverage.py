"""What the catalogue does not cover of what is in the database."""

from datetime import UTC, date, datetime, timedelta

from opscentre.reports.coverage import coverage_report
from tests.catalogues import Installation, received


def test_due_times_beyond_the_calendar_and_unknown_procedures_are_counted(installed: Installation) -> None:
    now = datetime.now(UTC)
    today, beyond = now.isoformat(), datetime(now.year + 40, 1, 5, tzinfo=UTC).isoformat()
    installed.commit(
        received("known", today, procedure="2.000815"),
        received("unknown", today, procedure="2.00081"),
        received("unknown too", today, procedure="2.00081", due_at=beyond),
        received("long ago", (now - timedelta(days=100)).isoformat(), procedure="2.00082"),
    )
    report = coverage_report(installed.connection, installed.catalogue, now)
    assert report["unknown_procedures"] == {"2.00081": 2}
    end = date.fromisoformat(report["calendar"]["until"])
    assert end < now.date()
    assert not report["calendar"]["covered"]
    assert report["calendar"]["beyond"] >= 1
