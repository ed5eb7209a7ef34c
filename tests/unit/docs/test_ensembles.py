"""The tutorial on ensembles fits the sample that it is about."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_operator.api.ensemble_pipeline import EnsemblePipeline
from inference_operator.api.validate import parse

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "ensembles.md").read_text("utf-8")
SAMPLE = ROOT / "manifests" / "samples" / "ensemble-predictor.yaml"


@pytest.fixture
def pipeline() -> dict[str, Any]:
    bodies = list(yaml.safe_load_all(SAMPLE.read_text("utf-8")))
    (manifest,) = (body for body in bodies if body["kind"] == "EnsemblePipeline")
    assert isinstance(manifest, dict)
    return manifest


def test_the_step_with_other_weights_takes_the_sample_s_place(pipeline: dict[str, Any]) -> None:
    (text,) = re.findall(r"^```yaml\n(    - name:.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (edited,) = yaml.safe_load(text)
    steps = pipeline["spec"]["steps"]
    (at,) = (i for i, step in enumerate(steps) if step["name"] == edited["name"])
    assert {**steps[at], "builtin": None} == {**edited, "builtin": None}
    assert steps[at] != edited
    steps[at] = edited
    changed = parse(pipeline)
    assert isinstance(changed, EnsemblePipeline)
    average = changed.spec.steps[at].builtin
    assert average is not None
    assert average.weighted_average is not None
    assert average.weighted_average.weights.price == 70


def test_every_tensor_of_the_sample_is_explained(pipeline: dict[str, Any]) -> None:
    spec = pipeline["spec"]
    for tensor in [*spec["inputs"], *spec["outputs"]]:
        assert re.search(rf"^\| `{tensor['name']}` \[rows.*{tensor['dataType']} \|", PAGE, re.M)
    assert f"up to {spec['maxBatchSize']} rows" in PAGE
