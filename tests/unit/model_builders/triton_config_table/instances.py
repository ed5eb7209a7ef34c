"""Configurations of instance groups and accelerators."""

from tests.unit.model_builders.triton_config_table.row import (
    GPU,
    ONNX,
    TENSORRT,
    Accepted,
    Judge,
    Refused,
)


def group(text: str) -> str:
    return f"instance_group {{ {text} }}"


def accelerators(side: str, name: str) -> str:
    accelerator = f'{side}_execution_accelerator {{ name: "{name}" }}'
    return f"optimization {{ execution_accelerators {{ {accelerator} }} }}"


_ONNX = "onnxruntime_backend, LoadModel"

REFUSED: dict[str, Refused] = {
    "GPUs of a CPU group": Refused(
        group("kind: KIND_CPU count: 1 gpus: 0"),
        top={"accelerator": {"whenUnavailable": "UseCPU"}},
        at="instance_group[0].gpus",
        says="has kind KIND_CPU but specifies one or more GPUs",
    ),
    "GPUs of a CPU group without an accelerator": Refused(
        group("kind: KIND_CPU gpus: [0, 1]"),
        at="instance_group[0].gpus",
        says="has kind KIND_CPU but specifies one or more GPUs",
    ),
    "GPUs of a group whose backend chooses": Refused(
        group("kind: KIND_MODEL gpus: 0"),
        top={"accelerator": {"whenUnavailable": "UseCPU"}},
        at="instance_group[0].gpus",
        says="has kind KIND_MODEL but specifies one or more GPUs",
    ),
    "a GPU group without an accelerator": Refused(
        group("kind: KIND_GPU count: 1"), at="instance_group", says="KIND_GPU"
    ),
    "a GPU of any group without an accelerator": Refused(
        group("gpus: 0"),
        at="instance_group.gpus",
        says="has kind KIND_CPU but specifies one or more GPUs",
    ),
    "a GPU that the pod does not have": Refused(
        group("kind: KIND_GPU gpus: 1"),
        top=GPU,
        at="instance_group.gpus",
        says="specifies invalid or unsupported gpu id",
        judge=Judge.SOURCE,
    ),
    "a GPU below 0": Refused(
        group("kind: KIND_GPU gpus: -1"),
        top=GPU,
        at="instance_group.gpus",
        says="specifies invalid or unsupported gpu id",
        judge=Judge.SOURCE,
    ),
    "the second of two groups": Refused(
        group("kind: KIND_CPU") + group("kind: KIND_CPU gpus: 0"),
        at="instance_group[1].gpus",
        says="has kind KIND_CPU but specifies one or more GPUs",
    ),
    "profiles without a plan": Refused(
        group('kind: KIND_CPU profile: "0"'),
        at="instance_group[0].profile",
        says="only supported for TensorRT models",
    ),
    "a profile that is no number": Refused(
        group('kind: KIND_GPU profile: "fast"'),
        model=TENSORRT,
        top=GPU,
        at="instance_group[0].profile",
        says="core, GetProfileIndex",
        judge=Judge.SOURCE,
    ),
    "a plan on the CPU": Refused(
        group("kind: KIND_CPU"),
        model=TENSORRT,
        top=GPU,
        at="instance_group[0].kind",
        says="tensorrt_backend, ModelInstanceState",
        judge=Judge.SOURCE,
    ),
    "only passive groups": Refused(
        group("kind: KIND_CPU passive: true"),
        at="instance_group[0].passive",
        judge=Judge.DEATH,
    ),
    "an accelerator of GPUs without one": Refused(
        accelerators("gpu", "cuda"),
        model=ONNX,
        at="optimization.execution_accelerators",
        says=_ONNX,
        judge=Judge.SOURCE,
    ),
    "an accelerator that ONNX Runtime does not have": Refused(
        accelerators("cpu", "fast"),
        model=ONNX,
        at="optimization.execution_accelerators.cpu_execution_accelerator",
        says=_ONNX,
        judge=Judge.SOURCE,
    ),
}

ACCEPTED: dict[str, Accepted] = {
    "two CPU groups": Accepted(group("kind: KIND_CPU") + group("kind: KIND_CPU count: 1")),
    "two groups of one name": Accepted(
        group('name: "a" kind: KIND_CPU') + group('name: "a" kind: KIND_CPU')
    ),
    "a group whose backend chooses": Accepted(group("kind: KIND_MODEL")),
    "a count below 0": Accepted(group("kind: KIND_CPU count: -3")),
    "a group with a rate limit": Accepted(
        group('kind: KIND_CPU rate_limiter { resources { name: "R" count: 1 } priority: 2 }')
    ),
    "an unknown host policy": Accepted(group('kind: KIND_CPU host_policy: "none"')),
    "a passive group beside another": Accepted(
        group("kind: KIND_CPU passive: true") + group("kind: KIND_CPU")
    ),
    "the GPU of the pod": Accepted(group("kind: KIND_GPU gpus: 0"), top=GPU, judge=Judge.SOURCE),
    "a profile of a plan": Accepted(
        group('kind: KIND_GPU profile: "1"'), model=TENSORRT, top=GPU, judge=Judge.SOURCE
    ),
    "an accelerator that Python does not read": Accepted(accelerators("cpu", "fast")),
    "OpenVINO for ONNX": Accepted(accelerators("cpu", "openvino"), model=ONNX, judge=Judge.SOURCE),
}
