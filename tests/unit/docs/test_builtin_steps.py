"""The page on built-in steps has their tensors, and steps that the API takes."""

import re
from pathlib import Path

import pytest
import yaml

from inference_operator.api.builtin import Builtin
from inference_operator.api.ensemble_pipeline import Step
from inference_operator.domain.repository_plan import BUILTINS
from model_builders.builtin.config import builtin_config, builtin_type
from model_builders.names import api_type
from model_builders.protobuf import ModelConfig

PAGE = (Path(__file__).parents[3] / "docs" / "builtin-steps.md").read_text("utf-8")
TENSOR = re.compile(r"^\| (in|out) \| (`.+`) (\w+) \[([-0-9, ]+)\] \|", re.MULTILINE)


def section(kind: str) -> str:
    return PAGE.split(f"\n## {kind}\n")[1].split("\n## ")[0]


def config(kind: str) -> ModelConfig:
    return builtin_config(Builtin.model_validate({kind: {}}), name="step", max_batch_size=1)


@pytest.mark.parametrize("kind", BUILTINS)
def test_the_tables_have_every_tensor(kind: str) -> None:
    rows = [
        (side, name, data_type, [int(dim) for dim in dims.split(",")])
        for side, names, data_type, dims in TENSOR.findall(section(kind))
        for name in re.findall(r"`(\w+)`", names)
    ]
    sides = (("in", config(kind).input), ("out", config(kind).output))
    assert rows == [
        (side, tensor.name, api_type(tensor.data_type), list(tensor.dims))
        for side, tensors in sides
        for tensor in tensors
    ]


@pytest.mark.parametrize("kind", BUILTINS)
def test_the_example_is_a_step_of_that_kind(kind: str) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", section(kind), re.MULTILINE | re.DOTALL)
    (step,) = (Step.model_validate(item) for item in yaml.safe_load(text))
    assert step.builtin is not None
    assert builtin_type(step.builtin) == kind
    assert step.input_map.keys() == {tensor.name for tensor in config(kind).input}
    assert step.output_map.keys() <= {tensor.name for tensor in config(kind).output}
