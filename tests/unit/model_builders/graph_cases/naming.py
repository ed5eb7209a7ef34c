"""Graphs with a name that no folder can have, or that two things have."""

from tests.unit.model_builders.graph_cases.case import Bad, Loads, Refuses, X, Y
from tests.unit.model_builders.graphs import ROW, Request, ensemble_of, graph, model, step, tensors

BAD: dict[str, Bad] = {
    "a model that no folder can be named after": Bad(
        graph(
            step("a", model("models/row", "X FP32 [5]", "Y FP32 [5]"), "X=x", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[a]: found a model named "models/row", expected at most 240 letters,'
            " digits, '_', '-' and '.', starting with a letter or digit: the name of the"
            " model's folder; rename the model",
        ),
        Refuses("contains models that are not available or ambiguous: models/row"),
        (model("models/row", "X FP32 [5]", "Y FP32 [5]"),),
    ),
    "a model with the pipeline's name": Bad(
        graph(
            step("a", model("selfish", "X FP32 [5]", "Y FP32 [5]"), "X=x", "Y=y"),
            takes=X,
            gives=Y,
            name="selfish",
        ),
        (
            'spec.steps[a]: found model "selfish", which is the pipeline\'s own name, expected'
            " another name: Triton knows both by it; rename the model or step, or set spec.name",
        ),
        Refuses("circular dependency between ensembles: selfish -> ... -> selfish"),
        (model("selfish", "X FP32 [5]", "Y FP32 [5]"),),
    ),
    "a pipeline inside itself": Bad(
        graph(
            step("a", ensemble_of("circular", "inside"), "IN=x", "OUT=y"),
            takes=X,
            gives=Y,
            name="circular",
        ),
        (
            'spec.steps[a]: found ensemble "inside", which has "circular" as a step itself,'
            " expected an ensemble that does not lead back to this pipeline; take one of them"
            " out of the other",
        ),
        Refuses("circular dependency between ensembles: circular -> ... -> inside"),
        (ensemble_of("circular", "inside"),),
    ),
    "two models of one name": Bad(
        graph(
            step("a", model("calc", "X FP32 [5]", "Y FP32 [5]"), "X=x", "Y=y"),
            step("b", model("calc", "X FP32 [5]", "Y FP32 [5]", adds=100), "X=x", "Y=z"),
            takes=X,
            gives={**Y, "z": "FP32 [5]"},
        ),
        (
            'spec.steps[b]: found another model "calc" than that of spec.steps[a], expected one'
            " model for each name: Triton has one folder for it; rename one of them, or"
            " configure both alike",
        ),
        Loads(
            "runs for both steps the model that was laid out last",
            Request(),
            r"y \(2, 5\) \[101.0, 102.0\]",
        ),
        (
            model("calc", "X FP32 [5]", "Y FP32 [5]"),
            model("calc", "X FP32 [5]", "Y FP32 [5]", adds=100),
        ),
    ),
    "two inputs of one name": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), takes=tensors(x="FP32 [5]") * 2, gives=Y),
        (
            'spec.inputs[1].name: found "x" a second time, expected each name once; rename or'
            " remove one of them",
        ),
        Loads(
            "fails every request",
            Request(2),
            r"input 'x' already exists in request",
        ),
    ),
    "two outputs of one name": Bad(
        graph(
            step("a", ROW, "X=x", "Y=y"),
            takes=X,
            gives=tensors(y="FP32 [5]") + tensors(y="FP32 [-1]"),
        ),
        (
            'spec.outputs[1].name: found "y" a second time, expected each name once; rename or'
            " remove one of them",
        ),
        Loads(
            "answers the first of the two that it declares",
            Request(2),
            r"^y \(2, 5\) \[2.0, 3.0\]$",
        ),
    ),
}
