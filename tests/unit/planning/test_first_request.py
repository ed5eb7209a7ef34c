"""Diagnosis of pods whose sidecar holds them back."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Container, Pod
from inference_operator.domain.probe_report import MOST_MESSAGE, ProbeReport
from inference_operator.observation.observe import pod_view
from inference_operator.observation.projection import project
from inference_operator.planning.status.diagnosis import diagnose
from tests.fakes import bodies
from tests.unit.planning.seen import case, record

CASE = case(record())
TRITON = Container(started=True, running=True)
ANSWERS = Container(started=True, running=True, ready=True)
SIDECAR = Container(running=True, ready=True)
MISMATCH = ProbeReport(
    Reason.OUTPUT_MISMATCH, "model m: output y has shape [1, 3], expected [1, 4]"
)
REFUSED = ProbeReport(Reason.FIRST_REQUEST_FAILED, "model m answered with an error: a price is 0")


def pod(probe: Container | None, triton: Container = TRITON) -> Pod:
    return Pod("curve-0", "aaa", triton=triton, probe=probe)


def ended(report: ProbeReport | str, **more: Any) -> Container:
    text = report if isinstance(report, str) else report.to_json()
    state = {"running": True, "ready": True, **more}
    return Container(exit_code=3, exit_message=text, restarts=1, **state)


@pytest.mark.parametrize(
    ("report", "remedy"),
    [
        (MISMATCH, "correct spec.model.outputs or the model, or set spec.triton.firstRequest"),
        (REFUSED, "describe a request that it answers in spec.triton.warmup, or set"),
    ],
)
def test_a_report_is_the_reason(report: ProbeReport, remedy: str) -> None:
    diagnosis = diagnose(CASE, None, (pod(ended(report)),))

    assert diagnosis is not None
    assert diagnosis.reason is report.reason
    assert diagnosis.message.startswith(f"{report.message}; ")
    assert remedy in diagnosis.message


def test_the_first_sidecars_had_a_readiness_of_their_own() -> None:
    diagnosis = diagnose(CASE, None, (pod(ended(MISMATCH, ready=False), ANSWERS),))

    assert diagnosis is not None
    assert diagnosis.reason is Reason.OUTPUT_MISMATCH


@pytest.mark.parametrize("text", ["", "killed", '{"reason": "Ready", "message": "x"}', "[" * 4000])
def test_another_end_of_the_sidecar_is_a_model_that_does_not_answer(text: str) -> None:
    diagnosis = diagnose(CASE, None, (pod(ended(text)),))

    assert diagnosis is not None
    assert diagnosis.reason is Reason.MODEL_NOT_ANSWERING
    assert f"kubectl -n {CASE.namespace} logs curve-0 -c probe" in diagnosis.message


def test_a_report_from_before_the_pod_was_ready_is_old() -> None:
    later = replace(pod(ended(REFUSED)), lost_readiness=True)
    diagnosis = diagnose(CASE, None, (later,))

    assert diagnosis is not None
    assert diagnosis.reason is Reason.MODEL_NOT_ANSWERING


def test_a_model_that_stopped_answering_after_a_restart_is_named() -> None:
    restarted = Container(started=True, running=True, restarts=1)
    diagnosis = diagnose(CASE, None, (pod(SIDECAR, restarted),))

    assert diagnosis is not None
    assert diagnosis.reason is Reason.MODEL_NOT_ANSWERING


@pytest.mark.parametrize(
    ("since", "reason"),
    [("2026-12-01T10:00:05Z", "ModelNotAnswering"), ("2026-12-01T09:59:59Z", None), (None, None)],
    ids=["after Triton started", "before it", "unknown"],
)
def test_a_pod_that_was_ready_before_is_told_from_one_that_starts(
    since: str | None, reason: str | None
) -> None:
    running = {"started": True, "state": {"running": {"startedAt": "2026-12-01T10:00:00Z"}}}
    body = bodies.pod("aaa", triton=running)
    body["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "message": "containers", "lastTransitionTime": since}
    ]
    body["status"]["initContainerStatuses"] = [{"name": "probe", "state": {"running": {}}}]
    diagnosis = diagnose(CASE, None, (pod_view(project("Pod", body)),))

    assert (diagnosis.reason if diagnosis else None) == reason


@pytest.mark.parametrize(
    "quiet",
    [
        pod(None),
        pod(SIDECAR),
        pod(ended(MISMATCH), ANSWERS),
        pod(ended(MISMATCH), Container(running=True)),
    ],
    ids=["an older pod", "a start", "a model that answers now", "Triton that starts"],
)
def test_nothing_is_wrong_with(quiet: Pod) -> None:
    assert diagnose(CASE, None, (quiet,)) is None


@pytest.mark.parametrize("letter", ["a", "\x1b", "\U0001f600", '"', "\udcff"])
def test_a_report_fits_into_what_the_kubelet_keeps(letter: str) -> None:
    report = ProbeReport(Reason.OUTPUT_MISMATCH, letter * 9000)
    text = report.to_json()

    assert len(text.encode()) <= 4096
    read = ProbeReport.from_json(text)
    assert read is not None
    assert read.message.isprintable()
    assert len(read.message) <= MOST_MESSAGE
