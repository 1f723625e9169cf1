"""The screens of a province, one module each: what each shows, to whom, and what they do about it."""

from dashboards.model import Screen
from dashboards.screens.agency import agency
from dashboards.screens.case import case
from dashboards.screens.deadlines import deadlines
from dashboards.screens.pipeline import pipeline
from dashboards.screens.quality import quality
from dashboards.screens.scorecard import scorecard, target
from dashboards.screens.services import services
from dashboards.screens.systems import digital_work, order, population, programme, stations
from dashboards.screens.wall import wall
from dashboards.sources import Sources
from dashboards.texts import Language
from schemas.catalogue.model import Catalogue

_SCREENS = (
    wall,
    scorecard,
    target,
    services,
    agency,
    digital_work,
    stations,
    order,
    population,
    programme,
    deadlines,
    quality,
    pipeline,
    case,
)
"""In the order of the navigation."""


def screens(catalogue: Catalogue, language: Language) -> dict[str, Screen]:
    """Every screen by its name, in the order of the navigation."""
    sources = Sources(catalogue, language)
    return {screen.name: screen for screen in (make(sources) for make in _SCREENS)}
