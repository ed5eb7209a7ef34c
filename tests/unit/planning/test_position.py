"""The live revisions of a unit, as its status or its Service shows them."""

import pytest

from inference_operator.api.rollout_status import RolloutStatus
from inference_operator.api.status import InferenceModelStatus, RevisionStatus
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.planner import plan
from inference_operator.planning.rollout.position import rollout_state_of
from inference_operator.planning.status.unit_status import report
from tests.unit.planning.decided import MINE, OLD, plan_of
from tests.unit.planning.seen import DEFAULTS, NOON, observed, record

POSITIONS = {
    "nothing yet": RolloutState(),
    "a first deploy": RolloutState(canary="b", since=NOON, progress=1),
    "serving": RolloutState(stable="a", promoted_at=NOON),
    "in mid-rollout": RolloutState(stable="a", canary="b", since=NOON),
    "paused in mid-rollout": RolloutState(stable="a", canary="b"),
    "after a promotion": RolloutState(stable="b", previous="a", promoted_at=NOON),
    "an edit during the delay": RolloutState(
        stable="b", canary="c", since=NOON, previous="a", promoted_at=NOON
    ),
}


@pytest.mark.parametrize("state", POSITIONS.values(), ids=POSITIONS)
def test_a_position_survives_the_status(state: RolloutState) -> None:
    records = tuple(record(name, n) for n, name in enumerate("abc"))
    seen = observed(records=records)
    done = plan_of(state, records=seen.children.revisions)
    status = report(seen, done, (), NOON)
    written = InferenceModelStatus.model_validate(status.to_body())

    assert rollout_state_of(observed(status=written, records=records)) == state


def test_a_lost_status_is_taken_from_the_service() -> None:
    seen = observed(records=(OLD,), ready={"0ld": (1, 2)}, served="0ld")

    assert rollout_state_of(seen) == RolloutState(stable="0ld")


def test_a_service_that_leads_nowhere_makes_nothing_stable() -> None:
    seen = observed(records=(OLD,), ready={"0ld": (0, 2)}, served="0ld")

    assert rollout_state_of(seen) == RolloutState()


def test_revisions_that_are_gone_are_forgotten() -> None:
    status = InferenceModelStatus(
        observed_generation=1,
        stable=RevisionStatus(revision="0ld"),
        canary=RevisionStatus(revision="gone"),
        rollout=RolloutStatus(previous="gone too", promoted_at=NOON),
    )

    state = rollout_state_of(observed(status=status, records=(OLD,)))
    assert (state.stable, state.canary, state.previous) == ("0ld", None, None)


def test_a_canary_of_a_first_deploy_that_answers_keeps_its_clients() -> None:
    status = InferenceModelStatus(
        observed_generation=1,
        canary=RevisionStatus(revision="0ld"),
        rollout=RolloutStatus(since=NOON, ready=1),
    )
    seen = observed(status=status, records=(OLD,), ready={"0ld": (1, 2)}, served="0ld")

    assert plan(seen, DEFAULTS, NOON).rollout.state.serving == "0ld"


def test_a_canary_that_no_client_reaches_is_given_up_for_the_next_one() -> None:
    status = InferenceModelStatus(
        observed_generation=1,
        canary=RevisionStatus(revision="0ld"),
        rollout=RolloutStatus(since=NOON, ready=1),
    )
    seen = observed(status=status, records=(OLD,), ready={"0ld": (2, 2)}, served=None)

    assert plan(seen, DEFAULTS, NOON).rollout.state.live == (MINE,)
