"""The selection of tests by their imports, which are not run for it, and by the marker long."""

from pathlib import Path

import pytest

from tests.selection import needs_training

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import torch", True),
        ("from training.data.prices import load_prices", True),
        ("def test_it():\n    import mlflow.client\n", True),
        ("import numpy as np\nimport pandas", False),
        ("from tests.fakes.cluster import FakeCluster", False),
        ("text = 'import torch'", False),
        ("from hack.demo.ensemble_reference import Reference", True),
        ("from tests import trained_folders", True),
        ("from hack.cluster import versions", False),
    ],
)
def test_a_module_needs_training_by_its_imports(tmp_path: Path, text: str, expected: bool) -> None:
    module = tmp_path / "test_it.py"
    module.write_text(text)
    assert needs_training(module) is expected


def collected(pytester: pytest.Pytester, *options: str) -> set[str]:
    """Return the names of the tests that the suite's own plugin selects from three modules."""
    pytester.makeconftest(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from tests import selection\n"
        "pytest_addoption = selection.add_options\n"
        "def pytest_configure(config):\n"
        "    config.addinivalue_line('markers', 'long: as in pyproject.toml')\n"
        "    config.pluginmanager.register(selection.Selection(config))\n"
    )
    pytester.makepyfile(
        test_plain="def test_plain(): pass",
        test_trained="def test_trained():\n    import torch",
        test_soak="import pytest\n@pytest.mark.long\ndef test_soak(): pass",
    )
    done = pytester.inline_run("--collect-only", *options)
    calls = done.getcalls("pytest_collection_finish")
    return {item.name for item in calls[0].session.items}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"test_plain", "test_trained"}),
        (("--training", "without"), {"test_plain"}),
        (("--training", "only"), {"test_trained"}),
        (("--long",), {"test_soak"}),
    ],
)
def test_options_choose(
    pytester: pytest.Pytester, options: tuple[str, ...], expected: set[str]
) -> None:
    assert collected(pytester, *options) == expected


def test_each_unit_test_runs_in_exactly_one_environment() -> None:
    modules = sorted((ROOT / "tests" / "unit").rglob("test_*.py"))
    sides = {needs_training(module) for module in modules}
    assert sides == {True, False}
