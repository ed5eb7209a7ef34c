"""Models of a foreign backend, from the spec to an answer of a real Triton that has the backend."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hack.images.local_triton import LocalTriton
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.repository_plan import ArtifactFormat
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from inference_operator.validation.model import model_unit
from inference_operator.validation.signature import CompletedSpec
from tests.integration.model_builders.models import get, infer, loaded_config, tensor, value
from tests.integration.model_builders.scaler_backend import SCALER, write_scaler
from tests.integration.probe.running import probing, within
from tests.unit.planning.seen import DEFAULTS, OWNER
from tests.unit.validation.pipelines import made, pin

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

FILE, FOLDER, NOTHING = "pvc://models/scale.json", "pvc://models/scale", "pvc://models/nothing"
TENSORS = {"inputs": [tensor("x", [2])], "outputs": [tensor("y", [2])]}
QUIET = {"parameters": {"quiet": "yes"}}
# A model without inputs: it answers requests that have none.
SOURCE = 'output { name: "y" data_type: TYPE_FP32 dims: 2 }'
WARM = {"warmup": [{"name": "zeros", "inputs": [{"name": "x", "dataType": "FP32", "shape": [2]}]}]}


def custom(uri: str, triton: dict[str, Any] | None = None, **model: Any) -> dict[str, Any]:
    fields = {"source": {"uri": uri}, "format": "custom", "backend": "scaler", **model}
    return {"model": fields, "triton": triton or {}}


MODELS = {
    "declared": custom(FILE, **TENSORS, maxBatchSize=8),
    "described": custom(FOLDER, WARM),
    "partial": custom(FILE, {"configOverrides": 'input { name: "x" data_type: TYPE_FP32 }'}),
    "named": custom(FILE, {"configOverrides": 'default_model_filename: "renamed.json"'}),
    "without-files": custom(NOTHING),
    "by-platform": custom(FILE, {"configOverrides": 'platform: "scales"'}),
    "quiet": custom(FILE, QUIET),
    "source": custom(FILE, {**QUIET, "configOverrides": SOURCE}),
    "python": {"model": {"source": {"uri": "pvc://models/model.py"}, "format": "python"}},
    "missing": custom(FILE, backend="dali"),
}
FACTORS = {
    "declared": 3.0,
    "described": 5.0,
    "partial": 3.0,
    "named": 3.0,
    "without-files": 1.0,
    "by-platform": 3.0,
    "python": 1.0,
}


def unit(name: str) -> ServingUnit:
    spec = InferenceModelSpec.model_validate(
        {**MODELS[name], "model": {"name": name, **MODELS[name]["model"]}}
    )
    made_of = model_unit(OWNER, 1, CompletedSpec(spec, spec), Mode.CPU, DEFAULTS)
    assert isinstance(made_of, ServingUnit), made_of
    return made_of


def pipeline() -> ServingUnit:
    """Return a pipeline of a pinned model that describes itself, and an inline one."""
    pinned = pin('name: "drift" backend: "scaler"', format=ArtifactFormat.CUSTOM, uri=FOLDER)
    steps = [
        {
            "name": "first",
            "modelRef": {"name": "fx-drift"},
            "inputMap": {"x": "in"},
            "outputMap": {"y": "mid"},
        },
        {
            "name": "second",
            "model": custom(FILE, **TENSORS)["model"],
            "inputMap": {"x": "mid"},
            "outputMap": {"y": "out"},
        },
    ]
    fields = {"inputs": [tensor("in", [2])], "outputs": [tensor("out", [2])]}
    whole = made({"first": pinned}, steps=steps, maxBatchSize=0, name="both", **fields)
    assert isinstance(whole, ServingUnit), whole
    return whole


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    root = tmp_path_factory.mktemp("custom")
    claim = root / "claims" / "models"
    for folder in ("models", "credentials", "claims/models/scale", "claims/models/nothing"):
        (root / folder).mkdir(parents=True)
    (claim / "scale.json").write_text('{"factor": 3}')
    (claim / "scale" / "tree.json").write_text('{"factor": 5}')
    (claim / "model.py").write_text(SCALER)
    loader = Loader(Folders(root / "models", root / "credentials", root / "claims"))
    units = [*map(unit, MODELS), pipeline()]
    models = [model for each in units for model in each.models]
    # The digest of the pin is made up.
    loader.load(tuple(ModelOrder(replace(m.planned, sha256=None), m.config) for m in models))
    server = LocalTriton(root / "models", tolerate_failures=True)
    with server.with_backends(write_scaler(root / "backends")):
        yield server


@pytest.mark.parametrize("name", FACTORS)
def test_a_model_is_ready_and_answers(name: str, triton: LocalTriton) -> None:
    assert get(triton.http, f"/v2/models/{name}/versions/1/ready") is None
    shape = [1, 2] if name == "declared" else [2]
    outputs = infer(triton.http, name, [value("x", shape, [1.0, 2.0])])
    assert outputs == {"y": [FACTORS[name], 2 * FACTORS[name]]}


def test_a_pipeline_runs_a_model_that_describes_itself(triton: LocalTriton) -> None:
    outputs = infer(triton.http, "both", [value("in", [2], [1.0, 2.0])])
    assert outputs == {"out": [15.0, 30.0]}


@pytest.mark.parametrize("name", ["described", "partial"])
def test_triton_completes_the_tensors(name: str, triton: LocalTriton) -> None:
    config = loaded_config(triton.http, name)
    assert [(t.name, list(t.dims)) for t in (*config.input, *config.output)] == [
        ("x", [2]),
        ("y", [2]),
    ]


@pytest.mark.parametrize(
    ("name", "logged"),
    [
        ("described", "the first request was answered"),
        ("source", "the first request was answered"),
    ],
)
def test_the_probe_asks_with_the_tensors_that_triton_completed(
    name: str, logged: str, triton: LocalTriton, tmp_path: Path
) -> None:
    with probing(triton.http, name, tmp_path / "probe") as probe:
        within(20, lambda: probe.status("/ready") == 200, probe.log.read_text)
        assert logged in probe.log.read_text()


def test_a_model_without_tensors_is_not_ready(triton: LocalTriton, tmp_path: Path) -> None:
    assert get(triton.http, "/v2/models/quiet/versions/1/ready") is None
    with probing(triton.http, "quiet", tmp_path / "probe") as probe:
        within(60, probe.has_reported, probe.log.read_text)
        assert probe.report()["reason"] == "FirstRequestFailed"
        assert "set model.inputs and model.outputs" in probe.report()["message"]


def test_a_backend_that_the_image_lacks_is_named_by_triton(triton: LocalTriton) -> None:
    state, reason = triton.index()["missing"]
    assert state == "UNAVAILABLE"
    assert "unable to find backend library for backend 'dali'" in reason
