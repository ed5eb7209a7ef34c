"""The probe's work, step by step, with a scripted Triton and a clock of its own."""

import threading
from typing import Any

import pytest

from inference_operator.domain.probe_report import ProbeReport
from inference_operator.probe.first_request import FirstRequest
from inference_operator.probe.pod_memory import ServedMemory
from inference_operator.probe.prober import Prober
from inference_operator.probe.request import ProbeRequest
from inference_operator.probe.triton import Answer, Counters, GoneError, LateError, NoAnswerError
from tests.unit.probe.configs import config, tensor

GOOD = {"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2]}]}
WIDE = {"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 3]}]}
DEAD = {"error": "Stub process 'curve_0_0' is not healthy."}
STEPS = {"step": [{"model_name": "one", "model_version": 1}]}


class ScriptedTriton:
    """A Triton whose answers a test sets; a request that hangs waits until `release`."""

    def __init__(self, **changes: Any) -> None:
        self.config_ = config(**changes)
        self.state = "starting"
        self.answer = Answer(200, GOOD, 0.01)
        self.succeeded = self.failed = 0
        self.asked: list[ProbeRequest] = []
        self.hangs = self.cuts = False
        self.times: list[float] = []
        self.release = threading.Event()

    def is_ready(self) -> bool:
        self._check()
        return self.state == "ready"

    def config(self) -> Any:
        self._check()
        return self.config_

    def counters(self) -> Counters | None:
        self._check()
        return Counters(self.succeeded, self.failed, 0.0)

    def ask(self, request: ProbeRequest, seconds: float) -> Answer:
        self._check()
        self.asked.append(request)
        self.times.append(seconds)
        if self.cuts:
            raise NoAnswerError("the connection ended")
        if self.hangs:
            self.release.wait(5)
            raise LateError("timed out")
        if self.answer.error:
            self.failed += 1
        else:
            self.succeeded += 1
        return self.answer

    def _check(self) -> None:
        if self.state == "gone":
            raise GoneError("refused")
        if self.state == "stuck":
            raise NoAnswerError("timed out")


class Harness:
    """A prober on a clock that a test moves."""

    def __init__(
        self, triton: ScriptedTriton, *, checks: bool = True, served: float | None = None
    ) -> None:
        self.triton, self.now = triton, 100.0
        memory = ServedMemory()
        memory.seconds = served
        self.reports: list[ProbeReport] = []
        first = FirstRequest(("curve", "3"), checks, self.reports.append, lambda *_, **__: None)
        client: Any = triton
        self.prober = Prober(client, first, lambda *_, **__: None, lambda: self.now, memory)

    def run(self, seconds: float) -> None:
        """Take every step of so many seconds; requests that do not hang end at once."""
        ends_at = self.now + seconds
        while self.now < ends_at:
            pause = self.prober.step()
            for thread in threading.enumerate():
                if thread.daemon and not self.triton.hangs and thread.name.endswith("(_ask)"):
                    thread.join(5)
            self.now = min(ends_at, self.now + min(max(pause, 0.01), 0.5))
        self.prober.step()

    @property
    def state(self) -> tuple[bool, bool]:
        return self.prober.is_ready(), self.prober.is_live()


def started(*, checks: bool = True, **changes: Any) -> Harness:
    harness = Harness(ScriptedTriton(**changes), checks=checks)
    harness.triton.state = "ready"
    harness.run(1)
    return harness


def test_it_waits_for_triton_and_asks_once() -> None:
    harness = Harness(ScriptedTriton())
    harness.run(5)
    assert harness.state == (False, True)
    harness.triton.state = "ready"
    harness.run(1)
    assert harness.state == (True, True)
    assert len(harness.triton.asked) == 1


def test_an_idle_model_is_asked_every_three_seconds() -> None:
    harness = started()
    harness.run(60)
    assert 19 <= len(harness.triton.asked) <= 21
    assert 'client_requests_total{model="curve",version="3"} 0' in harness.prober.metrics()


def test_a_model_with_clients_is_not_asked() -> None:
    harness = started()
    for _ in range(60):
        harness.triton.succeeded += 10
        harness.run(1)
    assert len(harness.triton.asked) <= 2
    assert harness.state == (True, True)


def test_a_hang_is_found_and_ends_when_triton_is_restarted() -> None:
    harness = started()
    harness.triton.hangs = True
    harness.run(8.5)
    assert harness.state == (False, True)
    harness.run(15)
    assert harness.state == (False, False)
    harness.triton.release.set()
    harness.triton.hangs = False
    harness.triton.state = "gone"
    harness.run(4)
    assert harness.state == (False, True), "the kubelet restarts it"
    harness.triton.state, harness.triton.succeeded = "ready", 0
    harness.run(2)
    assert harness.state == (True, True)


def test_a_port_that_does_not_answer_is_a_hang() -> None:
    harness = started()
    harness.triton.state = "stuck"
    harness.run(9)
    assert harness.state == (False, True)


def test_a_restart_between_two_looks_is_noticed_by_the_counters() -> None:
    harness = started()
    harness.run(10)
    harness.triton.succeeded = 0
    harness.triton.state = "starting"
    harness.run(4)
    assert harness.state == (False, True)


def test_a_dead_stub_is_asked_twice_within_seconds() -> None:
    harness = started()
    harness.triton.answer = Answer(500, DEAD, 0.01)
    harness.run(6)
    assert harness.state == (False, False)


def test_a_dead_stub_at_the_first_request() -> None:
    harness = Harness(ScriptedTriton())
    harness.triton.state, harness.triton.answer = "ready", Answer(500, DEAD, 0.01)
    harness.run(4)
    assert harness.state == (False, False)
    assert harness.reports == []


def test_an_error_is_an_answer() -> None:
    harness = started()
    harness.triton.answer = Answer(500, {"error": "the feature store is away"}, 0.01)
    harness.run(60)
    assert harness.state == (True, True)


def test_a_full_queue_is_no_answer_of_the_model() -> None:
    harness = started()
    harness.triton.answer = Answer(503, {"error": "Exceeds maximum queue size"}, 0.01)
    harness.run(10)
    assert harness.state == (False, True)


def test_other_outputs_are_reported_and_later_ones_pass() -> None:
    harness = Harness(ScriptedTriton())
    harness.triton.state, harness.triton.answer = "ready", Answer(200, WIDE, 0.01)
    harness.run(1)
    assert harness.state == (False, True)
    assert [report.reason for report in harness.reports] == ["OutputMismatch"]
    harness.triton.answer = Answer(200, GOOD, 0.01)
    harness.run(15)
    assert harness.state == (True, True)


def test_a_single_error_of_a_server_that_starts_is_not_reported() -> None:
    harness = Harness(ScriptedTriton())
    harness.triton.state, harness.triton.answer = "ready", Answer(500, {"error": "busy"}, 0.01)
    harness.run(1)
    harness.triton.answer = Answer(200, GOOD, 0.01)
    harness.run(3)
    assert harness.reports == []
    assert harness.state == (True, True)


@pytest.mark.parametrize("answer", [Answer(200, WIDE, 0.01), Answer(500, {"error": "no"}, 0.01)])
def test_the_first_answer_may_be_ignored(answer: Answer) -> None:
    harness = Harness(ScriptedTriton(), checks=False)
    harness.triton.state, harness.triton.answer = "ready", answer
    harness.run(1)
    assert harness.state == (True, True)
    assert harness.reports == []


def test_an_ensemble_that_refused_zeros_is_asked_only_while_clients_fail() -> None:
    harness = Harness(ScriptedTriton(ensemble_scheduling=STEPS), checks=False)
    harness.triton.state, harness.triton.answer = "ready", Answer(500, {"error": "no"}, 0.01)
    harness.run(60)
    assert len(harness.triton.asked) == 1
    harness.triton.failed += 1
    harness.run(4)
    assert len(harness.triton.asked) == 2


def test_a_model_that_cannot_be_asked_is_left_to_triton() -> None:
    harness = started(model_transaction_policy={"decoupled": True})
    harness.run(30)
    assert harness.state == (True, True)
    assert harness.triton.asked == []
    assert "probe_asks{" in harness.prober.metrics()
    harness.triton.state = "stuck"
    harness.run(10)
    assert harness.state == (False, True)


def test_a_configuration_that_cannot_be_read_is_left_to_triton() -> None:
    harness = started(input=[tensor("x") | {"dims": "many"}])
    harness.run(10)
    assert harness.state == (True, True)
    assert harness.triton.asked == []


def test_failures_of_clients_lead_to_requests_beside_those_that_succeed() -> None:
    harness = started()
    for _ in range(5):
        harness.triton.succeeded += 10
        harness.triton.failed += 1
        harness.run(3)
    assert len(harness.triton.asked) >= 4
