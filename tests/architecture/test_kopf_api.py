"""Only the public names of Kopf are used, which its versions keep (ADR 0020)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import kopf
import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("operator", "model_builders", "hack", "benchmarks", "tests")


def users() -> list[Path]:
    """Return the modules that import Kopf."""
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT) for path in paths if imports_kopf(path.read_text("utf-8")))


def imports_kopf(text: str) -> bool:
    return "kopf" in text and any(imported(node) for node in ast.walk(ast.parse(text)))


def imported(node: ast.AST) -> list[str]:
    """Return the dotted names of Kopf that a node imports."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if name.split(".")[0] == "kopf"]


def private_uses(text: str) -> Iterator[str]:
    """Yield what a module uses of Kopf beside its public names. In a module that imports Kopf, an
    underscore of any object but `self` and `cls` counts too."""
    for node in ast.walk(ast.parse(text)):
        yield from (name for name in imported(node) if not is_public(name))
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner == "kopf" and node.attr not in (*kopf.__all__, "__all__"):
            yield f"kopf.{node.attr}"
        elif is_underscored(node.attr) and owner not in ("self", "cls", "kopf"):
            yield ast.unparse(node)


def is_public(name: str) -> bool:
    """Return whether it is Kopf itself, or a name that Kopf exports."""
    rest = name.removeprefix("kopf").removeprefix(".")
    return not rest or rest in kopf.__all__


def is_underscored(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def test_the_users_of_kopf_are_found() -> None:
    assert Path(__file__).relative_to(ROOT) in users()
    assert any(path.parts[0] == "operator" for path in users())


@pytest.mark.parametrize("path", users(), ids=str)
def test_a_module_uses_no_private_name_of_kopf(path: Path) -> None:
    assert list(private_uses((ROOT / path).read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "import kopf._cogs.clients.api",
        "from kopf._core.reactor import queueing",
        "from kopf import _core",
        "from kopf import anything",
        "import kopf\nkopf._kits",
        "import kopf\nkopf.anything()",
        "import kopf\nregistry._watching",
        "import kopf\nsettings.watching._page",
    ],
)
def test_a_private_name_is_noticed(snippet: str) -> None:
    assert imports_kopf(snippet)
    assert list(private_uses(snippet))


@pytest.mark.parametrize(
    "snippet",
    [
        "import kopf\nkopf.on.event",
        "from kopf import BodyEssence",
        "import kopf\nclass A:\n    def b(self):\n        return self._c",
    ],
)
def test_a_public_name_is_none_of_them(snippet: str) -> None:
    assert list(private_uses(snippet)) == []
