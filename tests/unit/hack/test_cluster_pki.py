"""Kubeconfigs of a cluster: several programs read the file that one more of them asks for."""

from pathlib import Path

import yaml

from hack.cluster.pki import Authority


def test_a_kubeconfig_that_is_written_again_is_never_seen_empty(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    client = authority.issue("proxy", "system:kube-proxy")
    path = tmp_path / "proxy.kubeconfig"
    authority.write_kubeconfig(path, "https://127.0.0.1:6443", client)

    with path.open() as reader:
        authority.write_kubeconfig(path, "https://127.0.0.1:7443", client)
        early = yaml.safe_load(reader)

    assert early["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    late = yaml.safe_load(path.read_text())
    assert late["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:7443"


def test_only_its_owner_reads_a_kubeconfig(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    path = tmp_path / "admin.kubeconfig"

    authority.write_kubeconfig(path, "https://127.0.0.1:6443", authority.issue("admin", "admin"))

    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir() if each != path] == ["pki"]
