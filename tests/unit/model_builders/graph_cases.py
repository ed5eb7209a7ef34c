"""Graphs that are refused, with the sentence for each and what the real Triton does with it, and
graphs that are served, with a request's answer.

tests/integration/model_builders/test_graphs_on_triton.py proves every word about Triton.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model_builders.graph import Graph
from model_builders.protobuf import ModelConfig
from tests.unit.model_builders.graphs import (
    ALONE,
    ANY,
    CENTRE,
    FOUR,
    INNER,
    LENIENT,
    LIMITED,
    LOOSE,
    MASKED,
    MEAN,
    ONE,
    PAIR,
    QUEUED,
    ROW,
    ROWS,
    SCALAR,
    SCORE,
    SEQUENCE,
    SEQUENCED,
    SMALL,
    STREAM,
    STREAMED,
    THREE,
    UNTOLD,
    WHOLE,
    WIDE,
    Request,
    ensemble_of,
    graph,
    model,
    step,
    tensors,
)

X = {"x": "FP32 [5]"}
Y = {"y": "FP32 [5]"}


@dataclass(frozen=True)
class Refuses:
    """Triton does not load it, and says this."""

    reason: str


@dataclass(frozen=True)
class Loads:
    """Triton loads it, and only a request shows what is wrong."""

    wrongly: str
    """What a client sees."""
    request: Request
    shows: str
    """Part of the answer, or of the error, to that request."""


@dataclass(frozen=True)
class Ends:
    """Triton loads it, and such requests end the whole server."""

    request: Request
    clients: int


@dataclass(frozen=True)
class Bad:
    graph: Graph
    says: tuple[str, ...]
    triton: Refuses | Loads | Ends
    laid_out: tuple[ModelConfig, ...] = field(default=())
    """Models beside those that all graphs share."""


@dataclass(frozen=True)
class Good:
    graph: Graph
    request: Request
    answer: Mapping[str, tuple[tuple[int, ...], list[float]]]
    """Shape of each output, and the first number of each of its rows."""


BAD: dict[str, Bad] = {
    "a tensor that nobody gives": Bad(
        graph(step("a", ROW, "X=xx", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a].inputMap[X]: found tensor "xx", which nothing gives, expected an'
            ' input of the pipeline, or what another step gives: "x"; did you mean "x"?',
            "spec.inputs[x]: found no step that takes it, expected at least one step with it in"
            " its inputMap; use it, or remove it",
        ),
        Refuses("is not used"),
    ),
    "an input that the model does not have": Bad(
        graph(step("a", ROW, "x=x", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a].inputMap[x]: found an input that model "row" does not have, expected'
            ' one of its inputs: "X"; did you mean "X"?',
            'spec.steps[a].inputMap: found nothing for input "X" of model "row", expected a'
            " tensor for each input that is not optional; add X, with one of the pipeline's"
            " tensors",
        ),
        Refuses("ensemble tensor x is mapping to non-existing input x in model row"),
    ),
    "an output that the model does not have": Bad(
        graph(step("a", SCORE, "X=x", "SCORE=s"), takes=X, gives={"s": "FP32 [1]"}),
        (
            'spec.steps[a].outputMap[SCORE]: found an output that model "score" does not have,'
            ' expected one of its outputs: "C", "S"; write the name that the model gives it',
        ),
        Refuses("ensemble tensor s is mapped from non-existing output SCORE in model score"),
    ),
    "a required input that is left out": Bad(
        graph(step("a", PAIR, "A=x", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a].inputMap: found nothing for input "B" of model "pair", expected a'
            " tensor for each input that is not optional; add B, with one of the pipeline's"
            " tensors",
        ),
        Refuses("input B in model pair is not mapped to any ensemble tensors"),
    ),
    "no input at all": Bad(
        graph(
            step("a", LENIENT, "", "Y=m"),
            step("b", PAIR, "A=x B=m", "Y=y"),
            takes=X,
            gives=Y,
        ),
        ("spec.steps[a].inputMap: found nothing, expected at least one tensor; add one",),
        Refuses("must specify 'input_map' in step 0"),
    ),
    "no step": Bad(
        graph(takes=X, gives=Y),
        (
            "spec.steps: found no step, expected at least one; add a step",
            "spec.outputs[y]: found nothing that gives it, expected a tensor that a step gives:"
            " nothing; add it to a step's outputMap, or remove it",
            "spec.inputs[x]: found no step that takes it, expected at least one step with it in"
            " its inputMap; use it, or remove it",
        ),
        Refuses("must specify 'step'"),
    ),
    "two steps that wait for each other": Bad(
        graph(
            step("a", PAIR, "A=x B=back", "Y=forth"),
            step("b", ROW, "X=forth", "Y=back"),
            step("c", ROW, "X=back", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[a]: found a cycle: a gives "forth" to b, b gives "back" to a, expected'
            " steps of which none waits for itself; feed one of them from elsewhere",
        ),
        Refuses("its depending tensors, 'forth', is not connected"),
    ),
    "three steps in a circle": Bad(
        graph(
            step("c", ROW, "X=two", "Y=three"),
            step("a", PAIR, "A=x B=three", "Y=one"),
            step("b", ROW, "X=one", "Y=two"),
            step("d", ROW, "X=two", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[c]: found a cycle: c gives "three" to a, a gives "one" to b, b gives'
            ' "two" to c, expected steps of which none waits for itself; feed one of them from'
            " elsewhere",
        ),
        Refuses("its depending tensors, 'three', is not connected"),
    ),
    "a step that feeds itself": Bad(
        graph(step("a", PAIR, "A=x B=y", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a]: found a cycle: a gives "y" to a, expected steps of which none waits'
            " for itself; feed one of them from elsewhere",
        ),
        Refuses("is not written"),
    ),
    "two steps that give one tensor": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), step("b", ROW, "X=x", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[b].outputMap[Y]: found tensor "y", which spec.steps[a].outputMap[Y]'
            " gives as well, expected one giver for each tensor; give it another name, and use"
            " that where this one is meant",
        ),
        Refuses("ensemble tensor 'y' can appear in an output map only once"),
    ),
    "two outputs of one step that become one tensor": Bad(
        graph(step("a", SCORE, "X=x", "S=s C=s"), takes=X, gives={"s": "FP32 [1]"}),
        (
            'spec.steps[a].outputMap[C]: found tensor "s", which spec.steps[a].outputMap[S]'
            " gives as well, expected one giver for each tensor; give it another name, and use"
            " that where this one is meant",
        ),
        Refuses("ensemble tensor 's' can appear in an output map only once"),
    ),
    "a step that gives what the pipeline is given": Bad(
        graph(
            step("a", ROW, "X=w", "Y=x"),
            step("b", ROW, "X=x", "Y=y"),
            takes={"w": "FP32 [5]", **X},
            gives=Y,
        ),
        (
            'spec.steps[a].outputMap[Y]: found tensor "x", which spec.inputs[x] gives as well,'
            " expected one giver for each tensor; give it another name, and use that where this"
            " one is meant",
        ),
        Loads(
            "answers twice, first with what the client gave in place of what the step made,"
            " which HTTP clients get as a failure",
            Request(2),
            r'data":\[2.0,.*expected a single response, got 2',
        ),
    ),
    "another type than the pipeline is given": Bad(
        graph(step("a", WIDE, "X=x", "Y=y"), takes=X, gives={"y": "FP64 [5]"}),
        (
            'spec.steps[a].inputMap[X]: found tensor "x" of FP32 from spec.inputs[x], expected'
            ' FP64, which model "wide" declares; Triton converts nothing: declare one type, or'
            " convert in a step between",
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
            'spec.steps[b].inputMap[X]: found tensor "t" of FP32 from'
            ' spec.steps[a].outputMap[Y], expected FP64, which model "wide" declares; Triton'
            " converts nothing: declare one type, or convert in a step between",
        ),
        Refuses("ensemble tensor t: inconsistent data type"),
    ),
    "another type than the pipeline gives": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), takes=X, gives={"y": "FP64 [5]"}),
        (
            'spec.outputs[y]: found tensor "y" of FP32 from spec.steps[a].outputMap[Y],'
            " expected FP64, which the pipeline declares; Triton converts nothing: declare one"
            " type, or convert in a step between",
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
    "outputs that lead nowhere": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), step("b", SCORE, "X=x", "S=s C=c"), takes=X, gives=Y),
        (
            'spec.steps[b]: found outputs that lead nowhere: "c", "s", expected at least one'
            " that a step or an output of the pipeline takes; use one of them, or remove the"
            " step",
        ),
        Refuses("is unused in ensemble"),
    ),
    "one of two outputs that leads nowhere": Bad(
        graph(step("a", SCORE, "X=x", "S=s C=c"), takes=X, gives={"s": "FP32 [1]"}),
        (
            'spec.steps[a].outputMap[C]: found tensor "c", which nothing takes, expected one'
            " that a step or an output of the pipeline takes; use it, or remove it from"
            " outputMap: an output of a model may be left out",
        ),
        Refuses("ensemble tensor 'c' is unused"),
    ),
    "an output that nobody gives": Bad(
        graph(
            step("a", SCORE, "X=x", "S=score"),
            takes=X,
            gives={"score": "FP32 [1]", "confidence": "FP32 [1]"},
        ),
        (
            "spec.outputs[confidence]: found nothing that gives it, expected a tensor that a"
            ' step gives: "score"; add it to a step\'s outputMap, or remove it',
        ),
        Refuses("ensemble output 'confidence'"),
    ),
    "an output that is an input": Bad(
        graph(
            step("a", SCORE, "X=z", "S=s"),
            step("b", ROW, "X=x", "Y=y"),
            takes={**X, "z": "FP32 [5]"},
            gives={**X, **Y, "s": "FP32 [1]"},
        ),
        (
            "spec.outputs[x]: found an input of the pipeline, expected a tensor that a step"
            ' gives: "s", "y"; add it to a step\'s outputMap, or remove it',
        ),
        Loads(
            "fails requests for the other outputs alone: it takes the first step for the one"
            " that gives x, and skips it",
            Request(outputs=("y", "s")),
            r"unexpected deadlock",
        ),
    ),
    "an input that nobody takes": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), takes={**X, "z": "FP32 [5]"}, gives=Y),
        (
            "spec.inputs[z]: found no step that takes it, expected at least one step with it in"
            " its inputMap; use it, or remove it",
        ),
        Refuses("ensemble input 'z'"),
    ),
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
    "a queue that may be full beside another step": Bad(
        graph(
            step("a", LIMITED, "X=x", "Y=t"),
            step("b", ROW, "X=x", "Y=s"),
            step("c", PAIR, "A=s B=t", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            "spec.steps[a].triton.dynamicBatching.queuePolicy.maxQueueSize: found 1, where"
            " spec.steps[b] may run at the same time, expected 0, which is no limit: Triton"
            " ends when the queue is full; remove it here and in spec.triton of the model that"
            " the step refers to, or let one of the steps feed the other",
        ),
        Ends(Request(), clients=32),
    ),
    "a queue that may be full inside an ensemble beside another step": Bad(
        graph(
            step("a", QUEUED, "IN=x", "OUT=t", LIMITED),
            step("b", ROW, "X=x", "Y=s"),
            step("c", PAIR, "A=s B=t", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[a]: found max_queue_size 1 of model "limited" in it, where spec.steps[b]'
            " may run at the same time, expected 0, which is no limit: Triton ends when the queue"
            " is full; remove maxQueueSize in the pipeline that the step refers to, or let one of"
            " the steps feed the other",
        ),
        Ends(Request(), clients=32),
    ),
    "a model for sequences beside another step": Bad(
        graph(
            step("a", SEQUENCE, "X=x", "Y=t"),
            step("b", ROW, "X=x", "Y=s"),
            step("c", PAIR, "A=s B=t", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[a]: found sequence_batching of model "sequence", where spec.steps[b] may'
            " run at the same time, expected none: Triton ends at a request without a sequence id,"
            " or of several rows; let one of the steps feed the other, or take sequence_batching"
            " out of the model",
        ),
        Ends(Request(), clients=1),
    ),
    "a model for sequences inside an ensemble beside another step": Bad(
        graph(
            step("a", SEQUENCED, "IN=x", "OUT=t", SEQUENCE),
            step("b", ROW, "X=x", "Y=s"),
            step("c", PAIR, "A=s B=t", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[a]: found sequence_batching of model "sequence", where spec.steps[b] may'
            " run at the same time, expected none: Triton ends at a request without a sequence id,"
            " or of several rows; let one of the steps feed the other, or take sequence_batching"
            " out of the model",
        ),
        Ends(Request(), clients=1),
    ),
    "a stream of answers beside a single one, for a step": Bad(
        graph(step("a", STREAM, "X=x", "Y=t"), step("b", PAIR, "A=x B=t", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[b].inputMap[B]: found tensor "t" of the answers of spec.steps[a],'
            " expected one answer to each request, as spec.steps[b].inputMap[A] gets; Triton"
            " does not join them: take both from one of them, or make the models answer each"
            " request once (model_transaction_policy)",
        ),
        Refuses("receives inputs originated from different decoupled models"),
    ),
    "a stream of answers beside a single one, for a client": Bad(
        graph(
            step("a", STREAM, "X=x", "Y=y"),
            step("b", ROW, "X=x", "Y=z"),
            takes=X,
            gives={**Y, "z": "FP32 [5]"},
        ),
        (
            'spec.outputs[z]: found tensor "z" of one answer to each request, expected the'
            " answers of spec.steps[a], as spec.outputs[y] gets; Triton does not join them:"
            " take both from one of them, or make the models answer each request once"
            " (model_transaction_policy)",
        ),
        Refuses("receives inputs originated from different decoupled models"),
    ),
    "a stream of answers from inside an ensemble beside a single one": Bad(
        graph(
            step("a", STREAMED, "IN=x", "OUT=t", STREAM),
            step("b", PAIR, "A=x B=t", "Y=y"),
            takes=X,
            gives=Y,
        ),
        (
            'spec.steps[b].inputMap[B]: found tensor "t" of the answers of spec.steps[a],'
            " expected one answer to each request, as spec.steps[b].inputMap[A] gets; Triton"
            " does not join them: take both from one of them, or make the models answer each"
            " request once (model_transaction_policy)",
        ),
        Refuses("receives inputs originated from different decoupled models"),
    ),
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


def rows(*numbers: float, of: tuple[int, ...] = (5,)) -> tuple[tuple[int, ...], list[float]]:
    return (len(numbers), *of), list(numbers)


GOOD: dict[str, Good] = {
    "one step": Good(
        graph(step("a", ROW, "X=x", "Y=y"), takes=X, gives=Y), Request(2), {"y": rows(2, 3)}
    ),
    "one after the other, written the other way round": Good(
        graph(step("b", ROW, "X=t", "Y=y"), step("a", ROW, "X=x", "Y=t"), takes=X, gives=Y),
        Request(3),
        {"y": rows(3, 4, 5)},
    ),
    "one tensor to two steps, and both to a third": Good(
        graph(
            step("a", ROW, "X=x", "Y=s"),
            step("b", ROW, "X=s", "Y=t"),
            step("c", PAIR, "A=s B=t", "Y=y"),
            takes=X,
            gives=Y,
        ),
        Request(2),
        {"y": rows(2 + 3 + 1, 3 + 4 + 1)},
    ),
    "two steps of one model": Good(
        graph(
            step("a", ROW, "X=x", "Y=y"),
            step("b", ROW, "X=y", "Y=z"),
            takes=X,
            gives={**Y, "z": "FP32 [5]"},
        ),
        Request(2),
        {"y": rows(2, 3), "z": rows(3, 4)},
    ),
    "one tensor to two inputs of one step": Good(
        graph(step("a", PAIR, "A=x B=x", "Y=y"), takes=X, gives=Y), Request(2), {"y": rows(3, 5)}
    ),
    "an ensemble as a step": Good(
        graph(step("a", INNER, "IN=x", "OUT=t"), step("b", ROW, "X=t", "Y=y"), takes=X, gives=Y),
        Request(2),
        {"y": rows(3, 4)},
    ),
    "an output of a model that is left out": Good(
        graph(step("a", SCORE, "X=x", "S=s"), takes=X, gives={"s": "FP32 [1]"}),
        Request(2),
        {"s": rows(2, 3, of=(1,))},
    ),
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
    "a queue that may be full where nothing runs beside it": Good(
        graph(
            step("a", LIMITED, "X=x", "Y=s"),
            step("b", ROW, "X=s", "Y=t"),
            step("c", PAIR, "A=s B=t", "Y=y"),
            takes=X,
            gives=Y,
        ),
        Request(2),
        {"y": rows(2 + 3 + 1, 3 + 4 + 1)},
    ),
    "a queue that may be full inside an ensemble, where nothing runs beside it": Good(
        graph(
            step("a", QUEUED, "IN=x", "OUT=s", LIMITED),
            step("b", ROW, "X=s", "Y=y"),
            takes=X,
            gives=Y,
        ),
        Request(2),
        {"y": rows(3, 4)},
    ),
    "a model for sequences where nothing runs beside it": Good(
        graph(step("a", SEQUENCE, "X=x", "Y=t"), step("b", ROW, "X=t", "Y=y"), takes=X, gives=Y),
        Request(1, sequence=7),
        {"y": rows(3)},
    ),
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
    "a model whose graph alone knows its tensors": Good(
        graph(step("a", UNTOLD, "X=x", "Y=y"), takes={"x": "FP32 [2]"}, gives={"y": "FP32 [2]"}),
        Request(2),
        {"y": rows(2, 4, of=(2,))},
    ),
    "steps that take more than the pipeline's batch": Good(
        graph(step("a", ROW, "X=x", "Y=y"), takes=X, gives=Y, batch=3),
        Request(3),
        {"y": rows(2, 3, 4)},
    ),
}
