"""Files with the weights of an ONNX model: which ones it names, and that they are its own.

ONNX Runtime opens each by its path relative to the model's folder.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from model_builders.file_names import MAX_PATH, quoted
from model_builders.problem import Problem

# ONNX Runtime takes such a location for an address in its own memory.
_IN_MEMORY = "_ORT_MEM_ADDR_"
_SHOWN = 5
_REMEDY = "serve the folder that holds both, or save the model as one file"


def external_files(model: Any) -> tuple[str, ...]:
    """Return the names of all files that tensors of the ModelProto lie in, sorted.

    Tensors are initializers, and attributes of nodes; both may be in graphs within graphs.
    """
    return tuple(sorted({name for tensor in _tensors(model) for name in _locations(tensor)}))


def check_external_files(
    model: str, names: Sequence[str], is_there: Callable[[str], bool]
) -> Iterator[Problem]:
    """Yield a problem for files outside of the model's folder, and one for missing files.

    `model` is the name of the model's own file. `is_there` tells whether a file is in its folder.
    """
    outside = [name for name in names if not _stays_inside(name)]
    if outside:
        yield Problem(
            model,
            f"weights in {_listed(map(quoted, outside))}",
            "paths of files in the model's own folder",
            "save the model again, with its weights beside it",
        )
    inside = [name for name in names if name not in outside]
    if missing := [name for name in inside if not is_there(name)]:
        yield Problem(
            model,
            f"no {_listed(quoted(name)[1:-1] for name in missing)} beside it",
            "the files with its weights",
            _REMEDY,
        )


def _stays_inside(name: str) -> bool:
    return (
        0 < len(name) <= MAX_PATH
        and name.isprintable()
        and "\\" not in name
        and _IN_MEMORY not in name
        and not name.startswith("/")
        and ".." not in name.split("/")
    )


def _listed(names: Iterable[str]) -> str:
    shown = [*names]
    more = len(shown) - _SHOWN
    return ", ".join(shown[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _locations(tensor: Any) -> Iterator[str]:
    for entry in tensor.external_data:
        if entry.key == "location":
            # protobuf returns the bytes of a text that cannot be decoded.
            value: str | bytes = entry.value
            yield value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def _tensors(model: Any) -> Iterator[Any]:
    graphs = [model.graph, *(part for info in model.training_info for part in _training(info))]
    nodes = [node for function in model.functions for node in function.node]
    while graphs or nodes:
        if nodes:
            for attribute in nodes.pop().attribute:
                yield from (attribute.t, *attribute.tensors)
                yield from _sparse((attribute.sparse_tensor, *attribute.sparse_tensors))
                graphs += attribute.graphs
                graphs += [attribute.g] if attribute.HasField("g") else []
            continue
        graph = graphs.pop()
        yield from graph.initializer
        yield from _sparse(graph.sparse_initializer)
        nodes += graph.node


def _training(info: Any) -> tuple[Any, Any]:
    return info.initialization, info.algorithm


def _sparse(tensors: Any) -> Iterator[Any]:
    for tensor in tensors:
        yield from (tensor.values, tensor.indices)
