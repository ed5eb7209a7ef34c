"""The real kubectl reads YAML as `domain/kubectl_yaml` does, and what that writes."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from hack.cluster import binaries
from inference_operator.domain.bounded_yaml import YamlLimits, YamlRefusedError
from inference_operator.domain.kubectl_yaml import parse_manifests, write_manifests
from tests.yaml_cases import LOOKS_LIKE_TEXT, READ_ALIKE, TEXTS

pytestmark = pytest.mark.integration

LIMITS = YamlLimits(size=1 << 20, depth=32, nodes=10_000, repeated=1000)
HEAD = {"apiVersion": "inference.aipx.io/v1alpha1", "kind": "InferenceModel"}


def kubectl(text: str) -> subprocess.CompletedProcess[str]:
    """Run the only command of kubectl that reads any kind and needs no API server."""
    command = [str(binaries.kubectl()), "label", "--local", "-f", "-", "read=true", "-o", "json"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def specs(text: str) -> list[Any]:
    """Return the spec of each manifest as kubectl would send it."""
    done = kubectl(text)
    assert done.returncode == 0, done.stderr
    decoder, rest, found_specs = json.JSONDecoder(), done.stdout.strip(), []
    while rest:
        body, end = decoder.raw_decode(rest)
        found_specs.append(body["spec"])
        rest = rest[end:].lstrip()
    return found_specs


def manifests(lines: Sequence[str]) -> str:
    head = "".join(f"{key}: {value}\n" for key, value in HEAD.items()) + "metadata: {name: a}\n"
    return "---\n".join(f"{head}spec:\n  {line}\n" for line in lines)


def test_kubectl_reads_scalars_as_we_do() -> None:
    table = {**READ_ALIKE, **LOOKS_LIKE_TEXT}
    read = [spec["v"] for spec in specs(manifests([f"v: {text}" for text in table]))]
    assert [(type(v), v) for v in read] == [(type(v), v) for v in table.values()]


def test_kubectl_reads_what_we_write() -> None:
    spec = {"values": list(TEXTS), "keys": {text: text for text in TEXTS}}
    body = {**HEAD, "metadata": {"name": "a"}, "spec": spec}
    for written in (
        write_manifests([body]),
        write_manifests([body, body], explicit_start=True, allow_unicode=True, width=100),
    ):
        assert all(read == spec for read in specs(written))


@pytest.mark.parametrize(
    "line",
    [
        "a: !!str 1",
        "a: !!float 1",
        "a: &x {b: 1}\n  c: {<<: *x, d: =}",
        "a: ''\n  b:\n  c: \"Y\"",
        "a: |\n    x\n\n  b: >-\n    y\n    z",
        "a: b\n--- # another\n" + manifests(["b: 1"]),
    ],
)
def test_kubectl_reads_documents_as_we_do(line: str) -> None:
    text = manifests([line])
    ours = [document.value["spec"] for document in parse_manifests(text, "m.yaml", LIMITS)]
    assert specs(text) == ours


@pytest.mark.parametrize(
    "text",
    [
        "%YAML 1.1\n---\n" + manifests(["a: 1"]),
        manifests(["a: 1"]) + "--- {apiVersion: v1}\n",
        manifests(["a: .inf"]),
        manifests(["a: !!int x"]),
        manifests(["a:\n  \tb: 1"]),
    ],
)
def test_we_refuse_what_kubectl_refuses(text: str) -> None:
    assert kubectl(text).returncode != 0
    with pytest.raises((YamlRefusedError, ValueError)):
        list(parse_manifests(text, "m.yaml", LIMITS))
