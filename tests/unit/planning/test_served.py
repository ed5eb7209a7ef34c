"""The history of a unit: which artifact served when."""

from datetime import datetime, timedelta

from inference_operator.api.decision_status import ArtifactStatus, DecisionStatus
from inference_operator.api.status import (
    InferenceModelStatus,
    ModelStatus,
    RevisionStatus,
    RolloutStatus,
)
from inference_operator.domain.artifact import Artifact
from inference_operator.domain.resolution import Facts, Resolved
from inference_operator.planning.status.served import Served, history_of
from tests.unit.planning.seen import NOON, record

URI = "https://store.example/fx/7/model.onnx"
DIGEST = "ab" * 32


def at(hours: int) -> datetime:
    return NOON + timedelta(hours=hours)


def promoted(
    hours: int, target: str, source: str | None = None, artifact: ArtifactStatus | None = None
) -> DecisionStatus:
    return DecisionStatus(
        time=at(hours),
        source=source,
        target=target,
        artifact=artifact,
        reason="Promoted",
        message="moved",
    )


def status(
    *decisions: DecisionStatus, stable: str | None, since: int | None = None
) -> InferenceModelStatus:
    return InferenceModelStatus(
        decisions=decisions,
        stable=RevisionStatus(revision=stable) if stable else None,
        rollout=RolloutStatus(promoted_at=at(since)) if since is not None else None,
    )


def test_each_promotion_ends_the_time_of_the_one_before() -> None:
    created = DecisionStatus(time=at(1), target="b", reason="RevisionCreated", message="starts")
    artifact = ArtifactStatus(uri="models:/x/2", version="2", sha256=DIGEST)
    done = status(promoted(0, "a"), created, promoted(2, "b", "a", artifact), stable="b", since=2)
    history = history_of(done, {"a": record("a")})

    assert history.served == (
        Served("a", at(0), at(2), Artifact(URI)),
        Served("b", at(2), None, Artifact("models:/x/2", "2", DIGEST)),
    )
    assert not history.is_cut


def test_a_cut_beginning_is_reported() -> None:
    history = history_of(status(promoted(5, "b", "a"), stable="b"), {})

    assert history.served == (Served("a", None, at(5), None), Served("b", at(5), None, None))
    assert history.is_cut


def test_a_revision_that_comes_back_serves_twice() -> None:
    done = status(promoted(0, "a"), promoted(1, "b", "a"), promoted(2, "a", "b"), stable="a")

    assert [(s.revision, s.start, s.end) for s in history_of(done, {}).served] == [
        ("a", at(0), at(1)),
        ("b", at(1), at(2)),
        ("a", at(2), None),
    ]


def test_a_status_without_decisions_shows_what_serves() -> None:
    history = history_of(status(stable="a", since=3), {"a": record("a")})

    assert history.served == (Served("a", at(3), None, Artifact(URI)),)
    assert not history.is_cut


def test_the_last_decision_of_a_lost_status_ends_where_the_present_revision_begins() -> None:
    done = status(promoted(0, "a"), stable="c", since=4)

    assert [(s.revision, s.start, s.end) for s in history_of(done, {}).served] == [
        ("a", at(0), at(4)),
        ("c", at(4), None),
    ]


def test_nothing_has_served_yet() -> None:
    assert history_of(InferenceModelStatus(), {}).served == ()


def test_the_digest_of_what_serves_is_that_which_was_fetched() -> None:
    serving = status(promoted(0, "a"), stable="a").model_copy(
        update={"model": ModelStatus(sha256=DIGEST)}
    )
    (served,) = history_of(serving, {"a": record("a")}).served

    assert served.artifact == Artifact(URI, sha256=DIGEST)


def test_records_name_versions_of_a_registry_without_secrets() -> None:
    resolved = Resolved("models:/x@live", "models:/x/7", 7, "r1", "https://m/7", Facts("m.onnx"))
    registered = record("a", uri="models:/x/7", version=7, resolved=resolved)
    secret = record("b", uri="https://user:word@store.example/a.onnx?sig=1")
    done = status(promoted(0, "a"), promoted(1, "b", "a"), stable="b")
    first, second = history_of(done, {"a": registered, "b": secret}).served

    assert first.artifact == Artifact("models:/x/7", "7", run_id="r1")
    assert second.artifact is not None
    assert second.artifact.uri.startswith("https://store.example/a.onnx#")
