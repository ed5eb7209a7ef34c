"""The two-node cluster: pods, Services, DNS, images, extended resources."""

import contextlib
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hack.cluster import cgroups, lifecycle, versions
from hack.cluster.kubectl import Kubectl, advertise
from hack.cluster.layout import Cluster
from hack.cluster.target import Current, target

from .conftest import NAME
from .footprint import Footprint, read_if_there
from .workloads import answering_pod, await_ready, deployment, dial, service

pytestmark = [pytest.mark.cluster, pytest.mark.long]
VERSION = {"1.37": "v1.37.2", "1.34": "v1.34.4"}[versions.chosen().minor]


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> tuple[str, str]:
    """A pod on each node, the second behind a Service of its name."""
    kubectl = Kubectl(cluster.kubeconfig)
    kubectl.apply(answering_pod("left", "node-1"), answering_pod("right", "node-2"))
    kubectl.apply(service("right"))
    await_ready(kubectl, "left", "right")
    return "left", "right"


def eventually(question: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not question() and time.monotonic() < deadline:
        time.sleep(0.2)
    return question()


def test_both_nodes_are_ready_and_say_the_real_version(kubectl: Kubectl) -> None:
    nodes = kubectl.get("nodes")["items"]
    assert [node["metadata"]["name"] for node in nodes] == ["node-1", "node-2"]
    assert {node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes} == {VERSION}


def test_a_pod_reaches_a_pod_of_the_other_node(kubectl: Kubectl, pods: tuple[str, str]) -> None:
    left, right = (kubectl.get("pod", name)["status"]["podIP"] for name in pods)
    assert dial(kubectl, "left", f"{right}:8080") == "right"
    assert dial(kubectl, "right", f"{left}:8080") == "left"


def test_a_pod_resolves_a_service_by_name(kubectl: Kubectl, pods: tuple[str, str]) -> None:
    assert dial(kubectl, "left", "right.default.svc.cluster.local:80") == "right"


def test_a_pod_reaches_itself_through_its_service(kubectl: Kubectl, pods: tuple[str, str]) -> None:
    assert dial(kubectl, "right", "right.default.svc.cluster.local:80") == "right"


def test_a_foreign_name_fails_at_once(kubectl: Kubectl, pods: tuple[str, str]) -> None:
    start = time.monotonic()
    with pytest.raises(Exception, match="no such host"):
        dial(kubectl, "left", "models.example.com:443")
    assert time.monotonic() - start < 2


def test_the_host_reaches_services_and_pods(kubectl: Kubectl, pods: tuple[str, str]) -> None:
    addresses = [
        (kubectl.get("service", "right")["spec"]["clusterIP"], 80),
        (kubectl.get("pod", "right")["status"]["podIP"], 8080),
    ]
    for address in addresses:
        with socket.create_connection(address, timeout=5) as connection:
            assert connection.recv(64).strip() == b"right"


def test_a_client_that_comes_before_a_services_rules_gets_through(
    cluster: Cluster, kubectl: Kubectl, pods: tuple[str, str]
) -> None:
    address = str(ipaddress.ip_network(cluster.service_cidr)[-10])
    answers: list[bytes] = []

    def connect() -> None:
        with socket.create_connection((address, 80), timeout=20) as connection:
            answers.append(connection.recv(64).strip())

    client = threading.Thread(target=connect)
    client.start()
    time.sleep(0.5)
    assert client.is_alive(), "no address of a Service answers or refuses before its time"
    late = service("late")
    late["spec"].update(clusterIP=address, selector={"app": "right"})
    kubectl.apply(late)
    client.join()
    assert answers == [b"right"]


def test_a_pod_reaches_a_server_of_the_host(
    cluster: Cluster, kubectl: Kubectl, pods: tuple[str, str]
) -> None:
    with socket.create_server((cluster.host_address, 0)) as server:
        server.settimeout(10)
        address = f"{cluster.host_address}:{server.getsockname()[1]}"
        asks = threading.Thread(target=dial, args=(kubectl, "right", address))
        asks.start()
        connection, (client, _) = server.accept()
        connection.close()
        asks.join()
    assert client == kubectl.get("pod", "right")["status"]["podIP"]


def test_containers_see_an_injected_folder(cluster: Cluster, pods: tuple[str, str]) -> None:
    markers = [
        path
        for path in Path("/proc").glob("[0-9]*/root/opt/injected/marker")
        if f"/{cluster.cgroup}/node-" in read_if_there(path.parents[3] / "cgroup")
    ]
    texts = {read_if_there(marker) for marker in markers}
    assert texts - {""} == {"from the host"}, "a process that ended has no file any more"


def test_pods_are_admitted_by_the_pod_security_standard(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "hardened")
    label = "pod-security.kubernetes.io/enforce=restricted"
    kubectl("label", "namespace", "hardened", label)
    with pytest.raises(Exception, match="violates PodSecurity"):
        kubectl("run", "x", "--image=x", "--namespace=hardened")


def test_the_audit_log_knows_who_asked(cluster: Cluster, kubectl: Kubectl) -> None:
    kubectl("get", "configmaps", "--namespace=kube-public")
    last = cluster.audit_log.read_text().splitlines()[-40:]
    agent = f'"userAgent":"kubectl/{VERSION}'
    assert any(agent in line and "kube-public" in line for line in last)


def test_extended_resources_are_placed_and_kept(cluster: Cluster, kubectl: Kubectl) -> None:
    advertise(cluster.kubeconfig, "node-2", "nvidia.com/gpu", 1)
    for name in ("gpu-a", "gpu-b"):
        pod = answering_pod(name)
        pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] = "1"
        kubectl.apply(pod)
        if name == "gpu-a":
            await_ready(kubectl, name)
    assert kubectl.get("pod", "gpu-a")["spec"]["nodeName"] == "node-2"
    assert eventually(lambda: "Insufficient nvidia.com/gpu" in str(kubectl.get("pod", "gpu-b")))
    kubectl("delete", "pod", "gpu-a", "gpu-b", "--now")
    advertise(cluster.kubeconfig, "node-2", "nvidia.com/gpu", 0)
    assert "nvidia.com/gpu" not in kubectl.get("node", "node-2")["status"]["capacity"]


def test_an_image_that_is_there_is_not_loaded_again(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    lifecycle.load_images(NAME, [cluster.folder / "pause.tar"])
    assert capsys.readouterr().out.count("is already on") == 2


def test_up_of_a_healthy_cluster_changes_nothing(cluster: Cluster) -> None:
    before = sorted((cluster.folder / "run").iterdir())
    start = time.monotonic()
    again = lifecycle.up(NAME)
    assert time.monotonic() - start < 2
    assert again == cluster
    assert sorted((cluster.folder / "run").iterdir()) == before


def test_a_running_cluster_changes_nothing_of_the_host(
    cluster: Cluster, pods: tuple[str, str], untouched: Footprint
) -> None:
    assert Footprint.take() == untouched


def test_status_and_kubeconfig_on_the_command_line(cluster: Cluster) -> None:
    def ask(*words: str) -> str:
        command = [sys.executable, "-m", "hack.cluster", *words, "--name", NAME]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout

    assert "nodes Ready: node-1, node-2 (of 2)" in ask("status")
    assert ask("kubeconfig").strip() == str(cluster.kubeconfig)


def test_current_uses_a_kubeconfig_and_knows_our_own(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLUSTER", "current")
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    chosen = target()
    assert isinstance(chosen, Current)
    chosen.up()
    chosen.load_images([cluster.folder / "pause.tar"])
    assert "is already on node-2" in capsys.readouterr().out
    chosen.down()
    assert cluster.kubeconfig.exists()


def test_workloads_and_data_survive_an_unclean_end(cluster: Cluster, kubectl: Kubectl) -> None:
    kubectl.apply(deployment("survivor", 2))
    kubectl("rollout", "status", "deployment/survivor", "--timeout=120s")
    kill_everything(cluster)
    assert lifecycle.up(NAME) == cluster
    rolled_out = ("rollout", "status", "deployment/survivor", "--timeout=1s")
    assert eventually(lambda: kubectl.succeeds(*rolled_out), 120)


def test_a_cluster_with_destroyed_data_starts_afresh(cluster: Cluster, kubectl: Kubectl) -> None:
    kill_everything(cluster)
    (cluster.folder / "etcd" / "member" / "snap" / "db").write_bytes(b"not a database")
    assert lifecycle.up(NAME) == cluster
    assert not kubectl.succeeds("get", "deployment", "survivor")
    assert len(kubectl.get("nodes")["items"]) == 2


def kill_everything(cluster: Cluster) -> None:
    """SIGKILL the cluster's own processes; pods and shims live on, as after a crash.

    A process may end by itself between two lines: the kubelet starts some for a moment only.
    """
    system = cgroups.folders(f"{cluster.cgroup}/system")[0]
    for pid in (system / "cgroup.procs").read_text().split():
        if "shim" not in read_if_there(Path(f"/proc/{pid}/comm")):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
