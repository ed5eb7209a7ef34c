"""Tests that share a server stay together; tests that change the shared operator never meet."""

import re
from pathlib import Path

import pytest

from tests.scheduling import group, rank

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("tests/unit/api/test_crd.py", "tests/unit/api/test_crd.py"),
        (
            "tests/integration/operator/test_serving.py",
            "tests/integration/operator/test_serving.py",
        ),
        ("tests/integration/builtin/test_tokenizer.py", "tests/integration/builtin"),
        ("tests/images/test_backends.py", "tests/images"),
        ("tests/cluster/test_down.py", "tests/cluster"),
        ("tests/e2e/test_canary_gateway.py", "tests/e2e/test_canary_gateway.py"),
        ("tests/contract/test_cluster.py", "API server"),
        ("tests/integration/api/test_crd.py", "API server"),
    ],
)
def test_a_module_is_in_the_group_of_its_server(module: str, expected: str) -> None:
    assert group(module) == expected


def test_tests_that_change_the_operator_of_the_shared_cluster_are_one_group() -> None:
    modules = ("tests/e2e/test_operator.py", "tests/e2e/test_registry.py", "tests/e2e/test_demo.py")
    assert {group(module) for module in modules} == {"operator changes"}


def test_every_module_that_changes_the_shared_operator_is_in_the_group() -> None:
    changes = re.compile(
        r"restart_operator|kill\((AGENT|\"inference-operator\")|product\.install|"
        r"hack\.demo\.model\"|without_operator\(|def test_.*mlflow:|mlflow: ClusterMlflow|"
        r"delete\", \"pod\", old"
    )
    changing = {
        f"tests/e2e/{path.name}"
        for path in (ROOT / "tests" / "e2e").glob("test_*.py")
        if changes.search(path.read_text("utf-8"))
    }
    assert len(changing) == 8
    assert {group(module) for module in changing} == {"operator changes"}


def test_a_test_that_shows_an_operator_without_prometheus_is_in_the_group() -> None:
    assert group("tests/e2e/test_first_canary.py") == "operator changes"


def test_other_e2e_tests_run_on_any_worker() -> None:
    assert group("tests/e2e/test_serving.py") == ""


def test_what_waits_for_clusters_comes_first() -> None:
    modules = [
        "tests/unit/api/test_crd.py",
        "tests/integration/load/test_s3.py",
        "tests/integration/operator/test_serving.py",
        "tests/e2e/test_serving.py",
        "tests/e2e/test_registry.py",
    ]
    assert sorted(modules, key=rank) == modules[::-1]
