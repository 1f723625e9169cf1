"""Indicators and explanations as people see them in a terminal."""

from datetime import date, datetime
from io import StringIO
from typing import Any

from rich.console import Console, RenderableType

from opscentre.reports.explanation import sides
from opscentre.reports.indicators import Asked
from opscentre.reports.tables import explanation_table, indicators_table
from schemas.catalogue.describe import describe
from schemas.catalogue.load import load_catalogue

ASKED = Asked(load_catalogue(), "H06", date(2026, 1, 10), "en")


def shown(table: RenderableType) -> str:
    console = Console(width=120, file=StringIO())
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def target(agency: str, status: str, at_least: float, decided: dict[str, float] | None = None) -> dict[str, Any]:
    due = {"due": date(2025, 6, 30), "assumed": True, "days_left": -194, "working_days_left": 0}
    pace = {"pace": None, "pace_needed": None, "projected": None, "value": 50.0}
    return {
        "agency": agency,
        "at_least": at_least,
        "at_most": None,
        "status": status,
        "decided": decided,
        **due,
        **pace,
    }


def indicator(value: float, unit: str, *targets: dict[str, Any]) -> dict[str, Any]:
    return {"system": "one-stop", "name": "What it is called", "value": value, "unit": unit, "targets": list(targets)}


def test_numbers_and_who_owes_a_target_are_never_cut_short() -> None:
    decided = {"value": 1.0}
    found = {
        "signatures": indicator(1_234_567, "signatures", target("H06", "met", 1_000_000)),
        "share": indicator(50.0, "percent", target("H06.32", "missed", 100, decided), target("H06", "no_data", 95.5)),
    }
    text = shown(indicators_table({"agency": "H06", "indicators": found}, ASKED))
    for part in ("1,234,567", "≥ 1,000,000", "30/06/25*", "missed, decided H06.32", "no data", "≥ 95.5"):
        assert part in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 120


def explained(terms: list[dict[str, Any]], worst: list[dict[str, Any]]) -> str:
    """The explanation of an indicator as it is shown, with these terms and rows behind it."""
    one = ASKED.catalogue.indicators["full-process-share"]
    report = {
        "indicator": one.id, "name": "n", "description": None, "definition": describe(one.file.formula).line,
        "system": "one-stop", "agency": "H06", "unit": "percent",
        "starts": date(2026, 1, 1), "ends": date(2026, 1, 10), "numerator": 5, "denominator": 10, "value": 50.0,
        "terms": terms, "components": [], "below": [],
        "behind": {"total": len(worst), "by_agency": [], "worst": worst},
    }  # fmt: skip
    return shown(explanation_table(report, ASKED))


def test_a_term_is_explained_with_what_it_is_narrowed_to() -> None:
    formula = ASKED.catalogue.indicators["full-process-share"].file.formula
    terms: list[dict[str, Any]] = [
        {"side": side, "of": term.of, "where": term.where, "amount": 5} for side, term in sides(formula)
    ]
    _, _, table = explained(terms, []).partition("\n= ")[2].partition("\n")
    for term in terms:
        for field, values in term["where"].items():
            assert f"{field}: {' or '.join(values)}" in table
    assert any(term["where"] for term in terms)


def test_a_case_is_shown_with_the_finishes_that_were_undone() -> None:
    undone = [
        {"closed": datetime(2025, 6, day, 9, 5, tzinfo=ASKED.catalogue.zone), "on_time": on_time, "reopened": None}
        for day, on_time in ((2, True), (3, False), (4, None))
    ]
    text = explained([], [{"subject": "D-1", "state": "open", "undone": undone}])
    assert "closed before" in text
    assert "02/06/25 09:05 (on time), 03/06/25 09:05 (late), 04/06/25 09:05" in " ".join(text.split())
    assert "closed before" not in explained([], [{"subject": "D-1", "state": "open", "undone": []}])
