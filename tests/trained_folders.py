"""Folders as trainings leave them, of a model that is small and quick and answers all the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

REPORT: dict[str, Any] = {
    "data": {"source": "bokeh-sampledata stocks", "sha256": "ab" * 32},
    "settings": {"epochs": 2, "seed": 7},
    "split": {"test": {"samples": 366, "first": "2011-08-09", "last": "2013-02-28"}},
    "epochs": [
        {"number": 1, "train": 6.5, "validation": 2.5},
        {"number": 2, "train": 5.5, "validation": 2.25},
    ],
    "test": {
        "model": {"meanAbsoluteError": 0.0125, "directionRight": None},
        "naive": {"meanAbsoluteError": 0.0126},
    },
    "verdict": "no better than naive: the RMSE says so",
}


class Averages(torch.nn.Module):
    """`OUTPUT__0` [b, 1] is the window's mean times `factor`, `OUTPUT__1` [b, 2] its last highs."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor([factor]))

    def forward(self, ohlcv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return ohlcv.mean(dim=[1, 2]).unsqueeze(1) * self.factor, ohlcv[:, -2:, 1]


def torchscript_folder(folder: Path, factor: float = 2.0) -> Path:
    """model.pt, its sample and a report."""
    model = Averages(factor)
    sample = np.random.default_rng(5).uniform(90, 110, (60, 5)).astype(np.float32)
    with torch.inference_mode():
        mean, highs = model(torch.from_numpy(sample[None]))
    folder.mkdir(parents=True)
    torch.jit.save(torch.jit.script(model), folder / "model.pt")
    _write(
        folder,
        inputs=[{"name": "ohlcv", "dataType": "FP32", "shape": [60, 5]}],
        outputs=[
            {"name": "OUTPUT__0", "dataType": "FP32", "shape": [1]},
            {"name": "OUTPUT__1", "dataType": "FP32", "shape": [2]},
        ],
        sample={
            "input": {"ohlcv": sample.tolist()},
            "expected": {"OUTPUT__0": mean[0].tolist(), "OUTPUT__1": highs[0].tolist()},
        },
    )
    (folder / "plots").mkdir()
    (folder / "plots" / "loss.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return folder


def onnx_folder(folder: Path) -> Path:
    """model.onnx: `score` is the share of ids that the mask keeps; two inputs of any length."""
    nodes = [
        helper.make_node("Mul", ["input_ids", "attention_mask"], ["kept"]),
        helper.make_node("Cast", ["kept"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["score"], axes=[1], keepdims=1),
    ]
    tensors = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1])
    graph = helper.make_graph(nodes, "share", tensors, [score])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    folder.mkdir(parents=True)
    onnx.save(made, folder / "model.onnx")
    _write(
        folder,
        inputs=[
            {"name": name, "dataType": "INT64", "shape": [-1]}
            for name in ("input_ids", "attention_mask")
        ],
        outputs=[{"name": "score", "dataType": "FP32", "shape": [1]}],
        sample={
            "input": {"input_ids": [3, 4, 5, 6], "attention_mask": [1, 1, 0, 1]},
            "expected": {"score": [3.25]},
        },
    )
    return folder


def change_sample(folder: Path, **changes: Any) -> None:
    """Other values at the top of sample.json."""
    path = folder / "sample.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rename_tensor(folder: Path, name: str, other: str) -> None:
    """Another name for a tensor in sample.json, and only there."""
    path = folder / "sample.json"
    path.write_text(path.read_text().replace(f'"{name}"', f'"{other}"'))


def _write(folder: Path, *, inputs: Any, outputs: Any, sample: Any) -> None:
    content = {"inputs": inputs, "outputs": outputs, "samples": [sample]}
    (folder / "sample.json").write_text(json.dumps(content))
    (folder / "report.json").write_text(json.dumps(REPORT))
