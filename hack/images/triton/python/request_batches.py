"""Many requests in one run of a model: concatenate, run, split. Pure numpy, knows no Triton."""

from collections.abc import Callable, Sequence

import numpy as np

Tensors = dict[str, np.ndarray]
Run = Callable[[Tensors], Tensors]


Answer = Tensors | Exception


def answer_all(requests: Sequence[Tensors], run: Run, *, batched: bool) -> list[Answer]:
    """One answer or error for each request, in order, in as few runs as their shapes allow.

    `batched`: the first dimension of every tensor counts rows (max_batch_size > 0). Requests whose
    other dimensions are equal then share a run; if it fails, each of them is run alone, so that
    one bad request does not take its neighbours with it.
    """
    answers: list[Answer] = [{}] * len(requests)
    for group in _groups(requests, batched):
        members = [requests[index] for index in group]
        for index, answer in zip(group, _answer_group(members, run, batched), strict=True):
            answers[index] = answer
    return answers


def _groups(requests: Sequence[Tensors], batched: bool) -> list[list[int]]:
    if not batched:
        return [[index] for index in range(len(requests))]
    by_shape: dict[tuple[object, ...], list[int]] = {}
    for index, tensors in enumerate(requests):
        shape = tuple((name, array.shape[1:]) for name, array in sorted(tensors.items()))
        by_shape.setdefault(shape, []).append(index)
    return list(by_shape.values())


def _answer_group(members: list[Tensors], run: Run, batched: bool) -> list[Answer]:
    if len(members) > 1:
        try:
            return list(_run_together(members, run))
        except Exception:
            pass  # whose fault it was shows when each runs alone
    return [_run_alone(tensors, run, batched) for tensors in members]


def _run_together(members: list[Tensors], run: Run) -> list[Tensors]:
    rows = [_rows(tensors) for tensors in members]
    joined = {name: np.concatenate([tensors[name] for tensors in members]) for name in members[0]}
    outputs = run(joined)
    _check_rows(outputs, sum(rows))
    ends = np.cumsum(rows)[:-1]
    parts = {name: np.split(array, ends) for name, array in outputs.items()}
    return [{name: split[i] for name, split in parts.items()} for i in range(len(members))]


def _run_alone(tensors: Tensors, run: Run, batched: bool) -> Answer:
    try:
        outputs = run(tensors)
        if batched:
            _check_rows(outputs, _rows(tensors))
    except Exception as error:
        return error
    return outputs


def _rows(tensors: Tensors) -> int:
    return int(next(iter(tensors.values())).shape[0])


def _check_rows(outputs: Tensors, rows: int) -> None:
    for name, array in outputs.items():
        if array.ndim == 0 or array.shape[0] != rows:
            raise ValueError(
                f"output '{name}' has shape {list(array.shape)} for a batch of {rows}: "
                "with max_batch_size > 0 the first dimension of every output is the batch's"
            )
