"""Graphs that fail when a request leaves out an optional input, and graphs that do not."""

from tests.unit.model_builders.graph_cases.case import Bad, Good, Loads, X, Y, rows
from tests.unit.model_builders.graphs import (
    ALONE,
    LENIENT,
    LOOSE,
    MASKED,
    PAIR,
    Request,
    graph,
    step,
)

BAD: dict[str, Bad] = {
    "an optional input that a step requires": Bad(
        graph(step("a", PAIR, "A=x B=z", "Y=y"), takes={**X, "z": "FP32 [5] optional"}, gives=Y),
        (
            'spec.steps[a].inputMap[B]: found tensor "z" from spec.inputs[z], which is'
            ' optional, expected one that every request holds: model "pair" requires it; remove'
            " optional from spec.inputs[z], or make the model's optional",
        ),
        Loads(
            "fails requests without it",
            Request(without=("z",)),
            r"missing required input\(s\) \['B'\]",
        ),
    ),
    "a step that only an optional input feeds, in batches": Bad(
        graph(
            step("a", LENIENT, "M=m", "Y=t"),
            step("b", PAIR, "A=x B=t", "Y=y"),
            takes={**X, "m": "FP32 [5] optional"},
            gives=Y,
        ),
        (
            "spec.steps[a].inputMap: found only spec.inputs[m], which a request may leave out,"
            " expected an input that every request holds: a step learns the size of a batch"
            " from it; feed it another input as well, remove optional, or set maxBatchSize of"
            " the step's model and of the pipeline to 0",
        ),
        Loads(
            "fails requests without it",
            Request(without=("m",)),
            r"request has 0 inputs",
        ),
    ),
    "a step that only an optional input feeds, as a batch of one": Bad(
        graph(
            step("a", LENIENT, "M=m", "Y=t"),
            step("b", PAIR, "A=x B=t", "Y=y"),
            takes={**X, "m": "FP32 [5] optional"},
            gives=Y,
            batch=0,
        ),
        (
            "spec.steps[a].inputMap: found only spec.inputs[m], which a request may leave out,"
            " expected an input that every request holds: a step learns the size of a batch"
            " from it; feed it another input as well, remove optional, or set maxBatchSize of"
            " the step's model and of the pipeline to 0",
        ),
        Loads(
            "fails requests without it",
            Request(without=("m",)),
            r"request has 0 inputs",
        ),
    ),
    "a pipeline with batches that requires no input": Bad(
        graph(step("a", ALONE, "M=m", "Y=y"), takes={"m": "FP32 [5] optional"}, gives=Y, batch=1),
        (
            "spec.inputs[m]: found optional, as all inputs, with spec.maxBatchSize 1, expected at"
            " least one input that every request holds: it says how many rows the batch has; remove"
            " optional from one of them, or set spec.maxBatchSize to 0",
        ),
        Loads(
            "answers [5] where [1, 5] is declared",
            Request(1, without=("m",)),
            r"^y \(5,\) \[1.0, 1.0, 1.0, 1.0, 1.0\]$",
        ),
    ),
    "a step that learns nothing of the batch": Bad(
        graph(
            step("a", LOOSE, "M=m", "Y=t"),
            step("b", PAIR, "A=x B=t", "Y=y"),
            takes={**X, "m": "FP32 [5] optional"},
            gives=Y,
        ),
        (
            "spec.steps[a].inputMap: found only spec.inputs[m], which a request may leave out,"
            " expected an input that every request holds: a step learns the size of a batch"
            " from it; feed it another input as well, remove optional, or set maxBatchSize of"
            " the step's model and of the pipeline to 0",
        ),
        Loads(
            "fails batches of two without it",
            Request(without=("m",)),
            r"input '[AB]' batch size does not match other inputs for 'pair'",
        ),
    ),
}

GOOD: dict[str, Good] = {
    "an optional input of a model that is left out": Good(
        graph(step("a", MASKED, "X=x", "Y=y"), takes=X, gives=Y), Request(2), {"y": rows(2, 3)}
    ),
    "an optional input that a request holds": Good(
        graph(step("a", MASKED, "X=x M=m", "Y=y"), takes={**X, "m": "FP32 [5] optional"}, gives=Y),
        Request(2),
        {"y": rows(3, 5)},
    ),
    "an optional input that a request leaves out": Good(
        graph(step("a", MASKED, "X=x M=m", "Y=y"), takes={**X, "m": "FP32 [5] optional"}, gives=Y),
        Request(2, without=("m",)),
        {"y": rows(2, 3)},
    ),
    "a step that only an optional input feeds, which a request without batches leaves out": Good(
        graph(
            step("a", ALONE, "M=m", "Y=t"),
            step("b", PAIR, "A=x B=t", "Y=y"),
            takes={**X, "m": "FP32 [5] optional"},
            gives=Y,
            batch=0,
        ),
        Request(without=("m",)),
        {"y": ((5,), [5, 5, 5, 5, 5])},
    ),
    "a step that only an optional input feeds, which a request of one row leaves out": Good(
        graph(
            step("a", ALONE, "M=m", "Y=t"),
            step("b", PAIR, "A=x B=t", "Y=y"),
            takes={**X, "m": "FP32 [5] optional"},
            gives=Y,
            batch=1,
        ),
        Request(1, without=("m",)),
        {"y": rows(3)},
    ),
    "nothing at all, without batches": Good(
        graph(step("a", ALONE, "M=m", "Y=y"), takes={"m": "FP32 [5] optional"}, gives=Y, batch=0),
        Request(without=("m",)),
        {"y": ((5,), [1, 1, 1, 1, 1])},
    ),
}
