"""Decisions name the artifact of their revision: in words, and as data in the status."""

import pytest

from inference_operator.api.decision_status import ArtifactStatus, DecisionStatus
from inference_operator.api.reasons import Reason
from inference_operator.api.status import InferenceModelStatus, read_status
from inference_operator.domain.artifact import Artifact
from inference_operator.domain.load_report import LoadedModel, LoadReport
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.planning.planner import plan
from inference_operator.planning.status.unit_status import report
from tests.unit.planning.decided import MINE, decided
from tests.unit.planning.seen import DEFAULTS, NOON, container, observed, pod, record

DIGEST = "ab" * 32
URI = "https://store.example/fx/7/model.onnx"


def answering(digest: str = DIGEST, **changes: object) -> Observed:
    message = LoadReport(Reason.RESOLVED, "ok", (LoadedModel("fx-drift", digest, 7),)).to_json()
    loaded = pod(MINE, ready=True, loader=container(exit_code=0, exit_message=message))
    status = InferenceModelStatus.model_validate(
        {"observedGeneration": 1, "canary": {"revision": MINE}}
    )
    return observed(
        records=(record(MINE, **changes),),
        ready={MINE: (1, 1)},
        served=MINE,
        pods=(loaded,),
        status=status,
    )


def test_a_promotion_names_the_artifact_that_its_pods_have_fetched() -> None:
    seen = answering()
    done = plan(seen, DEFAULTS, NOON)
    (promoted,) = done.decisions
    assert promoted.message == (
        f"revision {MINE} of {URI} (sha256 {DIGEST}) answers on 1 of 1 replica;"
        " clients are sent to it"
    )
    (written,) = report(seen, done, (), NOON).decisions
    assert written.artifact == ArtifactStatus(uri=URI, sha256=DIGEST)


def test_a_report_of_a_pod_is_believed_only_where_it_is_a_digest() -> None:
    (promoted,) = plan(answering("x" * 64), DEFAULTS, NOON).decisions
    assert promoted.artifact == Artifact(uri=URI)
    assert "sha256" not in promoted.message


@pytest.mark.parametrize(
    ("artifact", "summary"),
    [
        (Artifact(URI), URI),
        (Artifact("models:/x/3", "3", DIGEST, "r1"), f"models:/x/3 (run r1, sha256 {DIGEST})"),
        (Artifact("models:/x/3", "3"), "models:/x/3"),
        (Artifact("s3://user:word@bucket/a.onnx?sig=1"), "s3://bucket/a.onnx"),
        (Artifact(version="4", steps="features,price:3"), "features, price:3"),
    ],
)
def test_an_artifact_in_words_has_no_secrets(artifact: Artifact, summary: str) -> None:
    assert artifact.summary == summary


def test_a_written_artifact_has_no_secrets_and_is_short() -> None:
    artifact = Artifact(f"https://user:word@store.example/{'x' * 9000}?sig=1", steps="s" * 9000)
    decision = Decision(Reason.PROMOTED, "it answers", None, MINE, artifact)
    done = decided(RolloutState(stable=MINE), decisions=(decision,))
    status = report(observed(ready={MINE: (2, 2)}, served=MINE), done, (), NOON)
    written = status.decisions[0].artifact
    assert written is not None
    assert written.uri is not None
    assert "word" not in written.uri
    assert "sig" not in written.uri
    assert read_status({"kind": "InferenceModel", "status": status.to_body()}) == status


def test_a_decision_of_an_earlier_operator_stays_readable() -> None:
    body = {"time": "2031-05-06T12:00:00Z", "to": "aaa", "reason": "Promoted", "message": "moved"}
    status = read_status({"kind": "InferenceModel", "status": {"decisions": [body]}})
    assert status.decisions == (
        DecisionStatus(time=NOON, target="aaa", reason="Promoted", message="moved"),
    )
    again = report(observed(status=status), decided(RolloutState(stable=MINE)), (), NOON)  # type: ignore[arg-type]
    assert again.decisions == status.decisions


def test_an_edited_artifact_is_carried_without_terminal_commands() -> None:
    edited = ArtifactStatus(uri="a\x1b[31m", version="b\n", sha256="nothing", steps="c\u202e")
    decision = DecisionStatus(time=NOON, artifact=edited, reason="Promoted", message="moved")
    before = InferenceModelStatus(observed_generation=1, decisions=(decision,))
    status = report(observed(status=before), decided(RolloutState(stable=MINE)), (), NOON)
    carried = status.decisions[0].artifact
    assert carried is not None
    assert carried.sha256 is None
    texts = (carried.uri, carried.version, carried.steps)
    assert all(text is not None and text.isprintable() for text in texts)
