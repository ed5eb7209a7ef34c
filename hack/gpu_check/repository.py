"""A model repository of the shipped LSTM and transformer, as the operator renders it for a GPU."""

import json
import shutil
from pathlib import Path
from typing import Any

from hack.demo.trained_models import TRAINED_MODELS, trained_model
from inference_operator.api.inference_model import InferenceModelSpec
from model_builders.config import config_pbtxt, model_config


def gpu_spec(sample: dict[str, Any]) -> InferenceModelSpec:
    """Return the spec of a shipped model on one GPU, with the tensors of its sample.json."""
    tensors = {side: sample[side] for side in ("inputs", "outputs")}
    return InferenceModelSpec.model_validate(
        {
            "model": {
                "source": {"uri": "pvc://models/shipped"},
                "format": "torchscript",
                "maxBatchSize": 32,
                **tensors,
            },
            "triton": {"instanceGroups": [{"kind": "GPU", "count": 1}]},
            "accelerator": {"resource": "nvidia.com/gpu", "count": 1},
        }
    )


def write_repository(folder: Path) -> dict[str, str]:
    """Write `<model>/{config.pbtxt,sample.json,1/model.pt}` for each; return configs by model."""
    configs = {}
    for name in TRAINED_MODELS:
        trained = trained_model(name)
        target = folder / name / "1"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(trained / "model.pt", target / "model.pt")
        shutil.copyfile(trained / "sample.json", target.parent / "sample.json")
        spec = gpu_spec(json.loads((trained / "sample.json").read_text()))
        configs[name] = config_pbtxt(model_config(spec, name=name, accelerated=True))
        (target.parent / "config.pbtxt").write_text(configs[name])
    return configs
