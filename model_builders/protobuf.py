"""Triton's own `ModelConfig` protobuf, and its twin that remembers which fields were written."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_GENERATED = "tritonclient.grpc.model_config_pb2"
_OWN_NAME = "model_builders._model_config_pb2"


def _load_generated() -> ModuleType:
    """Import `tritonclient.grpc.model_config_pb2` by file location.

    Importing it by name would run `tritonclient/grpc/__init__.py`, which imports grpc and numpy:
    50 MB of memory that the operator doesn't have to spare. The generated module itself needs
    protobuf only. Loaded twice (a test imports the real package too) it yields the same classes:
    protobuf keeps one class for each descriptor of its default pool.
    """
    for name in (_GENERATED, _OWN_NAME):
        if name in sys.modules:
            return sys.modules[name]
    package = importlib.util.find_spec("tritonclient")
    if package is None or not package.submodule_search_locations:
        raise ImportError("tritonclient is not installed: pip install 'tritonclient[grpc]'")
    path = Path(package.submodule_search_locations[0]) / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location(_OWN_NAME, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"tritonclient has no {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_OWN_NAME] = module
    spec.loader.exec_module(module)
    return module


model_config_pb2: Any = _load_generated()

__all__ = [
    "DataType",
    "ModelConfig",
    "as_written",
    "model_config_pb2",
    "plain_config",
    "written_config",
]

if TYPE_CHECKING:
    from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig
else:
    DataType = model_config_pb2.DataType
    ModelConfig = model_config_pb2.ModelConfig


def _twin_type() -> Any:
    proto = descriptor_pb2.FileDescriptorProto()
    model_config_pb2.DESCRIPTOR.CopyToProto(proto)
    proto.syntax = "proto2"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("inference.ModelConfig"))


# Made at import: two threads that made it at once would have two types, which do not mix.
_TWIN = _twin_type()


def written_config() -> Any:
    """Return an empty ModelConfig with proto2 rules: `HasField` is true for every written field.

    In proto3 a written `max_batch_size: 0` equals an absent one, but a person may mean it. Field
    names, numbers and wire format are those of ModelConfig.
    """
    return _TWIN()


def plain_config(written: Any) -> ModelConfig:
    """Return the ModelConfig of a `written_config`."""
    return ModelConfig.FromString(written.SerializeToString())


def as_written(config: ModelConfig) -> Any:
    """Return the twin of a ModelConfig; fields at their default count as not written."""
    return _TWIN.FromString(config.SerializeToString())
