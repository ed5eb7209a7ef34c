"""Graphs whose tensors do not lead from one producer to a consumer, and graphs whose tensors do."""

from tests.unit.model_builders.graph_cases.case import Bad, Good, Loads, Refuses, X, Y, rows
from tests.unit.model_builders.graphs import INNER, LENIENT, PAIR, ROW, SCORE, Request, graph, step

BAD: dict[str, Bad] = {
    "a tensor that is not produced": Bad(
        graph(step("a", ROW, "X=xx", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[a].inputMap[X]: found tensor "xx", which is not produced, expected an'
            ' input of the pipeline, or an output of another step: "x"; did you mean "x"?',
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
            "spec.outputs[y]: found no step with it, expected a tensor that a step"
            " produces: nothing; add it to a step's outputMap, or remove it",
            "spec.inputs[x]: found no step that takes it, expected at least one step with it in"
            " its inputMap; use it, or remove it",
        ),
        Refuses("must specify 'step'"),
    ),
    "two steps that give one tensor": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), step("b", ROW, "X=x", "Y=y"), takes=X, gives=Y),
        (
            'spec.steps[b].outputMap[Y]: found tensor "y", which spec.steps[a].outputMap[Y] also'
            " produces, expected one producer for each tensor; give it another name, and use that"
            " name in the steps that need it",
        ),
        Refuses("ensemble tensor 'y' can appear in an output map only once"),
    ),
    "two outputs of one step that become one tensor": Bad(
        graph(step("a", SCORE, "X=x", "S=s C=s"), takes=X, gives={"s": "FP32 [1]"}),
        (
            'spec.steps[a].outputMap[C]: found tensor "s", which spec.steps[a].outputMap[S] also'
            " produces, expected one producer for each tensor; give it another name, and use that"
            " name in the steps that need it",
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
            'spec.steps[a].outputMap[Y]: found tensor "x", which spec.inputs[x] also produces,'
            " expected one producer for each tensor; give it another name, and use that name in"
            " the steps that need it",
        ),
        Loads(
            "answers twice, first with what the client gave in place of what the step made,"
            " which HTTP clients get as a failure",
            Request(2),
            r'data":\[2.0,.*expected a single response, got 2',
        ),
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
            'spec.steps[a].outputMap[C]: found tensor "c", which is not used, expected one that a'
            " step or an output of the pipeline takes; use it, or remove it from outputMap: an"
            " output of a model may be left out",
        ),
        Refuses("ensemble tensor 'c' is unused"),
    ),
    "an output that is not produced": Bad(
        graph(
            step("a", SCORE, "X=x", "S=score"),
            takes=X,
            gives={"score": "FP32 [1]", "confidence": "FP32 [1]"},
        ),
        (
            "spec.outputs[confidence]: found no step with it, expected a tensor that a"
            ' step produces: "score"; add it to a step\'s outputMap, or remove it',
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
            ' produces: "s", "y"; add it to a step\'s outputMap, or remove it',
        ),
        Loads(
            "fails requests for the other outputs alone: it takes the first step for the one"
            " that gives x, and skips it",
            Request(outputs=("y", "s")),
            r"unexpected deadlock",
        ),
    ),
    "an input that is not consumed": Bad(
        graph(step("a", ROW, "X=x", "Y=y"), takes={**X, "z": "FP32 [5]"}, gives=Y),
        (
            "spec.inputs[z]: found no step that takes it, expected at least one step with it in"
            " its inputMap; use it, or remove it",
        ),
        Refuses("ensemble input 'z'"),
    ),
}

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
}
