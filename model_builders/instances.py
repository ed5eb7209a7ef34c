"""`spec.triton.instanceGroups` in a written config, and the same config without its GPUs."""

from collections.abc import Iterable
from typing import Any

from inference_operator.api.triton import InstanceGroup, InstanceKind
from model_builders.protobuf import model_config_pb2

_Group = model_config_pb2.ModelInstanceGroup
KINDS = {
    InstanceKind.AUTO: _Group.KIND_AUTO,
    InstanceKind.CPU: _Group.KIND_CPU,
    InstanceKind.GPU: _Group.KIND_GPU,
    InstanceKind.MODEL: _Group.KIND_MODEL,
}


def add_instance_groups(config: Any, groups: Iterable[InstanceGroup]) -> None:
    for group in groups:
        message = config.instance_group.add(kind=KINDS[group.kind], count=group.count)
        message.gpus.extend(group.gpus)
        message.profile.extend(group.profiles)
        if group.name is not None:
            message.name = group.name


def move_to_cpu(config: Any) -> None:
    """Take the GPUs out of a written config, for `whenUnavailable: UseCPU`.

    GPU and Auto groups become CPU groups, and execution accelerators of the GPU (TensorRT) are
    dropped: their backend would fail to load. A config without groups gets one CPU instance.
    """
    for group in config.instance_group:
        if group.kind in (_Group.KIND_GPU, _Group.KIND_AUTO):
            group.kind = _Group.KIND_CPU
            for field in ("gpus", "profile", "secondary_devices"):
                group.ClearField(field)
    if not config.instance_group:
        config.instance_group.add(kind=_Group.KIND_CPU, count=1)
    _drop_gpu_accelerators(config)


def _drop_gpu_accelerators(config: Any) -> None:
    if not config.optimization.execution_accelerators.gpu_execution_accelerator:
        return
    optimization = config.optimization
    optimization.execution_accelerators.ClearField("gpu_execution_accelerator")
    if not optimization.execution_accelerators.ListFields():
        optimization.ClearField("execution_accelerators")
    if not optimization.ListFields():
        config.ClearField("optimization")
