"""What the documents point at exists."""

import ast
import builtins
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


PYTHON = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in (ROOT / "docs/publishing.md", ROOT / "README.md")
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL), 1
    )
]


def test_there_is_python_with_and_without_our_publisher() -> None:
    assert ["core.publisher" in str(block.values) for block in PYTHON] == [False, True, False]


@pytest.mark.parametrize("block", PYTHON)
def test_python_in_a_document_compiles_and_imports_what_it_says(block: str) -> None:
    program = ast.parse(block)
    names = [node for node in ast.walk(program) if isinstance(node, ast.Name)]
    program.body = [statement for statement in program.body if isinstance(statement, ast.Import | ast.ImportFrom)]
    found: dict[str, object] = {}
    exec(compile(program, "document", "exec"), found)
    defined = {*found, *dir(builtins), *(name.id for name in names if isinstance(name.ctx, ast.Store))}
    assert {name.id for name in names} <= defined


def test_every_target_of_make_says_what_it_does() -> None:
    targets = re.findall(r"^([a-z-]+):(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "check", "clean-data", "help"} <= {name for name, _ in targets}
    assert all("## " in rest for _, rest in targets)
