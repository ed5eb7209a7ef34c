"""Sound random graphs pass, checks find a single mistake, and no graph makes them raise."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.api.model import InputTensor
from model_builders.graph import Graph, GraphStep, check_graph, edges
from tests.examples import examples
from tests.unit.model_builders.graphs import MODELS, graph, model
from tests.unit.model_builders.random_graphs import MUTATIONS, Mutation, sound, wild

chance = st.randoms(use_true_random=False)


@given(chance)
def test_sound_graphs_pass(random: Random) -> None:
    assert check_graph(sound(random)) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
@given(random=chance)
@settings(max_examples=examples(50))
def test_one_mistake_is_found_where_it_is(mutation: Mutation, random: Random) -> None:
    mistaken, path = mutation(random, sound(random))
    assert path in [problem.path for problem in check_graph(mistaken)]


@given(chance)
def test_the_order_of_steps_changes_no_verdict_but_tritons_own(random: Random) -> None:
    """Triton compares each tensor with the one it meets first; nothing else depends on order."""
    graph = wild(random)
    turned = Graph(graph.name, graph.max_batch_size, graph.inputs, graph.outputs, graph.steps[::-1])
    assert _verdict(graph) == _verdict(turned)


def _verdict(graph: Graph) -> bool:
    problems = (p for p in check_graph(graph) if "Triton compares them" not in p.remedy)
    return any(problems)


names = st.sampled_from(["a", "b", "c", "X", "Y", "signal", "", "é/ü", "a b"])
shapes = st.lists(st.sampled_from([-1, 0, 1, 2, 5, -7, 2**31]), max_size=3)
types = st.sampled_from(["FP32", "INT64", "STRING"])


@st.composite
def any_steps(draw: st.DrawFn) -> GraphStep:
    runs = model("")
    runs.CopyFrom(draw(st.sampled_from(MODELS)))
    runs.name = draw(names)
    runs.max_batch_size = draw(st.sampled_from([-1, 0, 1, 8]))
    for messages in (runs.input, runs.output):
        for message in messages:
            message.name = draw(names)
            message.data_type = draw(st.integers(0, 99))  # type: ignore[assignment]
            message.dims[:] = draw(shapes)
    wires = st.dictionaries(names, names, max_size=3)
    name = draw(names)
    return GraphStep(name, f"spec.steps[{name}]", runs, draw(wires), draw(wires))


@st.composite
def any_tensors(draw: st.DrawFn) -> InputTensor:
    return InputTensor.model_construct(
        name=draw(names),
        data_type=draw(types),
        shape=tuple(draw(shapes)),
        reshape=draw(st.none() | shapes.map(tuple)),
        optional=draw(st.booleans()),
    )


@given(
    steps=st.lists(any_steps(), max_size=4),
    takes=st.lists(any_tensors(), max_size=3),
    gives=st.lists(any_tensors(), max_size=3),
    batch=st.sampled_from([-1, 0, 1, 2, 8]),
)
@settings(max_examples=examples(300))
def test_any_graph_is_judged(
    steps: list[GraphStep], takes: list[InputTensor], gives: list[InputTensor], batch: int
) -> None:
    graph = Graph("signal", batch, tuple(takes), tuple(gives), tuple(steps))
    assert all(str(problem) for problem in check_graph(graph))
    assert isinstance(edges(graph), list)


def test_a_pipeline_of_nothing_is_refused() -> None:
    assert check_graph(graph(takes={}, gives={}))
