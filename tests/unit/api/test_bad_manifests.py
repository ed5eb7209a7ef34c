"""Every bad manifest is refused by the operator too, in the words of the table."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from inference_operator.api.base import ApiModel, model_of
from inference_operator.api.crd import crd
from inference_operator.api.custom_resources import CUSTOM_RESOURCES, CustomResource
from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.api.inference_model import InferenceModel
from inference_operator.api.rules import VALIDATIONS
from inference_operator.api.validate import InvalidResourceError, parse
from inference_operator.validation.autoscaling_problems import autoscaling_problems
from model_builders.checks import check
from tests.api_cases.bad_manifests import (
    BAD_MANIFESTS,
    GOOD,
    GOOD_PIPELINE,
    BadManifest,
    changed,
)
from tests.api_cases.good_sources import GOOD_SOURCES


def _said(body: dict[str, Any]) -> tuple[str, ...]:
    try:
        resource = parse(body)
    except InvalidResourceError as error:
        return tuple(map(str, error.problems))
    # Of pipelines the graph is checked, which has tables of its own.
    problems = check(resource.spec) if isinstance(resource, InferenceModel) else ()
    return tuple(map(str, (*problems, *autoscaling_problems(resource.spec))))


@pytest.mark.parametrize("good", [GOOD, GOOD_PIPELINE], ids=lambda good: good["kind"])
def test_the_manifest_that_all_others_are_changes_of_is_good(good: dict[str, Any]) -> None:
    assert _said(good) == ()


@pytest.mark.parametrize("name", GOOD_SOURCES)
def test_the_operator_takes(name: str) -> None:
    parse(changed(GOOD_SOURCES[name]))


@pytest.mark.parametrize("case", BAD_MANIFESTS, ids=lambda case: case.name)
def test_the_operator_says(case: BadManifest) -> None:
    assert _said(case.body) == case.operator


@pytest.mark.parametrize("case", BAD_MANIFESTS, ids=lambda case: case.name)
def test_the_table_agrees_with_itself_about_who_refuses(case: BadManifest) -> None:
    by = {(True, True): "both", (True, False): "api", (False, True): "operator"}
    assert case.refused_by == by[bool(case.api), bool(case.operator)]


def test_the_names_of_bad_manifests_differ() -> None:
    assert len({case.name for case in BAD_MANIFESTS}) == len(BAD_MANIFESTS)


@pytest.mark.parametrize("case", BAD_MANIFESTS, ids=lambda case: case.name)
def test_no_message_speaks_pydantic(case: BadManifest) -> None:
    for jargon in ("Input should", "pydantic", "validation error", "valid tuple", "type="):
        assert not any(jargon in sentence for sentence in case.operator)


def _rules(schema: Any) -> list[dict[str, str]]:
    if isinstance(schema, list):
        return [rule for item in schema for rule in _rules(item)]
    if not isinstance(schema, dict):
        return []
    below = [
        rule for name, value in schema.items() if name != VALIDATIONS for rule in _rules(value)
    ]
    return [*schema.get(VALIDATIONS, []), *below]


def test_the_table_breaks_every_rule_of_the_crd() -> None:
    all_rules = [rule for kind in CUSTOM_RESOURCES for rule in _rules(crd(kind))]
    # No new manifest breaks a rule about what there was before; test_autoscaled.py does.
    rules = [rule for rule in all_rules if "oldSelf" not in rule["rule"]]
    remedies = {rule["message"].rpartition("; ")[2] for rule in rules}
    messages = "\n".join(sentence for case in BAD_MANIFESTS for sentence in case.api)
    assert [remedy for remedy in sorted(remedies) if remedy not in messages] == []


def test_the_table_breaks_every_rule_across_steps() -> None:
    messages = [s for case in BAD_MANIFESTS if case.good is GOOD_PIPELINE for s in case.api]
    rules = [rule for rule in EnsemblePipelineSpec.rules if "oldSelf" not in rule.cel]
    matches = [[s for s in messages if rule.remedy in s] for rule in rules]
    assert all(matches)


def _types(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        inner = model_of(field.annotation)
        if inner is not None:
            yield from _types(inner)


@pytest.mark.parametrize("kind", CUSTOM_RESOURCES, ids=lambda kind: kind.kind)
def test_every_rule_of_every_type_reaches_the_crd(kind: CustomResource) -> None:
    in_crd = {rule["rule"] for rule in _rules(crd(kind))}
    written = {
        rule.cel
        for model in _types(kind.resource)
        if issubclass(model, ApiModel)
        for rule in model.rules
    }
    assert written <= in_crd
