"""parse: what it accepts, and how it reports what it does not."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from inference_operator.api.triton import Triton
from inference_operator.api.validate import (
    FieldError,
    InvalidResourceError,
    field_errors,
    parse,
)
from tests.api_cases.bad_manifests import GOOD, changed


def test_a_short_manifest_gets_its_defaults_in_memory() -> None:
    spec = parse(GOOD).spec
    assert spec.replicas == 1
    assert spec.rollout.progress_deadline == timedelta(minutes=10)


def test_the_status_of_a_stored_object_is_not_looked_at() -> None:
    assert parse({**GOOD, "status": {"anything": "goes"}}) == parse(GOOD)


def test_a_name_that_the_api_server_makes_up_is_its_business() -> None:
    body = changed({"metadata.name": "<absent>", "metadata.generateName": "spread-"})
    assert parse(body).metadata == {"generateName": "spread-"}


def test_field_names_of_python_are_not_those_of_the_api() -> None:
    with pytest.raises(InvalidResourceError, match=r"did you mean maxBatchSize\?"):
        parse(changed({"spec.model.maxBatchSize": "<absent>", "spec.model.max_batch_size": 8}))


def test_every_error_that_can_be_told_is_told_at_once() -> None:
    body = changed({"spec.replicas": -1, "spec.model.source.sha256": "0", "spec.rollout": {"x": 1}})
    with pytest.raises(InvalidResourceError) as caught:
        parse(body)
    assert [error.path for error in caught.value.errors] == [
        "spec.model.source.sha256",
        "spec.replicas",
        "spec.rollout.x",
    ]


def test_an_error_is_a_value_with_its_parts() -> None:
    with pytest.raises(InvalidResourceError) as caught:
        parse(changed({"spec.replicas": 5000}))
    assert caught.value.errors == (
        FieldError("spec.replicas", "5000", "at most 1000", "lower it to 1000 or less"),
    )


def test_a_structure_of_the_pod_passes_as_it_is() -> None:
    affinity = {"nodeAffinity": {"whatever": [None, 1.5]}}
    body = changed({"spec.placement.affinity": affinity})
    assert parse(body).spec.placement.affinity == affinity


def test_another_kind_is_refused() -> None:
    with pytest.raises(InvalidResourceError) as caught:
        parse({**GOOD, "kind": "Deployment"})
    assert str(caught.value) == (
        'kind: found "Deployment", expected InferenceModel or EnsemblePipeline;'
        " write the kind that is meant"
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
