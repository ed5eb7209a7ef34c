"""Propagation of shapes and batches through a graph, from the pipeline's inputs to its outputs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted, short
from model_builders.graph.model import Graph, GraphStep, Port, by_step, consumers, producers
from model_builders.graph.propagation import Consumed, Produced, Shape, may_match, propagate
from model_builders.graph.wording import BATCH, describe_model, describe_shape


@dataclass(slots=True)
class Flow:
    """The tensors that were visited so far."""

    graph: Graph
    produced: dict[str, Produced | None] = field(default_factory=dict)
    """None for a tensor whose producer does not declare its shape."""
    demands: dict[str, "_Demands"] = field(default_factory=dict)
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    """Each problem with the name of its tensor."""

    @property
    def rows(self) -> int | None:
        """Return the size of a request's batch."""
        size = self.graph.max_batch_size
        return None if size == 0 else 1 if size == 1 else BATCH

    def refuse(self, port: Port, problem: Problem) -> None:
        self.problems.append((port.tensor, problem))


def follow(graph: Graph) -> list[tuple[str, Problem]]:
    """Return problems of tensors that do not fit, each with the name of its tensor."""
    flow = Flow(graph)
    ports, produced = by_step(consumers(graph)), by_step(producers(graph))
    for port in produced.get(id(None), ()):
        if port.shape is not None:
            shape = port.shape if flow.rows is None else (flow.rows, *port.shape)
            flow.produced.setdefault(port.tensor, Produced(port, shape, flow.rows))
    made = {port.tensor for some in produced.values() for port in some}
    all_consumed = (port.tensor for some in ports.values() for port in some)
    flow.produced.update((tensor, None) for tensor in all_consumed if tensor not in made)
    for step in _in_order(flow):
        shaped = [p for p in ports.get(id(step), ()) if flow.produced[p.tensor] is not None]
        consumed = _consumed(flow, shaped)
        rows = _rows(flow, step, consumed) if step.model.max_batch_size > 0 else None
        fits = bool(consumed) and len(consumed) == len(shaped)
        _produce(flow, produced.get(id(step), ()), rows, fits=fits)
    _reach_outputs(flow, ports.get(id(None), ()))
    return flow.problems


def _in_order(flow: Flow) -> Iterator[GraphStep]:
    """Yield each step after those that feed it; steps of a cycle are left out."""
    pending = list(flow.graph.steps)
    while ready := [s for s in pending if set(s.input_map.values()) <= flow.produced.keys()]:
        yield from ready
        pending = [step for step in pending if step not in ready]


def _consumed(flow: Flow, ports: Iterable[Port]) -> list[tuple[Port, Produced, Consumed]]:
    """Return the tensors that fit these ports."""
    fitting = []
    for port in ports:
        produced = flow.produced.get(port.tensor)
        if produced is None or port.shape is None:
            continue
        consumed = propagate(produced, port.shape, batches=port.batches(flow.graph))
        if consumed is None:
            flow.refuse(port, _unfit(flow, produced, port, port.shape))
        elif _agreed(flow, port, consumed):
            fitting.append((port, produced, consumed))
    return fitting


def _unfit(flow: Flow, produced: Produced, port: Port, dims: Shape) -> Problem:
    batches = port.batches(flow.graph)
    expected = describe_shape((BATCH, *dims) if batches else dims)
    return Problem(
        port.path,
        f"tensor {quoted(port.tensor)} of {describe_shape(produced.shape)} from"
        f" {short(produced.port.path)}",
        f"{expected}, which {describe_model(port)} {_verb(port)}",
        _remedy(flow, produced, port, dims),
    )


def _verb(port: Port) -> str:
    return "declares" if port.step is None else "takes"


def _remedy(flow: Flow, produced: Produced, port: Port, dims: Shape) -> str:
    one_row = not port.batches(flow.graph) and bool(produced.shape) and bool(dims)
    fits_one = one_row and (may_match(dims, produced.shape[1:]) or may_match(dims, produced.shape))
    if fits_one and port.step is not None:
        return f"give {describe_model(port)} a maxBatchSize, or a first dimension of -1"
    if fits_one:
        return "declare a first dimension of -1"
    return "declare the same dimensions, or reshape in a step between"


def _agreed(flow: Flow, port: Port, consumed: Consumed) -> bool:
    """Return whether the shape that this port demands agrees with the demands of others."""
    others = flow.demands.setdefault(port.tensor, _Demands())
    contrary = others.contrary_to(consumed.demand)
    if contrary is None:
        others.add(port, consumed.demand)
        return True
    other, demand = contrary
    value = f"tensor {quoted(port.tensor)} as {describe_shape(consumed.demand)}"
    expected = f"{describe_shape(demand)}, as {short(other.path)} takes it"
    remedy = "no tensor is both: declare the same dimensions, or reshape in a step between"
    flow.refuse(port, Problem(port.path, value, expected, remedy))
    return False


@dataclass(slots=True)
class _Demands:
    """The shapes that consumers of a tensor demand, all of which agree."""

    any: tuple[Port, Shape] | None = None
    """The first demand, with its number of dimensions."""
    fixed: dict[int, tuple[int, Port, Shape]] = field(default_factory=dict)
    """For each dimension, the first demand with a size for it, and its place among all demands."""
    count: int = 0

    def contrary_to(self, demand: Shape) -> tuple[Port, Shape] | None:
        """Return the first demand that contradicts this one."""
        if self.any is None or len(self.any[1]) != len(demand):
            return self.any
        against = [
            self.fixed[at]
            for at, dim in enumerate(demand)
            if at in self.fixed and dim not in (-1, BATCH, self.fixed[at][2][at])
        ]
        return min(against, key=lambda entry: entry[0])[1:] if against else None

    def add(self, port: Port, demand: Shape) -> None:
        self.any = self.any or (port, demand)
        self.count += 1
        for at, dim in enumerate(demand):
            if dim not in (-1, BATCH):
                self.fixed.setdefault(at, (self.count, port, demand))


def _produce(flow: Flow, ports: Iterable[Port], rows: int | None, *, fits: bool) -> None:
    """Record a step's outputs, without a shape after bad inputs: one problem is enough."""
    for port in ports:
        made = None
        if fits and port.shape is not None:
            made = Produced(port, port.shape if rows is None else (rows, *port.shape), rows)
        flow.produced.setdefault(port.tensor, made)


def _rows(flow: Flow, step: GraphStep, consumed: list[tuple[Port, Produced, Consumed]]) -> int:
    """Return the size of the batch that a step sees, which is the same for all of its inputs."""
    settled: tuple[int, Port] | None = None
    for port, produced, one_consumed in consumed:
        rows = -1 if one_consumed.rows is None else one_consumed.rows
        if rows == -1:
            continue
        if settled is None:
            settled = (rows, port)
        elif rows != settled[0]:
            flow.refuse(port, _uneven(produced, port, rows, settled))
        if rows > step.model.max_batch_size:
            flow.refuse(port, _too_many(produced, port, rows, step))
    return -1 if settled is None else settled[0]


def _uneven(produced: Produced, port: Port, rows: int, settled: tuple[int, Port]) -> Problem:
    return Problem(
        port.path,
        f"tensor {quoted(port.tensor)} from {short(produced.port.path)}, which is {_batch(rows)}",
        f"{_batch(settled[0])}, as {short(settled[1].path)} gets",
        "Triton runs a batch of one size: give both the same first dimension",
    )


def _too_many(produced: Produced, port: Port, rows: int, step: GraphStep) -> Problem:
    size = step.model.max_batch_size
    return Problem(
        port.path,
        f"tensor {quoted(port.tensor)} from {short(produced.port.path)}, which is {_batch(rows)}",
        f"at most {size}, which is max_batch_size of model {quoted(step.model.name)}",
        "raise the model's maxBatchSize",
    )


def _batch(rows: int) -> str:
    if rows == BATCH:
        return "a row for each of the request's batch"
    return "one row" if rows == 1 else f"{rows} rows"


def _reach_outputs(flow: Flow, ports: Iterable[Port]) -> None:
    for port, produced, consumed in _consumed(flow, ports):
        rows = consumed.rows
        if flow.rows is not None and rows not in (flow.rows, -1):
            problem = Problem(
                port.path,
                f"tensor {quoted(port.tensor)} from {short(produced.port.path)}, which is"
                f" {_batch(1 if rows is None else rows)}",
                _batch(flow.rows),
                "make the steps before it answer for each row of the batch",
            )
            flow.refuse(port, problem)
