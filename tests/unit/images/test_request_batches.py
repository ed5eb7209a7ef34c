"""How the requests of one execute() become runs of a model."""

from collections.abc import Sequence

import numpy as np

from hack.images.triton.python.request_batches import Tensors, answer_all


class Doubling:
    """Doubles x; refuses rows that contain 13; remembers the rows of each run."""

    def __init__(self) -> None:
        self.runs: list[int] = []

    def __call__(self, inputs: Tensors) -> Tensors:
        self.runs.append(len(inputs["x"]))
        if (inputs["x"] == 13).any():
            raise ValueError("unlucky")
        return {"y": inputs["x"] * 2}


def rows(*values: float, width: int = 1) -> Tensors:
    return {"x": np.array([[value] * width for value in values])}


def outputs(answers: Sequence[Tensors | Exception]) -> list[object]:
    """Return the values of `y`; an error of a request is raised."""
    values: list[object] = []
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
        values.append(answer["y"].tolist())
    return values


def test_one_run_serves_requests_of_one_shape() -> None:
    model = Doubling()
    answers = answer_all([rows(1), rows(2, 3), rows(4)], model, batched=True)
    assert model.runs == [4]
    assert outputs(answers) == [[[2]], [[4], [6]], [[8]]]


def test_each_shape_has_a_run_and_the_order_stays() -> None:
    model = Doubling()
    requests = [rows(1), rows(2, width=2), rows(3), rows(4, width=2)]
    answers = answer_all(requests, model, batched=True)
    assert model.runs == [2, 2]
    assert outputs(answers) == [[[2]], [[4, 4]], [[6]], [[8, 8]]]


def test_without_batches_each_request_is_a_run() -> None:
    model = Doubling()
    answer_all([rows(1), rows(2)], model, batched=False)
    assert model.runs == [1, 1]


def test_a_failed_run_is_repeated_alone_so_that_only_the_culprit_fails() -> None:
    model = Doubling()
    good, bad, last = answer_all([rows(1), rows(13), rows(2)], model, batched=True)
    assert model.runs == [3, 1, 1, 1]
    assert outputs([good, last]) == [[[2]], [[4]]]
    assert isinstance(bad, ValueError)


def test_outputs_that_lost_the_batch_are_an_error() -> None:
    answers = answer_all([rows(1, 2)], lambda inputs: {"y": inputs["x"].sum(0)}, batched=True)
    assert "output 'y' has shape [1] for a batch of 2" in str(answers[0])


def test_a_scalar_output_of_a_batched_model_is_an_error() -> None:
    answers = answer_all([rows(1)], lambda inputs: {"y": inputs["x"].sum()}, batched=True)
    assert "output 'y' has shape [] for a batch of 1" in str(answers[0])
