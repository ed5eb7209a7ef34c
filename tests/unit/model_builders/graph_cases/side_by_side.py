"""Graphs with queues, sequences and streams of answers, beside another step or alone."""

from tests.unit.model_builders.graph_cases.case import Bad, Ends, Good, Refuses, X, Y, rows
from tests.unit.model_builders.graphs import (
    LIMITED,
    PAIR,
    QUEUED,
    ROW,
    SEQUENCE,
    SEQUENCED,
    STREAM,
    STREAMED,
    Request,
    graph,
    step,
)

BAD: dict[str, Bad] = {
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
            " spec.steps[b] may run at the same time, expected 0 (no limit): Triton crashes when"
            " the queue is full; remove it here and in spec.triton of the model that the step"
            " refers to, or let one of the steps feed the other",
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
            " may run at the same time, expected 0 (no limit): Triton crashes when the queue is"
            " full; remove maxQueueSize in the pipeline that the step refers to, or let one of"
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
            " run at the same time, expected no value, since Triton crashes on a request without a"
            " sequence id, or of several rows; let one of the steps feed the other, or take"
            " sequence_batching out of the model",
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
            " run at the same time, expected no value, since Triton crashes on a request without a"
            " sequence id, or of several rows; let one of the steps feed the other, or take"
            " sequence_batching out of the model",
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
}

GOOD: dict[str, Good] = {
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
}
