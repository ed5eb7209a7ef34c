"""Which cluster the environment asks for, and what is said to kind."""

import os
from pathlib import Path

import pytest

from hack.cluster.layout import Mount
from hack.cluster.target import Current, Embedded, Kind, target
from hack.console import StepError

_FAKE_KIND = """#!/bin/sh
echo "$@" >> "$CALLS"
[ "$1 $2" = "get clusters" ] && cat "$CLUSTERS"
exit 0
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("CLUSTER", "CLUSTER_NAME", "NODES", "CLUSTER_TORCH_DIR", "KUBECONFIG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("INFERENCE_OPERATOR_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A `kind` that writes down how it was called; write cluster names to `clusters` beside it."""
    program = tmp_path / "bin" / "kind"
    program.parent.mkdir()
    program.write_text(_FAKE_KIND)
    program.chmod(0o755)
    (tmp_path / "clusters").touch()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("CLUSTERS", str(tmp_path / "clusters"))
    return tmp_path / "calls"


def test_the_default_is_one_node_of_our_own() -> None:
    assert target() == Embedded("inference-operator", 1, ())


def test_the_environment_names_it_and_sizes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLUSTER_NAME", "mine")
    monkeypatch.setenv("NODES", "2")
    monkeypatch.setenv("CLUSTER_TORCH_DIR", str(tmp_path))
    assert target() == Embedded("mine", 2, (Mount(str(tmp_path), "/opt/torch"),))


def test_a_torch_folder_that_is_absent_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER_TORCH_DIR", "/nowhere/at/all")
    assert target() == Embedded("inference-operator", 1, ())


def test_current_takes_the_first_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER", "current")
    monkeypatch.setenv("KUBECONFIG", "/one:/two")
    assert target() == Current(Path("/one"))


@pytest.mark.parametrize(("variable", "value"), [("CLUSTER", "minikube"), ("NODES", "two")])
def test_what_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(StepError, match=value):
        target()


def test_kind_is_created_once_and_loaded_from_archives(calls: Path) -> None:
    kind = Kind("demo", 2)
    kind.up()
    config = kind.kubeconfig.with_suffix(".yaml").read_text()
    assert config.endswith("nodes:\n- role: control-plane\n- role: worker\n")
    (calls.parent / "clusters").write_text("demo\n")
    kind.up()
    kind.load_images([Path("a.tar")])
    kind.down()
    verbs = [" ".join(line.split()[:2]) for line in calls.read_text().splitlines()]
    assert verbs == [
        "get clusters",
        "create cluster",
        "get clusters",
        "export kubeconfig",
        "load image-archive",
        "delete cluster",
    ]


def test_a_missing_kind_says_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StepError) as failure:
        Kind("demo", 1).up()
    assert "CLUSTER=embedded" in failure.value.remedy
