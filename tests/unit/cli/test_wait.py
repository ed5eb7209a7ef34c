"""`wait`: Ready, Stalled or a timeout, for the present generation only."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.cli import unit_watch, wait
from inference_operator.cli.cluster_access import AccessError, unit_of
from inference_operator.cli.main import main
from inference_operator.cli.wait import Outcome, Wait, verdict
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, Body, imodel
from tests.unit.cli.scripted_cluster import ScriptedCluster

SHORT = timedelta(seconds=0.2)
LONG = timedelta(seconds=20)


def body(generation: int, observed: int | None, *conditions: dict[str, Any]) -> Body:
    model = imodel()
    model["metadata"]["generation"] = generation
    if observed is not None:
        model["status"] = {"observedGeneration": observed, "conditions": list(conditions)}
    return model


def condition(kind: str, status: str, reason: str, generation: int = 2) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "observedGeneration": generation,
        "lastTransitionTime": "2031-05-06T12:00:00Z",
        "reason": reason,
        "message": f"{reason} in words",
    }


READY = body(2, 2, condition("Ready", "True", "Ready"))
STARTING = body(
    2,
    2,
    condition("Ready", "False", "Progressing"),
    condition("Reconciling", "True", "Progressing"),
)
STALLED = body(
    2,
    2,
    condition("Ready", "False", "DigestMismatch"),
    condition("Stalled", "True", "DigestMismatch"),
)
OLD = body(2, 1, condition("Ready", "True", "Ready", 1))
ABSENT = body(1, None)


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (unit_watch, wait):
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)


def waiting(cluster: ScriptedCluster, limit: timedelta = LONG) -> Outcome:
    return asyncio.run(Wait(cluster, KEY).until(limit))


@pytest.mark.parametrize(
    ("given", "outcome", "is_observed"),
    [
        (READY, Outcome.READY, True),
        (STALLED, Outcome.STALLED, True),
        (STARTING, None, True),
        (OLD, None, False),
        (ABSENT, None, False),
        (body(2, 2), None, True),
        (body(2, 2, condition("Stalled", "True", "InvalidSpec", 1)), None, True),
        (body(2, 2, condition("Ready", "True", "ScaledToZero")), Outcome.READY, True),
    ],
)
def test_only_conditions_of_the_present_generation_count(
    given: Body, outcome: Outcome | None, is_observed: bool
) -> None:
    judged = verdict(given)

    assert (judged.outcome, judged.is_observed) == (outcome, is_observed)


def test_what_is_ready_already_ends_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    cluster = ScriptedCluster([[READY]])

    assert waiting(cluster) is Outcome.READY
    assert capsys.readouterr().out == f"{KEY}: Ready: Ready in words\n"
    assert cluster.names == {KEY.name}


def test_it_watches_until_the_new_generation_is_ready() -> None:
    cluster = ScriptedCluster(
        [[OLD]], [[("MODIFIED", STARTING), ("BOOKMARK", {}), ("MODIFIED", READY)]]
    )

    assert waiting(cluster) is Outcome.READY


def test_what_is_stalled_ends_with_its_reason_and_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cluster = ScriptedCluster([[STARTING]], [[("MODIFIED", STALLED)]])

    assert waiting(cluster) is Outcome.STALLED
    assert "Stalled: DigestMismatch: DigestMismatch in words" in capsys.readouterr().out


def test_a_message_is_short_and_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    long = condition("Stalled", "True", "InvalidSpec")
    long["message"] = "a\n\x1b[31m" * 3000
    waiting(ScriptedCluster([[body(2, 2, long)]]))
    printed = capsys.readouterr().out

    assert printed.count("\n") == 1
    assert printed[:-1].isprintable()
    assert len(printed) < 2200


@pytest.mark.parametrize(
    "failure",
    [
        ApiError(410, "Expired", "too old"),
        ApiError(0, "Unreachable", "the API server did not answer"),
        ApiError(503, "", "starting"),
    ],
)
def test_a_watch_that_breaks_is_begun_again(failure: ApiError) -> None:
    assert waiting(ScriptedCluster([[OLD], failure, [READY]], [failure])) is Outcome.READY
    assert waiting(ScriptedCluster([[OLD], [READY]], [[]])) is Outcome.READY, "its normal end"


def test_a_refused_request_ends_it() -> None:
    with pytest.raises(AccessError, match="forbidden"):
        waiting(ScriptedCluster([ApiError(403, "Forbidden", "forbidden")]))


def test_a_deleted_resource_ends_it() -> None:
    with pytest.raises(AccessError, match="was deleted"):
        waiting(ScriptedCluster([[STARTING]], [[("DELETED", STARTING)]]))
    with pytest.raises(AccessError, match="does not exist"):
        waiting(ScriptedCluster([[]]))


def test_a_timeout_says_what_was_seen_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert waiting(ScriptedCluster([[STARTING]]), SHORT) is Outcome.TIMEOUT
    printed = capsys.readouterr().err

    assert printed == f"{KEY}: gave up after 0.2 s: not Ready: Progressing: Progressing in words\n"


@pytest.mark.parametrize("given", [OLD, ABSENT])
def test_an_absent_operator_is_reported_once(
    given: Body, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "UNOBSERVED_SECONDS", 0.05)
    assert waiting(ScriptedCluster([[given]]), SHORT) is Outcome.TIMEOUT
    notice, *end = capsys.readouterr().err.splitlines()

    generation = given["metadata"]["generation"]
    assert notice.startswith(f"{KEY}: generation {generation} is not observed yet after 0.05 s;")
    assert "kubectl -n inference-operator get lease inference-operator" in notice
    assert len(end) == 2


@pytest.mark.parametrize("words", [("a", "--timeout", "soon"), ("a", "--kind", "Pod"), ()])
def test_wrong_arguments_are_refused(words: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["wait", *words])
    assert end.value.code == 2


class OneModel:
    """A cluster with one model, called `fx`."""

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Body:
        if (resource.kind, namespace, name) != ("InferenceModel", "desk", "fx"):
            raise ApiError(404, "NotFound", "not found")
        return {}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fx", None),
        ("fx", "InferenceModel"),
        ("imodel/fx", None),
        ("InferenceModel/fx", None),
        ("inferencemodels.inference.aipx.io/fx", None),
    ],
)
def test_a_resource_is_named_as_for_kubectl(name: str, kind: str | None) -> None:
    arguments = Namespace(name=name, kind=kind, namespace="desk")
    key = asyncio.run(unit_of(OneModel(), arguments))  # type: ignore[arg-type]
    assert key == UnitKey("InferenceModel", "desk", "fx")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("fy", None), ("fx", "EnsemblePipeline"), ("epipe/fx", None), ("", None)],
)
def test_a_resource_that_is_not_there_is_reported(name: str, kind: str | None) -> None:
    arguments = Namespace(name=name, kind=kind, namespace="desk")
    with pytest.raises(AccessError, match=r"namespace desk has no \w+"):
        asyncio.run(unit_of(OneModel(), arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["pods/fx", "a/b/c", "\x1b[2J/fx", "/fx"])
def test_another_kind_is_refused(name: str) -> None:
    arguments = Namespace(name=name, kind=None, namespace="desk")
    with pytest.raises(AccessError, match=r"expected InferenceModel \(imodel\) or Ens") as refused:
        asyncio.run(unit_of(OneModel(), arguments))  # type: ignore[arg-type]
    assert str(refused.value).isprintable()


def test_without_a_kubeconfig_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))
    for command in ("wait", "history"):
        assert main([command, "fx", "--kind", "imodel"]) == 3
        assert "no usable kubeconfig" in capsys.readouterr().err
