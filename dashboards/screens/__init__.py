"""The screens of a province, one module each: what each shows, to whom, and what they do about it."""

from dashboards.model import Screen
from dashboards.texts import Language
from schemas.catalogue.model import Catalogue


def screens(catalogue: Catalogue, language: Language) -> dict[str, Screen]:
    """Every screen by its name, in the order of the navigation."""
    return {}
