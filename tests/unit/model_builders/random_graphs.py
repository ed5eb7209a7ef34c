"""Graphs by chance: sound ones, sound ones with one mistake, and any at all."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from inference_operator.api.model import InputTensor, Tensor
from model_builders.graph import Graph, GraphStep
from model_builders.graph.model import takers
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
    """One that nothing is wrong with."""
    pool = [f"in{number}" for number in range(random.randint(1, 3))]
    steps: list[GraphStep] = []
    for number in range(random.randint(1, 5)):
        runs = random.choice(_SOUND)
        wires = {one.name: random.choice(pool) for one in runs.input if _wired(random, one)}
        made = {one.name: f"t{number}{one.name}" for one in runs.output}
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
    """With the inputs that its steps take, and an output for all that no step takes."""
    made = {name: (one, key) for one in steps for key, name in one.output_map.items()}
    taken = {name for one in steps for name in one.input_map.values()}
    inputs = {name: shapes.get(name, "FP32 [5]") for name in sorted(taken - made.keys())}
    outputs = {}
    for name in sorted(made.keys() - taken):
        runs, key = made[name][0].model, made[name][1]
        output = next(one for one in runs.output if one.name == key)
        dims = list(output.dims)
        if declared is not None:
            dims = declared.choice([dims, dims, dims, [-1, *dims], dims[1:] or dims])
        outputs[name] = f"{api_type(output.data_type)} {dims}"
    return graph(*steps, takes=inputs, gives=outputs, batch=batch)


def wild(random: Random) -> Graph:
    """One that may be sound, or not."""
    pool = [f"in{number}" for number in range(random.randint(1, 3))]
    shapes = {
        name: f"FP32 {random.choice(_SHAPES)}{' optional' if random.random() < 0.2 else ''}"
        for name in pool
    }
    steps: list[GraphStep] = []
    for number in range(random.randint(1, 4)):
        runs = random.choice(_ANY)
        wires = {one.name: random.choice(pool) for one in runs.input if _wired(random, one)}
        if not wires:
            wires = {runs.input[0].name: random.choice(pool)}
        made = {one.name: f"t{number}{one.name}" for one in runs.output}
        steps.append(GraphStep(f"s{number}", f"spec.steps[s{number}]", runs, wires, made))
        pool += made.values()
    random.shuffle(steps)
    return _closed(steps, shapes, random.choice((0, 0, 1, 8, 8)), random)


Mutation = Callable[[Random, Graph], tuple[Graph, str]]
"""A sound graph with one mistake, and the path that a problem must have."""


def _with(found: Graph, old: GraphStep, new: GraphStep) -> Graph:
    return replace(found, steps=tuple(new if one is old else one for one in found.steps))


def _input(random: Random, found: Graph) -> tuple[GraphStep, str]:
    """A required input of a step."""
    one = random.choice(found.steps)
    return one, random.choice([tensor.name for tensor in one.model.input if not tensor.optional])


def _changed(model: ModelConfig, **fields: object) -> ModelConfig:
    copy = ModelConfig()
    copy.CopyFrom(model)
    for name, value in fields.items():
        setattr(copy, name, value)
    copy.name = f"{model.name}-changed"
    return copy


def misspelt_tensor(random: Random, found: Graph) -> tuple[Graph, str]:
    one, key = _input(random, found)
    wires = {**one.input_map, key: f"{one.input_map[key]}x"}
    return _with(found, one, replace(one, input_map=wires)), f"{one.path}.inputMap[{key}]"


def misspelt_key(random: Random, found: Graph) -> tuple[Graph, str]:
    one, key = _input(random, found)
    wires = {f"{k}x" if k == key else k: name for k, name in one.input_map.items()}
    return _with(found, one, replace(one, input_map=wires)), f"{one.path}.inputMap[{key}x]"


def missing_input(random: Random, found: Graph) -> tuple[Graph, str]:
    one, key = _input(random, found)
    wires = {k: name for k, name in one.input_map.items() if k != key}
    return _with(found, one, replace(one, input_map=wires)), f"{one.path}.inputMap"


def second_giver(random: Random, found: Graph) -> tuple[Graph, str]:
    one = random.choice(found.steps)
    name = random.choice(list(one.output_map.values()))
    again = step("again", ROW, f"X={found.inputs[0].name}", f"Y={name}")
    return replace(found, steps=(*found.steps, again)), "spec.steps[again].outputMap[Y]"


def other_type(random: Random, found: Graph) -> tuple[Graph, str]:
    """Of a tensor that comes from the pipeline, so that the step is the one to blame."""
    one, key = _fed_from_outside(random, found)
    changed = _changed(one.model)
    next(tensor for tensor in changed.input if tensor.name == key).data_type = 9  # type: ignore[assignment]
    path = f"{one.path}.inputMap[{key}]"
    return _with(found, one, replace(one, model=changed)), path


def other_shape(random: Random, found: Graph) -> tuple[Graph, str]:
    one, key = _fed_from_outside(random, found)
    changed = _changed(one.model)
    next(tensor for tensor in changed.input if tensor.name == key).dims[:] = [7]
    return _with(found, one, replace(one, model=changed)), f"{one.path}.inputMap[{key}]"


def _fed_from_outside(random: Random, found: Graph) -> tuple[GraphStep, str]:
    names = {tensor.name for tensor in found.inputs}
    ends = [end for end in takers(found) if end.step is not None and end.tensor in names]
    end = random.choice(ends)
    assert end.step is not None
    return end.step, end.key


def smaller_batch(random: Random, found: Graph) -> tuple[Graph, str]:
    one = random.choice(found.steps)
    small = replace(one, model=_changed(one.model, max_batch_size=2))
    return replace(_with(found, one, small), max_batch_size=3), one.path


def unused_input(random: Random, found: Graph) -> tuple[Graph, str]:
    return replace(found, inputs=(*found.inputs, *tensors(more="FP32 [5]"))), "spec.inputs[more]"


def unmade_output(random: Random, found: Graph) -> tuple[Graph, str]:
    more = Tensor.model_validate({"name": "more", "dataType": "FP32", "shape": [5]})
    return replace(found, outputs=(*found.outputs, more)), "spec.outputs[more]"


def idle_step(random: Random, found: Graph) -> tuple[Graph, str]:
    idle = step("idle", ROW, f"X={random.choice(found.inputs).name}", "Y=nowhere")
    return replace(found, steps=(*found.steps, idle)), "spec.steps[idle]"


def circle(random: Random, found: Graph) -> tuple[Graph, str]:
    one, key = _input(random, found)
    after = step("after", ROW, f"X={next(iter(one.output_map.values()))}", "Y=back")
    around = replace(one, input_map={**one.input_map, key: "back"})
    steps = (after, *_with(found, one, around).steps)
    return replace(found, steps=steps), "spec.steps[after]"


def own_name(random: Random, found: Graph) -> tuple[Graph, str]:
    one = random.choice(found.steps)
    return replace(found, name=one.model.name), one.path


def optional_input(random: Random, found: Graph) -> tuple[Graph, str]:
    one, key = _required_from_outside(random, found)
    name = one.input_map[key]
    inputs: tuple[InputTensor, ...] = tuple(
        tensor.model_copy(update={"optional": True}) if tensor.name == name else tensor
        for tensor in found.inputs
    )
    return replace(found, inputs=inputs), f"{one.path}.inputMap[{key}]"


def _required_from_outside(random: Random, found: Graph) -> tuple[GraphStep, str]:
    names = {tensor.name for tensor in found.inputs}
    ends = [e for e in takers(found) if e.step and e.tensor in names and not e.optional]
    end = random.choice(ends)
    assert end.step is not None
    return end.step, end.key


MUTATIONS: tuple[Mutation, ...] = (
    *(misspelt_tensor, misspelt_key, missing_input, second_giver, other_type, other_shape),
    *(smaller_batch, unused_input, unmade_output, idle_step, circle, own_name, optional_input),
)
