"""Parts of a status beside its conditions: models, decisions, revisions, and clients' revision."""

from inference_operator.api.conditions import ConditionType
from inference_operator.api.decision_status import DECISIONS_KEPT, DecisionStatus
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.status import InferenceModelStatus, RevisionStatus
from inference_operator.domain import rollout_state
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.load_report import LoadedModel, LoadReport
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.status.unit_status import report
from inference_operator.validation.accelerator import AcceleratorChoice
from inference_operator.validation.invalid import Invalid
from tests.unit.planning.decided import MINE, decided
from tests.unit.planning.seen import NOON, container, observed, pod


def test_the_digest_that_was_loaded_is_kept_when_its_pods_are_gone() -> None:
    message = LoadReport(Reason.RESOLVED, "ok", (LoadedModel("fx-drift", "ab" * 32, 7),)).to_json()
    loaded = pod(MINE, ready=True, loader=container(exit_code=0, exit_message=message))
    done = decided(RolloutState(stable=MINE))
    first = report(observed(ready={MINE: (2, 2)}, served=MINE, pods=(loaded,)), done, (), NOON)
    again = observed(status=first, ready={MINE: (2, 2)}, served=MINE)

    assert first.model is not None
    assert first.model.sha256 == "ab" * 32
    assert report(again, done, (), NOON).model == first.model


def test_a_unit_on_the_cpu_says_so() -> None:
    seen = observed(ready={MINE: (2, 2)}, served=MINE)
    done = decided(
        RolloutState(stable=MINE), accelerator=AcceleratorChoice(Mode.CPU, "none of 3 nodes")
    )
    status = report(seen, done, (), NOON)
    ready = status.condition(ConditionType.READY)

    assert ready is not None
    assert ready.message.endswith("answers on 2 of 2 replicas; none of 3 nodes")
    assert status.accelerator is not None
    assert (status.accelerator.mode, status.accelerator.message) == ("CPU", "none of 3 nodes")


def test_many_scalings_do_not_hide_the_last_rollouts() -> None:
    def decision(reason: str, number: int) -> DecisionStatus:
        return DecisionStatus(time=NOON, reason=reason, message=str(number))

    before = (
        *(decision("Promoted", n) for n in range(12)),
        *(decision("Scaled", n) for n in range(8)),
    )
    scaled = rollout_state.Decision(Reason.SCALED, "8", "1", "2")
    done = decided(RolloutState(stable=MINE), decisions=(scaled,) * 20)
    kept = report(observed(status=InferenceModelStatus(decisions=before)), done, (), NOON).decisions

    assert len(kept) == DECISIONS_KEPT
    assert [d.message for d in kept if d.reason == "Promoted"] == [str(n) for n in range(2, 12)]
    assert {d.kind for d in kept if d.reason == "Scaled"} == {"Scaling"}


def test_the_last_twenty_decisions_are_kept() -> None:
    before = tuple(
        DecisionStatus(time=NOON, reason=Reason.SCALED, message=str(n))
        for n in range(DECISIONS_KEPT)
    )
    done = decided(
        RolloutState(stable=MINE),
        decisions=(rollout_state.Decision(Reason.PROMOTED, "newest", "a", "b"),),
    )
    status = report(observed(status=InferenceModelStatus(decisions=before)), done, (), NOON)

    assert len(status.decisions) == DECISIONS_KEPT
    assert status.decisions[0].message == "1"
    assert status.decisions[-1].message == "newest"


def test_a_status_says_where_clients_go_only_once_there_is_a_revision() -> None:
    invalid = Invalid((Problem("spec", "nothing", "a model"),))
    done = decided(RolloutState(), with_unit=False, invalid=invalid)

    assert report(observed(), done, (), NOON).url is None
    assert report(observed(), decided(RolloutState(canary=MINE)), (), NOON).url is not None


def test_a_status_with_a_lost_record_keeps_the_revision() -> None:
    seen = observed(ready={"gone": (2, 2)}, served="gone")
    status = report(seen, decided(RolloutState(stable="gone", canary=MINE)), (), NOON)

    assert status.stable == RevisionStatus(revision="gone", replicas=2, ready=2)
