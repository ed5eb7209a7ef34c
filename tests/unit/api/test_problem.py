"""A problem: how it reads, and the place of its field in another resource."""

import pytest

from inference_operator.api.problem import MORE, Problem, joined

STEP = "spec.steps[price]"


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("spec.x", "1", "2", "add 1"), "spec.x: found 1, expected 2; add 1"),
        (Problem("spec.x", "1", "2"), "spec.x: found 1, expected 2"),
        (Problem("spec.x", "", "not set", "set it"), "spec.x: not set; set it"),
        (Problem("", "", "the registry is away", "look at it"), "the registry is away; look at it"),
        (Problem("", "", "the registry is away"), "the registry is away"),
    ],
    ids=["whole", "no remedy", "no value", "no field", "a fact"],
)
def test_a_problem_reads_in_one_order(problem: Problem, text: str) -> None:
    assert str(problem) == text
    assert joined([problem, problem]) == f"{text}; {text}"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("spec", STEP),
        ("spec.model.inputs", f"{STEP}.model.inputs"),
        ("spec.model.inputs[spec.model].shape", f"{STEP}.model.inputs[spec.model].shape"),
        ("spec.triton.configOverrides: name", f"{STEP}.triton.configOverrides: name"),
        ("spec[x]", f"{STEP}[x]"),
    ],
)
def test_a_problem_of_the_spec_is_at_its_place_in_the_step(path: str, place: str) -> None:
    problem = Problem(path, "spec.model", "spec.model", "spec.model")

    assert problem.below(STEP) == Problem(place, "spec.model", "spec.model", "spec.model")


@pytest.mark.parametrize(
    "path", ["", "model.onnx", "spectrum.x", "my.spec.model", "metadata.name", MORE.path]
)
def test_a_problem_of_something_else_stays_where_it_is(path: str) -> None:
    assert Problem(path, "1", "2").below(STEP).path == path


def test_only_the_part_that_moves_is_put_elsewhere() -> None:
    source = Problem("spec.model.source.uri", "", "gone")
    tokenizer = "spec.builtin.tokenizer.vocabulary"

    assert source.below(tokenizer, "spec.model.source").path == f"{tokenizer}.uri"
    assert source.below(f"{STEP}.triton", "spec.triton") is source


def test_steps_lie_below_steps() -> None:
    inner = Problem("spec.model.source", "", "gone").below("spec.steps[inner]")

    assert inner.below(STEP).path == f"{STEP}.steps[inner].model.source"


def test_a_field_is_at_itself_and_at_those_around_it() -> None:
    problem = Problem("spec.model.inputs[0].name", "1", "2")

    assert all(map(problem.is_at, ("spec", "spec.model", "spec.model.inputs", problem.path)))
    assert not any(map(problem.is_at, ("spec.mod", "spec.model.input", "spec.triton", "")))
