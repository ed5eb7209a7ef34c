"""The config.pbtxt that the fields of a spec become."""

import subprocess
import sys
from typing import Any

import pytest

from model_builders.config import config_pbtxt, model_config, parse_pbtxt
from model_builders.problem import ConfigError
from tests.unit.model_builders.specs import PRICE, WINDOW, onnx, spec

BASE = """
name: "lstm"
backend: "pytorch"
max_batch_size: 16
input { name: "WINDOW__0" data_type: TYPE_FP32 dims: [60, 5] }
output { name: "PRICE__0" data_type: TYPE_FP32 dims: [1] }
"""


def rendered(accelerated: bool = True, **changes: Any) -> Any:
    return model_config(spec(**changes), name="lstm", accelerated=accelerated)


def expected(text: str) -> Any:
    return parse_pbtxt(BASE + text)


def test_importing_the_builders_brings_neither_grpc_nor_numpy_into_the_operator() -> None:
    code = (
        "import sys, model_builders.config, model_builders.checks, model_builders.artifact;"
        "print([m for m in ('grpc', 'numpy', 'onnx', 'torch', 'tritonclient.grpc')"
        " if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
    )
    assert run.stdout.strip() == "[]"


def test_a_plain_model_has_its_backend_batch_size_and_tensors_and_nothing_else() -> None:
    assert rendered() == expected("")


@pytest.mark.parametrize(
    ("model_format", "backend"),
    [
        ("torchscript", "pytorch"),
        ("onnx", "onnxruntime"),
        ("tensorrt", "tensorrt"),
        ("python", "python"),
    ],
)
def test_each_format_names_its_backend(model_format: str, backend: str) -> None:
    config = rendered(model_changes={"format": model_format}, accelerator={})
    assert config.backend == backend


def test_an_onnx_model_without_declared_tensors_leaves_them_to_triton() -> None:
    config = rendered(model_changes=onnx(inputs=None, outputs=None))
    assert not config.input
    assert not config.output


TENSORS = [
    ({"inputs": [{**WINDOW, "optional": True}]}, "input", "optional: true"),
    ({"inputs": [{**WINDOW, "allowRaggedBatch": True}]}, "input", "allow_ragged_batch: true"),
    ({"inputs": [{**WINDOW, "reshape": [300]}]}, "input", "reshape { shape: 300 }"),
    ({"outputs": [{**PRICE, "reshape": []}]}, "output", "reshape { }"),
]


@pytest.mark.parametrize(("changes", "field", "text"), TENSORS)
def test_a_tensor_keeps_its_flags(changes: dict[str, Any], field: str, text: str) -> None:
    config = rendered(model_changes=changes)
    expected = parse_pbtxt(f"{field} {{ {text} }}")
    tensor, flags = getattr(config, field)[0], getattr(expected, field)[0]
    for descriptor, value in flags.ListFields():
        assert tensor.HasField("reshape") or descriptor.name != "reshape"
        assert getattr(tensor, descriptor.name) == value


SECTIONS = {
    "batching with Triton's defaults is present and empty": (
        {"dynamicBatching": {}},
        "dynamic_batching { }",
    ),
    "delays are microseconds": (
        {"dynamicBatching": {"preferredBatchSizes": [4, 8], "maxQueueDelay": "5ms"}},
        "dynamic_batching { preferred_batch_size: [4, 8] max_queue_delay_microseconds: 5000 }",
    ),
    "priorities and queue policies": (
        {
            "dynamicBatching": {
                "priorities": {
                    "levels": 3,
                    "default": 2,
                    "policies": [{"level": 1, "maxQueueSize": 100, "timeoutAction": "Delay"}],
                },
                "queuePolicy": {"defaultTimeout": "1s", "allowTimeoutOverride": True},
            }
        },
        """dynamic_batching {
          priority_levels: 3 default_priority_level: 2
          priority_queue_policy { key: 1 value { max_queue_size: 100 timeout_action: DELAY } }
          default_queue_policy {
            default_timeout_microseconds: 1000000 allow_timeout_override: true }
        }""",
    ),
    "an instance group without a count has one, whatever Triton's default": (
        {"instanceGroups": [{"kind": "CPU"}]},
        "instance_group { kind: KIND_CPU count: 1 }",
    ),
    "several instance groups": (
        {
            "instanceGroups": [
                {"name": "fast", "kind": "GPU", "count": 2, "gpus": [0, 1]},
                {"kind": "Model"},
            ]
        },
        """instance_group { name: "fast" kind: KIND_GPU count: 2 gpus: [0, 1] }
        instance_group { kind: KIND_MODEL count: 1 }""",
    ),
    "optimization": (
        {
            "optimization": {
                "graphLevel": 1,
                "cudaGraphs": True,
                "pinnedMemory": False,
                "eagerBatching": True,
            }
        },
        """optimization {
          graph { level: 1 } cuda { graphs: true } eager_batching: true
          input_pinned_memory { enable: false } output_pinned_memory { enable: false }
        }""",
    ),
    "the cache is switched on here, its size is the server's": (
        {"responseCache": {"size": "64Mi"}},
        "response_cache { enable: true }",
    ),
    "warm-up": (
        {
            "warmup": [
                {
                    "name": "typical day",
                    "batchSize": 8,
                    "count": 3,
                    "inputs": [
                        {
                            "name": "WINDOW__0",
                            "dataType": "FP32",
                            "shape": [60, 5],
                            "data": "Random",
                        }
                    ],
                }
            ]
        },
        """model_warmup { name: "typical day" batch_size: 8 count: 3
          inputs { key: "WINDOW__0" value {
            data_type: TYPE_FP32 dims: [60, 5] random_data: true } } }""",
    ),
    "the latest versions": (
        {"versionPolicy": {"latest": {"numVersions": 2}}},
        "version_policy { latest { num_versions: 2 } }",
    ),
    "all versions": ({"versionPolicy": {"all": {}}}, "version_policy { all { } }"),
    "named versions": (
        {"versionPolicy": {"specific": {"versions": [1, 3]}}},
        "version_policy { specific { versions: [1, 3] } }",
    ),
    "parameters": (
        {"parameters": {"INFERENCE_MODE": "true"}},
        'parameters { key: "INFERENCE_MODE" value { string_value: "true" } }',
    ),
    "latency buckets in whole milliseconds": (
        {"metrics": {"latencyBuckets": [5, 10, 20]}},
        """model_metrics { metric_control {
          metric_identifier { family: "nv_inference_first_response_histogram_ms" }
          histogram_options { buckets: [5, 10, 20] } } }""",
    ),
}


@pytest.mark.parametrize(("triton", "text"), SECTIONS.values(), ids=SECTIONS.keys())
def test_a_section_becomes(triton: dict[str, Any], text: str) -> None:
    assert rendered(triton=triton, accelerator={"count": 2}) == expected(text)


@pytest.mark.parametrize(("triton", "text"), SECTIONS.values(), ids=SECTIONS.keys())
def test_the_text_parses_back_to_an_equal_message(triton: dict[str, Any], text: str) -> None:
    config = rendered(triton=triton, accelerator={"count": 2})
    assert parse_pbtxt(config_pbtxt(config)) == config
    assert config_pbtxt(parse_pbtxt(config_pbtxt(config))) == config_pbtxt(config)


def test_tensorrt_for_onnx_becomes_an_execution_accelerator() -> None:
    triton = {"optimization": {"tensorrt": {"precision": "FP16", "maxWorkspaceSize": "1Gi"}}}
    config = rendered(model_changes=onnx(), triton=triton, accelerator={})
    expected = parse_pbtxt("""optimization { execution_accelerators { gpu_execution_accelerator {
      name: "tensorrt"
      parameters { key: "precision_mode" value: "FP16" }
      parameters { key: "max_workspace_size_bytes" value: "1073741824" }
    } } }""")
    assert config.optimization == expected.optimization


def test_map_keys_are_sorted_so_that_the_same_spec_gives_the_same_text() -> None:
    config = rendered(triton={"parameters": {"b": "1", "a": "2"}})
    other = rendered(triton={"parameters": {"a": "2", "b": "1"}})
    assert config_pbtxt(config) == config_pbtxt(other)
    assert config_pbtxt(config).index('"a"') < config_pbtxt(config).index('"b"')


ON_GPU = {
    "instanceGroups": [
        {"kind": "GPU", "count": 2, "gpus": [0]},
        {"kind": "Auto"},
        {"kind": "Model"},
    ],
    "optimization": {"tensorrt": {}, "graphLevel": 1},
}


def test_without_the_wanted_gpu_every_group_that_could_use_one_runs_on_the_cpu() -> None:
    config = rendered(
        accelerated=False, model_changes=onnx(), triton=ON_GPU, accelerator={"count": 1}
    )
    assert list(config.instance_group) == list(
        parse_pbtxt(
            "instance_group { kind: KIND_CPU count: 2 } instance_group { kind: KIND_CPU count: 1 }"
            " instance_group { kind: KIND_MODEL count: 1 }"
        ).instance_group
    )


def test_without_the_wanted_gpu_tensorrt_is_dropped_and_the_rest_of_optimization_stays() -> None:
    config = rendered(
        accelerated=False, model_changes=onnx(), triton=ON_GPU, accelerator={"count": 1}
    )
    assert config.optimization == parse_pbtxt("optimization { graph { level: 1 } }").optimization


def test_without_the_wanted_gpu_nothing_is_left_of_an_optimization_that_was_tensorrt_only() -> None:
    triton = {"optimization": {"tensorrt": {}}}
    config = rendered(accelerated=False, model_changes=onnx(), triton=triton, accelerator={})
    assert not config.HasField("optimization")


def test_without_the_wanted_gpu_and_groups_one_cpu_instance_is_spelled_out() -> None:
    assert rendered(accelerated=False, accelerator={}) == expected(
        "instance_group { kind: KIND_CPU count: 1 }"
    )


def test_without_the_wanted_gpu_overrides_move_to_the_cpu_as_well() -> None:
    triton = {"configOverrides": "instance_group { kind: KIND_GPU count: 1 gpus: 0 passive: true }"}
    assert rendered(accelerated=False, triton=triton, accelerator={}) == expected(
        "instance_group { kind: KIND_CPU count: 1 passive: true }"
    )


def test_a_model_that_asks_for_no_gpu_is_left_as_it_is() -> None:
    assert rendered(accelerated=False, triton={"instanceGroups": [{"kind": "Auto"}]}) == expected(
        "instance_group { kind: KIND_AUTO count: 1 }"
    )


def test_a_config_that_does_not_parse_names_line_and_column() -> None:
    with pytest.raises(ConfigError) as error:
        parse_pbtxt('name: "x"\nmax_batch_sise: 8', path="lstm/config.pbtxt")
    assert str(error.value) == (
        'lstm/config.pbtxt: found line 2, column 1: Message type "inference.ModelConfig" has no'
        ' field named "max_batch_sise", expected fields of Triton\'s ModelConfig in protobuf text'
        " format; did you mean max_batch_size?"
    )
