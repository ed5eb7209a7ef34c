"""Every sample is a good manifest."""

from pathlib import Path

import pytest
import yaml

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.validate import parse
from model_builders.checks import check

SAMPLES = sorted((Path(__file__).parents[3] / "manifests" / "samples").glob("*.yaml"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_operator_accepts(path: Path) -> None:
    for body in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        spec = parse(body).spec
        # What a registry completes can be checked only when it did; a graph when its models are
        # there.
        is_known = isinstance(spec, InferenceModelSpec) and spec.model.format is not None
        assert not is_known or check(spec) == []
