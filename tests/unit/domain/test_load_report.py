"""A report of a model that cannot be loaded: its model and problems, and reports of others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.problem import MORE, PART, Problem
from inference_operator.api.quoting import MOST_PROBLEMS
from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import MAX_BYTES, LoadReport

GONE = Problem("spec.model.source.uri", "", "https://a/b answered 404", "correct it")
SHAPE = Problem("spec.model.inputs[x].shape", "[2]", "[3]", "correct the spec")
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=1500)
problems = st.builds(Problem, texts, texts, texts.filter(bool), texts)


def report(*problems: Problem, model: str = "lstm", message: str = "text") -> LoadReport:
    return LoadReport(Reason.TENSOR_MISMATCH, message, model=model, problems=problems)


def test_a_report_names_its_model_and_problems_in_fields() -> None:
    made = report(GONE, SHAPE)

    assert LoadReport.from_json(made.to_json()) == made
    assert json.loads(made.to_json()) == {
        "reason": "TensorMismatch",
        "message": "text",
        "model": "lstm",
        "problems": [
            ["spec.model.source.uri", "", "https://a/b answered 404", "correct it"],
            ["spec.model.inputs[x].shape", "[2]", "[3]", "correct the spec"],
        ],
    }


@given(texts, texts, st.lists(problems, max_size=30))
def test_a_report_of_any_problems_fits_and_is_printable(
    message: str, model: str, made: list[Problem]
) -> None:
    text = report(*made, model=model, message=message).to_json()
    read = LoadReport.from_json(text)

    assert len(text.encode()) <= MAX_BYTES
    assert read is not None
    assert read.model.isprintable()
    assert all(str(problem).isprintable() for problem in read.problems)
    assert bool(read.problems) == bool(made)
    if len(read.problems) < len(made):
        assert read.problems[-1] == MORE or len(read.problems) == 1


def test_the_first_of_many_problems_are_kept_whole() -> None:
    long = [Problem(f"spec.model.inputs[{n}]", "v" * 300, "r" * 300, "x") for n in range(20)]
    read = LoadReport.from_json(report(*long).to_json())

    assert read is not None
    assert 2 < len(read.problems) < len(long)
    assert read.problems == (*long[: len(read.problems) - 1], MORE)


def test_a_single_problem_that_is_too_long_is_cut() -> None:
    read = LoadReport.from_json(
        report(Problem("p", "\\" * PART, "ä€" * PART, "x" * PART)).to_json()
    )

    assert read is not None
    assert read.problems[0].path == "p"
    assert "..." in read.problems[0].requirement


@pytest.mark.parametrize(
    "more", [{}, {"models": []}, {"problems": []}, {"model": "", "problems": None}, {"other": [1]}]
)
def test_a_report_of_an_older_or_a_newer_loader_is_read(more: dict[str, Any]) -> None:
    text = json.dumps({"reason": "ArtifactNotFound", "message": "lstm: 404; check it", **more})

    assert LoadReport.from_json(text) == LoadReport(
        Reason.ARTIFACT_NOT_FOUND, "lstm: 404; check it"
    )


@pytest.mark.parametrize(
    "more",
    [
        {"model": 7},
        {"model": None},
        {"model": ["lstm"]},
        {"problems": 7},
        {"problems": "text"},
        {"problems": {"a": "b"}},
        {"problems": ["abcd"]},
        {"problems": [["path", "value", "requirement"]]},
        {"problems": [["path", "value", "requirement", "remedy", "more"]]},
        {"problems": [["path", "value", 7, "remedy"]]},
        {"problems": [["path", "value", None, "remedy"]]},
        {"problems": [["path", "value", "", "remedy"]]},
        {"problems": [{"path": "a", "value": "b", "requirement": "c", "remedy": "d"}]},
        {"problems": [[["a"], "b", "c", "d"]]},
    ],
    ids=str,
)
def test_a_report_with_a_field_of_another_type_is_none(more: dict[str, Any]) -> None:
    text = json.dumps({"reason": "ArtifactNotFound", "message": "404", "model": "lstm", **more})

    assert LoadReport.from_json(text) is None


def test_of_a_report_with_many_problems_the_first_are_read() -> None:
    many = [["", "", "x", ""]] * 200
    text = json.dumps({"reason": "FetchFailed", "message": "", "problems": many})
    read = LoadReport.from_json(text)

    assert read is not None
    assert len(read.problems) == MOST_PROBLEMS + 1
    assert len(read.to_json().encode()) <= MAX_BYTES
