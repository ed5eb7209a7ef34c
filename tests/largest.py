"""The largest objects that the API server takes, of each shape that once made a plan slow."""

from collections.abc import Callable
from typing import Any

# Of the API: steps of a pipeline, tensors of a map, characters of a name, dimensions.
STEPS, TENSORS, NAME, DIMS = 20, 64, 253, 16
LARGEST = 3 << 19
"""Bytes that the API server takes in a request."""

Body = dict[str, Any]


def name_of(number: int, width: int = NAME) -> str:
    """Return a name of `width` characters that differs from all others at its end alone."""
    return f"{'n' * (width - 6)}{number:06}"


def apart(number: int, width: int = NAME) -> str:
    """Return a name that differs from others in its middle, so that all of them look alike."""
    half = width // 2
    return f"{'ab' * (half // 2)}{number:06}{'ba' * ((width - half - 6) // 2)}"


Naming = Callable[[int], str]


def _source() -> Body:
    return {"source": {"uri": "https://models.example/a.onnx"}, "format": "onnx"}


def tensor(name: str, dims: int = 1) -> Body:
    return {"name": name, "dataType": "FP32", "shape": [2**31 - 1] * dims}


def pipeline(steps: list[Body], inputs: list[Body], outputs: list[Body], **more: Any) -> Body:
    return {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "EnsemblePipeline",
        "metadata": {"name": "largest", "namespace": "default"},
        "spec": {"steps": steps, "inputs": inputs, "outputs": outputs, **more},
    }


def model(model: Body, **more: Any) -> Body:
    return {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "InferenceModel",
        "metadata": {"name": "largest", "namespace": "default"},
        "spec": {"model": model, **more},
    }


def _step(index: int, taken: list[str], given: list[str], naming: Naming, **more: Any) -> Body:
    keys = range(TENSORS)
    return {
        "name": f"s{index}",
        "model": {**_source(), **more},
        "inputMap": {naming(900_000 + key): name for key, name in zip(keys, taken, strict=False)},
        "outputMap": {naming(800_000 + key): name for key, name in zip(keys, given, strict=False)},
    }


def unknown(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Every step takes tensors that nothing gives, and gives what nothing takes."""
    made = [
        _step(
            i,
            [naming(10_000 + i * TENSORS + n) for n in range(TENSORS)],
            [naming(50_000 + i * TENSORS + n) for n in range(TENSORS)],
            naming,
        )
        for i in range(steps)
    ]
    tensors = [tensor(naming(100 + n)) for n in range(TENSORS)]
    return pipeline(made, tensors, [tensor(naming(300 + n)) for n in range(TENSORS)])


def chain(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Nothing is wrong: each step takes all that the one before gives."""
    made = []
    for i in range(steps):
        taken = [naming(i * TENSORS + n) for n in range(TENSORS)]
        given = [naming((i + 1) * TENSORS + n) for n in range(TENSORS)]
        made.append(_step(i, taken, given, naming))
    first = [tensor(naming(n)) for n in range(TENSORS)]
    last = [tensor(naming(steps * TENSORS + n)) for n in range(TENSORS)]
    return pipeline(made, first, last)


def ring(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Each step feeds every other one."""
    made = []
    for i in range(steps):
        taken = [naming(n % steps * TENSORS + i) for n in range(TENSORS)]
        given = [naming(i * TENSORS + n) for n in range(TENSORS)]
        made.append(_step(i, taken, given, naming))
    return pipeline(made, [tensor(naming(900))], [tensor(naming(0))])


def same(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """All steps give the same tensors."""
    given = [naming(n) for n in range(TENSORS)]
    made = [
        _step(i, [naming(500 + n) for n in range(TENSORS)], given, naming) for i in range(steps)
    ]
    first = [tensor(naming(500 + n)) for n in range(TENSORS)]
    return pipeline(made, first, [tensor(name) for name in given])


def keys(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Each step declares 64 tensors of its model, and maps 64 others."""
    made = []
    for i in range(steps):
        declared = {
            "inputs": [tensor(naming(700_000 + n), DIMS) for n in range(8)],
            "outputs": [tensor(naming(600_000 + n), DIMS) for n in range(8)],
        }
        taken = [naming(i * TENSORS + n) for n in range(TENSORS)]
        given = [naming((i + 1) * TENSORS + n) for n in range(TENSORS)]
        made.append(_step(i, taken, given, naming, **declared))
    first = [tensor(naming(n)) for n in range(TENSORS)]
    return pipeline(made, first, [tensor(naming(steps * TENSORS + n)) for n in range(TENSORS)])


def shapes(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Every tensor has another type and shape at each of its ends."""
    made = []
    for i in range(steps):
        declared = {
            "inputs": [
                {**tensor(f"{n}{'n' * 50}"), "dataType": "INT8", "shape": [i + 2] * DIMS}
                for n in range(TENSORS)
            ],
            "outputs": [tensor(f"{n}{'n' * 50}", DIMS) for n in range(TENSORS)],
        }
        taken = [naming(n) for n in range(TENSORS)]
        given = [naming((i + 1) * TENSORS + n) for n in range(TENSORS)]
        built = _step(i, taken, given, naming, **declared)
        built["inputMap"] = {f"{n}{'n' * 50}": name for n, name in enumerate(taken)}
        built["outputMap"] = {f"{n}{'n' * 50}": name for n, name in enumerate(given)}
        made.append(built)
    first = [tensor(naming(n), DIMS) for n in range(TENSORS)]
    last = [tensor(naming((n + 1) * TENSORS + n)) for n in range(steps)]
    return pipeline(made, first, last)


def warmup(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Sixteen samples of sixty-four inputs, none of them the model's."""
    inputs = [tensor(naming(n), DIMS) for n in range(TENSORS)]
    samples = [
        {
            "name": naming(i),
            "inputs": [
                {"name": naming(10_000 + i * 64 + n), "dataType": "FP32", "shape": [-1] * DIMS}
                for n in range(TENSORS)
            ],
        }
        for i in range(16)
    ]
    section = {**_source(), "inputs": inputs, "outputs": inputs}
    triton = {
        "warmup": samples,
        "env": [{"name": naming(n), "value": "\x7f" * 2000} for n in range(64)],
        "extraArgs": [f"--http-po={'x' * 900}"] * TENSORS,
        "parameters": {naming(n): "v" * 2000 for n in range(TENSORS)},
        "instanceGroups": [
            {"name": naming(n), "profiles": [naming(n * 64 + p) for p in range(32)]}
            for n in range(16)
        ],
    }
    return model(section, triton=triton)


def overrides(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Overrides that contradict the spec in each of many inputs."""
    inputs = [tensor(naming(n), DIMS) for n in range(TENSORS)]
    text = "".join(f'input {{ name: "x{n}" }} ' for n in range(3000))
    section = {**_source(), "inputs": inputs, "outputs": inputs}
    return model(section, triton={"configOverrides": text[:65000].rpartition("input")[0]})


def step_overrides(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """The same in each of twenty steps."""
    made = []
    for i in range(steps):
        inputs = [tensor(naming(n)) for n in range(TENSORS)]
        built = _step(i, [naming(0)], [naming(i)], naming, inputs=inputs, outputs=inputs)
        text = "".join(f'input {{ name: "x{n}" }} ' for n in range(600))
        made.append({**built, "triton": {"configOverrides": text}})
    return pipeline(made, [tensor(naming(0))], [tensor(naming(1))])


def unknown_fields(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Fields that no type has: the API server would prune them, files may hold them."""
    manifest = chain(naming, steps // 4)
    manifest["spec"] |= {naming(n): naming(n) for n in range(100 * steps)}
    return manifest


def bad_types(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Everything is of another type than the API says."""
    manifest = unknown(naming, steps)
    for each in manifest["spec"]["steps"]:
        each["inputMap"] = {name: [1] * 10 for name in each["inputMap"]}
        each["outputMap"] = {f"{name}{'x' * 100}": "a b" for name in each["outputMap"]}
    return manifest


def one_tensor(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Every output of every step is one tensor, and every input takes it."""
    same = [naming(1)] * TENSORS
    made = [_step(i, same, same, naming) for i in range(steps)]
    return pipeline(made, [tensor(naming(1))], [tensor(naming(1))])


def demands(naming: Naming = name_of, steps: int = STEPS) -> Body:
    """Every step demands another shape of the same tensors, which all go together."""
    made = []
    for i in range(steps):
        shape = [-1] * DIMS
        shape[i % DIMS] = 2
        declared = {
            "inputs": [{**tensor(f"i{n}"), "shape": shape} for n in range(TENSORS)],
            "outputs": [{**tensor(f"o{n}"), "shape": shape} for n in range(TENSORS)],
        }
        built = _step(i, [], [], naming, **declared)
        built["inputMap"] = {f"i{n}": naming(1) for n in range(TENSORS)}
        built["outputMap"] = {f"o{n}": naming(1000 + i * TENSORS + n) for n in range(TENSORS)}
        made.append(built)
    return pipeline(
        made,
        [{**tensor(naming(1)), "shape": [-1] * DIMS}],
        [{**tensor(naming(1000 + n)), "shape": [-1] * DIMS} for n in range(TENSORS)],
    )


SHAPES: dict[str, Callable[[Naming, int], Body]] = {
    made.__name__: made
    for made in (
        unknown,
        chain,
        ring,
        same,
        keys,
        shapes,
        warmup,
        overrides,
        step_overrides,
        unknown_fields,
        bad_types,
        one_tensor,
        demands,
    )
}
NAMINGS: dict[str, Naming] = {"ends": name_of, "middles": apart}
