"""Rules for instance groups and execution accelerators (ValidateInstanceGroup in core's
model_config_utils.cc, LoadModel in onnxruntime_backend)."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from model_builders.checks.acceleration import ADD_ACCELERATOR
from model_builders.checks.config_rules.subject import Subject
from model_builders.protobuf import model_config_pb2

_Group = model_config_pb2.ModelInstanceGroup
_OFF_GPU = (_Group.KIND_CPU, _Group.KIND_MODEL)
_ACCELERATORS = {
    "gpu_execution_accelerator": ("tensorrt", "cuda"),
    "cpu_execution_accelerator": ("openvino",),
}


def instances(subject: Subject) -> Iterator[Problem]:
    groups = subject.config.instance_group
    for index, group in enumerate(groups):
        yield from _gpus(subject, index, group)
        yield from _profiles(subject, index, group)
        if subject.format is ModelFormat.TENSORRT and group.kind in _OFF_GPU:
            yield Problem(
                subject.at("instance_group", f"[{index}].kind"),
                f"{_Group.Kind.Name(group.kind)} for a tensorrt model",
                "KIND_GPU or KIND_AUTO: a TensorRT plan runs on a GPU only",
                "change kind",
            )
    if groups and all(group.passive for group in groups):
        # Triton 2.51 loads such a model, and ends at its first request.
        yield Problem(
            subject.at("instance_group", "[0].passive"),
            "true for every group",
            "a group that runs requests",
            "remove passive, or add a group",
        )
    yield from _accelerators(subject)


def _gpus(subject: Subject, index: int, group: Any) -> Iterator[Problem]:
    if group.kind in _OFF_GPU and group.gpus:
        yield Problem(
            subject.at("instance_group", f"[{index}].gpus"),
            f"{list(group.gpus)} for {_Group.Kind.Name(group.kind)}",
            "no GPUs: only groups of KIND_GPU and KIND_AUTO have them",
            "remove gpus, or change kind",
        )
    elif group.kind == _Group.KIND_GPU and subject.gpus == 0:
        yield Problem(
            subject.at("instance_group"), "KIND_GPU", "another kind: no GPU", ADD_ACCELERATOR
        )
    elif any(not 0 <= gpu < subject.gpus for gpu in group.gpus):
        yield Problem(
            subject.at("instance_group", ".gpus"),
            str(list(group.gpus)),
            f"indices below accelerator.count, which is {subject.gpus}",
            "raise accelerator.count, or use an index that the pod has",
        )


def _profiles(subject: Subject, index: int, group: Any) -> Iterator[Problem]:
    path = subject.at("instance_group", f"[{index}].profile")
    if group.profile and subject.format is not ModelFormat.TENSORRT:
        yield Problem(
            path,
            f"profiles for a {subject.format} model",
            "no value, since only TensorRT plans have optimization profiles",
            "remove it",
        )
        return
    for profile in group.profile:
        if not (profile.isascii() and profile.isdigit()):
            yield Problem(
                path,
                quoted(profile),
                "the number of a profile, such as 0",
                "write the profile's index in the plan",
            )


def _accelerators(subject: Subject) -> Iterator[Problem]:
    """Check accelerators: those of GPUs need one, and ONNX Runtime refuses others by name."""
    field = "optimization.execution_accelerators"
    accelerators = subject.config.optimization.execution_accelerators
    on_gpu = accelerators.gpu_execution_accelerator
    if on_gpu and subject.gpus == 0:
        yield Problem(
            subject.at(field),
            f"{quoted(on_gpu[0].name)} without a GPU",
            "spec.accelerator",
            ADD_ACCELERATOR,
        )
    if subject.format is not ModelFormat.ONNX:
        return
    for side, names in _ACCELERATORS.items():
        for accelerator in getattr(accelerators, side):
            if accelerator.name not in names:
                yield Problem(
                    subject.at(f"{field}.{side}"),
                    quoted(accelerator.name),
                    f"{' or '.join(names)}, which ONNX Runtime's backend has",
                    "correct the name, or remove it",
                )
