"""Conversion of a model's config into the spec of an InferenceModel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import DESCRIBE_THEMSELVES, ModelFormat
from inference_operator.api.problem import joined
from inference_operator.api.quoting import quoted
from inference_operator.api.triton import Triton
from inference_operator.api.validate import field_errors
from model_builders.config import declared_config, model_config
from model_builders.file_names import is_plain_name
from model_builders.importing.failure import ImportFailedError
from model_builders.importing.field_split import split_fields
from model_builders.importing.tensors import read_inputs, read_outputs
from model_builders.names import BACKENDS, PLATFORMS, main_file_name
from model_builders.problem import ConfigError
from model_builders.protobuf import ModelConfig, as_written, model_config_pb2

_Group = model_config_pb2.ModelInstanceGroup
# Triton's own rules for files without a configuration (AutoCompleteBackendFields in core).
_TENSORFLOW, _TENSORFLOW_FILES = "tensorflow", {"model.savedmodel", "model.graphdef"}
_GPU_ONLY = ("tensorrt", "tensorrtllm")
_ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip")


@dataclass(frozen=True, slots=True)
class Serving:
    """Values that config.pbtxt does not hold: names, source, and GPUs for groups without kind."""

    served_name: str
    resource_name: str
    source: Mapping[str, Any]
    gpus: int = 0


def format_of(config: ModelConfig, files: set[str]) -> ModelFormat:
    """Return the format of a model by Triton's rules: backend, platform, file names.

    Every other backend is of format custom: its image has it, or Triton says that it does not.
    """
    for model_format, backend in BACKENDS.items():
        if config.backend:
            matches = config.backend == backend.name
        elif config.platform:
            matches = config.platform == backend.platform
        else:
            file_name = config.default_model_filename
            matches = backend.file_name == file_name if file_name else backend.file_name in files
        if matches and config.platform in ("", backend.platform):
            return model_format
    by_file = not config.platform and not _TENSORFLOW_FILES.isdisjoint(files)
    if config.backend or config.platform in PLATFORMS[_TENSORFLOW] or by_file:
        return ModelFormat.CUSTOM
    declared = f'platform "{config.platform}"' if config.platform else "no backend"
    raise ImportFailedError(
        f"found {declared}, and no file of a known backend, expected the name of a backend; Triton"
        " does not load it otherwise: write backend into its config.pbtxt"
    )


def main_file(config: ModelConfig, model_format: ModelFormat, files: set[str]) -> str | None:
    """Return the file of a version's folder that is the whole artifact if it is alone there.

    None: only the backend knows, so the folder is the artifact.
    """
    if model_format is not ModelFormat.CUSTOM:
        return main_file_name(model_format, config)
    if config.default_model_filename in files:
        return str(config.default_model_filename)
    # The loader unpacks archives, and takes plain names.
    plain = [name for name in files if is_plain_name(name) and not name.endswith(_ARCHIVES)]
    return plain[0] if len(files) == 1 and plain else None


def model_spec(config: ModelConfig, model_format: ModelFormat, serving: Serving) -> dict[str, Any]:
    """Return the spec, as in YAML, that renders exactly `normalised(config)`."""
    target = normalised(config, model_format, serving.served_name)
    spec: dict[str, Any] = {"model": _model(target, model_format, serving)}
    accelerator = _accelerator(target, model_format, serving.gpus)
    if accelerator is not None:
        spec["accelerator"] = accelerator

    def declare(triton: Mapping[str, Any]) -> Any:
        bare = InferenceModelSpec.model_construct(
            model=_validated(spec).model, triton=Triton.model_validate(triton), accelerator=None
        )
        declared = declared_config(bare, name=serving.served_name)
        if target.platform:
            declared.ClearField("backend")  # `platform` in the overrides takes its place
        return declared

    triton = split_fields(as_written(target), declare)
    if triton:
        spec["triton"] = triton
    _verify(spec, target, serving.served_name)
    return spec


def normalised(config: ModelConfig, model_format: ModelFormat, name: str) -> ModelConfig:
    """Return the config with Triton's defaults: the folder's name, the backend, and the counts of
    instance groups."""
    target = ModelConfig()
    target.CopyFrom(config)
    target.name = name
    backend = _backend(config, model_format)
    if not target.backend and not target.platform:
        target.backend = backend
    for group in target.instance_group:
        group.count = group.count or _default_count(group.kind, backend)
    return target


def _backend(config: ModelConfig, model_format: ModelFormat) -> str:
    if model_format is not ModelFormat.CUSTOM:
        return BACKENDS[model_format].name
    return config.backend or _TENSORFLOW


def _default_count(kind: int, backend: str) -> int:
    """Return the count of triton-core's SetDefaultInstanceCount (GET .../config in 2.51); 0 if it
    depends on whether there are GPUs."""
    if backend not in (BACKENDS[ModelFormat.ONNX].name, _TENSORFLOW):
        return 1
    return {_Group.KIND_CPU: 2, _Group.KIND_AUTO: 0}.get(kind, 1)


def _model(config: ModelConfig, model_format: ModelFormat, serving: Serving) -> dict[str, Any]:
    model: dict[str, Any] = {"source": dict(serving.source), "format": model_format.value}
    if model_format is ModelFormat.CUSTOM:
        model["backend"] = _named_backend(config)
    if serving.served_name != serving.resource_name:
        model = {"name": serving.served_name, **model}
    if config.max_batch_size:
        model["maxBatchSize"] = config.max_batch_size
    tensors = {"inputs": read_inputs(config), "outputs": read_outputs(config)}
    if model_format not in DESCRIBE_THEMSELVES and not all(tensors.values()):
        raise ImportFailedError(
            f"found no inputs or no outputs, expected both for a {model_format} model; write them"
            " into config.pbtxt, as GET /v2/models/NAME/config prints them"
        )
    if not any(tensors.values()):
        return model
    if all(tensors.values()) and _is_valid({**model, **tensors}):
        return {**model, **tensors}
    if model_format not in DESCRIBE_THEMSELVES:
        _validated({"model": {**model, **tensors}})  # raises with the reason
    return model


def _named_backend(config: ModelConfig) -> str:
    backend = _backend(config, ModelFormat.CUSTOM)
    if "$" in backend or "{" in backend:
        raise ImportFailedError(
            f"found backend {quoted(backend)}, expected the name of a backend; fill in the template"
        )
    return backend


def _is_valid(model: dict[str, Any]) -> bool:
    try:
        InferenceModelSpec.model_validate({"model": model, "accelerator": {}})
    except ValidationError:
        return False
    return True


def _accelerator(config: ModelConfig, model_format: ModelFormat, gpus: int) -> Any:
    """Return the GPUs that the config needs; None if it needs none."""
    groups = config.instance_group
    count = max([gpu + 1 for group in groups for gpu in group.gpus], default=0)
    accelerators = config.optimization.execution_accelerators.gpu_execution_accelerator
    if any(g.kind == _Group.KIND_GPU for g in groups) or accelerators:
        count = max(count, 1)
    if _backend(config, model_format) in _GPU_ONLY:
        count = max(count, 1)
    if all(group.kind in (_Group.KIND_AUTO, _Group.KIND_MODEL) for group in groups):
        count = max(count, gpus)
    return {"count": count} if count else None


def _validated(spec: Mapping[str, Any]) -> InferenceModelSpec:
    try:
        return InferenceModelSpec.model_validate(spec)
    except ValidationError as error:
        errors = field_errors(error, InferenceModelSpec, "spec")
        raise ImportFailedError(joined(errors)) from error


def _verify(spec: Mapping[str, Any], target: ModelConfig, name: str) -> None:
    try:
        rendered = model_config(_validated(spec), name=name, accelerated=True)
    except ConfigError as error:
        raise ImportFailedError(str(error)) from error
    if rendered != target:
        raise ImportFailedError(
            "the manifest would not render the same config.pbtxt: please report it as a bug"
        )
