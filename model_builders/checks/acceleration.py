"""Checks of settings that need a GPU: instance groups, TensorRT plans, TensorRT for ONNX."""

from collections.abc import Iterable, Iterator

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from inference_operator.api.triton import InstanceGroup, InstanceKind

GROUPS = "spec.triton.instanceGroups"
TENSORRT = "spec.triton.optimization.tensorrt"
_OFF_GPU = (InstanceKind.CPU, InstanceKind.MODEL)
ADD_ACCELERATOR = "add spec.accelerator (`accelerator: {}` asks for one nvidia.com/gpu)"


def gpu_indices(spec: InferenceModelSpec) -> Iterator[Problem]:
    """Refuse GPU indices without an accelerator; the API checks them against its count."""
    for index, group in enumerate(spec.triton.instance_groups):
        if group.gpus and spec.accelerator is None:
            yield Problem(
                f"{GROUPS}[{index}].gpus",
                str(list(group.gpus)),
                "no value, since the pod gets no GPU",
                f"{ADD_ACCELERATOR}, or remove gpus",
            )


def profiles(spec: InferenceModelSpec) -> Iterator[Problem]:
    yield from profiles_of(spec.triton.instance_groups, spec.model.known_format)


def profiles_of(groups: Iterable[InstanceGroup], model_format: str) -> Iterator[Problem]:
    """Yield problems of profiles for a model of this format, at the paths of an InferenceModel."""
    if model_format == ModelFormat.CUSTOM:
        return  # only its backend knows whether it reads them
    for index, group in enumerate(groups):
        if group.profiles and model_format != ModelFormat.TENSORRT:
            yield Problem(
                f"{GROUPS}[{index}].profiles",
                f"profiles for a {model_format} model",
                "no value, since only TensorRT plans have optimization profiles",
                "remove it",
            )
            continue
        for position, profile in enumerate(group.profiles):
            if not (profile.isascii() and profile.isdigit()):
                yield Problem(
                    f"{GROUPS}[{index}].profiles[{position}]",
                    quoted(profile),
                    "the number of a profile, such as 0",
                    "write the profile's index in the plan",
                )


def tensorrt_plans(spec: InferenceModelSpec) -> Iterator[Problem]:
    for index, group in enumerate(spec.triton.instance_groups):
        if spec.model.known_format is ModelFormat.TENSORRT and group.kind in _OFF_GPU:
            yield Problem(
                f"{GROUPS}[{index}].kind",
                f"{group.kind} for a tensorrt model",
                "GPU or Auto: a TensorRT plan runs on a GPU only",
                "change kind",
            )


def tensorrt_optimization(spec: InferenceModelSpec) -> Iterator[Problem]:
    optimization = spec.triton.optimization
    if optimization is None or optimization.tensorrt is None:
        return
    groups = spec.triton.instance_groups
    if groups and all(group.kind in _OFF_GPU for group in groups):
        yield Problem(
            TENSORRT,
            "TensorRT without an instance on a GPU",
            "an instance group of kind GPU or Auto",
            "change kind of an instance group, or remove it",
        )
