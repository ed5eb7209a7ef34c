"""The operator's answers to every row of tests/api_cases/allow_lists.yaml."""

from pathlib import Path

import pytest
import yaml

from inference_operator.api.shown_uri import IMAGE_SHOWN, NOT_SHOWN
from inference_operator.api.validate import parse
from inference_operator.domain.allow_lists import HOST, IMAGE, AllowLists
from inference_operator.validation.allow_list_problems import not_allowed
from tests.api_cases.allow_lists import CASES, Case
from tests.api_cases.bad_manifests import changed

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_operator_refuses_what_the_table_says(case: Case) -> None:
    paths = [sentence.partition(": found ")[0] for sentence in case.sentences]
    assert paths == ([case.refused] if case.refused else [])


@pytest.mark.parametrize("case", [c for c in CASES if c.hidden], ids=lambda case: case.name)
def test_a_refusal_shows_no_password_and_no_signature(case: Case) -> None:
    assert case.hidden in str(case.body)
    assert not [sentence for sentence in case.sentences if case.hidden in sentence]


def test_the_names_of_the_cases_differ() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_list_refuses_and_allows_something() -> None:
    seen = {(name, bool(case.refused)) for case in CASES for name in case.lists}
    assert len(seen) == 14


def test_a_refusal_names_field_value_lists_and_remedy() -> None:
    lists = AllowLists(images=("nvcr.io/nvidia/*", "registry.example.com/triton"))
    spec = parse(changed({"spec.triton.image": "evil.com/x:1"})).spec
    assert [str(problem) for problem in not_allowed(spec, lists)] == [
        'spec.triton.image: found "evil.com/x:1", expected a value that the platform allows'
        " (nvcr.io/nvidia/*, registry.example.com/triton); use one of these, or ask the platform"
        " engineers to add it to INFERENCE_OPERATOR_ALLOWED_IMAGES"
    ]


def test_every_field_is_told_at_once() -> None:
    lists = AllowLists(("r.example/*",), ("a",), ("b",), ("c",), ("d.example",))
    change = {
        "spec.triton.image": "evil.com/x:1",
        "spec.placement": {"priorityClassName": "x", "tolerations": [{"operator": "Exists"}]},
    }
    paths = [problem.path for problem in not_allowed(parse(changed(change)).spec, lists)]
    assert paths == [
        "spec.triton.image",
        "spec.serviceAccountName",
        "spec.placement.priorityClassName",
        "spec.placement.tolerations[0]",
        "spec.model.source.uri",
    ]


def test_the_admission_policy_has_the_same_patterns() -> None:
    text = (ROOT / "manifests" / "admission" / "policy.yaml").read_text("utf-8")
    policy, _ = yaml.safe_load_all(text)
    assert f"matches(r'^({IMAGE})$')" in policy["spec"]["validations"][0]["expression"]
    (sources,) = (v for v in policy["spec"]["variables"] if v["name"] == "refusedSources")
    assert f"matches(r'^({HOST})$')" in sources["expression"]
    shown = policy["spec"]["validations"][0]["messageExpression"]
    assert f"matches(r'^({IMAGE_SHOWN})$') ? '{NOT_SHOWN}'" in shown
