"""Shapes and batches on their way through a graph, from the pipeline's inputs to its outputs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted, short
from model_builders.graph.model import End, Graph, GraphStep, by_step, givers, takers
from model_builders.graph.propagation import Given, Shape, Taken, hand_over, may_match
from model_builders.graph.wording import BATCH, model_words, shape_words


@dataclass(slots=True)
class Flow:
    """What is known of the tensors so far."""

    graph: Graph
    given: dict[str, Given | None] = field(default_factory=dict)
    """None: somebody gives it, but nobody knows its shape."""
    demands: dict[str, "_Demands"] = field(default_factory=dict)
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    """With the tensor that each one is about."""

    @property
    def rows(self) -> int | None:
        """Size of a request's batch."""
        size = self.graph.max_batch_size
        return None if size == 0 else 1 if size == 1 else BATCH

    def refuse(self, end: End, problem: Problem) -> None:
        self.problems.append((end.tensor, problem))


def follow(graph: Graph) -> list[tuple[str, Problem]]:
    """What does not fit on the way, with the tensor that it is about."""
    flow = Flow(graph)
    ends, given = by_step(takers(graph)), by_step(givers(graph))
    for end in given.get(id(None), ()):
        if end.shape is not None:
            shape = end.shape if flow.rows is None else (flow.rows, *end.shape)
            flow.given.setdefault(end.tensor, Given(end, shape, flow.rows))
    made = {end.tensor for some in given.values() for end in some}
    taken_at_all = (end.tensor for some in ends.values() for end in some)
    flow.given.update((tensor, None) for tensor in taken_at_all if tensor not in made)
    for step in _in_order(flow):
        known = [end for end in ends.get(id(step), ()) if flow.given[end.tensor] is not None]
        taken = _taken(flow, known)
        rows = _rows(flow, step, taken) if step.model.max_batch_size > 0 else None
        is_known = bool(taken) and len(taken) == len(known)
        _give(flow, given.get(id(step), ()), rows, known=is_known)
    _reach_outputs(flow, ends.get(id(None), ()))
    return flow.problems


def _in_order(flow: Flow) -> Iterator[GraphStep]:
    """Each step after those that feed it; without those that wait for themselves."""
    pending = list(flow.graph.steps)
    while ready := [s for s in pending if set(s.input_map.values()) <= flow.given.keys()]:
        yield from ready
        pending = [step for step in pending if step not in ready]


def _taken(flow: Flow, ends: Iterable[End]) -> list[tuple[End, Given, Taken]]:
    """The tensors that fit these ends."""
    found = []
    for end in ends:
        given = flow.given.get(end.tensor)
        if given is None or end.shape is None:
            continue
        taken = hand_over(given, end.shape, batches=end.batches(flow.graph))
        if taken is None:
            flow.refuse(end, _unfit(flow, given, end, end.shape))
        elif _agreed(flow, end, taken):
            found.append((end, given, taken))
    return found


def _unfit(flow: Flow, given: Given, end: End, dims: Shape) -> Problem:
    batches = end.batches(flow.graph)
    wanted = shape_words((BATCH, *dims) if batches else dims)
    return Problem(
        end.path,
        f"tensor {quoted(end.tensor)} of {shape_words(given.shape)} from {short(given.end.path)}",
        f"{wanted}, which {model_words(end)} {_verb(end)}",
        _remedy(flow, given, end, dims),
    )


def _verb(end: End) -> str:
    return "declares" if end.step is None else "takes"


def _remedy(flow: Flow, given: Given, end: End, dims: Shape) -> str:
    one_row = not end.batches(flow.graph) and bool(given.shape) and bool(dims)
    fits_one = one_row and (may_match(dims, given.shape[1:]) or may_match(dims, given.shape))
    if fits_one and end.step is not None:
        return f"give {model_words(end)} a maxBatchSize, or a first dimension of -1"
    if fits_one:
        return "declare a first dimension of -1"
    return "declare the same dimensions, or reshape in a step between"


def _agreed(flow: Flow, end: End, taken: Taken) -> bool:
    """Whether what this end demands of a tensor goes with what others demand of it."""
    others = flow.demands.setdefault(end.tensor, _Demands())
    contrary = others.contrary_to(taken.demand)
    if contrary is None:
        others.add(end, taken.demand)
        return True
    other, demand = contrary
    found = f"tensor {quoted(end.tensor)} as {shape_words(taken.demand)}"
    expected = f"{shape_words(demand)}, as {short(other.path)} takes it"
    remedy = "no tensor is both: declare the same dimensions, or reshape in a step between"
    flow.refuse(end, Problem(end.path, found, expected, remedy))
    return False


@dataclass(slots=True)
class _Demands:
    """What the takers of a tensor demand of it, all of which goes together."""

    any: tuple[End, Shape] | None = None
    """The first one, with its number of dimensions."""
    fixed: dict[int, tuple[int, End, Shape]] = field(default_factory=dict)
    """For each dimension, the first one that has a size for it, with its place among all."""
    count: int = 0

    def contrary_to(self, demand: Shape) -> tuple[End, Shape] | None:
        """The first demand that does not go with this one."""
        if self.any is None or len(self.any[1]) != len(demand):
            return self.any
        against = [
            self.fixed[at]
            for at, dim in enumerate(demand)
            if at in self.fixed and dim not in (-1, BATCH, self.fixed[at][2][at])
        ]
        return min(against, key=lambda one: one[0])[1:] if against else None

    def add(self, end: End, demand: Shape) -> None:
        self.any = self.any or (end, demand)
        self.count += 1
        for at, dim in enumerate(demand):
            if dim not in (-1, BATCH):
                self.fixed.setdefault(at, (self.count, end, demand))


def _give(flow: Flow, ends: Iterable[End], rows: int | None, *, known: bool) -> None:
    """What a step gives; unknown after inputs that don't fit, which would show again later."""
    for end in ends:
        made = None
        if known and end.shape is not None:
            made = Given(end, end.shape if rows is None else (rows, *end.shape), rows)
        flow.given.setdefault(end.tensor, made)


def _rows(flow: Flow, step: GraphStep, taken: list[tuple[End, Given, Taken]]) -> int:
    """Size of the batch that a step sees: one for all of its inputs."""
    settled: tuple[int, End] | None = None
    for end, given, one in taken:
        rows = -1 if one.rows is None else one.rows
        if rows == -1:
            continue
        if settled is None:
            settled = (rows, end)
        elif rows != settled[0]:
            flow.refuse(end, _uneven(given, end, rows, settled))
        if rows > step.model.max_batch_size:
            flow.refuse(end, _too_many(given, end, rows, step))
    return -1 if settled is None else settled[0]


def _uneven(given: Given, end: End, rows: int, settled: tuple[int, End]) -> Problem:
    return Problem(
        end.path,
        f"tensor {quoted(end.tensor)} from {short(given.end.path)}, which is {_row_words(rows)}",
        f"{_row_words(settled[0])}, as {short(settled[1].path)} gets",
        "Triton runs a batch of one size: give both the same first dimension",
    )


def _too_many(given: Given, end: End, rows: int, step: GraphStep) -> Problem:
    size = step.model.max_batch_size
    return Problem(
        end.path,
        f"tensor {quoted(end.tensor)} from {short(given.end.path)}, which is {_row_words(rows)}",
        f"at most {size}, which is max_batch_size of model {quoted(step.model.name)}",
        "raise the model's maxBatchSize",
    )


def _row_words(rows: int) -> str:
    if rows == BATCH:
        return "a row for each of the request's batch"
    return "one row" if rows == 1 else f"{rows} rows"


def _reach_outputs(flow: Flow, ends: Iterable[End]) -> None:
    for end, given, taken in _taken(flow, ends):
        rows = taken.rows
        if flow.rows is not None and rows not in (flow.rows, -1):
            problem = Problem(
                end.path,
                f"tensor {quoted(end.tensor)} from {short(given.end.path)}, which is"
                f" {_row_words(1 if rows is None else rows)}",
                _row_words(flow.rows),
                "make the steps before it answer for each row of the batch",
            )
            flow.refuse(end, problem)
