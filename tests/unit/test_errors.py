"""The tree of errors that core/errors.py opens with is the real one."""

import re
from importlib import import_module
from pkgutil import walk_packages

import core.errors
from core.errors import OpsCentreError, first_line
from schemas.catalogue.load import CatalogueError

PACKAGES = ("schemas", "core", "streams", "consumers", "dashboards", "web", "opscentre")


def import_everything() -> None:
    for package in map(import_module, PACKAGES):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)


def ours(base: type[BaseException]) -> set[type[BaseException]]:
    """All classes of ours below one, at whatever depth."""
    below = {one for child in base.__subclasses__() for one in {child, *ours(child)}}
    return {one for one in below if one.__module__.partition(".")[0] in PACKAGES}


def test_the_tree_has_every_error_and_no_other() -> None:
    drawn = re.findall(r"^(?:├──|└──) (\w+) ", core.errors.__doc__ or "", re.MULTILINE)
    assert set(drawn) == {one.__name__ for one in OpsCentreError.__subclasses__()}
    assert len(set(drawn)) == len(drawn)


def test_no_error_is_outside_the_tree_but_that_of_what_stands_below() -> None:
    import_everything()
    assert ours(BaseException) - ours(OpsCentreError) == {OpsCentreError, CatalogueError}
    assert {one.__module__ for one in ours(OpsCentreError)} == {"core.errors"}


def test_the_first_line_of_an_error_is_never_nothing() -> None:
    assert first_line(ValueError("\n one\ntwo")) == "one"
    assert first_line(TimeoutError()) == "TimeoutError"
