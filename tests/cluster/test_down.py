"""`down` leaves nothing behind, in whatever state it finds the cluster."""

import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from hack.cluster import lifecycle
from hack.cluster.kubectl import Kubectl
from hack.cluster.layout import Cluster
from hack.cluster.running import Running
from hack.console import StepError
from tests.run_state import RunState

from .footprint import Footprint, members_of, traces
from .workloads import answering_pod, await_ready

pytestmark = [pytest.mark.cluster, pytest.mark.long]
NAME = "cluster-tests-down"


@pytest.fixture
def doomed(untouched: Footprint, run_state: RunState) -> Iterator[Cluster]:
    """A cluster beside the session's, with a pod in it."""
    run_state.remove_at_the_end(NAME)
    cluster = lifecycle.up(NAME)
    kubectl = Kubectl(cluster.kubeconfig)
    kubectl.apply(answering_pod("web"))
    await_ready(kubectl, "web")
    yield cluster
    lifecycle.down(NAME)


def running(cluster: Cluster) -> Running:
    current = lifecycle.current(cluster.name)
    assert current is not None
    return current


def test_down_leaves_nothing_behind(doomed: Cluster, untouched: Footprint) -> None:
    members = members_of(doomed)
    assert len(members.namespaces) >= 4
    lifecycle.down(NAME)
    assert traces(doomed, members) == []
    assert Footprint.take() == untouched


def test_down_removes_the_remains_of_a_killed_cluster(doomed: Cluster) -> None:
    members = members_of(doomed)
    processes = running(doomed).processes
    for name in ("hub", "node-1", "node-1-kubelet", "node-1-containerd"):
        pid = processes.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(doomed.folder / "run")
    lifecycle.down(NAME)
    assert traces(doomed, members) == []


def test_a_cluster_whose_folder_was_deleted_can_be_removed(doomed: Cluster) -> None:
    members = members_of(doomed)
    shutil.rmtree(doomed.folder, ignore_errors=True)
    lifecycle.down(NAME)
    assert traces(doomed, members) == []


def test_two_clusters_share_no_network(cluster: Cluster, doomed: Cluster) -> None:
    assert cluster.network != doomed.network
    assert running(cluster).healthy()
    assert running(doomed).healthy()


def test_the_end_of_one_cluster_does_not_touch_the_other(cluster: Cluster, doomed: Cluster) -> None:
    lifecycle.down(NAME)
    kubectl = Kubectl(cluster.kubeconfig)
    kubectl.apply(answering_pod("after", "node-1"), answering_pod("after-too", "node-2"))
    await_ready(kubectl, "after", "after-too")


def test_a_second_down_says_so(untouched: Footprint, capsys: pytest.CaptureFixture[str]) -> None:
    lifecycle.down("cluster-tests-none")
    assert capsys.readouterr().out == "there is no cluster cluster-tests-none\n"


def test_a_name_that_is_no_name_is_refused() -> None:
    with pytest.raises(StepError, match="is not a valid cluster name"):
        lifecycle.down("../etc")
