"""The parts of a manifest that import writes: fields, instances, GPUs and overrides."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.model_builders.repositories import CORPUS, PYTHON, imported, write


def test_what_has_a_field_of_its_own_is_not_left_to_overrides() -> None:
    manifests = imported(CORPUS / "trading").manifests
    lstm = next(m for m in manifests if m["metadata"]["name"] == "lstm-price")
    assert lstm["spec"]["triton"] == {
        "dynamicBatching": {"preferredBatchSizes": [16, 32], "maxQueueDelay": "500us"},
        "instanceGroups": [{"kind": "CPU", "count": 2}],
        "versionPolicy": {"latest": {"numVersions": 1}},
        "parameters": {"DISABLE_OPTIMIZED_EXECUTION": "true"},
        "configOverrides": 'platform: "pytorch_libtorch"\n',
    }


def test_what_has_no_field_goes_to_overrides_beside_what_has_one() -> None:
    manifests = imported(CORPUS / "vision").manifests
    detector = next(m for m in manifests if m["metadata"]["name"] == "chart-detector")
    assert detector["spec"]["triton"]["optimization"] == {
        "cudaGraphs": True,
        "eagerBatching": True,
    }
    assert "busy_wait_events: true" in detector["spec"]["triton"]["configOverrides"]
    assert "graphs" not in detector["spec"]["triton"]["configOverrides"]


def test_what_a_pipeline_has_no_field_for_goes_to_its_overrides() -> None:
    manifests = imported(CORPUS / "desk").manifests
    triton = next(m for m in manifests if m["metadata"]["name"] == "desk-signal")["spec"]["triton"]
    assert set(triton) == {"parameters", "configOverrides"}
    assert "metric_tags" in triton["configOverrides"]
    assert "version_policy" in triton["configOverrides"]


@pytest.mark.parametrize(
    ("backend", "file", "kind", "expected"),
    [
        ("python", "model_py", "KIND_CPU", {"kind": "CPU", "count": 1}),
        ("pytorch", "model_pt", "KIND_GPU", {"kind": "GPU", "count": 1}),
        ("pytorch", "model_pt", "KIND_AUTO", {"count": 1}),
        ("onnxruntime", "model_onnx", "KIND_CPU", {"kind": "CPU", "count": 2}),
        ("onnxruntime", "model_onnx", "KIND_GPU", {"kind": "GPU", "count": 1}),
    ],
)
def test_instances_without_a_count_are_as_many_as_tritons(
    backend: str, file: str, kind: str, expected: dict[str, Any], tmp_path: Path
) -> None:
    config = PYTHON.replace('"python"', f'"{backend}"')
    write(tmp_path, "bars", f"{config} instance_group {{ kind: {kind} }}", **{file: ""})
    (manifest,) = imported(tmp_path).manifests
    assert manifest["spec"]["triton"] == {"instanceGroups": [expected]}


def test_instances_of_onnx_that_may_run_on_either_are_left_to_triton(tmp_path: Path) -> None:
    config = PYTHON.replace('"python"', '"onnxruntime"')
    write(tmp_path, "bars", f"{config} instance_group {{ }}", model_onnx="")
    (manifest,) = imported(tmp_path).manifests
    assert manifest["spec"]["triton"] == {"configOverrides": "instance_group {\n}\n"}


def test_a_model_that_runs_on_gpus_asks_for_them() -> None:
    specs = {m["metadata"]["name"]: m["spec"] for m in imported(CORPUS / "vision").manifests}
    assert specs["chart-detector"]["accelerator"] == {"count": 2}
    assert specs["chart-embedder"]["accelerator"] == {"count": 1}
    assert specs["chart-ocr"]["accelerator"] == {"count": 1}


def test_a_model_that_does_not_say_where_it_runs_gets_the_gpus_of_the_option() -> None:
    specs = {
        m["metadata"]["name"]: m["spec"] for m in imported(CORPUS / "trading", gpus=1).manifests
    }
    assert specs["sentiment"]["accelerator"] == {"count": 1}
    assert "accelerator" not in specs["lstm-price"]


def test_the_size_of_a_cache_is_said_to_be_a_guess() -> None:
    warnings = imported(CORPUS / "streams").warnings
    assert any(w.startswith("Greeks.v2: responseCache.size is set to 64Mi") for w in warnings)
