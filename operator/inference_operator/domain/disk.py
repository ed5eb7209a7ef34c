"""Limits of a pod's use of the node's disk: its models, the files they write, and its logs. All
numbers are bytes, and upper bounds: nothing is reserved for them."""

from collections.abc import Iterable
from dataclasses import dataclass

from inference_operator.domain.repository_plan import PlannedModel

DEFAULT_SIZE_LIMIT = 20 << 30
"""Limit of a model whose spec does not set one."""

# File systems count whole blocks, of as many files as an archive may hold.
_ROUNDING = 512 << 20
# Logs, which the kubelet rotates, and mounted ConfigMaps.
_LOGS = 2 << 30
_UNITS = ("", "Ki", "Mi", "Gi", "Ti", "Pi")


@dataclass(frozen=True, slots=True)
class DiskLimits:
    """Bounds of the pod's two volumes on disk, and of the whole pod."""

    models: int
    scratch: int

    @property
    def pod(self) -> int:
        return self.models + self.scratch + _LOGS


def disk_limits(models: Iterable[PlannedModel]) -> DiskLimits:
    """Return the bounds for a pod with these models.

    The volume of the models holds each archive beside its unpacked content. Its bound is twice the
    limits of all models, so that the loader stops before the kubelet evicts the pod. The bound of
    /tmp is the sum of the limits, and at least the default: the Python backend unpacks environments
    there, independently of the model's limit. The vocabulary of a built-in step is small.
    """
    fetched = [model for model in models if model.uri is not None and model.builtin is None]
    total = sum(model.size_limit or DEFAULT_SIZE_LIMIT for model in fetched)
    return DiskLimits(
        models=2 * total + (len(fetched) + 1) * _ROUNDING,
        scratch=max(total, DEFAULT_SIZE_LIMIT),
    )


def as_quantity(size: int) -> str:
    """Return the bytes as Kubernetes writes them, with the largest unit that is exact.

    >>> as_quantity(20 << 30), as_quantity(1000)
    ('20Gi', '1000')
    """
    unit = 0
    while size and size % 1024 == 0 and unit < len(_UNITS) - 1:
        size, unit = size // 1024, unit + 1
    return f"{size}{_UNITS[unit]}"
