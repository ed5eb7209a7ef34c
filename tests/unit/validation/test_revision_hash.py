"""The parts of a spec that make a revision: those that decide how pods serve."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.resolution import Facts, Resolved
from inference_operator.validation.revision_hash import revision_hash
from tests.fakes.bodies import source, spec

TENSOR = {"name": "X", "dataType": "FP32", "shape": [4]}
GPU = {"accelerator": {"count": 1}}
BATCHED = {**source(1), "maxBatchSize": 8, "inputs": [TENSOR], "outputs": [TENSOR]}


def hashed(mode: Mode = Mode.CPU, **changes: Any) -> str:
    parsed = InferenceModelSpec.model_validate(spec(model=BATCHED) | changes)
    return revision_hash(parsed, "fx-drift", mode)


BASE = hashed()

DECIDING: dict[str, dict[str, Any]] = {
    "the artifact": {"model": {**BATCHED, "source": source(2)["source"]}},
    "its digest": {"model": {**BATCHED, "source": {**BATCHED["source"], "sha256": "ab" * 32}}},
    "its credentials": {
        "model": {**BATCHED, "source": {**BATCHED["source"], "secretRef": {"name": "store"}}}
    },
    "the format": {"model": {**BATCHED, "format": "torchscript"}},
    "a tensor": {"model": {**BATCHED, "inputs": [{**TENSOR, "shape": [5]}]}},
    "the backend": {"model": {**BATCHED, "format": "custom", "backend": "fil"}},
    "another backend": {"model": {**BATCHED, "format": "custom", "backend": "dali"}},
    "the batch size": {"model": {**BATCHED, "maxBatchSize": 16}},
    "the image": {"triton": {"image": "registry.example/triton:26.02"}},
    "batching": {"triton": {"dynamicBatching": {}}},
    "a queue delay": {"triton": {"dynamicBatching": {"maxQueueDelay": "5ms"}}},
    "instances": {"triton": {"instanceGroups": [{"count": 2}]}},
    "the cache": {"triton": {"responseCache": {"size": "64Mi"}}},
    "warm-up": {
        "triton": {
            "warmup": [{"name": "w", "inputs": [{"name": "X", "dataType": "FP32", "shape": [4]}]}]
        }
    },
    "parameters": {"triton": {"parameters": {"a": "b"}}},
    "buckets": {"triton": {"metrics": {"latencyBuckets": [5, 10]}}},
    "overrides": {"triton": {"configOverrides": "max_batch_size: 8"}},
    "the environment": {"triton": {"env": [{"name": "A", "value": "1"}]}},
    "arguments": {"triton": {"extraArgs": ["--log-verbose=1"]}},
    "the first request": {"triton": {"firstRequest": "Ignore"}},
    "shared memory": {"triton": {"sharedMemory": "1Gi"}},
    "resources": {"resources": {"limits": {"memory": "2Gi"}}},
    "a node selector": {"placement": {"nodeSelector": {"disk": "ssd"}}},
    "a toleration": {"placement": {"tolerations": [{"operator": "Exists"}]}},
    "pull secrets": {"imagePullSecrets": [{"name": "registry"}]},
    "the service account": {"serviceAccountName": "reader"},
    "an accelerator": GPU,
}

SAME: dict[str, dict[str, Any]] = {
    "replicas": {"replicas": 7},
    "the rollout": {"rollout": {"paused": True, "scaleDownDelay": "1m", "revisionHistoryLimit": 0}},
    "an empty section": {"triton": {}, "resources": {}, "placement": {}},
    "written defaults": {
        "model": {**BATCHED, "inputs": [{**TENSOR, "optional": False}]},
        "triton": {"env": [], "extraArgs": [], "parameters": {}},
        "resources": {"requests": {}},
        "imagePullSecrets": [],
    },
}


@pytest.mark.parametrize("changes", DECIDING.values(), ids=DECIDING)
def test_another_revision_for(changes: dict[str, Any]) -> None:
    assert hashed(**changes) != BASE


def test_no_two_of_these_are_the_same_revision() -> None:
    hashes = {name: hashed(**changes) for name, changes in DECIDING.items()}

    assert len(set(hashes.values())) == len(hashes)


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_the_same_revision_whatever(changes: dict[str, Any]) -> None:
    assert hashed(**changes) == BASE


@given(st.integers(0, 1000), st.integers(0, 100), st.booleans())
def test_neither_size_nor_rollout_decides(replicas: int, limit: int, paused: bool) -> None:
    rollout = {"revisionHistoryLimit": limit, "paused": paused}

    assert hashed(replicas=replicas, rollout=rollout) == BASE


def test_the_name_in_triton_decides() -> None:
    parsed = InferenceModelSpec.model_validate(spec(model=BATCHED))

    assert revision_hash(parsed, "other", Mode.CPU) != BASE


def test_the_mode_decides_where_there_is_an_accelerator() -> None:
    assert hashed(Mode.CPU, **GPU) != hashed(Mode.ACCELERATOR, **GPU)
    assert hashed(Mode.ACCELERATOR) == BASE


def test_what_to_do_without_gpus_does_not() -> None:
    falls_back = {"accelerator": {"count": 1, "whenUnavailable": "UseCPU"}}

    assert hashed(Mode.ACCELERATOR, **falls_back) == hashed(Mode.ACCELERATOR, **GPU)


def test_on_the_cpu_the_kind_of_accelerator_does_not() -> None:
    two = {"accelerator": {"count": 2, "resource": "amd.com/gpu"}}

    assert hashed(Mode.CPU, **two) == hashed(Mode.CPU, **GPU)


def test_a_written_0_decides_where_a_version_could_say_otherwise() -> None:
    model = {"source": {"uri": "models:/fx@champion"}}
    resolved = Resolved("models:/fx@champion", "models:/fx/1", 1, "run", "https://m", Facts("f"))

    def of(**written: int) -> str:
        parsed = InferenceModelSpec.model_validate(spec(model={**model, **written}))
        return revision_hash(parsed, "fx-drift", Mode.CPU, resolved)

    assert len({of(maxBatchSize=0), of(maxBatchSize=8), of()}) == 3


def test_a_written_0_is_the_default_of_other_sources() -> None:
    without = {name: value for name, value in BATCHED.items() if name != "maxBatchSize"}

    assert hashed(model={**without, "maxBatchSize": 0}) == hashed(model=without)


def test_it_names_children() -> None:
    assert len(BASE) == 10
    assert all(c in "0123456789abcdef" for c in BASE)
