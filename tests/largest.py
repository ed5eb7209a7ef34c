"""The largest objects that the API server takes, of each shape that once made a plan slow."""

from collections.abc import Callable, Iterator
from typing import Any

# The API server takes 1.5 MiB of an object in a request, and CEL its own share of these.
STEPS, TENSORS, NAME, DIMS = 20, 64, 253, 16

Body = dict[str, Any]


def name_of(number: int, width: int = NAME) -> str:
    """Return a name of `width` characters that differs from all others at its end alone."""
    return f"{'n' * (width - 6)}{number:06}"


def apart(number: int, width: int = NAME) -> str:
    """Return a name that differs from others in its middle, so that all of them look alike."""
    half = width // 2
    return f"{'é' * half}{number:06}{'ü' * (width - half - 6)}"


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


def unknown(naming: Naming = name_of) -> Body:
    """Every step takes tensors that nothing gives, and gives what nothing takes."""
    steps = [
        _step(
            i,
            [naming(10_000 + i * TENSORS + n) for n in range(TENSORS)],
            [naming(50_000 + i * TENSORS + n) for n in range(TENSORS)],
            naming,
        )
        for i in range(STEPS)
    ]
    tensors = [tensor(naming(100 + n)) for n in range(TENSORS)]
    return pipeline(steps, tensors, [tensor(naming(300 + n)) for n in range(TENSORS)])


def chain(naming: Naming = name_of) -> Body:
    """Nothing is wrong: each step takes all that the one before gives."""
    steps = []
    for i in range(STEPS):
        taken = [naming(i * TENSORS + n) for n in range(TENSORS)]
        given = [naming((i + 1) * TENSORS + n) for n in range(TENSORS)]
        steps.append(_step(i, taken, given, naming))
    first = [tensor(naming(n)) for n in range(TENSORS)]
    last = [tensor(naming(STEPS * TENSORS + n)) for n in range(TENSORS)]
    return pipeline(steps, first, last)


def ring(naming: Naming = name_of) -> Body:
    """Each step feeds every other one."""
    steps = []
    for i in range(STEPS):
        taken = [naming(n % STEPS * TENSORS + i) for n in range(TENSORS)]
        given = [naming(i * TENSORS + n) for n in range(TENSORS)]
        steps.append(_step(i, taken, given, naming))
    return pipeline(steps, [tensor(naming(900))], [tensor(naming(0))])


def same(naming: Naming = name_of) -> Body:
    """All steps give the same tensors."""
    given = [naming(n) for n in range(TENSORS)]
    steps = [_step(i, [naming(500 + n) for n in range(TENSORS)], given, naming) for i in range(20)]
    first = [tensor(naming(500 + n)) for n in range(TENSORS)]
    return pipeline(steps, first, [tensor(name) for name in given])


def keys(naming: Naming = name_of) -> Body:
    """Each step declares 64 tensors of its model, and maps 64 others."""
    steps = []
    for i in range(STEPS):
        declared = {
            "inputs": [tensor(naming(700_000 + n), DIMS) for n in range(8)],
            "outputs": [tensor(naming(600_000 + n), DIMS) for n in range(8)],
        }
        taken = [naming(i * TENSORS + n) for n in range(TENSORS)]
        given = [naming((i + 1) * TENSORS + n) for n in range(TENSORS)]
        steps.append(_step(i, taken, given, naming, **declared))
    first = [tensor(naming(n)) for n in range(TENSORS)]
    return pipeline(steps, first, [tensor(naming(STEPS * TENSORS + n)) for n in range(TENSORS)])


def shapes(naming: Naming = name_of) -> Body:
    """Every tensor has another type and shape at each of its ends."""
    steps = []
    for i in range(STEPS):
        declared = {
            "inputs": [
                {**tensor(f"{n}{'n' * 50}"), "dataType": "INT8", "shape": [i + 2] * DIMS}
                for n in range(TENSORS)
            ],
            "outputs": [tensor(f"{n}{'n' * 50}", DIMS) for n in range(TENSORS)],
        }
        taken = [naming(n) for n in range(TENSORS)]
        given = [naming((i + 1) * TENSORS + n) for n in range(TENSORS)]
        found = _step(i, taken, given, naming, **declared)
        found["inputMap"] = {f"{n}{'n' * 50}": name for n, name in enumerate(taken)}
        found["outputMap"] = {f"{n}{'n' * 50}": name for n, name in enumerate(given)}
        steps.append(found)
    first = [tensor(naming(n), DIMS) for n in range(TENSORS)]
    last = [tensor(naming((n + 1) * TENSORS + n)) for n in range(STEPS)]
    return pipeline(steps, first, last)


def warmup(naming: Naming = name_of) -> Body:
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
    found = {**_source(), "inputs": inputs, "outputs": inputs}
    triton = {
        "warmup": samples,
        "env": [{"name": naming(n), "value": "\x1b" * 8000} for n in range(64)],
        "extraArgs": [f"--http-po={'x' * 1000}"] * TENSORS,
        "parameters": {naming(n): "v" * 4096 for n in range(TENSORS)},
        "instanceGroups": [
            {"name": naming(n), "profiles": [naming(n * 64 + p) for p in range(64)]}
            for n in range(16)
        ],
    }
    return model(found, triton=triton)


def overrides(naming: Naming = name_of) -> Body:
    """Overrides that contradict the spec in each of many inputs."""
    inputs = [tensor(naming(n), DIMS) for n in range(TENSORS)]
    text = "".join(f'input {{ name: "x{n}" }} ' for n in range(3000))
    found = {**_source(), "inputs": inputs, "outputs": inputs}
    return model(found, triton={"configOverrides": text[:65000].rpartition("input")[0]})


def step_overrides(naming: Naming = name_of) -> Body:
    """The same in each of twenty steps."""
    steps = []
    for i in range(STEPS):
        inputs = [tensor(naming(n)) for n in range(TENSORS)]
        found = _step(i, [naming(0)], [naming(i)], naming, inputs=inputs, outputs=inputs)
        text = "".join(f'input {{ name: "x{n}" }} ' for n in range(600))
        steps.append({**found, "triton": {"configOverrides": text}})
    return pipeline(steps, [tensor(naming(0))], [tensor(naming(1))])


def unknown_fields(naming: Naming = name_of) -> Body:
    """Fields that no type has: the API server would prune them, files may hold them."""
    made = unknown(naming)
    made["spec"] |= {naming(n): naming(n) for n in range(4000)}
    return made


def bad_types(naming: Naming = name_of) -> Body:
    """Everything is of another type than the API says."""
    made = unknown(naming)
    for one in made["spec"]["steps"]:
        one["inputMap"] = {name: [1] * 10 for name in one["inputMap"]}
        one["outputMap"] = {f"{name}{'x' * 100}": "a b" for name in one["outputMap"]}
    return made


SHAPES: dict[str, Callable[[Naming], Body]] = {
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
    )
}


def largest() -> Iterator[tuple[str, Body]]:
    """Every shape with names that are short of nothing, and with names that look alike."""
    for shape, made in SHAPES.items():
        yield f"{shape}", made(name_of)
        yield f"{shape}-alike", made(apart)
