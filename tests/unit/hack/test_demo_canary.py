"""`make demo-canary` says what it needs before it does anything."""

from pathlib import Path

import pytest

from hack.cluster.target import Current, Embedded, Kind
from hack.console import StepError
from hack.demo.canary import cluster_name, operator_image


def test_without_a_cluster_it_names_the_demo_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="found no operator in the cluster of") as failure:
        operator_image(Current(tmp_path / "kubeconfig"))
    assert "make demo" in failure.value.remedy


def test_a_cluster_of_kind_gets_no_gateway() -> None:
    assert cluster_name(Embedded("mine", 1, ())) == "mine"
    with pytest.raises(StepError, match="only an embedded cluster") as failure:
        cluster_name(Kind("mine", 1))
    assert "docs/progressive-delivery.md" in failure.value.remedy
