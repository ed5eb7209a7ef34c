"""Pipelines as serving units: what each step brings, and what is wrong with those that cannot."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, Step
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.completion import Completed
from inference_operator.domain.pins import Pin
from inference_operator.domain.pipeline import CompletedPipeline, pipeline_unit
from inference_operator.domain.repository_plan import (
    ArtifactFormat,
    PlannedModel,
    RepositoryPlan,
)
from inference_operator.domain.serving_unit import ServedModel, ServingUnit
from inference_operator.domain.steps import inline_spec
from inference_operator.domain.validation import Invalid
from model_builders.config import parse_pbtxt
from model_builders.problem import ConfigError
from tests.fakes.bodies import epipe, step
from tests.unit.planning.seen import DEFAULTS, OWNER

CONFIG = """
name: "drift" backend: "onnxruntime" max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [4] }
output { name: "y" data_type: TYPE_FP32 dims: [1] }
"""


def pin(config: str = CONFIG, name: str = "fx-drift", **changes: Any) -> Pin:
    planned: dict[str, Any] = {
        "name": "drift",
        "version": 3,
        "format": ArtifactFormat.ONNX,
        "uri": "https://store.example/fx/7/model.onnx",
        **changes,
    }
    plan = RepositoryPlan((PlannedModel(**planned),))
    return Pin(
        kind="InferenceModel",
        name=name,
        revision="aaa",
        model="drift",
        version=3,
        uri=planned["uri"],
        run_id="",
        sha256="ab" * 32,
        repository={"plan.json": plan.to_json(), "drift.config.pbtxt": config},
    )


def made(
    pins: Mapping[str, Pin] | None = None, mode: Mode = Mode.CPU, **changes: Any
) -> ServingUnit | Invalid:
    body = {**epipe(maxBatchSize=4)["spec"], **changes}
    spec = EnsemblePipelineSpec.model_validate(body)
    inline = {}
    for one in spec.steps:
        if one.model is not None:
            wanted = inline_spec(spec, one)
            inline[one.name] = Completed(wanted, wanted)
    found = {"drift": pin()} if pins is None else pins
    return pipeline_unit(OWNER, 1, CompletedPipeline(spec, found, inline), mode, DEFAULTS)


def unit(**changes: Any) -> ServingUnit:
    found = made(**changes)
    assert isinstance(found, ServingUnit), found
    return found


def problems(**changes: Any) -> tuple[str, ...]:
    found = made(**changes)
    assert isinstance(found, Invalid), found
    return found.problems


def config(of: ServingUnit, name: str) -> Any:
    return parse_pbtxt(next(m.config for m in of.models if m.name == name))


def inline(**model: Any) -> dict[str, Any]:
    tensor = {"name": "x", "dataType": "FP32", "shape": [4]}
    wanted = {
        "source": {"uri": "https://store.example/fx/1/model.onnx"},
        "format": "onnx",
        "maxBatchSize": 8,
        "inputs": [tensor],
        "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
        **model,
    }
    return {**step(modelRef=None), "model": wanted}


def average(**fields: Any) -> dict[str, Any]:
    """A pipeline of a built-in step alone."""
    takes = {"price": 1, "interval": 2, "score": 1, "confidence": 1}
    only = step(
        "average",
        modelRef=None,
        builtin={"weightedAverage": {}},
        inputMap={name: name for name in takes},
        outputMap={"forecast": "y"},
        **fields,
    )
    inputs = [{"name": n, "dataType": "FP32", "shape": [size]} for n, size in takes.items()]
    return {"pins": {}, "steps": [only], "inputs": inputs}


def test_the_ensemble_pins_the_versions_of_its_steps() -> None:
    (found,) = config(unit(), "fx-drift").ensemble_scheduling.step

    assert (found.model_name, found.model_version) == ("drift", 3)
    assert dict(found.input_map) == {"x": "x"}
    assert dict(found.output_map) == {"y": "y"}


def test_the_repository_holds_each_model_and_the_ensemble() -> None:
    found = unit()

    assert [(m.name, m.version, m.planned.format) for m in found.models] == [
        ("drift", 3, "onnx"),
        ("fx-drift", 1, "ensemble"),
    ]
    assert found.entry == "fx-drift"


def test_the_number_of_the_revision_is_the_ensembles_own_version() -> None:
    numbered = unit().numbered(7)

    assert [m.version for m in numbered.models] == [3, 7]


def test_a_pipeline_within_keeps_the_version_that_it_was_given() -> None:
    inner = ServedModel(PlannedModel("inner", 5, ArtifactFormat.ENSEMBLE), "")
    numbered = replace(unit(), models=(inner, *unit().models)).numbered(7)

    assert [(m.name, m.version) for m in numbered.models] == [
        ("inner", 5),
        ("drift", 3),
        ("fx-drift", 7),
    ]


def test_an_artifact_that_nobody_pinned_is_the_one_that_the_model_serves() -> None:
    assert unit().models[0].planned.sha256 == "ab" * 32


def test_a_digest_of_the_models_own_stays() -> None:
    assert unit(pins={"drift": pin(sha256="cd" * 32)}).models[0].planned.sha256 == "cd" * 32


def test_what_was_fetched_makes_no_revision() -> None:
    assert replace(pin(), sha256="cd" * 32).content == pin().content


def test_what_the_model_pins_makes_a_revision() -> None:
    assert pin(sha256="cd" * 32).content != pin().content


def test_instances_of_the_step_replace_those_of_the_model() -> None:
    written = CONFIG + "instance_group { kind: KIND_CPU count: 4 }"
    groups = [{"kind": "CPU", "count": 2}]
    found = unit(pins={"drift": pin(written)}, steps=[step(triton={"instanceGroups": groups})])

    assert [group.count for group in config(found, "drift").instance_group] == [2]


def test_instances_of_the_model_stay_where_the_step_says_none() -> None:
    found = unit(pins={"drift": pin(CONFIG + "instance_group { kind: KIND_CPU count: 4 }")})

    assert [group.count for group in config(found, "drift").instance_group] == [4]


def test_no_instances_in_the_list_are_those_of_the_model() -> None:
    pins = {"drift": pin(CONFIG + "instance_group { kind: KIND_CPU count: 4 }")}

    assert unit(pins=pins, steps=[step(triton={"instanceGroups": []})]) == unit(pins=pins)


def test_batching_of_the_step_replaces_that_of_the_model() -> None:
    batching = {"dynamicBatching": {"maxQueueDelay": "2ms"}}
    found = unit(
        pins={"drift": pin(CONFIG + "dynamic_batching { preferred_batch_size: [8] }")},
        steps=[step(triton=batching)],
    )

    batches = config(found, "drift").dynamic_batching
    assert list(batches.preferred_batch_size) == []
    assert batches.max_queue_delay_microseconds == 2000


def test_batching_needs_a_model_that_takes_batches() -> None:
    (found,) = problems(
        pins={"drift": pin(CONFIG.replace("max_batch_size: 8", ""))},
        maxBatchSize=0,
        steps=[step(triton={"dynamicBatching": {}})],
    )

    assert found.startswith(
        "spec.steps[drift].triton.dynamicBatching: found dynamicBatching of drift, which takes no"
        " batches, expected"
    )


@pytest.mark.parametrize("size", [None, {"size": "64Mi"}])
def test_a_models_response_cache_needs_one_of_the_pipeline(size: dict[str, str] | None) -> None:
    triton = {"responseCache": size} if size else {}
    found = unit(pins={"drift": pin(CONFIG + "response_cache { enable: true }")}, triton=triton)

    assert config(found, "drift").response_cache.enable is (size is not None)
    assert ("--cache-config=local,size=67108864" in found.server.args) is (size is not None)


def test_latency_buckets_of_a_step_turn_histograms_on() -> None:
    written = CONFIG + "model_metrics { metric_control { metric_identifier { family: 'f' } } }"

    found = unit(pins={"drift": pin(written)})

    assert "--metrics-config=histogram_latencies=true" in found.server.args


def test_a_model_on_gpus_needs_an_accelerator() -> None:
    (found,) = problems(pins={"drift": pin(CONFIG + "instance_group { kind: KIND_GPU }")})

    assert found == (
        "spec.steps[drift].triton.instanceGroups: found instances of drift on GPUs, expected"
        " spec.accelerator; add spec.accelerator, or set triton.instanceGroups of the step to kind"
        " CPU"
    )


def test_a_gpu_that_the_pod_does_not_have() -> None:
    (found,) = problems(
        pins={"drift": pin(CONFIG + "instance_group { kind: KIND_GPU gpus: [1] }")},
        mode=Mode.ACCELERATOR,
        accelerator={"count": 1},
    )

    assert "found GPU 1 for drift, expected an index from 0 to 0" in found


ON_GPU = {"instanceGroups": [{"kind": "GPU"}]}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("drift", {"pins": {"drift": pin(CONFIG + "instance_group { kind: KIND_GPU }")}}),
        ("drift", {"steps": [step(triton=ON_GPU)]}),
        ("drift", {"pins": {}, "steps": [{**inline(), "triton": ON_GPU}]}),
        ("average", average(triton=ON_GPU)),
    ],
    ids=["a referenced model", "what a step says of one", "an inline model", "a built-in"],
)
def test_on_the_cpu_no_step_asks_for_gpus(name: str, changes: dict[str, Any]) -> None:
    found = unit(accelerator={"whenUnavailable": "UseCPU"}, **changes)

    (group,) = config(found, name).instance_group
    assert group.kind == 2, "KIND_CPU"


def test_an_engine_needs_an_accelerator() -> None:
    (found,) = problems(pins={"drift": pin(format=ArtifactFormat.TENSORRT)})

    assert "found drift, a TensorRT engine, expected spec.accelerator" in found


def test_an_inline_model_is_checked_like_an_inference_model() -> None:
    wrong = inline(outputs=[{"name": "y", "dataType": "BF16", "shape": [1]}])

    (found,) = problems(pins={}, steps=[wrong])

    assert found.startswith("spec.steps[drift].model.outputs[0].dataType: found BF16, which Triton")


def test_overrides_of_an_inline_model_name_its_step() -> None:
    body = {**inline(), "triton": {"configOverrides": "max_batch_siz: 3"}}

    (found,) = problems(pins={}, steps=[body])

    assert found.startswith("spec.steps[drift].triton.configOverrides: found line 1, column 1")


@pytest.mark.parametrize(
    ("triton", "expected"),
    [
        ({"configOverrides": "max_batch_size: 3"}, "8 as in spec.steps[drift].model.maxBatchSize"),
        (
            {"configOverrides": 'name: "other"'},
            "no name: it comes from spec.steps[drift].model.name, or that of the resource or step",
        ),
        (
            {"configOverrides": "sequence_batching { }", "dynamicBatching": {}},
            "dynamic_batching as in spec.steps[drift].triton.dynamicBatching",
        ),
    ],
)
def test_overrides_that_contradict_an_inline_model_name_the_fields_of_its_step(
    triton: dict[str, Any], expected: str
) -> None:
    (found,) = problems(pins={}, steps=[{**inline(), "triton": triton}])

    assert found.partition(", expected ")[2].startswith(f"{expected};")


def test_sections_of_an_inline_model_that_contradict_name_its_step() -> None:
    body = {**inline(), "triton": {"optimization": {"tensorrt": {}}}}
    spec = EnsemblePipelineSpec.model_construct(accelerator=None)
    with pytest.raises(ConfigError) as raised:
        inline_spec(spec, Step.model_validate(body))

    assert str(raised.value).startswith(
        "spec.steps[drift].triton.optimization.tensorrt: found tensorrt without spec.accelerator"
    )


def test_two_models_of_one_name_are_refused() -> None:
    other = step("other", "other", inputMap={"x": "x"}, outputMap={"y": "z"})
    outputs = [{"name": n, "dataType": "FP32", "shape": [1]} for n in ("y", "z")]
    changed = pin(CONFIG, "other", uri="https://store.example/fx/9/model.onnx")

    found = problems(
        pins={"drift": pin(), "other": changed}, steps=[step(), other], outputs=outputs
    )

    assert found == (
        "spec.steps[other]: found another model called drift in Triton than that of step drift,"
        " expected one model of each name in a pipeline; give one of them another name",
    )


def test_no_model_that_another_pipeline_brings_may_be_called_like_this_one() -> None:
    inner = RepositoryPlan(
        (
            PlannedModel("fx-drift", 1, ArtifactFormat.ONNX, "https://store.example/m.onnx"),
            PlannedModel("inner", 2, ArtifactFormat.ENSEMBLE),
        )
    )
    files = {
        "plan.json": inner.to_json(),
        "fx-drift.config.pbtxt": CONFIG.replace("drift", "fx-drift"),
        "inner.config.pbtxt": CONFIG.replace("drift", "inner"),
    }
    pinned = Pin("EnsemblePipeline", "inner", "bbb", "inner", 2, "", "", None, files)

    (found,) = problems(pins={"drift": pinned})

    assert found.startswith(
        "spec.steps[drift]: found another model called fx-drift in Triton than that of the pipeline"
        " itself"
    )


def test_two_steps_may_run_one_model() -> None:
    other = step("other", inputMap={"x": "x"}, outputMap={"y": "z"})
    outputs = [{"name": n, "dataType": "FP32", "shape": [1]} for n in ("y", "z")]

    found = unit(pins={"drift": pin(), "other": pin()}, steps=[step(), other], outputs=outputs)

    assert [model.name for model in found.models] == ["drift", "fx-drift"]


def test_what_is_wrong_with_steps_and_with_the_graph_is_told_at_once() -> None:
    unbatched = pin(CONFIG.replace("8", "0"))
    wrong = step(triton={"dynamicBatching": {}})
    other = step("other", "other", inputMap={"x": "misspelt"}, outputMap={"y": "z"})
    outputs = [{"name": n, "dataType": "FP32", "shape": [1]} for n in ("y", "z")]

    found = problems(
        pins={"drift": unbatched, "other": pin(name="other")},
        steps=[wrong, other],
        outputs=outputs,
        triton={"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]},
    )

    assert [one.partition(": ")[0] for one in found] == [
        "spec.steps[drift].triton.dynamicBatching",
        "spec.steps[other].inputMap[x]",
        "spec.triton.env[0].name",
    ]


def test_what_is_wrong_with_the_graph_hides_no_overrides() -> None:
    found = problems(
        steps=[step(inputMap={"x": "misspelt"})],
        triton={"configOverrides": "max_batch_siz: 3"},
    )

    assert {one.partition(": ")[0] for one in found} == {
        "spec.steps[drift].inputMap[x]",
        "spec.inputs[x]",
        "spec.triton.configOverrides",
    }


@pytest.mark.parametrize("size", [0, 4], ids=["rows", "batches"])
def test_what_follows_from_a_step_that_is_wrong_is_not_told(size: int) -> None:
    """Nothing is known of what it gives: neither its type nor its dimensions, nor its batches."""
    wrong = {**inline(), "triton": {"configOverrides": "max_batch_siz: 3"}}
    after = step("after", "after", inputMap={"x": "y"}, outputMap={"y": "z"})
    taken = CONFIG.replace("drift", "after").replace("FP32", "INT64")
    outputs = [{"name": "z", "dataType": "INT64", "shape": [1]}]

    found = problems(
        pins={"after": pin(taken, name="after")},
        steps=[wrong, after],
        outputs=outputs,
        maxBatchSize=size,
    )

    assert [one.partition(": ")[0] for one in found] == ["spec.steps[drift].triton.configOverrides"]


def test_an_illegible_record_is_a_sentence() -> None:
    broken = pin()
    broken = Pin.from_data({**broken.to_data(), "repository": {"plan.json": "{}"}})

    (found,) = problems(pins={"drift": broken})

    assert found.startswith(
        "spec.steps[drift]: found the record of revision aaa of InferenceModel fx-drift, which is"
        " illegible: "
    )
    assert found.endswith("edit InferenceModel fx-drift, so that it makes a new revision")


def test_a_pin_is_read_back_as_it_was_kept() -> None:
    assert Pin.from_data(pin().to_data()) == pin()


def test_a_vocabulary_of_ones_own_is_fetched_with_its_secret() -> None:
    source = {
        "uri": "https://store.example/vocab.txt",
        "sha256": "ab" * 32,
        "secretRef": {"name": "store"},
    }
    tokens = step(
        modelRef=None,
        builtin={"tokenizer": {"vocabulary": source}},
        inputMap={"text": "x"},
        outputMap={"input_ids": "y"},
    )
    found = unit(
        pins={},
        steps=[tokens],
        inputs=[{"name": "x", "dataType": "STRING", "shape": [1]}],
        outputs=[{"name": "y", "dataType": "INT64", "shape": [-1]}],
    )

    planned = found.models[0].planned
    assert (planned.builtin, planned.uri) == ("tokenizer", "https://store.example/vocab.txt")
    assert (planned.sha256, planned.credentials) == ("ab" * 32, "store")


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, False),
        ({"replicas": 3}, False),
        ({"steps": [step(triton={"instanceGroups": []})]}, False),
        ({"steps": [step(triton={"instanceGroups": [{"kind": "CPU"}]})]}, True),
        ({"rollout": {"paused": True}}, False),
        ({"resources": {"requests": {"cpu": "2"}}}, True),
        ({"name": "other"}, True),
        ({"maxBatchSize": 2}, True),
        ({"triton": {"responseCache": {"size": "1Mi"}}}, True),
        ({"pins": {"drift": pin(uri="https://store.example/fx/8/model.onnx")}}, True),
    ],
)
def test_what_decides_how_pods_serve_makes_a_revision(
    changes: dict[str, Any], differs: bool
) -> None:
    assert (unit(**changes).revision != unit().revision) is differs
