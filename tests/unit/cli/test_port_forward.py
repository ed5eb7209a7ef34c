"""Ports that kubectl forwards, and claims that it fills, with a program in kubectl's place."""

import os
from pathlib import Path
from typing import Any

import pytest

from inference_operator.api.source_uri import SourceUri
from inference_operator.cli.cluster_access import AccessError
from inference_operator.cli.port_forward import port_forward, run_kubectl
from inference_operator.cli.push import Upload
from inference_operator.cli.push_claim import push_claim
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.digest import digest_of


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that puts a shell script in kubectl's place; `log` has its arguments."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def write(script: str) -> Path:
        log = tmp_path / "log"
        program = programs / "kubectl"
        program.write_text(f'#!/bin/sh\necho "$@" >> {log}\n{script}\n')
        program.chmod(0o755)
        return log

    return write


def test_the_port_is_the_one_that_kubectl_prints(kubectl: Any) -> None:
    log = kubectl('echo "Forwarding from 127.0.0.1:4321 -> 8000"; exec sleep 60')

    with port_forward("here", "desk", "fx", 8000) as address:
        assert address == ("127.0.0.1", 4321)
    words = "--context=here -n desk port-forward --address=127.0.0.1 service/fx :8000"
    assert log.read_text() == f"{words}\n"


@pytest.mark.parametrize("script", ["echo 'error: no pods' >&2; exit 1", "exit 0"])
def test_a_port_that_kubectl_does_not_forward_is_reported(kubectl: Any, script: str) -> None:
    kubectl(script)

    with (
        pytest.raises(AccessError, match="cannot forward a port to service desk/fx"),
        port_forward(None, "desk", "fx", 8000),
    ):
        pass


def test_kubectls_own_message_is_shown(kubectl: Any) -> None:
    kubectl("echo 'Error: \x1b[31m secrets \"s\" not found' >&2; exit 1")

    with pytest.raises(AccessError, match=r'kubectl get: Error: \\u001b\[31m secrets "s" not'):
        run_kubectl(None, ["get", "secret", "s"])


def test_without_kubectl_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(AccessError, match="found no kubectl in PATH"):
        run_kubectl(None, ["version"])


def upload(path: Path, uri: str = "pvc://models/fx/model.onnx") -> Upload:
    source = SourceUri.of(uri)
    return Upload(path, source, "desk", None, {}, "", "image:1", digest_of(path), 3)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"abc")
    return path


def test_the_pod_of_a_copy_goes_also_when_the_copy_fails(kubectl: Any, artifact: Path) -> None:
    log = kubectl('case "$1" in exec) echo "no space" >&2; exit 1;; esac')

    with pytest.raises(LoadError, match="the copy ended: no space"):
        push_claim(upload(artifact))
    verbs = [line.split()[0] for line in log.read_text().splitlines() if line[0].isalpha()]
    assert verbs[:3] == ["get", "create", "wait"]
    assert verbs[-1] == "delete"


def test_bytes_that_arrive_otherwise_are_reported(kubectl: Any, artifact: Path) -> None:
    kubectl('case "$1" in exec) echo 0000;; esac')

    with pytest.raises(LoadError, match="arrived with sha256 0000"):
        push_claim(upload(artifact))


def test_a_path_may_not_leave_the_claim(kubectl: Any, artifact: Path) -> None:
    log = kubectl("")

    with pytest.raises(LoadError, match="remove it"):
        push_claim(upload(artifact, "pvc://models/../model.onnx"))
    assert not log.exists()
