"""The rollout's state machine, sentence by sentence."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.domain.traffic import Traffic
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.state_machine import advance
from inference_operator.planning.transition import Transition
from tests.unit.planning.seen import NOON

SETTINGS = RolloutSettings(
    scale_down_delay=timedelta(seconds=30), progress_deadline=timedelta(minutes=10)
)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def step(
    state: RolloutState,
    target: str,
    ready: int = 0,
    *,
    replicas: int = 2,
    now: datetime = NOON,
    served: str | None = "",
    others: int = 2,
    **settings: object,
) -> Transition:
    """Advance once; by default the Service selects the serving revision, and all others answer."""
    rules = replace(SETTINGS, **settings)  # type: ignore[arg-type]
    led_to = state.serving or target if served == "" else served
    answering = dict.fromkeys(state.live, others) | {target: ready}
    facts = RolloutFacts(target, replicas, answering, rules, now, Traffic.to(led_to))
    return advance(state, facts)


def reports(done: Transition) -> list[str]:
    return [f"{decision.reason}: {decision.message}" for decision in done.decisions]


SERVING = RolloutState(stable="old")
BEGUN = RolloutState(stable="old", canary="new", since=NOON)
PROMOTED = RolloutState(stable="new", previous="old", promoted_at=NOON)

STORY = {
    "a first deploy begins, with clients sent to it": (
        step(RolloutState(), "new"),
        RolloutState(canary="new", since=NOON),
        ["RevisionCreated: revision new starts with 2 replicas"],
    ),
    "a first deploy that answers on some replicas goes on": (
        step(RolloutState(canary="new", since=NOON), "new", 1, now=after(5)),
        RolloutState(canary="new", since=after(5), progress=1),
        [],
    ),
    "a first deploy that answers on all replicas is promoted": (
        step(RolloutState(canary="new", since=NOON), "new", 2, now=after(9)),
        RolloutState(stable="new", promoted_at=after(9)),
        ["Promoted: revision new answers on 2 of 2 replicas; clients are sent to it"],
    ),
    "a first deploy that no Service leads to waits for one": (
        step(RolloutState(canary="new", since=NOON), "new", 2, now=after(9), served=None),
        RolloutState(canary="new", since=NOON, progress=2),
        [],
    ),
    "clients stay while there is no Service that could be moved": (
        step(BEGUN, "new", 2, now=after(60), served=None),
        replace(BEGUN, progress=2),
        [],
    ),
    "clients who were moved, without a word of it, are moved": (
        step(BEGUN, "new", 2, now=after(60), served="new"),
        RolloutState(stable="new", previous="old", promoted_at=after(60)),
        [
            "Promoted: revision new answers on 2 of 2 replicas; clients moved to it from"
            " revision old"
        ],
    ),
    "nothing changes while the stable revision is what is wanted": (
        step(SERVING, "old", 0),
        SERVING,
        [],
    ),
    "an edit brings the new revision up beside the old one": (
        step(SERVING, "new"),
        BEGUN,
        ["RevisionCreated: revision new starts with 2 replicas beside revision old"],
    ),
    "an edit in mid-rollout starts over with the newest": (
        step(replace(BEGUN, progress=1), "newer", now=after(40)),
        RolloutState(stable="old", canary="newer", since=after(40)),
        ["RevisionCreated: revision newer starts with 2 replicas beside revision old"],
    ),
    "going back to the stable revision aborts at once": (
        step(replace(BEGUN, progress=1), "old", 2, now=after(40)),
        SERVING,
        [
            "Aborted: the spec went back to revision old, which answers on 2 pods;"
            " revision new is cancelled"
        ],
    ),
    "a revision that answers on all replicas is not promoted before clients have moved": (
        step(replace(BEGUN, progress=1), "new", 2, now=after(60)),
        replace(BEGUN, progress=2),
        [],
    ),
    "clients stay while one replica is missing": (
        step(BEGUN, "new", 1, now=after(60)),
        replace(BEGUN, since=after(60), progress=1),
        [],
    ),
    "the previous revision keeps its pods within the delay": (
        step(PROMOTED, "new", 2, now=after(29)),
        PROMOTED,
        [],
    ),
    "the previous revision goes when the delay is over": (
        step(PROMOTED, "new", 2, now=after(30)),
        replace(PROMOTED, previous=None),
        [],
    ),
    "going back to the previous revision within the delay": (
        step(PROMOTED, "old", 2, now=after(10)),
        replace(PROMOTED, canary="old", since=after(10), progress=2),
        ["RevisionCreated: revision old starts with 2 replicas beside revision new"],
    ),
    "clients who have moved are moved, though the spec has changed meanwhile": (
        step(BEGUN, "newest", 0, now=after(9), served="new"),
        RolloutState(
            stable="new", canary="newest", since=after(9), previous="old", promoted_at=after(9)
        ),
        [
            "Promoted: revision new answers on 2 of 2 replicas; clients moved to it from"
            " revision old",
            "RevisionCreated: revision newest starts with 2 replicas beside revision new",
        ],
    ),
    "a Service that a person moved back to the previous revision is no promotion": (
        step(PROMOTED, "new", 2, now=after(10), served="old"),
        PROMOTED,
        [],
    ),
    "an edit during the delay keeps three revisions alive": (
        step(PROMOTED, "newest", 0, now=after(10)),
        replace(PROMOTED, canary="newest", since=after(10)),
        ["RevisionCreated: revision newest starts with 2 replicas beside revision new"],
    ),
    "with zero replicas nothing is promoted, since nothing answers": (
        step(SERVING, "new", 0, replicas=0),
        replace(BEGUN, since=None),
        ["RevisionCreated: revision new starts with 0 replicas beside revision old"],
    ),
    "with zero replicas a first deploy is not promoted": (
        step(RolloutState(canary="new", since=NOON), "new", 0, replicas=0),
        RolloutState(canary="new"),
        [],
    ),
    "with zero replicas no deadline passes": (
        step(replace(BEGUN, since=None), "new", 0, now=after(9000)),
        replace(BEGUN, since=after(9000)),
        [],
    ),
    "without a delay the previous revision goes with the next look": (
        step(PROMOTED, "new", 2, scale_down_delay=timedelta(0)),
        replace(PROMOTED, previous=None),
        [],
    ),
    "a paused rollout makes no canary": (
        step(SERVING, "new", paused=True),
        SERVING,
        [],
    ),
    "a pause in mid-rollout keeps the canary and stops its clock": (
        step(BEGUN, "new", 2, paused=True, now=after(5)),
        replace(BEGUN, since=None),
        [],
    ),
    "after a pause the deadline starts anew": (
        step(replace(BEGUN, since=None), "new", now=after(5000)),
        replace(BEGUN, since=after(5000)),
        [],
    ),
    "a first deploy is not held by a pause": (
        step(RolloutState(), "new", paused=True),
        RolloutState(canary="new", since=NOON),
        ["RevisionCreated: revision new starts with 2 replicas"],
    ),
    "a pause still lets the spec go back": (
        step(BEGUN, "old", paused=True),
        SERVING,
        [
            "Aborted: the spec went back to revision old, which answers on 0 pods;"
            " revision new is cancelled"
        ],
    ),
}


@pytest.mark.parametrize(("done", "state", "words"), STORY.values(), ids=STORY)
def test_the_rollout_goes(done: Transition, state: RolloutState, words: list[str]) -> None:
    assert done.state == state
    assert reports(done) == words


@pytest.mark.parametrize(
    ("done", "revision"),
    [
        (step(RolloutState(), "new"), "new"),
        (step(BEGUN, "new", 1), "old"),
        (step(BEGUN, "new", 2), "new"),
        (step(BEGUN, "new", 2, served=None), "old"),
        (step(BEGUN, "new", 2, served="new"), "new"),
        (step(BEGUN, "new", 1, served="new"), "old"),
        (step(BEGUN, "new", 1, served="new", others=1), "new"),
        (step(BEGUN, "new", 0, served="new", others=0), "new"),
        (step(BEGUN, "newest", 0, served="new"), "new"),
        (step(BEGUN, "newest", 0, served="new", others=1), "old"),
        (step(BEGUN, "old", 2, served="new"), "old"),
        (step(BEGUN, "new", 2, paused=True), "old"),
        (step(PROMOTED, "new", 2, served="old"), "new"),
        (step(SERVING, "new", replicas=0), "old"),
    ],
)
def test_the_service_shall_select(done: Transition, revision: str) -> None:
    assert done.tracks.selected == revision


def test_a_pause_says_who_waits_and_who_serves() -> None:
    done = step(SERVING, "new", paused=True)

    assert done.hold is not None
    assert done.hold.reason is Reason.PAUSED
    assert done.hold.message == (
        "revision new waits because spec.rollout.paused is true; revision old continues to serve"
    )


def test_past_the_deadline_it_says_what_is_missing_and_who_serves() -> None:
    done = step(replace(BEGUN, progress=1), "new", 1, now=after(600))

    assert done.state == replace(BEGUN, progress=1)
    assert done.hold is not None
    assert done.hold.message == (
        "revision new has made no progress since 2031-05-06T12:00:00Z (progressDeadline 600 s):"
        " its model answers on 1 of 2 replicas; revision old continues to serve"
    )
    assert done.wake_after is None


def test_a_revision_that_only_lacks_its_service_misses_no_deadline() -> None:
    assert step(BEGUN, "new", 2, now=after(9000), served=None).hold is None


def test_a_revision_past_its_deadline_is_still_promoted_when_it_recovers() -> None:
    assert step(BEGUN, "new", 2, now=after(9000)).tracks.selected == "new"
    assert step(BEGUN, "new", 2, now=after(9000), served="new").state.stable == "new"


def test_progress_past_the_deadline_starts_the_clock_anew() -> None:
    done = step(BEGUN, "new", 1, now=after(9000))

    assert (done.hold, done.state.since) == (None, after(9000))


def test_a_pod_lost_is_no_progress() -> None:
    done = step(replace(BEGUN, progress=1), "new", 0, now=after(100))

    assert done.state.since == NOON


@pytest.mark.parametrize(
    ("done", "seconds"),
    [
        (step(BEGUN, "new", now=after(100)), 500),
        (step(PROMOTED, "new", 2, now=after(10)), 20),
        (step(replace(PROMOTED, canary="newest", since=NOON), "newest", now=after(10)), 20),
        (step(SERVING, "old", 2), None),
        (step(BEGUN, "new", 2, now=after(60), served="new"), 30),
    ],
    ids=["deadline", "scale-down", "the earlier of both", "nothing to wait for", "promotion"],
)
def test_it_looks_again_when_time_decides(done: Transition, seconds: int | None) -> None:
    assert done.wake_after == (timedelta(seconds=seconds) if seconds is not None else None)


def test_the_same_situation_gives_the_same_decision() -> None:
    assert step(PROMOTED, "old", 2) == step(PROMOTED, "old", 2)
