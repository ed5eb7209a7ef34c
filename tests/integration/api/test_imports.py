"""A real API server takes what `import` writes for odd names, many inputs and large batches."""

from pathlib import Path

import pytest

from hack.cluster.kubectl import Kubectl
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.unit.model_builders.repositories import ensemble, imported, write

pytestmark = pytest.mark.integration

ODD = ("Y", "n", "1e-3", "Use Chip", "true", "null", "0o7", "12345678901234567890", "a: b", "é")


def config(inputs: str, more: str = "") -> str:
    output = 'output { name: "BARS" data_type: TYPE_FP32 dims: 1 }'
    return f'backend: "python" max_batch_size: 2147483647 {inputs} {output} {more}'


def tensor(name: str, more: str = "") -> str:
    return f'input {{ name: "{name}" data_type: TYPE_FP32 dims: 1 {more} }}'


def test_the_api_server_takes_what_import_writes(
    kubectl: Kubectl, namespace: str, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    gpus = "instance_group { kind: KIND_GPU gpus: [ 0, 1 ] }"
    write(repository, "bars", config(tensor("TICKS"), gpus), model_py="")
    write(repository, "signal", ensemble("max_batch_size: 8"))
    write(repository, "odd", config("".join(map(tensor, ODD))), model_py="")
    many = (tensor(f"column {number}", "optional: true") for number in range(512))
    write(repository, "many", config("".join(many)), model_py="")
    result = imported(repository, namespace=namespace)
    assert (result.failures, result.warnings) == ([], [])
    path = tmp_path / "manifests.yaml"
    path.write_text(write_manifests(result.manifests, allow_unicode=True, width=100))

    kubectl("apply", "--server-side", "-f", str(path))

    stored = kubectl.get("imodel", "odd", "-n", namespace)
    assert [tensor["name"] for tensor in stored["spec"]["model"]["inputs"]] == list(ODD)
    pipeline = kubectl.get("epipe", "signal", "-n", namespace)
    assert pipeline["spec"]["accelerator"] == {"count": 2}
