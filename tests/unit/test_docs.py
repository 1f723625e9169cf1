"""What the documents point at exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
PROVEN = re.findall(r"`((?:unit|integration|contract)/test_\w+\.py)(?:::(test_\w+))?`", README)


@pytest.mark.parametrize(("file", "test"), PROVEN)
def test_every_promise_names_a_test_that_exists(file: str, test: str) -> None:
    assert f"def {test or 'test_'}" in (ROOT / "tests" / file).read_text()


def test_there_are_promises() -> None:
    assert len(PROVEN) > 10


@pytest.mark.parametrize("document", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"])
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_every_target_of_make_says_what_it_does() -> None:
    targets = re.findall(r"^([a-z-]+):(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "check", "clean-data", "help"} <= {name for name, _ in targets}
    assert all("## " in rest for _, rest in targets)
