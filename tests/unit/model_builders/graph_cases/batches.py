"""Graphs whose steps do not take the pipeline's batches, and graphs whose steps do."""

from tests.unit.model_builders.graph_cases.case import Bad, Good, Loads, Refuses, X, Y, rows
from tests.unit.model_builders.graphs import (
    CENTRE,
    FOUR,
    MEAN,
    PAIR,
    ROW,
    ROWS,
    SMALL,
    WHOLE,
    Request,
    graph,
    step,
)

BAD: dict[str, Bad] = {
    "a step that takes less than the pipeline's batch": Bad(
        graph(step("a", SMALL, "X=x", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a]: found model "small" with max_batch_size 2, expected at least 8,'
            " which is spec.maxBatchSize; raise the model's maxBatchSize, or lower the"
            " pipeline's",
        ),
        Refuses("model small which only allows maximum batch size to be 2"),
    ),
    "a step without batches in a pipeline with batches": Bad(
        graph(step("a", WHOLE, "X=x", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a].inputMap[X]: found tensor "x" of [batch, 5] from spec.inputs[x],'
            ' expected [5], which model "whole" takes; give model "whole" a maxBatchSize, or a'
            " first dimension of -1",
        ),
        Loads(
            "fails batches of two",
            Request(2),
            r"unexpected shape for input 'X' for model 'whole'. Expected \[5\], got \[2,5\]",
        ),
    ),
    "a step for batches of four alone": Bad(
        graph(step("a", FOUR, "X=x", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a].inputMap[X]: found tensor "x" of [batch, 5] from spec.inputs[x],'
            ' expected [4, 5], which model "four" takes; give model "four" a maxBatchSize, or a'
            " first dimension of -1",
        ),
        Loads(
            "fails batches of two",
            Request(2),
            r"unexpected shape for input 'X' for model 'four'. Expected \[4,5\], got \[2,5\]",
        ),
    ),
    "one row for the whole batch": Bad(
        graph(step("a", MEAN, "X=x", "Y=y"), takes=X, gives=Y),
        (
            'spec.outputs[y]: found tensor "y" from spec.steps[a].outputMap[Y], which is one'
            " row, expected a row for each of the request's batch; make the steps before it"
            " answer for each row of the batch",
        ),
        Loads(
            "answers one row for a batch of two",
            Request(2),
            r"^y \(1, 5\) \[2.5\]$",
        ),
    ),
    "one row beside a row for each of the batch": Bad(
        graph(step("a", MEAN, "X=x", "Y=m"), step("b", PAIR, "A=x B=m", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[b].inputMap[B]: found tensor "m" from spec.steps[a].outputMap[Y], which'
            " is one row, expected a row for each of the request's batch, as"
            " spec.steps[b].inputMap[A] gets; Triton runs a batch of one size: give both the"
            " same first dimension",
        ),
        Loads(
            "fails batches of two",
            Request(2),
            r"input '[AB]' batch size does not match other inputs for 'pair'",
        ),
    ),
    "many rows where the pipeline declares one": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), takes={"x": "FP32 [-1, 5]"}, gives=Y, batch=0),
        (
            'spec.outputs[y]: found tensor "y" of [-1, 5] from spec.steps[a].outputMap[Y],'
            " expected [5], which the pipeline declares; declare a first dimension of -1",
        ),
        Loads(
            "answers [2, 5] where [5] is declared",
            Request(2),
            r"^y \(2, 5\) \[2.0, 3.0\]$",
        ),
    ),
    "more rows than the step takes": Bad(
        graph(
            step("a", ROW, "X=x", "Y=y"),
            takes={"x": "FP32 [16, 5]"},
            gives={"y": "FP32 [16, 5]"},
            batch=0,
        ),
        (
            'spec.steps[a].inputMap[X]: found tensor "x" from spec.inputs[x], which is 16 rows,'
            ' expected at most 8, which is max_batch_size of model "row"; raise the model\'s'
            " maxBatchSize",
        ),
        Loads(
            "fails every request",
            Request(),
            r"inference request batch-size must be <= 8 for 'row'",
        ),
    ),
    "two numbers of rows for one step": Bad(
        graph(
            step("a", PAIR, "A=x B=z", "Y=y"),
            takes={"x": "FP32 [3, 5]", "z": "FP32 [2, 5]"},
            gives={"y": "FP32 [-1, 5]"},
            batch=0,
        ),
        (
            'spec.steps[a].inputMap[B]: found tensor "z" from spec.inputs[z], which is 2 rows,'
            " expected 3 rows, as spec.steps[a].inputMap[A] gets; Triton runs a batch of one"
            " size: give both the same first dimension",
        ),
        Loads(
            "fails every request",
            Request(),
            r"input '[AB]' batch size does not match other inputs for 'pair'",
        ),
    ),
}

GOOD: dict[str, Good] = {
    "a step that handles the batch by itself": Good(
        graph(step("a", ROWS, "X=x", "Y=t"), step("b", ROW, "X=t", "Y=y"), takes=X, gives=Y),
        Request(3),
        {"y": rows(3, 4, 5)},
    ),
    "one row of the whole batch for steps that handle it by themselves": Good(
        graph(step("a", MEAN, "X=x", "Y=m"), step("b", CENTRE, "X=x M=m", "Y=y"), takes=X, gives=Y),
        Request(2),
        {"y": rows(1 + 2.5 + 1, 2 + 2.5 + 1)},
    ),
    "a batch of one for a step without batches": Good(
        graph(
            step("a", WHOLE, "X=x", "Y=t"), step("b", ROW, "X=t", "Y=y"), takes=X, gives=Y, batch=1
        ),
        Request(1),
        {"y": rows(3)},
    ),
    "a pipeline without batches, of steps with and without": Good(
        graph(
            step("a", ROW, "X=x", "Y=s"),
            step("b", WHOLE, "X=s", "Y=t"),
            step("c", ROW, "X=t", "Y=y"),
            takes=X,
            gives=Y,
            batch=0,
        ),
        Request(),
        {"y": ((5,), [6, 6, 6, 6, 6])},
    ),
    "rows that become a step's batch": Good(
        graph(
            step("a", ROW, "X=x", "Y=y"),
            takes={"x": "FP32 [-1, 5]"},
            gives={"y": "FP32 [-1, 5]"},
            batch=0,
        ),
        Request(3),
        {"y": rows(2, 3, 4)},
    ),
    "a fixed number of rows that a step takes": Good(
        graph(
            step("a", ROW, "X=x", "Y=y"),
            takes={"x": "FP32 [4, 5]"},
            gives={"y": "FP32 [4, 5]"},
            batch=0,
        ),
        Request(),
        {"y": rows(2, 3, 4, 5)},
    ),
    "one row as a batch of one": Good(
        graph(step("a", ROW, "X=x", "Y=y"), takes=X, gives={"y": "FP32 [1, 5]"}, batch=0),
        Request(),
        {"y": rows(4)},
    ),
    "steps that take more than the pipeline's batch": Good(
        graph(step("a", ROW, "X=x", "Y=y"), takes=X, gives=Y, batch=3),
        Request(3),
        {"y": rows(2, 3, 4)},
    ),
}
