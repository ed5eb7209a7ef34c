"""What of a cluster is the demo's own, and what it refuses to touch."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hack import overlays, product
from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Current, Embedded, Kind, Target
from hack.console import StepError, with_sbin
from hack.demo import model as demo

CRD, PIPELINES, NAMESPACE = product.INSTALLATION
TRADING = "namespace/trading"
OURS = {product.MARK: "true"}
THEIRS: dict[str, str] = {}


@dataclass(frozen=True)
class FakeKubectl(Kubectl):
    """Knows the labels of what exists, and what was deleted."""

    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        if arguments[0] == "delete":
            self.deleted.append("operator" if "-k" in arguments else arguments[1])
        label = self.labels.get(arguments[1])
        metadata: dict[str, Any] = {"labels": label} if label else {}
        return "" if label is None else json.dumps({"metadata": metadata})


def cluster_with(labels: dict[str, dict[str, str]]) -> FakeKubectl:
    return FakeKubectl(Path("/none"), labels)


@pytest.mark.parametrize(
    ("there", "removed"),
    [
        ({CRD: OURS, NAMESPACE: OURS, TRADING: OURS}, [TRADING, "operator"]),
        ({}, [TRADING, "operator"]),
        ({CRD: THEIRS, NAMESPACE: OURS, TRADING: OURS}, [TRADING]),
        ({PIPELINES: THEIRS, NAMESPACE: OURS, TRADING: OURS}, [TRADING]),
        ({CRD: THEIRS, TRADING: {"team": "a"}}, []),
    ],
)
def test_only_what_the_demo_made_is_removed(
    there: dict[str, dict[str, str]], removed: list[str]
) -> None:
    kubectl = cluster_with(there)
    demo.remove(kubectl, everything=False)
    assert kubectl.deleted == removed


def test_of_our_own_cluster_everything_is_removed() -> None:
    kubectl = cluster_with({CRD: THEIRS, NAMESPACE: THEIRS, TRADING: THEIRS})
    demo.remove(kubectl, everything=True)
    assert kubectl.deleted == [TRADING, "operator"]


def test_the_demo_may_be_repeated() -> None:
    demo.demand_room(cluster_with({CRD: OURS, NAMESPACE: OURS, TRADING: OURS}))


@pytest.mark.parametrize("there", [CRD, PIPELINES, NAMESPACE, TRADING])
def test_the_demo_does_not_write_over_anybody_s_work(there: str) -> None:
    with pytest.raises(StepError, match=there) as failure:
        demo.demand_room(cluster_with({there: {"team": "a"}}))
    assert "CLUSTER=embedded" in failure.value.remedy


def test_a_foreign_cluster_needs_an_image_that_it_can_pull(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "is_ours", lambda on: False)
    monkeypatch.delenv("OPERATOR_IMAGE", raising=False)
    foreign = Current(Path("/theirs"))
    with pytest.raises(StepError, match="/theirs") as failure:
        product.demand_images(foreign)
    assert "OPERATOR_IMAGE" in failure.value.remedy
    monkeypatch.setenv("OPERATOR_IMAGE", "registry.example.com/operator:1")
    product.demand_images(foreign)


@pytest.mark.parametrize("on", [Embedded("mine", 1, ()), Kind("mine", 1)])
def test_what_can_be_given_images_needs_none(monkeypatch: pytest.MonkeyPatch, on: Target) -> None:
    monkeypatch.delenv("OPERATOR_IMAGE", raising=False)
    product.demand_images(on)


def test_the_overlay_marks_what_it_installs() -> None:
    overlay = product._overlay(product.Images("host:5000/operator:1", "triton:1"))
    assert overlay["labels"] == [{"pairs": OURS}]


def test_a_killed_installation_s_overlay_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(overlays, "MANIFESTS", tmp_path)
    for name, age in (("old", 3600), ("young", 0)):
        (tmp_path / f".overlay-{name}").mkdir()
        os.utime(tmp_path / f".overlay-{name}", (time.time() - age,) * 2)
    overlays._remove_stale()
    assert [left.name for left in tmp_path.iterdir()] == [".overlay-young"]


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"),
        ("/sbin:/mine", "/sbin:/mine:/usr/local/sbin:/usr/sbin"),
    ],
)
def test_programs_of_administration_are_found(path: str, whole: str) -> None:
    assert with_sbin(path) == whole
