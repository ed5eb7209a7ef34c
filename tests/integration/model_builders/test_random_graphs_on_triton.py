"""Comparison of our verdict on random graphs with the real Triton's."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hack.images.local_triton import LocalTriton
from model_builders.graph import Graph, check_graph
from tests.integration.model_builders.graph_repository import ask, ensemble, lay_out
from tests.unit.model_builders.graphs import MODELS, Request
from tests.unit.model_builders.random_graphs import wild

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

GRAPHS = {f"wild-{number:03}-graph": wild(Random(number)) for number in range(300)}
COUNTS = (1, 2, 3, 4)


def test_what_passes_is_answered_and_what_is_refused_is_not(tmp_path: Path) -> None:
    lay_out(tmp_path, MODELS)
    lay_out(tmp_path, (ensemble(graph, name) for name, graph in GRAPHS.items()))
    left = list(GRAPHS)
    seen: Counter[str] = Counter()
    while left:
        with LocalTriton(tmp_path, tolerate_failures=True, timeout_s=300) as server:
            ready = {name for name, (state, _) in server.index().items() if state == "READY"}
            alive = True
            while left and alive:
                name = left.pop()
                graph = GRAPHS[name]
                answers = [(r, ask(server.http, name, graph, r)) for r in requests(graph)]
                seen[judge(name, name in ready, answers)] += 1
                # Triton 2.51 may crash if a step fails while another runs.
                alive = not any(str(answer).startswith("no answer") for _, answer in answers)
    assert set(seen) == {"answered", "not loaded", "answered wrongly"}, seen
    assert min(seen.values()) > 20, seen


def judge(name: str, ready: bool, answers: list[tuple[Request, dict[str, Any] | str]]) -> str:
    graph = GRAPHS[name]
    problems = [str(problem) for problem in check_graph(graph)]
    wrong = [(rows, answer) for rows, answer in answers if not fits(graph, rows, answer)]
    if not problems:
        assert ready, (name, graph)
        # Where a dimension varies, some requests fit and others don't.
        assert not wrong or (varies(graph) and len(wrong) < len(answers)), (name, graph, wrong[0])
        return "answered"
    # A dimension that is declared as -1, and happens to be 1, is refused all the same.
    assert wrong or not ready or "[-1" in problems[0], (name, graph, problems)
    return "answered wrongly" if ready else "not loaded"


def requests(graph: Graph) -> Iterator[Request]:
    optional = [tensor.name for tensor in graph.inputs if tensor.optional]
    left_out: Iterable[tuple[str, ...]] = {(), *((name,) for name in optional), tuple(optional)}
    for without in left_out:
        for rows in COUNTS if graph.max_batch_size != 1 else COUNTS[:1]:
            yield Request(rows, without=without)


def fits(graph: Graph, request: Request, answer: dict[str, Any] | str) -> bool:
    """Return whether a client gets the declared outputs."""
    if isinstance(answer, str) or answer.keys() != {tensor.name for tensor in graph.outputs}:
        return False
    return all(
        _is(answer[tensor.name][0], (request.rows, *tensor.shape))
        if graph.max_batch_size
        else _is(answer[tensor.name][0], tensor.shape)
        for tensor in graph.outputs
    )


def _is(shape: tuple[int, ...], declared: tuple[int, ...]) -> bool:
    return len(shape) == len(declared) and all(
        expected in (-1, dim) for dim, expected in zip(shape, declared, strict=True)
    )


def varies(graph: Graph) -> bool:
    """Return whether only a request decides a dimension besides the size of its batch."""
    models = [step.model for step in graph.steps]
    tensors = [tensor for model in models for tensor in (*model.input, *model.output)]
    return any(-1 in tensor.shape for tensor in graph.inputs) or any(-1 in t.dims for t in tensors)
