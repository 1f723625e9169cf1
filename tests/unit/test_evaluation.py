"""Indicators worked out from plain figures: hand-checked examples of every kind, and what must hold of any figures."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue.indicators import Indicator, IndicatorFile, Target
from schemas.evaluation import (
    ActorMonth,
    Figures,
    ReportedValue,
    StandingItem,
    TaskState,
    evaluate,
    first_day,
    lineage,
    months,
    span,
)
from tests.target_progress import progress

ABOVE = lineage({"P": None, "D": "P", "C1": "D", "C2": "D", "E": "P"})
JUNE = (date(2025, 6, 1), date(2025, 6, 30))
T = 1_000_000
"""The end of June in minutes, for these tests."""


def indicator(formula: dict[str, Any], by: str | None = None, system: str = "one-stop") -> Indicator:
    file = {
        "system": system,
        "name": {"vi": "x", "en": "x"},
        "unit": "percent",
        "period": "month",
        "formula": formula,
        **({"by": by} if by else {}),
    }
    return Indicator("one", IndicatorFile.model_validate(file))


Amounts = Mapping[tuple[str, str, str], int]
"""(measure, agency, dimensions) → amount."""


def figures(end: Amounts, before: Amounts | None = None, system: str = "one-stop", **more: Any) -> Figures:
    keyed = [{(system, *key): amount for key, amount in one.items()} for one in (end, before or {})]
    reporting = {
        (system, measure if measure.endswith((".used", ".made")) else measure.partition(".")[0], agency)
        for measure, agency, _ in {**end, **(before or {})}
    }
    return Figures(*JUNE, T, keyed[0], keyed[1], more.pop("reporting", reporting), ABOVE, **more)


def values(one: Indicator, of: Figures, catalogue: Mapping[str, Indicator] | None = None) -> dict[Any, float | None]:
    """Values by agency, or by agency and dimensions for parts."""
    found = evaluate(one, of, catalogue or {})
    return {
        agency if not dimensions else (agency, dimensions): value.value for (agency, dimensions), value in found.items()
    }


OPENED = {"kind": "count", "of": [{"of": "dossier.opened"}]}


def test_a_count_is_what_happened_within_the_period_and_agencies_add_up() -> None:
    end = {("dossier.opened", "C1", "online full"): 9, ("dossier.opened", "C2", "counter -"): 4}
    before = {("dossier.opened", "C1", "online full"): 7}
    assert values(indicator(OPENED), figures(end, before)) == {"C1": 2, "C2": 4, "D": 6, "P": 6}


def test_nothing_within_the_period_is_zero_and_never_reported_is_no_value() -> None:
    same = {("dossier.opened", "C1", "online full"): 7}
    assert values(indicator(OPENED), figures(same, same)) == {"C1": 0, "D": 0, "P": 0}
    assert values(indicator(OPENED), figures({})) == {}


def test_another_measure_of_the_same_kind_is_a_report_and_another_system_or_flow_is_none() -> None:
    reporting = {("one-stop", "dossier", "C1"), ("tourism", "dossier", "C2"), ("one-stop", "payment.made", "E")}
    late = indicator({"kind": "count", "of": [{"of": "dossier.late"}]})
    assert values(late, figures({}, reporting=reporting)) == {"C1": 0, "D": 0, "P": 0}


def test_a_stock_is_what_stands_at_the_end_whatever_stood_before() -> None:
    end, before = {("dossier.overdue", "C1", ""): 3}, {("dossier.overdue", "C1", ""): 5}
    overdue = indicator({"kind": "stock", "of": [{"of": "dossier.overdue"}]})
    assert values(overdue, figures(end, before)) == {"C1": 3, "D": 3, "P": 3}


def test_where_takes_the_dimensions_that_have_all_of_these_values() -> None:
    end = {
        ("dossier.opened", "C1", "online full"): 1,
        ("dossier.opened", "C1", "online partial"): 2,
        ("dossier.opened", "C1", "online -"): 4,
        ("dossier.opened", "C1", "post full"): 8,
    }
    where = {"channel": ["online"], "service_level": ["full", "partial"]}
    found = values(indicator({"kind": "count", "of": [{"of": "dossier.opened", "where": where}]}), figures(end))
    assert found["C1"] == 3


ON_TIME = {
    "kind": "ratio",
    "numerator": [{"of": "dossier.on_time"}],
    "denominator": [{"of": "dossier.on_time"}, {"of": "dossier.late"}],
}


def test_numerators_and_denominators_of_a_ratio_add_up_never_the_ratios() -> None:
    end = {
        ("dossier.on_time", "C1", ""): 1,
        ("dossier.late", "C2", ""): 2,
        ("dossier.on_time", "C2", ""): 1,
        ("dossier.opened", "E", "online full"): 1,
    }
    found = evaluate(indicator(ON_TIME), figures(end), {})
    assert {agency: tuple(value) for (agency, _), value in found.items()} == {
        "C1": (1, 1, 100),
        "C2": (1, 3, pytest.approx(100 / 3)),
        "D": (2, 4, 50),
        "E": (0, 0, None),  # something was reported, and nothing was finished: not zero per cent
        "P": (2, 4, 50),
    }


def test_a_mean_is_divided_by_its_divisor() -> None:
    end = {("dossier.worked", "C1", ""): 2400, ("dossier.on_time", "C1", ""): 1, ("dossier.late", "C1", ""): 1}
    days = {**ON_TIME, "kind": "mean", "numerator": [{"of": "dossier.worked"}], "divisor": 480}
    assert values(indicator(days), figures(end))["P"] == 2.5


def test_the_age_of_what_is_open_is_counted_to_the_end_in_days() -> None:
    end = {
        ("dossier.open", "C1", ""): 2,
        ("dossier.opened_at_sum", "C1", ""): 2 * T - 3 * 1440,
        ("dossier.closed", "E", ""): 1,
    }
    assert values(indicator({"kind": "age", "case": "dossier"}), figures(end)) == {
        "C1": 1.5,
        "D": 1.5,
        "P": 1.5,
        "E": None,
    }


def test_a_count_is_split_by_a_field_of_its_labels() -> None:
    end = {
        ("station.standing", "C1", "viettel 5g"): 3,
        ("station.standing", "C2", "viettel 4g"): 2,
        ("station.standing", "E", "vinaphone 5g"): 1,
    }
    stations = indicator({"kind": "stock", "of": [{"of": "station.standing"}]}, "operator", "telecom")
    assert values(stations, figures(end, system="telecom")) == {
        "C1": 3,
        "C2": 2,
        "D": 5,
        "E": 1,
        "P": 6,
        ("C1", "viettel"): 3,
        ("C2", "viettel"): 2,
        ("D", "viettel"): 5,
        ("P", "viettel"): 5,
        ("E", "vinaphone"): 1,
        ("P", "vinaphone"): 1,
    }


def test_a_ratio_is_split_on_both_sides() -> None:
    share = {
        "kind": "ratio",
        "numerator": [{"of": "dossier.opened", "where": {"service_level": ["full"]}}],
        "denominator": [{"of": "dossier.opened"}],
    }
    end = {
        ("dossier.opened", "C1", "online full"): 3,
        ("dossier.opened", "C1", "online partial"): 1,
        ("dossier.opened", "C1", "post full"): 1,
        ("dossier.opened", "C1", "counter -"): 5,
    }
    found = values(indicator(share, "channel"), figures(end))
    assert (found["P"], found["P", "online"], found["P", "post"], found["P", "counter"]) == (40, 75, 100, 0)


def test_what_has_no_such_field_is_taken_whole_beside_each_part() -> None:
    share = {
        "kind": "ratio",
        "numerator": [{"of": "dossier.opened"}],
        "denominator": [{"of": "dossier.open"}],
    }
    end = {("dossier.opened", "C1", "online full"): 3, ("dossier.open", "C1", ""): 4, ("dossier.open", "E", ""): 4}
    found = values(indicator(share, "channel"), figures(end))
    assert found == {
        "C1": 75,
        "D": 75,
        "E": 0,
        "P": 37.5,
        ("C1", "online"): 75,
        ("D", "online"): 75,
        ("P", "online"): 37.5,
    }


OFFICERS = [
    StandingItem("e-office", "officer", "a", "C1", "leader"),
    StandingItem("e-office", "officer", "b", "C1", "official"),
    StandingItem("e-office", "officer", "c", "E", "official"),
]
DID = {
    "kind": "distinct",
    "register_name": "officer",
    "did": [{"of": "signature.used"}, {"of": "workfile.processed", "where": {"online": ["true"]}}],
}


def acted(measure: str, actor: str, dimensions: str = "", month: int = 6, system: str = "e-office") -> ActorMonth:
    return ActorMonth(system, measure, dimensions, "C2", actor, date(2025, month, 1))


def test_who_stands_in_the_register_and_did_each_of_these_in_a_month_of_the_period_counts_once() -> None:
    actors = [
        acted("signature.used", "a"),
        acted("workfile.processed", "a", "true"),
        acted("signature.used", "b"),
        acted("workfile.processed", "b", "false"),
        acted("signature.used", "c", month=5),
        acted("workfile.processed", "c", "true"),
        acted("signature.used", "gone"),
        acted("workfile.processed", "gone", "true"),
    ]
    reporting = {("e-office", "officer", "C1"), ("e-office", "officer", "E"), ("e-office", "officer", "C2")}
    of = figures({}, system="e-office", actors=actors, items=OFFICERS, reporting=reporting)
    found = evaluate(indicator(DID, "rank", "e-office"), of, {})
    assert {key: tuple(value) for key, value in found.items()} == {
        ("C1", ""): (1, 2, 50),
        ("C1", "leader"): (1, 1, 100),
        ("C1", "official"): (0, 1, 0),
        ("C2", ""): (0, 0, None),
        ("D", ""): (1, 2, 50),
        ("D", "leader"): (1, 1, 100),
        ("D", "official"): (0, 1, 0),
        ("E", ""): (0, 1, 0),
        ("E", "official"): (0, 1, 0),
        ("P", ""): (1, 3, pytest.approx(100 / 3)),
        ("P", "leader"): (1, 1, 100),
        ("P", "official"): (0, 2, 0),
    }


def reading(agency: str, period: str, value: float, at: int = 1, id_: str = "1") -> ReportedValue:
    return ReportedValue("science", "science.enterprises", agency, period, value, at, id_)


READINGS = [
    reading("C1", "2025-Q1", 5, at=9),
    reading("C1", "2025-05", 7, at=2),
    reading("C1", "2025-05", 8, at=2, id_="2"),
    reading("C1", "2025-Q3", 99),
    reading("C2", "2025-06-30", 20, at=3),
    reading("C2", "2025-Q2", 30, at=4),
    reading("E", "2024", 100, at=100),
]


@pytest.mark.parametrize(
    ("rollup", "expected"),
    [
        ("sum", {"C1": 8, "C2": 30, "D": 38, "E": 100, "P": 138}),
        ("none", {"C1": 8, "C2": 30, "D": 30, "E": 100, "P": 30}),
    ],
)
def test_a_reading_is_of_the_latest_period_over_and_of_that_the_latest_reported(
    rollup: str, expected: dict[str, float]
) -> None:
    one = indicator({"kind": "reading", "reading": "science.enterprises", "rollup": rollup}, system="science")
    assert values(one, figures({}, readings=READINGS)) == expected


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, {"C1": 0, "D": 0, "P": 0}), (100, {"C1": 100, "D": 100, "P": 100}), (None, {})]
)
def test_a_milestone_is_its_tasks_progress_and_nothing_once_cancelled(
    percent: int | None, expected: dict[str, float]
) -> None:
    tasks = [
        TaskState("green", "port", "C1", percent),
        TaskState("green", "other", "E", 50),
        TaskState("front", "port", "E", 7),
    ]
    one = indicator({"kind": "milestone", "task": "port"}, system="green")
    assert values(one, figures({}, tasks=tasks)) == expected


def test_a_score_is_out_of_what_is_measured_and_has_a_value() -> None:
    parts = {"opened": indicator(OPENED), "on-time": indicator(ON_TIME)}
    component = {"group": "g", "name": {"vi": "x", "en": "x"}}
    score = indicator(
        {
            "kind": "score",
            "components": [
                {"code": "1", "points": 10.0, "indicator": "on-time", **component},
                {"code": "2", "points": 5.0, "indicator": "opened", "full_at": 2.0, **component},
                {"code": "3", "points": 85.0, **component},
            ],
        },
        system="resolution-57",
    )
    end = {
        ("dossier.opened", "C1", "online full"): 1,
        ("dossier.on_time", "C2", ""): 4,
        ("dossier.late", "C2", ""): 1,
        ("dossier.opened", "E", "online full"): 9,
    }
    found = evaluate(score, figures(end), parts)
    assert {agency: tuple(value) for (agency, _), value in found.items()} == {
        "C1": (2.5, 5, 50),  # nothing was finished: on time is not measured
        "C2": (8, 15, pytest.approx(800 / 15)),
        "D": (10.5, 15, 70),
        "E": (5, 5, 100),  # never more than all points
        "P": (13, 15, pytest.approx(1300 / 15)),
    }


def test_periods_have_their_days() -> None:
    assert [first_day(period, date(2025, 6, 30)) for period in ("month", "quarter", "year", "always")] == [
        date(2025, 6, 1),
        date(2025, 4, 1),
        date(2025, 1, 1),
        None,
    ]
    assert span("2025") == (date(2025, 1, 1), date(2025, 12, 31))
    assert span("2025-Q4") == (date(2025, 10, 1), date(2025, 12, 31))
    assert span("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))
    assert span("2025-06-30") == (date(2025, 6, 30), date(2025, 6, 30))
    assert span("2025-02-31") == (date(2025, 2, 28), date(2025, 2, 28))
    assert months(date(2025, 4, 2), date(2025, 6, 30)) == (date(2025, 4, 1), date(2025, 6, 1))


DUE = date(2025, 12, 31)
AT_LEAST = Target(due=DUE, at_least=100)
AT_MOST = Target(due=DUE, at_most=10)


@pytest.mark.parametrize(
    ("target", "value", "earlier", "today", "left", "status", "needed", "projected"),
    [
        (AT_LEAST, None, 90, date(2025, 11, 1), 10, "no_data", None, None),
        (AT_LEAST, 100, 120, date(2025, 11, 1), 10, "met", None, 90),
        (AT_LEAST, 100, None, date(2026, 1, 1), 0, "met", None, None),
        (AT_LEAST, 80, 40, date(2025, 11, 1), 10, "on_track", 2, 100),
        (AT_LEAST, 80, 41, date(2025, 11, 1), 10, "at_risk", 2, 99.5),
        (AT_LEAST, 80, None, date(2025, 11, 1), 10, "at_risk", 2, None),
        (AT_LEAST, 80, 0, date(2025, 12, 31), 0, "at_risk", None, 80),
        (AT_LEAST, 80, 0, date(2026, 1, 1), 0, "missed", None, 80),
        (AT_MOST, 10, 20, date(2025, 11, 1), 10, "met", None, 5),
        (AT_MOST, 15, 25, date(2025, 11, 1), 10, "on_track", -0.5, 10),
        (AT_MOST, 15, 15, date(2025, 11, 1), 10, "at_risk", -0.5, 15),
    ],
)
def test_a_target_is_met_missed_on_track_at_risk_or_without_data(
    target: Target,
    value: float | None,
    earlier: float | None,
    today: date,
    left: int,
    status: str,
    needed: float | None,
    projected: float | None,
) -> None:
    found = progress(target, value, earlier, today, left)
    assert (found.status, found.pace_needed, found.projected) == (status, needed, projected)
    assert found.days_left == (DUE - today).days


counters = st.dictionaries(
    st.tuples(
        st.sampled_from(["dossier.on_time", "dossier.late", "dossier.opened"]),
        st.sampled_from(["C1", "C2", "D", "E", "nobody"]),
        st.sampled_from(["online full", "post -", "counter partial"]),
    ),
    st.integers(0, 1000),
)


@given(counters)
def test_a_count_of_an_agency_is_the_sum_of_all_that_is_its_own_below(end: dict[tuple[str, str, str], int]) -> None:
    found = values(indicator(OPENED, "channel"), figures(end))
    for agency in ABOVE:
        own = {
            key: amount for key, amount in end.items() if key[0] == "dossier.opened" and agency in ABOVE.get(key[1], ())
        }
        assert (found.get(agency) or 0) == sum(own.values())
        parts = [amount for key, amount in found.items() if isinstance(key, tuple) and key[0] == agency]
        assert sum(amount or 0 for amount in parts) == sum(own.values())


@given(counters)
def test_a_share_is_never_above_its_scale_nor_below_nothing(end: dict[tuple[str, str, str], int]) -> None:
    for value in evaluate(indicator(ON_TIME), figures(end), {}).values():
        assert value.value is None if value.denominator == 0 else 0 <= (value.value or 0) <= 100


@given(st.randoms(use_true_random=False), counters)
def test_the_order_of_the_figures_does_not_matter(random: Any, end: dict[tuple[str, str, str], int]) -> None:
    def shuffled(rows: Any) -> Any:
        return random.sample(rows, len(rows))

    acts = [acted("signature.used", "a"), acted("workfile.processed", "a", "true"), acted("signature.used", "b")]
    wanted = [
        indicator(OPENED, "channel"),
        indicator(ON_TIME),
        indicator(DID, "rank", "e-office"),
        indicator({"kind": "reading", "reading": "science.enterprises", "rollup": "sum"}, system="science"),
        indicator({"kind": "reading", "reading": "science.enterprises", "rollup": "none"}, system="science"),
    ]
    first = figures(end, actors=acts, items=OFFICERS, readings=READINGS)
    other = figures(
        dict(shuffled(list(end.items()))),
        actors=shuffled(acts),
        items=shuffled(OFFICERS),
        readings=shuffled(READINGS),
    )
    for one in wanted:
        assert evaluate(one, first, {}) == evaluate(one, other, {})
