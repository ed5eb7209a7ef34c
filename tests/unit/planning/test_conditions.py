"""Conditions: Ready is about this generation only."""

from datetime import timedelta

from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.status import InferenceModelStatus
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.observed import DeploymentView, Pod
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.status.conditions.stalled import PATIENCE
from inference_operator.planning.status.unit_status import report
from inference_operator.planning.transition import Hold
from inference_operator.validation.invalid import Invalid
from tests.unit.planning.decided import MINE, decided, story
from tests.unit.planning.seen import NOON, container, observed, pod, with_children


def test_ready_when_all_wanted_replicas_of_this_revision_answer() -> None:
    seen = observed(ready={MINE: (2, 2)}, served=MINE)
    conditions = story(seen, decided(RolloutState(stable=MINE)))

    assert conditions == {
        "SpecValid": ("True", "Valid", "the spec can be served"),
        "ArtifactResolved": (
            "True",
            "Resolved",
            "https://store.example/fx/7/model.onnx was fetched; set spec.model.source.sha256 to pin"
            " it",
        ),
        "ModelLoaded": ("True", "Loaded", "model fx-drift version 1 answers"),
        "Available": (
            "True",
            "MinimumReplicasAvailable",
            f"revision {MINE} answers its clients",
        ),
        "Ready": (
            "True",
            "Ready",
            f"model fx-drift version 1 (revision {MINE}) answers on 2 of 2 replicas",
        ),
    }


def test_an_old_pod_that_still_answers_does_not_make_it_ready() -> None:
    seen = observed(ready={"0ld": (2, 2), MINE: (1, 2)}, served="0ld")
    conditions = story(seen, decided(RolloutState(stable="0ld", canary=MINE)))

    serves = "(revision 0ld continues to serve on 2 replicas)"
    words = f"revision {MINE} answers on 1 of 2 replicas {serves}"
    assert conditions["Ready"] == ("False", "Progressing", words)
    assert conditions["Reconciling"] == ("True", "Progressing", words)
    assert conditions["Available"][2] == "revision 0ld answers its clients"
    assert "Stalled" not in conditions


def test_clients_of_a_baseline_are_clients_of_its_revision() -> None:
    seen = observed(ready={"0ld": (0, 2), MINE: (0, 2)}, served="0ld")
    seen = with_children(seen, baselines={"0ld": DeploymentView(1, 1)})
    conditions = story(seen, decided(RolloutState(stable="0ld", canary=MINE)))

    assert conditions["Available"][2] == "revision 0ld answers its clients"


def test_a_canary_that_only_lacks_its_service_says_so() -> None:
    seen = observed(ready={"0ld": (2, 2), MINE: (2, 2)}, served="0ld")
    conditions = story(seen, decided(RolloutState(stable="0ld", canary=MINE)))

    words = f"the Service does not select revision {MINE} yet"
    assert conditions["Ready"] == (
        "False",
        "Progressing",
        f"{words} (revision 0ld continues to serve on 2 replicas)",
    )


def test_not_ready_before_the_service_leads_to_it() -> None:
    seen = observed(ready={MINE: (2, 2)}, served="0ld")
    conditions = story(seen, decided(RolloutState(stable=MINE)))

    assert conditions["Ready"][:2] == ("False", "Progressing")
    assert conditions["Ready"][2] == f"the Service does not select revision {MINE} yet"


def test_scaling_up_says_how_far() -> None:
    seen = observed(ready={MINE: (2, 5)}, served=MINE)
    conditions = story(seen, decided(RolloutState(stable=MINE), replicas=5))

    assert conditions["Ready"] == (
        "False",
        "Scaling",
        f"revision {MINE} answers on 2 of 5 replicas",
    )
    assert conditions["Available"][0] == "True"


def test_zero_replicas_are_ready_and_say_so() -> None:
    seen = observed(ready={MINE: (0, 0)}, served=MINE)
    conditions = story(seen, decided(RolloutState(stable=MINE), replicas=0))

    assert conditions["Ready"] == (
        "True",
        "ScaledToZero",
        "scaled to zero because spec.replicas is 0",
    )
    assert set(conditions) == {"SpecValid", "Ready"}


def test_an_invalid_spec_says_so_and_who_serves() -> None:
    problem = Invalid(
        (Problem("spec.replicas", "-1", "0 or more"), Problem("spec.model", "nothing", "a value"))
    )
    seen = observed(ready={"0ld": (2, 2)}, served="0ld")
    conditions = story(
        seen,
        decided(
            RolloutState(stable="0ld"),
            with_unit=False,
            invalid=problem,
        ),
    )

    message = (
        "spec.replicas: found -1, expected 0 or more; spec.model: found nothing, expected a value"
    )
    serves = " (revision 0ld continues to serve on 2 replicas)"
    assert conditions["SpecValid"] == ("False", "InvalidSpec", message + serves)
    assert conditions["Ready"] == ("False", "InvalidSpec", message + serves)
    assert conditions["Stalled"] == ("True", "InvalidSpec", message + serves)
    assert conditions["Available"][0] == "True"
    assert "Reconciling" not in conditions


def test_the_deadline_stalls_with_the_trouble_behind_it() -> None:
    failing = pod(MINE, triton=container(waiting_reason="ErrImagePull", waiting_message="denied"))
    seen = observed(ready={"0ld": (2, 2), MINE: (0, 2)}, served="0ld", pods=(failing,))
    late = "revision x has made no progress since noon"
    conditions = story(
        seen,
        decided(
            RolloutState(stable="0ld", canary=MINE),
            hold=Hold(Reason.PROGRESS_DEADLINE_EXCEEDED, late),
        ),
    )

    assert conditions["Ready"][1] == "ImagePullFailed"
    assert conditions["Stalled"][1] == "ProgressDeadlineExceeded"
    assert conditions["Stalled"][2].startswith(
        f"{late}: image registry.example/triton:26.01 cannot"
    )
    assert "Reconciling" not in conditions


def test_a_refused_child_is_the_reason() -> None:
    seen = observed(ready={MINE: (2, 2)}, served=MINE)
    conditions = story(seen, decided(RolloutState(stable=MINE)), "Service/fx-drift is refused: no")

    assert conditions["Ready"] == ("False", "ChildRefused", "Service/fx-drift is refused: no")
    assert conditions["Reconciling"][1] == "ChildRefused", "another apply may allow it"

    refused = observed(
        ready={MINE: (2, 2)},
        served=MINE,
        status=InferenceModelStatus(observed_generation=1, problem_since=NOON - PATIENCE),
    )
    conditions = story(
        refused, decided(RolloutState(stable=MINE)), "Service/fx-drift is refused: no"
    )
    assert conditions["Stalled"][1] == "ChildRefused"
    assert "Reconciling" not in conditions


def test_a_pause_is_no_failure() -> None:
    seen = observed(ready={"0ld": (2, 2)}, served="0ld")
    done = decided(RolloutState(stable="0ld"), hold=Hold(Reason.PAUSED, "revision new waits"))
    conditions = story(seen, done)

    assert conditions["Ready"] == ("False", "Paused", "revision new waits")
    assert conditions["Reconciling"][1] == "Paused"
    assert "Stalled" not in conditions


def test_the_loaders_trouble_is_that_of_the_artifact() -> None:
    loaded = LoadReport(Reason.DIGEST_MISMATCH, "found 12, expected 34").to_json()
    failing = pod(MINE, loader=container(exit_code=3, exit_message=loaded))
    seen = observed(ready={MINE: (0, 2)}, served=MINE, pods=(failing,))
    conditions = story(seen, decided(RolloutState(canary=MINE)))

    assert conditions["ArtifactResolved"] == ("False", "DigestMismatch", "found 12, expected 34")
    assert conditions["ModelLoaded"][1] == "DigestMismatch"
    assert conditions["Ready"][1] == "DigestMismatch"


def test_an_artifact_is_being_fetched_until_the_loader_says_otherwise() -> None:
    seen = observed(ready={MINE: (0, 2)}, served=MINE, pods=(pod(MINE),))
    conditions = story(seen, decided(RolloutState(canary=MINE)))

    assert conditions["ArtifactResolved"] == (
        "Unknown",
        "Fetching",
        "https://store.example/fx/7/model.onnx is being fetched",
    )
    assert conditions["Available"][:2] == ("False", "NoPodsReady")


def test_a_condition_keeps_its_time_while_its_status_does() -> None:
    done = decided(RolloutState(stable=MINE))
    first = report(observed(ready={MINE: (1, 2)}, served=MINE), done, (), NOON)
    later = NOON + timedelta(hours=1)
    seen = observed(status=first, ready={MINE: (2, 2)}, served=MINE, generation=4)
    second = report(seen, done, (), later)

    times = {c.type: c.last_transition_time for c in second.conditions}
    assert times["Ready"] == later
    assert times["SpecValid"] == NOON
    assert {c.observed_generation for c in second.conditions} == {4}


def test_pods_that_are_on_their_way_out_tell_nothing() -> None:
    gone: Pod = pod(MINE, terminating=True, triton=container(exit_code=1))
    seen = observed(ready={MINE: (1, 2)}, served=MINE, pods=(gone,))

    assert story(seen, decided(RolloutState(stable=MINE)))["Ready"][1] == "Scaling"
