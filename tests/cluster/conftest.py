"""A cluster of the tests' own, two nodes, for the whole session; never the developer's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster import lifecycle, packages
from hack.cluster.kubectl import Kubectl
from hack.cluster.layout import Cluster, Mount
from tests.run_state import RunState

from .footprint import Footprint

NAME = "cluster-tests"


@pytest.fixture(scope="session")
def untouched() -> Footprint:
    """What the machine looked like before any of our clusters."""
    if os.geteuid() != 0:
        pytest.skip("clusters need root")
    lifecycle.down(NAME)
    # What the machine gets once and keeps: Debian's containerd fills folders, modules add sysctls.
    packages.ensure()
    packages.ensure_modules()
    return Footprint.take()


@pytest.fixture(scope="session")
def injected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("injected")
    (folder / "marker").write_text("from the host")
    return folder


@pytest.fixture(scope="session")
def cluster(untouched: Footprint, injected: Path, run_state: RunState) -> Iterator[Cluster]:
    run_state.remove_at_the_end(NAME)
    yield lifecycle.up(NAME, nodes=2, mounts=(Mount(str(injected), "/opt/injected"),))
    lifecycle.down(NAME)


@pytest.fixture
def kubectl(cluster: Cluster) -> Kubectl:
    return Kubectl(cluster.kubeconfig)
