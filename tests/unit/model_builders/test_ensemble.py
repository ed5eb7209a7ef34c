"""An EnsemblePipeline's steps in config.pbtxt."""

from typing import Any

import pytest

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from model_builders.config import parse_pbtxt
from model_builders.ensemble import StepModel, ensemble_config
from model_builders.problem import ConfigError
from tests.unit.model_builders.ensemble_fields import FOREIGN, KEPT, Foreign

STEP = {
    "name": "price",
    "modelRef": {"name": "lstm-price"},
    "inputMap": {"WINDOW": "window"},
    "outputMap": {"PRICE": "price"},
}
BASE = """name: "signal" platform: "ensemble" max_batch_size: 4
input { name: "window" data_type: TYPE_FP32 dims: [60, 5] }
output { name: "price" data_type: TYPE_FP32 dims: 1 }
"""
MAPS = """input_map { key: "WINDOW" value: "window" } output_map { key: "PRICE" value: "price" }"""


NEWEST = StepModel("lstm_price")


def rendered(model: StepModel = NEWEST, **triton: Any) -> Any:
    spec = EnsemblePipelineSpec.model_validate(
        {
            "steps": [STEP],
            "inputs": [{"name": "window", "dataType": "FP32", "shape": [60, 5]}],
            "outputs": [{"name": "price", "dataType": "FP32", "shape": [1]}],
            "maxBatchSize": 4,
            "triton": triton,
        }
    )
    return ensemble_config(spec, name="signal", models={"price": model})


def test_a_step_names_the_model_as_triton_knows_it_and_any_version_that_is_served() -> None:
    assert rendered() == parse_pbtxt(
        BASE
        + f'ensemble_scheduling {{ step {{ model_name: "lstm_price" model_version: -1 {MAPS} }} }}'
    )


def test_a_step_pins_its_models_version() -> None:
    (step,) = rendered(StepModel("lstm_price", 3)).ensemble_scheduling.step
    assert (step.model_name, step.model_version) == ("lstm_price", 3)


def test_parameters_and_the_response_cache_are_the_pipelines_own() -> None:
    config = rendered(parameters={"desk": "fx"}, responseCache={"size": "64Mi"})
    assert config.parameters["desk"].string_value == "fx"
    assert config.response_cache.enable


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('input { name: "window" reshape { shape: 7 } }', "input[window].reshape"),
        ('output { name: "price" reshape { shape: 0 } }', "output[price].reshape"),
        ('input { name: "window" format: FORMAT_NHWC }', "input[window].format"),
        (
            'model_metrics { metric_control { metric_identifier { family: "f" } } }',
            "model_metrics.metric_control[0].histogram_options.buckets",
        ),
    ],
)
def test_overrides_that_triton_would_not_load_are_refused(text: str, path: str) -> None:
    with pytest.raises(ConfigError) as raised:
        rendered(configOverrides=text)
    assert [problem.path for problem in raised.value.problems] == [
        f"spec.triton.configOverrides: {path}"
    ]


def test_overrides_add_what_the_spec_does_not_have() -> None:
    text = "ensemble_scheduling { max_inflight_requests: 2 }"
    assert rendered(configOverrides=text).ensemble_scheduling.max_inflight_requests == 2


def test_overrides_cannot_change_the_steps() -> None:
    with pytest.raises(ConfigError, match=r"ensemble_scheduling\.step: .* as in steps"):
        rendered(configOverrides='ensemble_scheduling { step { model_name: "other" } }')


@pytest.mark.parametrize("text", KEPT)
def test_what_an_ensemble_has_may_be_said_in_overrides(text: str) -> None:
    assert parse_pbtxt(text).ListFields()[0] in rendered(configOverrides=text).ListFields()


@pytest.mark.parametrize("case", FOREIGN, ids=lambda case: case.field)
def test_what_only_models_have_is_refused_in_an_ensemble(case: Foreign) -> None:
    with pytest.raises(ConfigError) as raised:
        rendered(configOverrides=case.text)
    (problem,) = raised.value.problems
    assert problem.path == f"spec.triton.configOverrides: {case.field}"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('model_repository_agents { agents { name: "../../models/fx/1/x" } }', "agents"),
        (
            'model_repository_agents { agents { name: "checksum" parameters {'
            ' key: "MD5:../fx/1/model.onnx" value: "0" } } }',
            "MD5:../fx/1/model.onnx",
        ),
    ],
    ids=["an agent that is a path", "a checksum of another model's file"],
)
def test_no_file_of_another_model_is_named_in_an_ensemble(text: str, field: str) -> None:
    with pytest.raises(ConfigError) as raised:
        rendered(configOverrides=text)
    (problem,) = raised.value.problems
    assert problem.path.startswith("spec.triton.configOverrides: model_repository_agents.")
    assert field in problem.path


def test_a_field_of_models_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError) as raised:
        rendered(configOverrides="instance_group { count: 2 }")
    assert str(raised.value) == (
        "spec.triton.configOverrides: instance_group: found a field of a model, expected none in an"
        " ensemble; remove it, or set it in the step whose model it is meant for"
    )


def test_no_version_of_a_pipeline_is_chosen() -> None:
    with pytest.raises(ConfigError, match="that of a pipeline is the number of its revision"):
        rendered(configOverrides="version_policy { specific { versions: 9 } }")


DECOUPLED = "model_transaction_policy { decoupled: true }"
CACHE = {"responseCache": {"size": "64Mi"}}


@pytest.mark.parametrize(
    ("model", "triton", "whose"),
    [
        (StepModel("ticks", decoupled=True), CACHE, "those of step price"),
        (NEWEST, {**CACHE, "configOverrides": DECOUPLED}, "model_transaction_policy"),
        (
            StepModel("ticks", decoupled=True),
            {"configOverrides": "response_cache { enable: true }"},
            "those of step price",
        ),
    ],
)
def test_answers_of_decoupled_models_are_not_cached(
    model: StepModel, triton: dict[str, Any], whose: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        rendered(model, **triton)
    assert str(raised.value) == (
        f"spec.triton.responseCache: found a cache for decoupled responses ({whose}), expected"
        " no value, since Triton does not cache them; remove it, or make the models answer each"
        " request once"
    )


def test_answers_of_sequences_are_not_cached() -> None:
    with pytest.raises(ConfigError) as raised:
        rendered(StepModel("ticks", sequential=True), **CACHE)
    assert str(raised.value) == (
        "spec.triton.responseCache: found a cache for answers of sequences (those of step price),"
        " expected no value, since Triton would answer from another place in the sequence; remove"
        " it, or take sequence_batching out of the model"
    )


def test_a_decoupled_pipeline_needs_no_cache() -> None:
    assert not rendered(StepModel("ticks", decoupled=True)).HasField("response_cache")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_batch_size: 64", "4 as in maxBatchSize"),
        ('name: "other"', '"signal" as in name'),
        ('platform: "onnxruntime_onnx"', '"ensemble" as in steps'),
        (
            'input { name: "window" data_type: TYPE_FP64 }',
            "TYPE_FP32 as in inputs[window].dataType",
        ),
        ('output { name: "volume" }', "one of price as in outputs"),
    ],
)
def test_overrides_that_contradict_name_the_pipelines_own_field(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        rendered(configOverrides=text)
    assert [problem.requirement for problem in raised.value.problems] == [expected]


def test_overrides_cannot_batch_an_ensemble() -> None:
    with pytest.raises(ConfigError, match=r"expected ensemble_scheduling as in steps"):
        rendered(configOverrides="dynamic_batching { }")
