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
    problems = check_artifact(ModelFormat.PYTHON, tmp_path, parse_pbtxt(""))
    assert [str(problem) for problem in problems] == sentences
