"""The indicators of Bà Rịa–Vũng Tàu, held against the programme's targets and what the systems publish."""

import json
from datetime import date
from pathlib import Path

import pytest

from schemas.catalogue.describe import PARTS
from schemas.catalogue.indicators import Milestone, Reported, Score, dimension_fields, measures, terms
from schemas.catalogue.load import load_catalogue
from schemas.docs.indicator_reference import indicator_reference
from schemas.events import BY_TYPE
from streams.fold.cases import CaseMeasures

CATALOGUE = load_catalogue()
INDICATORS = CATALOGUE.indicators

PROGRAMME = {
    ("procedures-full-process-share", "2025-05-30", ">=", 100),
    ("procedures-full-process-chung-thuc", "2025-05-30", ">=", 100),
    ("procedures-full-process-ho-tich", "2025-05-30", ">=", 100),
    ("officers-signing-share", "2025-06-30", ">=", 100),
    ("officers-online-share", "2025-06-30", ">=", 100),
    ("officers-online-and-signing-share", "2025-06-30", ">=", 100),
    ("fee-proposal-peoples-committee", "2025-06-30", ">=", 100),
    ("fee-proposal-peoples-council", "2025-06-30", ">=", 100),
    ("full-process-share", "2025-08-30", ">=", 70),
    ("stations-5g", "2025-12-31", ">=", 250),
    ("science-enterprises", "2025-12-31", ">=", 31),
    ("science-researchers", "2025-12-31", ">=", 300),
    ("science-innovative-enterprises", "2025-12-31", ">=", 50),
    ("science-tasks-under-way", "2025-12-31", ">=", 25),
    ("science-works-accepted", "2025-12-31", ">=", 20),
    ("science-results-applied", "2025-12-31", ">=", 40),
    ("enterprises-using-research", "2025-12-31", ">=", 10),
    ("enterprises-innovating", "2025-12-31", ">=", 15),
    ("budget-share", "2025-12-31", ">=", 1),
    ("vneid-rank", "2025-12-31", "<=", 10),
}
"""What the programme asks for, and by when: indicator, day, bound."""


def test_every_target_of_the_programme_is_an_indicators() -> None:
    given = {
        (id_, target.due.isoformat(), ">=" if target.at_most is None else "<=", target.at_least or target.at_most)
        for id_, indicator in INDICATORS.items()
        for target in indicator.file.target
        if not target.assumed
    }
    assert given == PROGRAMME


def test_a_day_that_the_programme_does_not_give_is_the_end_of_its_year() -> None:
    assumed = [target for one in INDICATORS.values() for target in one.file.target if target.assumed]
    assert len(assumed) >= 10
    assert {(target.due, target.at_least) for target in assumed} == {(date(2025, 12, 31), 100)}


def test_each_party_committee_owes_its_own_proposal() -> None:
    owing = {agency: id_ for id_, one in INDICATORS.items() for target in one.file.target for agency in target.agencies}
    assert owing == {"H06.31": "fee-proposal-peoples-committee", "H06.32": "fee-proposal-peoples-council"}


def test_every_system_that_publishes_has_its_indicators() -> None:
    assert {indicator.file.system for indicator in INDICATORS.values()} == CATALOGUE.systems.keys()


def test_no_two_indicators_are_named_alike() -> None:
    for language in ("vi", "en"):
        names = [getattr(indicator.file.name, language) for indicator in INDICATORS.values()]
        assert len(set(names)) == len(names)


def test_the_service_quality_score_has_all_components_of_decision_766(shared_data: Path) -> None:
    published = json.loads((shared_data / "qd766_indicators.json").read_text(encoding="utf-8"))["indicators"]
    score = INDICATORS["service-quality-score"].file.formula
    assert isinstance(score, Score)
    assert [(one.code, one.group, one.points) for one in score.components] == [
        (one["code"], one["group"], one["max"]) for one in published
    ]
    assert sum(one.points for one in score.components) == 100
    assert {one.code: one.full_at for one in score.components if one.indicator} == {
        "PROGRESS_ON_TIME": 100,
        "ONLINE_SERVICE_RATE": 80,
        "ONLINE_DOSSIER_RATE": 50,
        "PAY_DOSSIER_ONLINE": 100,
        "SO_HOA_GIAY_TO_GIAI_QUYET": 100,
    }


def test_tasks_and_readings_are_of_the_system_that_is_asked() -> None:
    for id_, indicator in INDICATORS.items():
        measure = indicator.file.formula
        named = (
            measure.task.split("/")
            if isinstance(measure, Milestone)
            else measure.reading.split(".")
            if isinstance(measure, Reported)
            else None
        )
        assert named is None or named[0] == indicator.file.system, id_


def test_the_measures_are_those_that_the_fold_counts() -> None:
    parts = {name.removeprefix("task.") for name in measures(BY_TYPE.values()) if name.startswith("task.")}
    assert parts == set(CaseMeasures._fields)


@pytest.mark.parametrize(
    ("measure", "fields"),
    [
        ("dossier.opened", ("channel", "service_level")),
        ("dossier.closed", ("outcome", "paid_online", "digitised")),
        ("dossier.on_time", ()),
        ("station.standing", ("operator", "technology")),
        ("signature.used", ()),
    ],
)
def test_the_dimensions_of_a_measure(measure: str, fields: tuple[str, ...]) -> None:
    assert dimension_fields(measure) == fields


def test_every_measure_of_a_case_or_register_has_its_words() -> None:
    assert PARTS.keys() == {*CaseMeasures._fields, "standing"}


def test_the_page_tells_what_each_indicator_is_and_what_is_to_be_reached() -> None:
    page = indicator_reference(CATALOGUE)
    for id_, indicator in INDICATORS.items():
        section = page.split(f"\n### {id_}\n")[1].split("\n##")[0]
        assert indicator.file.name.vi in section
        assert section.count("- Target: ") == len(indicator.file.target)
        for term in terms(indicator.file.formula):
            assert f"`{term.of}`" in section
    assert page.count("| not measured |") == 16


def test_a_target_in_the_page_names_who_owes_it_and_whether_its_day_is_assumed() -> None:
    page = indicator_reference(CATALOGUE)
    assert "- Target: at least 100 by 2025-06-30, for Party Committee of the Provincial People's Council.\n" in page
    assert "- Target: at least 100 by 2025-12-31 (assumed).\n" in page
    assert "- Target: at most 10 by 2025-12-31.\n" in page
    assert (
        "| 2025-08-30 | [Share of full-process online dossiers](#full-process-share) | at least 70 | percent |" in page
    )
