"""The live table shows whatever the events can come to, also what nobody has reported yet."""

from io import StringIO

from rich.console import Console

from opscentre.reports.status import figures
from opscentre.reports.status_table import status_table
from schemas.counters import FLOWS, KINDS, REGISTERS, Totals


def shown(found: Totals, readings: dict[str, list[float]]) -> str:
    """The text of the table, without borders."""
    report = {
        "events": 7,
        "duplicates": None,
        "dead_letters": {},
        "lag": 0,
        "set_aside": {},
        "numbers_reused": {"police-ops incident 0015": 2},
        **figures(found, readings),
    }
    written = StringIO()
    Console(file=written, width=200).print(status_table(report))
    return " ".join(written.getvalue().replace("│", " ").split())


def test_every_kind_register_and_flow_has_its_row() -> None:
    text = shown({}, {})
    assert "number of another agency's or year's: police-ops incident 0015, 2 times" in text
    assert all(f"{kind}s 0 0 0 0 0 0 0" in text for kind in KINDS)
    assert all(f"{register}s standing 0" in text for register in REGISTERS)
    assert all(f"{flow.replace('.', ' ')} 0" in text for flow in FLOWS)


def test_cases_of_all_systems_are_summed_and_readings_counted() -> None:
    found = {("front", "task.open", "H06.01", ""): 2, ("green", "task.open", "H06.02", ""): 3}
    text = shown(found, {"science.enterprises": [1.5, 2.5], "national.rank": [3.0]})
    assert "tasks 5 0 0 0 0 0 0" in text
    assert "never overdue" not in text
    assert "never overdue: 1,234 dossiers" in shown({("one-stop", "dossier.open_without_due", "H06.01", ""): 1234}, {})
    assert "readings 3" in text
