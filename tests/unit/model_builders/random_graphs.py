"""Graphs by chance: sound ones, sound ones with one mistake, and any at all."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from inference_operator.api.model import InputTensor, Tensor
from model_builders.graph import Graph, GraphStep
from model_builders.graph.model import consumers
from model_builders.names import api_type
from model_builders.protobuf import ModelConfig
from tests.unit.model_builders.graphs import (
    ALONE,
    ANY,
    CENTRE,
    FOUR,
    INNER,
    LENIENT,
    LOOSE,
    MASKED,
    MEAN,
    ONE,
    PAIR,
    ROW,
    ROWS,
    SCORE,
    SMALL,
    WHOLE,
    WIDE,
    graph,
    step,
    tensors,
)

_SOUND = (ROW, PAIR, MASKED, INNER, SCORE)
_ANY = (
    *(ROW, ROW, PAIR, PAIR, MASKED, INNER, SCORE, ANY, WHOLE, ROWS, ROWS, FOUR, MEAN, CENTRE),
    *(ONE, ALONE, LOOSE, LENIENT, SMALL, WIDE),
)
_SHAPES = ("[5]", "[5]", "[5]", "[-1, 5]", "[-1, 5]", "[4, 5]", "[1, 5]", "[-1]")


def sound(random: Random) -> Graph:
    """Draw a graph without mistakes."""
    pool = [f"in{number}" for number in range(random.randint(1, 3))]
    steps: list[GraphStep] = []
    for number in range(random.randint(1, 5)):
        runs = random.choice(_SOUND)
        wires = {
            tensor.name: random.choice(pool) for tensor in runs.input if _wired(random, tensor)
        }
        made = {tensor.name: f"t{number}{tensor.name}" for tensor in runs.output}
        steps.append(GraphStep(f"s{number}", f"spec.steps[s{number}]", runs, wires, made))
        # SCORE's shape fits no step.
        pool += made.values() if runs is not SCORE else ()
    random.shuffle(steps)
    return _closed(steps, {}, random.choice((0, 1, 8)))


def _wired(random: Random, tensor: object) -> bool:
    return not getattr(tensor, "optional", False) or random.random() < 0.5


def _closed(
    steps: list[GraphStep], shapes: dict[str, str], batch: int, declared: Random | None = None
) -> Graph:
    """Return the graph with inputs for its steps, and an output for each unused tensor."""
    made = {name: (step, key) for step in steps for key, name in step.output_map.items()}
    taken = {name for step in steps for name in step.input_map.values()}
    inputs = {name: shapes.get(name, "FP32 [5]") for name in sorted(taken - made.keys())}
    outputs = {}
    for name in sorted(made.keys() - taken):
        runs, key = made[name][0].model, made[name][1]
        output = next(step for step in runs.output if step.name == key)
        dims = list(output.dims)
        if declared is not None:
            dims = declared.choice([dims, dims, dims, [-1, *dims], dims[1:] or dims])
        outputs[name] = f"{api_type(output.data_type)} {dims}"
    return graph(*steps, takes=inputs, gives=outputs, batch=batch)


def wild(random: Random) -> Graph:
    """Draw a graph that may be sound, or not."""
    pool = [f"in{number}" for number in range(random.randint(1, 3))]
    shapes = {
        name: f"FP32 {random.choice(_SHAPES)}{' optional' if random.random() < 0.2 else ''}"
        for name in pool
    }
    steps: list[GraphStep] = []
    for number in range(random.randint(1, 4)):
        runs = random.choice(_ANY)
        wires = {
            tensor.name: random.choice(pool) for tensor in runs.input if _wired(random, tensor)
        }
        if not wires:
            wires = {runs.input[0].name: random.choice(pool)}
        made = {tensor.name: f"t{number}{tensor.name}" for tensor in runs.output}
        steps.append(GraphStep(f"s{number}", f"spec.steps[s{number}]", runs, wires, made))
        pool += made.values()
    random.shuffle(steps)
    return _closed(steps, shapes, random.choice((0, 0, 1, 8, 8)), random)


Mutation = Callable[[Random, Graph], tuple[Graph, str]]
"""A sound graph with one mistake, and the path that a problem must have."""


def _with(graph: Graph, old: GraphStep, new: GraphStep) -> Graph:
    return replace(graph, steps=tuple(new if step is old else step for step in graph.steps))


def _input(random: Random, graph: Graph) -> tuple[GraphStep, str]:
    """Choose a required input of a step."""
    chosen = random.choice(graph.steps)
    return chosen, random.choice(
        [tensor.name for tensor in chosen.model.input if not tensor.optional]
    )


def _changed(model: ModelConfig, **fields: object) -> ModelConfig:
    copy = ModelConfig()
    copy.CopyFrom(model)
    for name, value in fields.items():
        setattr(copy, name, value)
    copy.name = f"{model.name}-changed"
    return copy


def misspelt_tensor(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen, key = _input(random, graph)
    wires = {**chosen.input_map, key: f"{chosen.input_map[key]}x"}
    return _with(graph, chosen, replace(chosen, input_map=wires)), f"{chosen.path}.inputMap[{key}]"


def misspelt_key(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen, key = _input(random, graph)
    wires = {f"{k}x" if k == key else k: name for k, name in chosen.input_map.items()}
    return _with(graph, chosen, replace(chosen, input_map=wires)), f"{chosen.path}.inputMap[{key}x]"


def missing_input(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen, key = _input(random, graph)
    wires = {k: name for k, name in chosen.input_map.items() if k != key}
    return _with(graph, chosen, replace(chosen, input_map=wires)), f"{chosen.path}.inputMap"


def second_producer(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen = random.choice(graph.steps)
    name = random.choice(list(chosen.output_map.values()))
    again = step("again", ROW, f"X={graph.inputs[0].name}", f"Y={name}")
    return replace(graph, steps=(*graph.steps, again)), "spec.steps[again].outputMap[Y]"


def other_type(random: Random, graph: Graph) -> tuple[Graph, str]:
    """Change the type of a pipeline's input in a step, so that the step has the problem."""
    chosen, key = _fed_from_outside(random, graph)
    changed = _changed(chosen.model)
    next(tensor for tensor in changed.input if tensor.name == key).data_type = 9  # type: ignore[assignment]
    path = f"{chosen.path}.inputMap[{key}]"
    return _with(graph, chosen, replace(chosen, model=changed)), path


def other_shape(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen, key = _fed_from_outside(random, graph)
    changed = _changed(chosen.model)
    next(tensor for tensor in changed.input if tensor.name == key).dims[:] = [7]
    return _with(graph, chosen, replace(chosen, model=changed)), f"{chosen.path}.inputMap[{key}]"


def _fed_from_outside(random: Random, graph: Graph) -> tuple[GraphStep, str]:
    names = {tensor.name for tensor in graph.inputs}
    ports = [p for p in consumers(graph) if p.step is not None and p.tensor in names]
    port = random.choice(ports)
    assert port.step is not None
    return port.step, port.key


def smaller_batch(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen = random.choice(graph.steps)
    small = replace(chosen, model=_changed(chosen.model, max_batch_size=2))
    return replace(_with(graph, chosen, small), max_batch_size=3), chosen.path


def unused_input(random: Random, graph: Graph) -> tuple[Graph, str]:
    return replace(graph, inputs=(*graph.inputs, *tensors(more="FP32 [5]"))), "spec.inputs[more]"


def unmade_output(random: Random, graph: Graph) -> tuple[Graph, str]:
    more = Tensor.model_validate({"name": "more", "dataType": "FP32", "shape": [5]})
    return replace(graph, outputs=(*graph.outputs, more)), "spec.outputs[more]"


def idle_step(random: Random, graph: Graph) -> tuple[Graph, str]:
    idle = step("idle", ROW, f"X={random.choice(graph.inputs).name}", "Y=nowhere")
    return replace(graph, steps=(*graph.steps, idle)), "spec.steps[idle]"


def circle(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen, key = _input(random, graph)
    after = step("after", ROW, f"X={next(iter(chosen.output_map.values()))}", "Y=back")
    around = replace(chosen, input_map={**chosen.input_map, key: "back"})
    steps = (after, *_with(graph, chosen, around).steps)
    return replace(graph, steps=steps), "spec.steps[after]"


def own_name(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen = random.choice(graph.steps)
    return replace(graph, name=chosen.model.name), chosen.path


def optional_input(random: Random, graph: Graph) -> tuple[Graph, str]:
    chosen, key = _required_from_outside(random, graph)
    name = chosen.input_map[key]
    inputs: tuple[InputTensor, ...] = tuple(
        tensor.model_copy(update={"optional": True}) if tensor.name == name else tensor
        for tensor in graph.inputs
    )
    return replace(graph, inputs=inputs), f"{chosen.path}.inputMap[{key}]"


def _required_from_outside(random: Random, graph: Graph) -> tuple[GraphStep, str]:
    names = {tensor.name for tensor in graph.inputs}
    ports = [p for p in consumers(graph) if p.step and p.tensor in names and not p.optional]
    port = random.choice(ports)
    assert port.step is not None
    return port.step, port.key


MUTATIONS: tuple[Mutation, ...] = (
    *(misspelt_tensor, misspelt_key, missing_input, second_producer, other_type, other_shape),
    *(smaller_batch, unused_input, unmade_output, idle_step, circle, own_name, optional_input),
)
