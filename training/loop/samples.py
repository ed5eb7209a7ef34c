"""Samples to learn from, as tensors with a sample in each row; all values are finite."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from training.failure import TrainingError


class SamplesError(TrainingError):
    """Unusable samples; the message names the sample and the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """`inputs` by the names of forward's arguments, in their order, and `targets` [n, k].

    Each tensor's first dimension is the sample. `mask` names an input of 0 and 1 [n, length].
    If given, a batch is cut behind its longest sample, in all inputs of that length.
    """

    inputs: dict[str, Tensor]
    targets: Tensor
    mask: str = ""

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: Tensor) -> "Samples":
        """Return the samples of these rows, cut behind the longest of them."""
        inputs = {name: values[rows] for name, values in self.inputs.items()}
        if self.mask:
            longest = max(1, int(inputs[self.mask].sum(dim=1).max()))
            inputs = {name: values[:, :longest] for name, values in inputs.items()}
        return Samples(inputs, self.targets[rows], self.mask)

    def to(self, device: torch.device) -> "Samples":
        inputs = {name: values.to(device) for name, values in self.inputs.items()}
        return Samples(inputs, self.targets.to(device), self.mask)


def digest_of(*parts: Samples) -> str:
    """Return the SHA-256 of all values: it is equal for trainings on the same samples."""
    digest = hashlib.sha256()
    for samples in parts:
        for name, values in [*samples.inputs.items(), ("targets", samples.targets)]:
            digest.update(f"{name} {tuple(values.shape)} {values.dtype}\n".encode())
            digest.update(values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def demand_usable(samples: Samples, part: str, label: Callable[[int], str] = str) -> None:
    """Raise SamplesError unless there are samples, of one length, and all of finite numbers.

    `label` names a row for a person.
    """
    if not len(samples):
        raise SamplesError(
            f"{part}: found no samples, expected one or more; take more days or a lower --stride"
        )
    for name, values in [*samples.inputs.items(), ("targets", samples.targets)]:
        if len(values) != len(samples):
            raise SamplesError(
                f"{part}.{name}: found {len(values)} rows, expected {len(samples)} as in targets;"
                " give each sample its target"
            )
        if values.is_floating_point():
            _demand_finite(values, f"{part}.{name}", label)


def _demand_finite(values: Tensor, name: str, label: Callable[[int], str]) -> None:
    bad = torch.nonzero(~torch.isfinite(values))
    if not len(bad):
        return
    place = bad[0].tolist()
    number = float(values[tuple(place)])
    rows = len(torch.unique(bad[:, 0]))
    raise SamplesError(
        f"{name}: found {number} in sample {label(place[0])} at {place[1:]}"
        f" ({rows} of {len(values)} samples are like it), expected finite numbers;"
        " repair the bars or leave these samples out"
    )
