"""What the status says of pods that take long, and when it is looked at again."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Pod
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.observation.observe import pod_view
from inference_operator.planning.planner import plan
from inference_operator.planning.status.diagnosis import Stage, long_wait, next_look
from inference_operator.planning.transition import Hold
from tests.fakes import bodies
from tests.fakes.bodies import terminated, waiting
from tests.unit.planning.decided import MINE, decided, story
from tests.unit.planning.seen import DEFAULTS, NOON, case, observed, record

STARTED = "2031-05-06T11:59:40Z"
NOON_TEXT = "2031-05-06T12:00:00Z"


def running(since: str = STARTED, **fields: Any) -> dict[str, Any]:
    return {"state": {"running": {"startedAt": since}}, **fields}


def pod(since: str = STARTED, **state: Any) -> Pod:
    body = bodies.pod(MINE, **state)
    body["metadata"]["creationTimestamp"] = since
    return pod_view(body)


LOADING = {"load": running()}
LOADED = {"load": {"state": terminated(0)}}
WAITS = {
    "a download": (
        LOADING,
        Stage.LOAD,
        f"pod fx-drift-0 has been fetching https://store.example/fx/7/model.onnx since {STARTED};"
        " `kubectl -n desk-7 logs fx-drift-0 -c load` shows how much has arrived: if nothing has,"
        " check that the source answers requests from this namespace",
    ),
    "a model": (
        {**LOADED, "triton": running()},
        Stage.TRITON,
        f"Triton of pod fx-drift-0 has been loading model fx-drift since {STARTED}; `kubectl -n"
        " desk-7 logs fx-drift-0 -c triton` shows what it does",
    ),
    "a model that answered before": (
        {**LOADED, "triton": running(started=True)},
        Stage.TRITON,
        f"Triton of pod fx-drift-0 has run since {STARTED}, and model fx-drift does not answer any"
        " more; `kubectl -n desk-7 logs fx-drift-0 -c triton` shows what it does",
    ),
    "a first request": (
        {"load": None, "triton": running(started=True), "probe": running(ready=True)},
        Stage.FIRST_REQUEST,
        f"Triton of pod fx-drift-0 started at {STARTED} and calls model fx-drift ready, but the"
        " first request has no answer yet; `kubectl -n desk-7 logs fx-drift-0 -c probe` shows how"
        " long it takes",
    ),
    "a volume": (
        {"load": {"state": waiting("PodInitializing")}},
        Stage.START,
        f"pod fx-drift-0 was created at {STARTED}, and not all of its containers have started;"
        " `kubectl -n desk-7 describe pod fx-drift-0` shows whether it waits for a volume or an"
        " image",
    ),
}


@pytest.mark.parametrize(("state", "stage", "message"), WAITS.values(), ids=WAITS)
def test_after_20_seconds_the_wait_is_named(
    state: dict[str, Any], stage: Stage, message: str
) -> None:
    wait = long_wait(case(), (pod(**state),), NOON)
    assert wait is not None
    assert (wait.stage, wait.message) == (stage, message)
    assert long_wait(case(), (pod(**state),), NOON - timedelta(seconds=1)) is None


def test_the_sentence_stays_the_same_while_time_passes() -> None:
    pods = (pod(**LOADING),)
    assert long_wait(case(), pods, NOON) == long_wait(case(), pods, NOON + timedelta(hours=1))


def test_the_pod_that_waits_longest_speaks_for_all() -> None:
    later, first = pod("2031-05-06T11:59:30Z"), pod("2031-05-06T11:59:00Z")
    wait = long_wait(case(), (later, first), NOON)
    assert wait is not None
    assert "11:59:00Z" in wait.message


@pytest.mark.parametrize("time", [None, "soon", "2031-05-06T11:59:40", "0001-01-01T00:00:00+23:00"])
def test_a_time_that_cannot_be_read_is_no_wait(time: Any) -> None:
    body = bodies.pod(MINE, load={"state": {"running": {"startedAt": time}}})
    body["metadata"]["creationTimestamp"] = time
    assert long_wait(case(), (pod_view(body),), NOON) is None


@pytest.mark.parametrize(
    ("since", "seconds"),
    [(NOON_TEXT, 20), ("2031-05-06T11:59:45Z", 5), (STARTED, None), ("2031-05-06T12:30:00Z", 20)],
)
def test_the_next_look_is_when_the_wait_becomes_long(since: str, seconds: int | None) -> None:
    delay = next_look((pod(since, load=running(since)),), NOON)
    assert delay == (None if seconds is None else timedelta(seconds=seconds))


def test_a_pass_wakes_the_unit_to_say_it() -> None:
    waits = pod(NOON_TEXT, load=running(NOON_TEXT))
    seen = observed(records=(record(MINE),), ready={MINE: (0, 1)}, served=MINE, pods=(waits,))
    assert plan(seen, DEFAULTS, NOON).wake_after == timedelta(seconds=20)


def test_ready_pods_and_pods_without_a_node_are_not_waited_for() -> None:
    pods = (pod(ready=True), pod(unschedulable="0/1 nodes are available"))
    assert long_wait(case(), pods, NOON) is None
    assert next_look(pods, NOON) is None


def test_conditions_say_what_is_waited_for() -> None:
    canary = RolloutState(canary=MINE)
    seen = observed(ready={MINE: (0, 1)}, served=MINE, pods=(pod(**LOADING),))
    conditions = story(seen, decided(canary, replicas=1))
    sentence = WAITS["a download"][2]
    assert conditions["Ready"] == (
        "False",
        "Progressing",
        f"revision {MINE} answers on 0 of 1 replica; {sentence}",
    )
    assert conditions["ArtifactResolved"][2].endswith(f"is being fetched; {sentence}")
    assert conditions["ModelLoaded"][2].endswith(f"does not answer yet; {sentence}")


def test_a_deadline_is_reported_with_what_is_waited_for() -> None:
    seen = observed(ready={MINE: (0, 1)}, served=MINE, pods=(pod(**LOADED, triton=running()),))
    done = decided(
        RolloutState(canary=MINE),
        replicas=1,
        hold=Hold(Reason.PROGRESS_DEADLINE_EXCEEDED, "no progress since noon"),
    )
    reason, message = story(seen, done)["Ready"][1:]
    assert reason == "ProgressDeadlineExceeded"
    assert message == f"no progress since noon; {WAITS['a model'][2]}"
