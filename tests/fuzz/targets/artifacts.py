"""Files of models, read to find out whether Triton would load them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import onnx

from inference_operator.api.model import ModelFormat
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.load.failure import LoadError
from inference_operator.load.layout.builtin import lay_out_builtin
from inference_operator.load.sources.remote import Artifact
from model_builders.artifact import check_artifact
from model_builders.config import parse_pbtxt
from tests.fuzz.formats import message_mutator, zip_mutator
from tests.fuzz.loading import scratch
from tests.fuzz.mutate import text_mutator
from tests.fuzz.target import Target
from tests.unit.model_builders.onnx_graphs import BATCHED, graph
from tests.unit.model_builders.test_onnx_weights import elsewhere
from tests.unit.model_builders.test_torchscript_artifact import TORCH, torchscript

_CONFIG = parse_pbtxt(BATCHED)


def _checked(format: ModelFormat, name: str) -> Callable[[bytes], Iterator[str]]:
    def run(data: bytes) -> Iterator[str]:
        with scratch() as folder:
            file = Path(folder, name)
            file.write_bytes(data)
            yield from map(str, check_artifact(format, Path(folder), _CONFIG))

    return run


def _vocabulary(data: bytes) -> None:
    with scratch() as folder:
        file, version = Path(folder, "vocab.txt"), Path(folder, "1")
        file.write_bytes(data)
        model = PlannedModel(
            "words", 1, ArtifactFormat.PYTHON, "pvc://texts/vocab.txt", builtin="tokenizer"
        )
        lay_out_builtin(model, version, Artifact(file, file.name, "0" * 64, len(data)))


def _nested() -> onnx.ModelProto:
    inner = onnx.helper.make_node("If", ["c"], ["d"], then_branch=graph().graph)
    outer = graph(initializer=[elsewhere("model.onnx.data")])
    outer.graph.node.append(inner)
    outer.functions.append(onnx.helper.make_function("a", "f", [], [], [inner], []))
    outer.training_info.add().algorithm.CopyFrom(graph().graph)
    return outer


_ONNX = tuple(model.SerializeToString() for model in (graph(), _nested()))
_TORCH = (
    torchscript("window: Tensor, mask: Optional[Tensor]=None, *, n: int=2"),
    torchscript("batch: Dict[str, List[Tensor]]"),
    *(content for content, _, _ in TORCH.values() if content),
)
_PYTHON = (
    b"import json\n\n\nclass TritonPythonModel:\n    @staticmethod\n"
    b"    def auto_complete_config(c):\n        return c\n\n"
    b"    def execute(self, requests):\n        return [f'{r!r}' for r in []]\n",
    b"from base import *\nTritonPythonModel = type('A', (), {'execute': lambda self, r: r})\n",
    b"# -*- coding: latin-1 -*-\nif True:\n    from a import (b as TritonPythonModel, c)\n",
)
_WORDS = (b"[PAD]\n[UNK]\n[CLS]\n[SEP]\nrise\n##s\n", b"[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n")

TARGETS = (
    Target(
        "onnx",
        _ONNX,
        _checked(ModelFormat.ONNX, "model.onnx"),
        message_mutator(_ONNX, onnx.ModelProto),
        is_shown=False,
    ),
    Target(
        "torchscript",
        _TORCH,
        _checked(ModelFormat.TORCHSCRIPT, "model.pt"),
        zip_mutator(_TORCH),
        largest=256 << 10,
        is_shown=False,
    ),
    Target(
        "python-model",
        _PYTHON,
        _checked(ModelFormat.PYTHON, "model.py"),
        text_mutator(_PYTHON),
        largest=256 << 10,
        is_shown=False,
    ),
    Target("vocabulary", _WORDS, _vocabulary, text_mutator(_WORDS), (LoadError,), is_shown=False),
)
