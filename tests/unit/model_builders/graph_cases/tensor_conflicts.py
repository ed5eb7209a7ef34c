"""Graphs whose steps disagree about the type or shape of a tensor, and graphs whose steps agree."""

from tests.unit.model_builders.graph_cases.case import Bad, Good, Loads, Refuses, X, Y, rows
from tests.unit.model_builders.graphs import (
    ANY,
    ONE,
    ROW,
    SCALAR,
    SCORE,
    THREE,
    UNTOLD,
    WHOLE,
    WIDE,
    Request,
    graph,
    model,
    step,
)

BAD: dict[str, Bad] = {
    "another type than the pipeline is given": Bad(
        graph(step("a", WIDE, "X=x", "Y=y"), takes=X, gives={"y": "FP64 [5]"}),
        (
            'spec.steps[a].inputMap[X]: found tensor "x" of FP32 from spec.inputs[x], expected'
            ' FP64, which model "wide" declares; Triton does not convert types: declare one type,'
            " or convert in a step between",
        ),
        Refuses("ensemble tensor x: inconsistent data type"),
    ),
    "another type than a step gives": Bad(
        graph(
            step("a", ROW, "X=x", "Y=t"),
            step("b", WIDE, "X=t", "Y=y"),
            takes=X,
            gives={"y": "FP64 [5]"},
        ),
        (
            'spec.steps[b].inputMap[X]: found tensor "t" of FP32 from spec.steps[a].outputMap[Y],'
            ' expected FP64, which model "wide" declares; Triton does not convert types: declare'
            " one type, or convert in a step between",
        ),
        Refuses("ensemble tensor t: inconsistent data type"),
    ),
    "another type than the pipeline gives": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), takes=X, gives={"y": "FP64 [5]"}),
        (
            'spec.outputs[y]: found tensor "y" of FP32 from spec.steps[a].outputMap[Y], expected'
            " FP64, which the pipeline declares; Triton does not convert types: declare one type,"
            " or convert in a step between",
        ),
        Refuses("ensemble tensor y: inconsistent data type"),
    ),
    "another shape than the pipeline is given": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), takes={"x": "FP32 [6]"}, gives=Y),
        (
            'spec.steps[a].inputMap[X]: found tensor "x" of [batch, 6] from spec.inputs[x],'
            ' expected [batch, 5], which model "row" takes; declare the same dimensions, or'
            " reshape in a step between",
        ),
        Refuses("ensemble tensor x: inconsistent shape"),
    ),
    "another rank than a step gives": Bad(
        graph(
            step("a", ROW, "X=x", "Y=t"),
            step("b", model("flat", "X FP32 [1, 5]", "Y FP32 [5]"), "X=t", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[b].inputMap[X]: found tensor "t" of [batch, 5] from'
            ' spec.steps[a].outputMap[Y], expected [batch, 1, 5], which model "flat" takes;'
            " declare the same dimensions, or reshape in a step between",
        ),
        Refuses("ensemble tensor t: inconsistent shape"),
        (model("flat", "X FP32 [1, 5]", "Y FP32 [5]"),),
    ),
    "another shape than the pipeline gives": Bad(
        graph(step("a", SCORE, "X=x", "S=y"), takes=X, gives=Y),
        (
            'spec.outputs[y]: found tensor "y" of [batch, 1] from spec.steps[a].outputMap[S],'
            " expected [batch, 5], which the pipeline declares; declare the same dimensions, or"
            " reshape in a step between",
        ),
        Refuses("ensemble tensor y: inconsistent shape"),
    ),
    "a reshape to another number of elements": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), takes={"x": "FP32 [6] as [5]"}, gives=Y),
        (
            "spec.inputs[x].reshape: found [5] for shape [6], expected the same number of"
            " elements, with as many -1; between two -1 the products of the dimensions must be"
            " equal",
        ),
        Refuses("model input 'x' has different size for dims and reshape"),
    ),
    "an empty reshape without a batch": Bad(
        graph(
            step("a", SCALAR, "X=x", "Y=y"),
            takes={"x": "FP32 [1] as []"},
            gives={"y": "FP32 [1]"},
            batch=0,
        ),
        (
            "spec.inputs[x].reshape: found [] with maxBatchSize 0, expected at least one"
            " dimension; a model without a batch dimension has no scalars: write reshape: [1]"
            " or remove it",
            'spec.steps[a].inputMap[X]: found tensor "x" of [] from spec.inputs[x], expected'
            ' [batch, 1], which model "scalar" takes; declare the same dimensions, or reshape'
            " in a step between",
        ),
        Refuses("ensemble tensor x: inconsistent shape"),
    ),
    "two steps that want different shapes of a variable one": Bad(
        graph(
            step("a", ROW, "X=x", "Y=y"),
            step("b", THREE, "X=x", "Y=z"),
            takes={"x": "FP32 [-1]"},
            gives={**Y, "z": "FP32 [3]"},
        ),
        (
            'spec.steps[b].inputMap[X]: found tensor "x" as [batch, 3], expected [batch, 5], as'
            " spec.steps[a].inputMap[X] takes it; no tensor is both: declare the same"
            " dimensions, or reshape in a step between",
        ),
        Loads(
            "fails every request: this one for b, others for a",
            Request(sizes={"x": 5}),
            r"unexpected shape for input 'X' for model 'three'",
        ),
    ),
    "another shape behind a variable one": Bad(
        graph(
            step("b", ANY, "X=t", "Y=y"),
            step("c", THREE, "X=t", "Y=z"),
            step("a", ROW, "X=x", "Y=t"),
            takes=X,
            gives={"y": "FP32 [-1]", "z": "FP32 [3]"},
        ),
        (
            'spec.steps[c].inputMap[X]: found tensor "t" of [batch, 5] from'
            ' spec.steps[a].outputMap[Y], expected [batch, 3], which model "three" takes;'
            " declare the same dimensions, or reshape in a step between",
        ),
        Loads(
            "fails every request, since it compares c with b alone",
            Request(),
            r"unexpected shape for input 'X' for model 'three'. Expected \[-1,3\], got \[2,5\]",
        ),
    ),
    "shapes that Triton compares with a third one": Bad(
        graph(
            step("b", ONE, "X=t", "Y=y"),
            step("c", WHOLE, "X=t", "Y=z"),
            step("a", ROW, "X=x", "Y=t"),
            takes=X,
            gives={"y": "FP32 [1, 5]", "z": "FP32 [5]"},
            batch=0,
        ),
        (
            'spec.steps[c].inputMap[X]: found tensor "t" of [5], expected [1, 5], as'
            " spec.steps[b].inputMap[X] declares it first; Triton compares them before it runs"
            " any: declare the same dimensions",
        ),
        Refuses("ensemble tensor t: inconsistent shape"),
    ),
}

GOOD: dict[str, Good] = {
    "variable dimensions all the way": Good(
        graph(step("a", ANY, "X=x", "Y=y"), takes={"x": "FP32 [-1]"}, gives={"y": "FP32 [-1]"}),
        Request(2, sizes={"x": 7}),
        {"y": rows(2, 3, of=(7,))},
    ),
    "a variable dimension for a fixed one, and a fixed one for a variable one": Good(
        graph(
            step("a", ROW, "X=x", "Y=t"),
            step("b", ANY, "X=t", "Y=y"),
            takes={"x": "FP32 [-1]"},
            gives=Y,
        ),
        Request(2),
        {"y": rows(3, 4)},
    ),
    "other shapes outside than inside": Good(
        graph(
            step("a", ROW, "X=x", "Y=y"),
            takes={"x": "FP32 [1, 5] as [5]"},
            gives={"y": "FP32 [5, 1] as [5]"},
        ),
        Request(2),
        {"y": rows(2, 3, of=(5, 1))},
    ),
    "a model with a shape of its own": Good(
        graph(step("a", SCALAR, "X=x", "Y=y"), takes={"x": "FP32 [1]"}, gives={"y": "FP32 [1]"}),
        Request(2),
        {"y": rows(2, 3, of=(1,))},
    ),
    "a model whose graph alone knows its tensors": Good(
        graph(step("a", UNTOLD, "X=x", "Y=y"), takes={"x": "FP32 [2]"}, gives={"y": "FP32 [2]"}),
        Request(2),
        {"y": rows(2, 4, of=(2,))},
    ),
}
