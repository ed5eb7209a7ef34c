"""The number of problems that are reported, and the length of each."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.problem import MORE, Problem, first
from inference_operator.api.quoting import MOST_PROBLEMS
from model_builders.graph.flow import _Demands
from model_builders.graph.model import Port
from model_builders.graph.propagation import may_match
from model_builders.problem import ConfigError


def problems(count: int) -> Iterator[Problem]:
    return (Problem(f"spec.{number}", "a", "b", "c") for number in range(count))


def test_as_many_as_are_told_of_are_all() -> None:
    assert first(problems(MOST_PROBLEMS)) == list(problems(MOST_PROBLEMS))


def test_of_more_the_first_are_told_of_and_no_further_one_is_made() -> None:
    made = problems(10**9)

    assert first(made) == [*problems(MOST_PROBLEMS), MORE]
    assert next(made).path == f"spec.{MOST_PROBLEMS + 1}"


def test_the_first_of_parts_are_the_first_of_all() -> None:
    parts = [*first(problems(50)), *first(problems(3))]

    assert first(parts) == [*problems(MOST_PROBLEMS), MORE]
    assert first([MORE, *problems(2)]) == [*problems(2), MORE]


def test_an_error_holds_the_first_problems() -> None:
    error = ConfigError(problems(1000))

    assert len(error.problems) == MOST_PROBLEMS + 1
    assert str(error).count("\n") == MOST_PROBLEMS


def test_a_message_is_always_bounded_and_printable() -> None:
    sentence = str(Problem(*("\x1b[2J\n\u202e\ud800" * 100_000 for _ in range(4))))

    assert len(sentence) < 2500
    assert sentence.isprintable()


shapes = st.lists(st.sampled_from([-1, 0, 1, 2]), min_size=1, max_size=3).map(tuple)


@given(st.lists(shapes, max_size=8))
def test_demands_are_compared_as_if_each_were_with_each(asked: list[tuple[int, ...]]) -> None:
    merged, kept = _Demands(), []
    for number, demand in enumerate(asked):
        port = Port(str(number), None, "x", "x")
        contrary = next((pair for pair in kept if not may_match(pair[1], demand)), None)

        assert merged.contrary_to(demand) == contrary
        if contrary is None:
            merged.add(port, demand)
            kept.append((port, demand))
