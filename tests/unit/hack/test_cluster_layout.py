"""Names, addresses and the choice of a network: no cluster needed."""

import ipaddress
import itertools
from pathlib import Path

import pytest

from hack.cluster import registry
from hack.cluster.layout import MOST_CLUSTERS, MOST_NODES, Cluster, Mount
from hack.console import StepError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without clusters and with a default route only."""
    monkeypatch.setattr("hack.cluster.layout.BASE", tmp_path)
    monkeypatch.setattr("hack.cluster.registry.BASE", tmp_path)
    monkeypatch.setattr(registry, "run", lambda *_, **__: '[{"dst": "default"}]')


def test_no_two_clusters_or_nodes_share_an_address() -> None:
    networks = []
    for index in range(MOST_CLUSTERS):
        cluster = Cluster("any", index, MOST_NODES)
        networks.append(ipaddress.ip_network(cluster.service_cidr))
        networks += [ipaddress.ip_network(node.pods_cidr) for node in cluster.all_nodes()]
        networks.append(ipaddress.ip_network(f"{cluster.host_address}/24", strict=False))
    assert not any(first.overlaps(second) for first, second in itertools.combinations(networks, 2))


def test_all_pods_and_services_are_where_the_cluster_says() -> None:
    cluster = Cluster("any", 3, MOST_NODES)
    pods = ipaddress.IPv4Network(cluster.pods_cidr)
    assert all(
        ipaddress.IPv4Network(node.pods_cidr).subnet_of(pods) for node in cluster.all_nodes()
    )
    assert ipaddress.ip_address(cluster.dns_address) in ipaddress.ip_network(cluster.service_cidr)


@pytest.mark.parametrize("name", ["", "-a", "a-", "UPPER", "a/b", "..", "a" * 31])
def test_names_that_could_break_a_path_are_refused(name: str) -> None:
    with pytest.raises(StepError):
        _ = Cluster(name, 0).folder


def test_sockets_fit_into_the_kernels_limit() -> None:
    node = Cluster("a" * 30, 0).node(MOST_NODES)
    assert len(f"{node.folder}/kubelet/device-plugins/kubelet.sock") < 108
    assert len(f"{node.socket}.ttrpc") < 108


@pytest.mark.usefixtures("machine")
def test_a_cluster_is_read_back_as_it_was_recorded() -> None:
    cluster = Cluster("kept", 4, 2, (Mount("/a", "/b"),))
    registry.record(cluster)
    assert registry.recorded("kept") == cluster
    assert registry.names() == ["kept"]


@pytest.mark.usefixtures("machine")
def test_a_record_that_was_cut_off_counts_as_none() -> None:
    cluster = Cluster("cut", 0)
    registry.record(cluster)
    (cluster.folder / "cluster.json").write_text('{"name": "cu')
    assert registry.recorded("cut") is None


@pytest.mark.usefixtures("machine")
def test_a_second_cluster_gets_a_network_of_its_own() -> None:
    registry.record(Cluster("first", registry.free_index()))
    assert registry.free_index() == 1


@pytest.mark.usefixtures("machine")
def test_a_network_that_the_host_uses_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = '[{"dst": "default"}, {"dst": "10.224.7.0/24"}, {"dst": "10.225.0.9"}]'
    monkeypatch.setattr(registry, "run", lambda *_, **__: routes)
    assert registry.free_index() == 2
