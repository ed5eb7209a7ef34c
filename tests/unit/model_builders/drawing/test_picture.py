"""The parts of a graph that a drawing shows."""

from typing import Any

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.api.problem import Problem
from model_builders.config import parse_pbtxt
from model_builders.graph.checks import check_graph
from model_builders.graph.drawing.picture import Kind, Picture, picture
from model_builders.graph.spec import graph_of

MAKER = """name: "maker" backend: "python" max_batch_size: 8
input { name: "TICKS" data_type: TYPE_FP64 dims: [ -1, 3 ] }
output { name: "BARS" data_type: TYPE_FP64 dims: [ -1, 5 ] }"""
STEP: dict[str, Any] = {
    "name": "make",
    "modelRef": {"name": "maker"},
    "inputMap": {"TICKS": "ticks"},
    "outputMap": {"BARS": "bars"},
}
SPEC: dict[str, Any] = {
    "maxBatchSize": 8,
    "inputs": [{"name": "ticks", "dataType": "FP64", "shape": [-1, 3], "optional": True}],
    "outputs": [{"name": "bars", "dataType": "FP64", "shape": [-1, 5]}],
    "steps": [STEP],
}


def shown(config: str = MAKER, problems: tuple[Problem, ...] = (), **changes: Any) -> Picture:
    spec = EnsemblePipelineSpec.model_validate({**SPEC, **changes})
    models = {step.name: parse_pbtxt(config) for step in spec.steps}
    return picture(graph_of(spec, name="signal", models=models), problems=problems)


def labels(drawn: Picture) -> list[str]:
    return [wire.label for wire in drawn.wires]


def test_inputs_steps_and_outputs_are_boxes() -> None:
    assert [(box.kind, box.title, box.detail) for box in shown().boxes] == [
        (Kind.INPUT, "ticks", "optional"),
        (Kind.STEP, "make", "maker"),
        (Kind.OUTPUT, "bars", ""),
    ]


def test_tensors_go_with_type_and_shape_and_the_batch_that_comes_before() -> None:
    assert labels(shown()) == ["ticks FP64 [batch, -1, 3]", "bars FP64 [batch, -1, 5]"]


def test_without_batches_the_shape_is_the_whole_one() -> None:
    drawn = shown(MAKER.replace("max_batch_size: 8", ""), maxBatchSize=0)
    assert labels(drawn) == ["ticks FP64 [-1, 3]", "bars FP64 [-1, 5]"]


def test_undeclared_tensors_are_shown_as_unknown() -> None:
    steps = [
        {**STEP, "outputMap": {"BARS": "between"}},
        {**STEP, "name": "again", "inputMap": {"TICKS": "between"}},
    ]
    drawn = shown('name: "maker"', steps=steps)
    assert labels(drawn)[1] == "between of unknown shape"


def test_what_a_step_runs_is_said_where_it_is_known() -> None:
    spec = EnsemblePipelineSpec.model_validate(SPEC)
    graph = graph_of(spec, name="signal", models={"make": parse_pbtxt(MAKER)})
    assert picture(graph, runs={"make": "maker:3"}).boxes[1].detail == "maker:3"


def test_a_problem_of_a_tensor_is_the_wires() -> None:
    problem = Problem("spec.steps[make].inputMap[TICKS]", "FP32", "FP64")
    drawn = shown(problems=(problem,))
    assert [wire.problems for wire in drawn.wires] == [(str(problem),), ()]
    assert [box.problems for box in drawn.boxes] == [(), (), ()]


def test_a_problem_of_a_step_is_the_boxs() -> None:
    problem = Problem("spec.steps[make]", "4", "8")
    assert shown(problems=(problem,)).boxes[1].problems == (str(problem),)


def test_a_tensor_that_comes_from_nowhere_is_a_problem_of_its_step() -> None:
    problem = Problem("spec.steps[make].inputMap[OTHER]", "nothing", "a tensor")
    assert shown(problems=(problem,)).boxes[1].problems == (str(problem),)


def test_a_problem_of_one_step_is_none_of_another_whose_name_begins_alike() -> None:
    problem = Problem("spec.steps[make-2]", "4", "8")
    drawn = shown(problems=(problem,))
    assert [box.problems for box in drawn.boxes] == [(), (), ()]
    assert drawn.problems == (str(problem),)


def test_every_problem_that_the_check_finds_is_in_the_picture() -> None:
    spec = EnsemblePipelineSpec.model_validate({**SPEC, "maxBatchSize": 16})
    config = parse_pbtxt(MAKER.replace("FP64", "FP32"))
    graph = graph_of(spec, name="signal", models={"make": config})
    problems = check_graph(graph)
    drawn = picture(graph, problems=problems)
    parts = [*(box.problems for box in drawn.boxes), *(wire.problems for wire in drawn.wires)]
    marked = {problem for part in parts for problem in part}
    assert marked == set(map(str, problems)) == set(drawn.problems)
    assert len(problems) >= 3
