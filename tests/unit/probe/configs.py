"""Configurations of models as Triton's `/config` gives them."""

from typing import Any

from inference_operator.probe.model_config import ProbedModel, read_model


def tensor(name: str, kind: str = "FP32", dims: list[Any] | None = None, **more: Any) -> Any:
    given = [4] if dims is None else dims
    return {"name": name, "data_type": f"TYPE_{kind}", "dims": given, **more}


def config(**changes: Any) -> dict[str, Any]:
    body = {
        "name": "curve",
        "max_batch_size": 8,
        "input": [tensor("x")],
        "output": [tensor("y", dims=[2])],
        **changes,
    }
    return {key: value for key, value in body.items() if value is not None}


def model(**changes: Any) -> ProbedModel:
    return read_model("curve", "3", config(**changes))
