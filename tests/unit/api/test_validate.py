"""parse: what it accepts, and how it reports what it does not."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from inference_operator.api.problem import Problem
from inference_operator.api.triton import Triton
from inference_operator.api.validate import (
    InvalidResourceError,
    field_errors,
    parse,
)
from tests.api_cases.bad_manifests import GOOD, GOOD_PIPELINE, changed
from tests.api_cases.good_placements import GOOD_PLACEMENTS

TENSOR = {"name": "x", "dataType": "FP32", "shape": [4]}


def test_a_short_manifest_gets_its_defaults_in_memory() -> None:
    spec = parse(GOOD).spec
    assert spec.replicas == 1
    assert spec.rollout.progress_deadline == timedelta(minutes=10)


def test_the_status_of_a_stored_object_is_not_looked_at() -> None:
    assert parse({**GOOD, "status": {"anything": "goes"}}) == parse(GOOD)


def test_a_name_that_the_api_server_makes_up_is_its_business() -> None:
    body = changed({"metadata.name": "<absent>", "metadata.generateName": "spread-"})
    assert parse(body).metadata == {"generateName": "spread-"}


UNKNOWN = {
    "a word that is not much like any": ({"spec.version": 1}, "remove it, or move it to where it"),
    "a typing error": ({"spec.replcias": 1}, "did you mean replicas?"),
    "the word of config.pbtxt": (
        {"spec.model.inputs": [{**TENSOR, "dims": [4]}], "spec.model.outputs": [TENSOR]},
        "did you mean shape?",
    ),
    "another namespace": (
        {"spec.model.source.secretRef": {"name": "store", "namespace": "other"}},
        "remove it: the namespace is that of this resource",
    ),
}


@pytest.mark.parametrize(("change", "remedy"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_field_gets_a_remedy_that_fits(change: dict[str, Any], remedy: str) -> None:
    with pytest.raises(InvalidResourceError) as caught:
        parse(changed(change))
    (error,) = caught.value.problems
    assert error.remedy.startswith(remedy)


NULLS = {
    "an object of defaults": ("spec.rollout", "remove it, or write {} for its defaults"),
    "an object": ("spec.model.source.secretRef", "remove it, or write its fields below it"),
    "a list": ("spec.model.inputs", "remove the field, or give it a value"),
    "a string": ("spec.model.source.sha256", "remove the field, or give it a value"),
    "a string in a map": ("spec.triton.parameters.threads", "remove it, or give it a value"),
}


@pytest.mark.parametrize(("field", "remedy"), NULLS.values(), ids=NULLS)
def test_a_key_with_nothing_below_it_gets_a_remedy_that_fits(field: str, remedy: str) -> None:
    with pytest.raises(InvalidResourceError) as caught:
        parse(changed({"spec.triton": {"parameters": {}}, field: None}))
    (error,) = caught.value.problems
    assert (error.value, error.remedy) == ("null", remedy)


def test_what_clients_call_strings_is_understood() -> None:
    tensor = {**TENSOR, "dataType": "BYTES"}
    with pytest.raises(InvalidResourceError, match=r"did you mean STRING\?"):
        parse(changed({"spec.model.inputs": [tensor], "spec.model.outputs": [TENSOR]}))


def test_a_number_that_yaml_made_of_a_word_is_told_as_it_was_written() -> None:
    step = {"name": "features", "builtin": {"ohlcvFeatures": {"badBars": float("nan")}}}
    maps = {"inputMap": {"ohlcv": "ohlcv"}, "outputMap": {"window": "window"}}
    steps = [{**step, **maps}, *GOOD_PIPELINE["spec"]["steps"][1:]]
    with pytest.raises(InvalidResourceError) as caught:
        parse(changed({"spec.steps": steps}, GOOD_PIPELINE))
    assert str(caught.value) == (
        "spec.steps[0].builtin.ohlcvFeatures.badBars: found .nan, which is a number in YAML,"
        " expected Refuse or NaN; write NaN without the dot"
    )


def test_field_names_of_python_are_not_those_of_the_api() -> None:
    with pytest.raises(InvalidResourceError, match=r"did you mean maxBatchSize\?"):
        parse(changed({"spec.model.maxBatchSize": "<absent>", "spec.model.max_batch_size": 8}))


def test_every_error_that_can_be_told_is_told_at_once() -> None:
    body = changed({"spec.replicas": -1, "spec.model.source.sha256": "0", "spec.rollout": {"x": 1}})
    with pytest.raises(InvalidResourceError) as caught:
        parse(body)
    assert [error.path for error in caught.value.problems] == [
        "spec.model.source.sha256",
        "spec.replicas",
        "spec.rollout.x",
    ]


def test_an_error_is_a_value_with_its_parts() -> None:
    with pytest.raises(InvalidResourceError) as caught:
        parse(changed({"spec.replicas": 5000}))
    assert caught.value.problems == (
        Problem("spec.replicas", "5000", "at most 1000", "lower it to 1000 or less"),
    )


@pytest.mark.parametrize("name", GOOD_PLACEMENTS)
def test_a_structure_of_the_pod_passes_as_it_is(name: str) -> None:
    written = json.dumps(GOOD_PLACEMENTS[name])
    body = changed({"spec.placement": json.loads(written)})
    spec = parse(body).spec

    dumped = spec.model_dump(mode="json", include={"placement"}, exclude_unset=True)
    assert json.dumps(dumped["placement"]) == written


def test_another_kind_is_refused() -> None:
    with pytest.raises(InvalidResourceError) as caught:
        parse({**GOOD, "kind": "Deployment"})
    assert str(caught.value) == (
        'kind: found "Deployment", expected InferenceModel or EnsemblePipeline;'
        " write the kind that you need"
    )


@pytest.mark.parametrize("kind", [None, 7, ["InferenceModel"], {}])
def test_a_kind_that_is_no_name_is_refused(kind: object) -> None:
    with pytest.raises(InvalidResourceError, match="expected InferenceModel or EnsemblePipeline"):
        parse({**GOOD, "kind": kind})


def test_a_part_of_a_resource_is_placed_where_it_belongs() -> None:
    with pytest.raises(ValidationError) as caught:
        Triton.model_validate({"warmpu": []})
    (error,) = field_errors(caught.value, Triton, at="spec.triton")
    assert (error.path, error.remedy) == ("spec.triton.warmpu", "did you mean warmup?")
