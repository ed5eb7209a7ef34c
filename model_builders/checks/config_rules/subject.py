"""The merged config that the rules check, and the places where its fields were written."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from inference_operator.api.model import ModelFormat
from inference_operator.api.quoting import short
from model_builders.overrides import OVERRIDES
from model_builders.spec_paths import OF_MODEL, Owners, spec_path


@dataclass(frozen=True)
class Subject:
    """A merged config with the facts that decide whether Triton loads it."""

    config: Any
    """The written config, with the overrides."""

    declared: Any
    """The written config of the spec's own fields alone."""

    format: str | None = None
    """The model's format; None for an ensemble."""

    gpus: int = 0
    """GPUs of the pod."""

    image: str | None = None
    """The image of Triton, if it is decided."""

    owners: Owners = field(default_factory=lambda: OF_MODEL)
    """Fields of the spec for fields of the config."""

    def at(self, path: str, element: str = "") -> str:
        """Return the path of a field where the user wrote it: in the spec or in the overrides.

        `path` leads through single messages, such as `dynamic_batching.priority_levels`. `element`
        is the part below a list or a map, such as `[0].gpus`.
        """
        message = self.declared
        for name in path.split("."):
            if name not in {descriptor.name for descriptor, _ in message.ListFields()}:
                return f"{OVERRIDES}: {path}{element}"
            message = getattr(message, name)
        return f"spec.{spec_path(f'{path}{element}', self.owners)}"

    def at_tensor(self, side: str, name: str, field: str = "") -> str:
        """Return the path of a tensor's field; `side` is input or output."""
        where = f"{side}[{short(name)}]" + (f".{field}" if field else "")
        tensor = self._declared_tensors.get((side, name))
        written = {descriptor.name for descriptor, _ in tensor.ListFields()} if tensor else set()
        if field in written or (tensor and not field):
            return f"spec.{spec_path(where, self.owners)}"
        return f"{OVERRIDES}: {where}"

    @cached_property
    def _declared_tensors(self) -> dict[tuple[str, str], Any]:
        return {
            (side, tensor.name): tensor
            for side in ("input", "output")
            for tensor in getattr(self.declared, side)
        }

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Return the model's inputs by name; the first of several with one name, as Triton."""
        return {tensor.name: tensor for tensor in reversed(self.config.input)}

    @cached_property
    def outputs(self) -> dict[str, Any]:
        return {tensor.name: tensor for tensor in reversed(self.config.output)}

    @cached_property
    def required_inputs(self) -> tuple[str, ...]:
        """Return the names of the inputs that each request must hold."""
        return tuple(name for name, tensor in self.inputs.items() if not tensor.optional)

    @cached_property
    def added_inputs(self) -> frozenset[str]:
        """Return the names of tensors that Triton itself adds to requests: controls, states, and
        those of batches."""
        batching = self.config.sequence_batching
        return frozenset(
            [
                *(control.name for control in batching.control_input),
                *(state.input_name for state in batching.state),
                *(name for batch in self.config.batch_input for name in batch.target_name),
            ]
        )

    def completes(self, side: str) -> bool:
        """Return whether the backend may add tensors to this side before Triton checks it."""
        is_complete = self.format in (None, ModelFormat.TORCHSCRIPT)
        return not is_complete and not getattr(self.config, side)

    @property
    def completes_tensors(self) -> bool:
        """Return whether the backend may add the type and dims of a tensor that has a name.

        ONNX Runtime's backend completes whole sides only (AutoCompleteConfig in onnxruntime.cc).
        """
        return self.format not in (None, ModelFormat.TORCHSCRIPT, ModelFormat.ONNX)
