"""New cgroups are usable: a version 2 child has its controllers, a version 1 cpuset its CPUs."""

from pathlib import Path

import pytest

from hack.cluster import cgroups


@pytest.fixture
def hierarchy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "_hierarchies", lambda: [tmp_path])
    return tmp_path


def test_version_2_hands_controllers_down(hierarchy: Path) -> None:
    (hierarchy / "cgroup.controllers").write_text("memory")
    (hierarchy / "cgroup.subtree_control").touch()
    cgroups.create("inference-operator/demo")
    assert (hierarchy / "cgroup.subtree_control").read_text() == "+memory"
    assert (hierarchy / "inference-operator" / "demo").is_dir()


def test_version_1_copies_an_empty_cpuset(hierarchy: Path) -> None:
    for name, value in (("cpuset.cpus", "0-1"), ("cpuset.mems", "0")):
        (hierarchy / name).write_text(value)
        (hierarchy / "demo").mkdir(exist_ok=True)
        (hierarchy / "demo" / name).write_text("\n")
    cgroups.create("demo")
    assert (hierarchy / "demo" / "cpuset.cpus").read_text() == "0-1"


def test_creating_twice_is_the_same_as_once(hierarchy: Path) -> None:
    cgroups.create("inference-operator/demo")
    cgroups.create("inference-operator/demo")
    assert cgroups.exists("inference-operator/demo")


def test_removing_takes_the_children_and_the_empty_parent(hierarchy: Path) -> None:
    cgroups.create("inference-operator/demo/system")
    cgroups.create("inference-operator/demo/node-1/kubepods")
    cgroups.remove("inference-operator/demo")
    assert list(hierarchy.iterdir()) == []


def test_removing_leaves_another_cluster(hierarchy: Path) -> None:
    cgroups.create("inference-operator/demo")
    cgroups.create("inference-operator/other")
    cgroups.remove("inference-operator/demo")
    assert cgroups.exists("inference-operator/other")


def test_killing_nobody_is_fine(hierarchy: Path) -> None:
    cgroups.kill("inference-operator/never-made")
