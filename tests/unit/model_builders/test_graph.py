"""The problems and the edges of a pipeline's graph."""

import pytest

from inference_operator.api.model import DataType
from model_builders.graph import PIPELINE, Edge, check_graph, edges
from tests.unit.model_builders.graph_cases.case import Bad, Good
from tests.unit.model_builders.graph_cases.tables import BAD, GOOD
from tests.unit.model_builders.graphs import PAIR, ROW, SCORE, UNTOLD, graph, model, step


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_a_bad_graph_is_refused_with_these_words(case: Bad) -> None:
    assert [str(problem) for problem in check_graph(case.graph)] == list(case.says)


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD)
def test_nothing_is_said_about_a_good_graph(case: Good) -> None:
    assert check_graph(case.graph) == []


def test_a_name_that_is_too_long_for_a_key_of_a_config_map_is_refused() -> None:
    long = graph(
        step("a", model("m" * 241, "X FP32 [5]", "Y FP32 [5]"), "X=x", "Y=y"),
        takes={"x": "FP32 [5]"},
        gives={"y": "FP32 [5]"},
    )
    (problem,) = check_graph(long)
    assert problem.path == "spec.steps[a]"
    assert "at most 240 letters" in problem.requirement


def test_two_steps_of_one_name_are_refused() -> None:
    (problem,) = check_graph(
        graph(
            step("a", ROW, "X=x", "Y=y"),
            step("a", ROW, "X=x", "Y=z"),
            takes={"x": "FP32 [5]"},
            gives={"y": "FP32 [5]", "z": "FP32 [5]"},
        )
    )
    assert (problem.path, problem.value) == ("spec.steps[1].name", '"a" a second time')


def test_models_that_describe_themselves_are_checked_by_their_neighbours() -> None:
    """UNTOLD does not declare its type, but its two consumers contradict each other."""
    problems = check_graph(
        graph(
            step("a", UNTOLD, "X=x", "Y=t"),
            step("b", ROW, "X=t", "Y=y"),
            step("c", model("other", "X FP64 [6]", "Z FP32 [1]"), "X=t", "Z=z"),
            takes={"x": "FP32 [2]"},
            gives={"y": "FP32 [5]", "z": "FP32 [1]"},
        )
    )
    assert [str(problem) for problem in problems] == [
        'spec.steps[c].inputMap[X]: found tensor "t" of FP32 as spec.steps[b].inputMap[X] takes'
        ' it, expected FP64, which model "other" declares; Triton does not convert types: declare'
        " one type, or convert in a step between",
        'spec.steps[c].inputMap[X]: found tensor "t" of [batch, 6], expected [batch, 5], as'
        " spec.steps[b].inputMap[X] declares it first; Triton compares them before it runs any:"
        " declare the same dimensions",
    ]


def test_each_of_two_cycles_is_named() -> None:
    problems = check_graph(
        graph(
            step("a", PAIR, "A=x B=b", "Y=a"),
            step("b", ROW, "X=a", "Y=b"),
            step("c", PAIR, "A=x B=d", "Y=c"),
            step("d", ROW, "X=c", "Y=d"),
            step("e", PAIR, "A=b B=d", "Y=y"),
            takes={"x": "FP32 [5]"},
            gives={"y": "FP32 [5]"},
        )
    )
    assert [problem.value for problem in problems] == [
        'a cycle: a gives "a" to b, b gives "b" to a',
        'a cycle: c gives "c" to d, d gives "d" to c',
    ]


def test_edges_lead_from_producers_to_consumers_with_type_and_shape() -> None:
    drawn = edges(
        graph(
            step("a", SCORE, "X=x", "S=score"),
            step("b", UNTOLD, "X=x", "Y=t"),
            step("c", ROW, "X=t", "Y=y"),
            takes={"x": "FP32 [1, 5] as [5]"},
            gives={"score": "FP32 [1]", "y": "FP32 [5]"},
        )
    )
    assert drawn == [
        Edge(PIPELINE, "a", "x", DataType.FP32, (5,)),
        Edge(PIPELINE, "b", "x", DataType.FP32, (5,)),
        Edge("b", "c", "t", DataType.FP32, (5,)),
        Edge("a", PIPELINE, "score", DataType.FP32, (1,)),
        Edge("c", PIPELINE, "y", DataType.FP32, (5,)),
    ]


def test_a_tensor_between_models_that_describe_themselves_has_no_shape() -> None:
    drawn = edges(
        graph(
            step("a", UNTOLD, "X=x", "Y=t"),
            step("b", UNTOLD, "X=t", "Y=y"),
            takes={"x": "FP32 [2]"},
            gives={"y": "FP32 [2]"},
        )
    )
    assert Edge("a", "b", "t", None, None) in drawn
