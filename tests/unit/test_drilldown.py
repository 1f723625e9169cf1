"""Which of the things behind a figure are shown, and in which order: those that make it what it should not be."""

from datetime import date
from typing import Any

import pytest

from opscentre.reports.drilldown import DrilldownRow, rank_by_harm
from schemas.catalogue.indicators import Age, Formula, Mean, Ratio, Stock, Target, Term

ON_TIME, LATE, OVERDUE, OPEN = (Term(of=f"dossier.{name}") for name in ("on_time", "late", "overdue", "open"))
MORE, FEWER = Target(due=date(2025, 6, 30), at_least=90), Target(due=date(2025, 6, 30), at_most=10)


def thing(subject: str, *amounts: int, left: int | None = None, since: int = 0) -> DrilldownRow:
    return DrilldownRow(subject, "H06.01", "", "open", since, left=left, amounts=amounts)


DAYS = Mean(kind="mean", numerator=[Term(of="dossier.worked")], denominator=[ON_TIME])
SHARE = Ratio(kind="ratio", numerator=[ON_TIME], denominator=[ON_TIME, LATE])


@pytest.mark.parametrize(
    ("formula", "targets", "found", "expected"),
    [
        (Stock(kind="stock", of=[OVERDUE]), [], [thing("a", 1, left=-5), thing("b", 1, left=-9), thing("c", 1)], "bac"),
        (SHARE, [MORE], [thing("on time", 1, 1, 0), thing("l", 0, 0, 1, left=-1), thing("m", 0, 0, 1, left=-2)], "ml"),
        (SHARE, [FEWER], [thing("o", 1, 1, 0), thing("late", 0, 0, 1)], "o"),
        (
            Ratio(kind="ratio", numerator=[OVERDUE], denominator=[OPEN]),
            [],
            [thing("o", 1, 1), thing("open", 0, 1)],
            "o",
        ),
        (Ratio(kind="ratio", numerator=[Term(of="payment.made")], denominator=[ON_TIME]), [], [thing("o", 0, 1)], ""),
        (DAYS, [], [thing("s", 9, 1), thing("l", 90, 1)], "ls"),
        (Age(kind="age", case="dossier"), [], [thing("n", 1, 1, since=9), thing("o", 1, 1, since=3)], "on"),
    ],
    ids=[
        "the least time left",
        "what a share lacks",
        "a share that is to be small",
        "a share of what nobody wants",
        "of two kinds",
        "what took longest",
        "the oldest",
    ],
)
def test_the_worst_come_first_and_what_is_well_does_not_come(
    formula: Formula, targets: list[Target], found: list[Any], expected: str
) -> None:
    assert "".join(one.subject for one in rank_by_harm(formula, targets, found)) == expected
