"""A backend of the test's own, as an image would have it: y = factor * x.

The factor is in the only file of the version's folder, or 1 without a file. The backend declares
the tensors of models that do not, unless a parameter `quiet` forbids it.
"""

from pathlib import Path

SCALER = """
import json
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        if "quiet" not in config.as_dict()["parameters"]:
            config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [2]})
            config.add_output({"name": "y", "data_type": "TYPE_FP32", "dims": [2]})
        return config

    def initialize(self, args):
        folder = Path(args["model_repository"]) / args["model_version"]
        files = [path for path in folder.iterdir() if path.suffix == ".json"]
        self.factor = json.loads(files[0].read_text())["factor"] if files else 1.0

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        given = pb_utils.get_input_tensor_by_name(request, "x")
        x = np.ones(2, np.float32) if given is None else given.as_numpy()
        y = pb_utils.Tensor("y", (x * self.factor).astype(np.float32))
        return pb_utils.InferenceResponse([y])
"""


def write_scaler(folder: Path) -> Path:
    """Write the backend `scaler` into a folder for backends, and return the folder."""
    (folder / "scaler").mkdir(parents=True)
    (folder / "scaler" / "model.py").write_text(SCALER)
    return folder
