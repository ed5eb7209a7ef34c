"""Models without declared inputs: those that take none, and those that no request fits."""

import json

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.probe.request import CannotAskError, NoInputsError, probe_request
from tests.unit.probe.configs import model
from tests.unit.probe.test_prober import started

NOTHING = {"input": [], "output": [], "max_batch_size": 0}


def test_a_model_that_takes_nothing_is_asked_with_nothing() -> None:
    request = probe_request(model(input=[], max_batch_size=0))
    assert json.loads(request.head)["inputs"] == []
    assert (request.zeros, request.description) == (0, "nothing")


def test_answers_of_a_cache_cannot_be_told_apart_without_inputs() -> None:
    with pytest.raises(CannotAskError, match="cached"):
        probe_request(model(input=[], max_batch_size=0, response_cache={"enable": True}))


@pytest.mark.parametrize("changes", [NOTHING, {"input": []}], ids=["no tensors", "a batch of none"])
def test_a_model_that_no_request_fits_is_reported_and_not_ready(changes: dict[str, object]) -> None:
    with pytest.raises(NoInputsError):
        probe_request(model(**changes))
    harness = started(**changes)
    harness.run(30)
    assert harness.state == (False, True)
    assert harness.triton.asked == []
    assert {report.reason for report in harness.reports} == {Reason.FIRST_REQUEST_FAILED}
    assert harness.reports[0].message == (
        "model curve version 3 has no inputs in Triton's configuration: neither the spec nor the"
        " artifact nor its backend declares them; set model.inputs and model.outputs"
    )


def test_it_is_left_to_triton_if_the_first_request_does_not_count() -> None:
    harness = started(checks=False, **NOTHING)
    harness.run(10)
    assert harness.state == (True, True)
    assert harness.reports == []
