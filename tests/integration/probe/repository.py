"""Python models for a real Triton: they answer, wait, hang, or answer something else."""

from pathlib import Path

MODEL = """
import json, os, time
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.does = {k: v["string_value"] for k, v in config["parameters"].items()}
        self.output = config["output"][0]["name"]

    def execute(self, requests):
        time.sleep(float(self.does.get("seconds", "0")))
        first = pb_utils.get_input_tensor_by_name(requests[0], "x").as_numpy()
        if "raises" in self.does and not first.any():
            raise ValueError("a price is zero")
        return [self.answer(request) for request in requests]

    def answer(self, request):
        x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
        if "hangs_on" in self.does and float(x.flat[0]) == float(self.does["hangs_on"]):
            time.sleep(3600)
        if "slow_on" in self.does and float(x.flat[0]) == float(self.does["slow_on"]):
            time.sleep(8)
        if "refuses" in self.does and not x.any():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("a price is zero"))
        width = int(self.does.get("width", x.shape[-1]))
        y = np.zeros((*x.shape[:-1], width), x.dtype) + x.flat[0] + 1
        return pb_utils.InferenceResponse([pb_utils.Tensor(self.output, y)])
"""


def python_model(
    repository: Path, name: str, *, instances: int = 1, extra: str = "", **parameters: object
) -> None:
    """Write a model y = x + 1 [4], with parameters that make it behave otherwise."""
    version = repository / name / "1"
    version.mkdir(parents=True)
    (version / "model.py").write_text(MODEL)
    lines = [
        'backend: "python"\nmax_batch_size: 8',
        'input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }',
        'output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }',
        f"instance_group {{ kind: KIND_CPU count: {instances} }}",
        extra,
    ]
    for key, value in {"quiet": "yes", **parameters}.items():
        lines.append(f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}')
    (repository / name / "config.pbtxt").write_text("\n".join(lines))


def ensemble(repository: Path, name: str, *steps: str, version: int = 1) -> None:
    """Write an ensemble that runs the steps one after the other."""
    (repository / name / str(version)).mkdir(parents=True)
    tensors = ["x", *(f"t{number}" for number in range(1, len(steps))), "y"]
    text = [
        'platform: "ensemble"\nmax_batch_size: 8',
        'input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }',
        'output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }',
        "ensemble_scheduling {",
    ]
    for step, source, target in zip(steps, tensors, tensors[1:], strict=False):
        maps = (
            f'input_map {{ key: "x" value: "{source}" }}'
            f' output_map {{ key: "y" value: "{target}" }}'
        )
        text.append(f'step {{ model_name: "{step}" model_version: 1 {maps} }}')
    (repository / name / "config.pbtxt").write_text("\n".join([*text, "}"]))
