"""The problems of a model.py that are reported before Triton runs it."""

from pathlib import Path

import pytest

from inference_operator.api.model import ModelFormat
from model_builders.artifact import check_artifact
from model_builders.config import parse_pbtxt

WORKS = "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"
PYTHON: dict[str, tuple[str, list[str]]] = {
    "a model": (WORKS, []),
    "a model that is imported": ("from prices import TritonPythonModel\n", []),
    "a model that inherits execute": ("class TritonPythonModel(Base):\n    pass\n", []),
    "syntax of a newer Python": ("type Prices = list[float]\n" + WORKS, []),
    "no model": (
        "class Model:\n    pass\n",
        [
            "model.py: found no TritonPythonModel, expected a class TritonPythonModel; define"
            " class TritonPythonModel with execute(self, requests)"
        ],
    ),
    "a model that does nothing": (
        "class TritonPythonModel:\n    def initialize(self, args): ...\n",
        [
            "model.py:1: found TritonPythonModel without execute, expected the method execute;"
            " add execute(self, requests), which returns one response for each request"
        ],
    ),
    "a syntax error": (
        "class TritonPythonModel\n",
        ["model.py: found line 1: expected ':', expected a Python module; correct the syntax"],
    ),
}


@pytest.mark.parametrize(("source", "sentences"), PYTHON.values(), ids=PYTHON.keys())
def test_a_python_artifact(source: str, sentences: list[str], tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(source)
    config = parse_pbtxt('input { name: "x" data_type: TYPE_FP32 dims: 1 }')
    problems = check_artifact(ModelFormat.PYTHON, tmp_path, config)
    assert [str(problem) for problem in problems] == sentences


DESCRIBED = {
    "a method": f"{WORKS}    def auto_complete_config(config): ...\n",
    "an attribute": f"{WORKS}    auto_complete_config = completed\n",
    "a base class": WORKS.replace("Model:", "Model(Base):"),
    "a decorator": f"@described\n{WORKS}",
    "an import": "from prices import TritonPythonModel\n",
}


@pytest.mark.parametrize("source", DESCRIBED.values(), ids=DESCRIBED.keys())
def test_a_model_may_declare_its_tensors_itself(source: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(source)
    assert check_artifact(ModelFormat.PYTHON, tmp_path, parse_pbtxt("")) == []


OUTPUT = 'output { name: "y" data_type: TYPE_FP32 dims: 1 }'


def test_a_model_may_answer_requests_without_inputs(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(WORKS)
    assert check_artifact(ModelFormat.PYTHON, tmp_path, parse_pbtxt(OUTPUT)) == []


@pytest.mark.parametrize("config", ["", f"max_batch_size: 4 {OUTPUT}"])
def test_a_model_whose_inputs_nobody_declares_is_refused(config: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(WORKS)
    problems = check_artifact(ModelFormat.PYTHON, tmp_path, parse_pbtxt(config))
    assert [str(problem) for problem in problems] == [
        "spec.model.inputs: found none, and TritonPythonModel of model.py has no"
        " auto_complete_config, expected inputs, or that method, which adds them; set model.inputs"
        " and model.outputs, or add the method auto_complete_config"
    ]
