"""The state machine of a rollout as a table: each phase, with each input."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.domain.traffic import Traffic
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.state_machine import Phase, advance, phase_of
from inference_operator.planning.transition import Transition
from tests.unit.planning.seen import NOON

LONG_AGO = NOON - timedelta(days=1)
ARCHITECTURE = Path(__file__).parents[3] / "docs/architecture.md"
STATES = {
    "empty": RolloutState(),
    "starting": RolloutState(canary="c", since=NOON),
    "serving": RolloutState(stable="s", promoted_at=LONG_AGO),
    "rolling out": RolloutState(stable="s", canary="c", since=NOON, promoted_at=LONG_AGO),
    "scaling down": RolloutState(stable="s", previous="p", promoted_at=NOON),
    "rolling out again": RolloutState("s", "c", NOON, 0, "p", NOON),
    "rolling back": RolloutState("s", "p", NOON, 0, "p", NOON),
    "overdue": RolloutState("s", "c", LONG_AGO, 1, "p", LONG_AGO),
    "scaled down": RolloutState(stable="s", previous="p", promoted_at=LONG_AGO),
}
LOST = {
    "all but the previous lost": RolloutState(previous="p", promoted_at=NOON),
    "stable lost": RolloutState(canary="c", previous="p", promoted_at=NOON),
}
"""States of edited statuses, and of records that were deleted by hand."""

TARGETS = (None, "s", "c", "p", "n")
SERVED = (None, "s", "c", "p", "n", "unknown")
NONE_OR_ALL, SOME = (0, 2), (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Case:
    """A state with facts, and where it leads."""

    state: RolloutState
    facts: RolloutFacts
    after: Transition

    @property
    def phases(self) -> tuple[Phase, Phase]:
        return phase_of(self.state), phase_of(self.after.state)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(decision.reason for decision in self.after.decisions)


@cache
def cases() -> tuple[Case, ...]:
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    answering = itertools.product(NONE_OR_ALL, SOME, NONE_OR_ALL)
    inputs = itertools.product(
        (STATES | LOST).values(), TARGETS, SERVED, answering, (0, 2), (False, True), (False, True)
    )
    for state, target, served, (s, c, p), replicas, paused, reported in inputs:
        facts = RolloutFacts(
            target=target,
            replicas=replicas,
            answering={"s": s, "c": c, "p": p, "n": p},
            settings=RolloutSettings(paused=paused),
            now=NOON,
            traffic=Traffic.to(served),
            is_reported=reported,
        )
        yield Case(state, facts, advance(state, facts))


def test_every_phase_meets_every_input() -> None:
    assert len(cases()) == len(STATES | LOST) * 5 * 6 * 12 * 2 * 2 * 2
    assert {case.phases[0] for case in cases()} == set(Phase)


def test_it_decides_nothing_more_from_the_new_state() -> None:
    # So a decision needs no memory of the decisions before.
    for case in cases():
        reported = replace(case.facts, is_reported=True)
        again = advance(case.after.state, reported)
        assert again.decisions == (), case
        assert again.state == case.after.state, case


def test_a_revision_is_promoted_only_where_clients_are_and_only_if_it_answers() -> None:
    promotions = [case for case in cases() if Reason.PROMOTED in case.reasons]
    assert promotions
    for case in promotions:
        stable, facts = case.after.state.stable, case.facts
        assert facts.traffic.selected == stable, case
        # Clients would be sent back to fewer pods that answer.
        is_left = facts.target not in (None, stable)
        is_better = is_left and facts.ready_of(stable) > facts.ready_of(case.state.stable)
        assert facts.answers(stable) or is_better, case


def test_clients_never_leave_a_canary_for_fewer_pods_that_answer() -> None:
    left = 0
    # Without a status there is no canary beside a stable revision.
    for case in (case for case in cases() if case.facts.is_reported):
        was, shall = case.facts.traffic.selected, case.after.tracks.selected
        if was is None or was != case.state.canary or shall == was:
            continue
        left += 1
        ready = case.facts.ready_of
        assert ready(shall) >= ready(was), case
    assert left
    for case in cases():
        became = case.after.state.stable not in (None, case.state.stable)
        has_clients = case.facts.traffic.selected == case.after.state.stable
        assert not became or has_clients, case


def test_one_revision_gets_all_requests_as_soon_as_one_has_pods() -> None:
    for case in cases():
        tracks = case.after.tracks
        assert tracks.revisions == case.after.state.live, case
        serving = case.after.state.serving
        assert sum(track.weight for track in tracks.items) == (100 if serving else 0), case
        assert tracks.selected in {None, serving, case.after.state.canary}, case


def test_clients_move_to_a_canary_only_once_it_answers_everywhere() -> None:
    for case in cases():
        shall, was = case.after.tracks.selected, case.facts.traffic.selected
        if case.after.moves_clients and shall != was:
            assert shall == case.facts.target == case.after.state.canary, case
            assert case.facts.answers(shall), case
            assert not case.facts.settings.paused, case


def test_what_serves_stays_while_the_spec_names_nothing() -> None:
    for case in cases():
        if case.facts.target is None:
            assert set(case.reasons) <= {Reason.PROMOTED}, case
            assert case.state.serving in (*case.after.state.live, None), case


TABLE = {
    (Phase.EMPTY, Phase.EMPTY): set(),
    (Phase.EMPTY, Phase.STARTING): {Reason.REVISION_CREATED},
    (Phase.EMPTY, Phase.SERVING): {Reason.REVISION_CREATED, Reason.PROMOTED},
    (Phase.STARTING, Phase.STARTING): {Reason.REVISION_CREATED},
    (Phase.STARTING, Phase.SERVING): {Reason.REVISION_CREATED, Reason.PROMOTED},
    (Phase.STARTING, Phase.ROLLING_OUT): {Reason.REVISION_CREATED},
    (Phase.SERVING, Phase.SERVING): set(),
    (Phase.SERVING, Phase.ROLLING_OUT): {Reason.REVISION_CREATED},
    (Phase.SERVING, Phase.SCALING_DOWN): {Reason.REVISION_CREATED, Reason.PROMOTED},
    (Phase.ROLLING_OUT, Phase.ROLLING_OUT): {Reason.REVISION_CREATED, Reason.PROMOTED},
    (Phase.ROLLING_OUT, Phase.SERVING): {Reason.ABORTED},
    (Phase.ROLLING_OUT, Phase.SCALING_DOWN): {
        Reason.REVISION_CREATED,
        Reason.PROMOTED,
        Reason.ABORTED,
    },
    (Phase.SCALING_DOWN, Phase.SERVING): set(),
    (Phase.SCALING_DOWN, Phase.SCALING_DOWN): {Reason.REVISION_CREATED, Reason.PROMOTED},
    (Phase.SCALING_DOWN, Phase.ROLLING_OUT): {Reason.REVISION_CREATED},
}
"""The ways from phase to phase, with the decisions that may be made on each."""


def _reported() -> Iterator[Case]:
    return (c for c in cases() if c.facts.is_reported and c.state not in LOST.values())


def test_each_way_has_its_decisions() -> None:
    made: dict[tuple[Phase, Phase], set[Reason]] = {}
    for case in _reported():
        made.setdefault(case.phases, set()).update(case.reasons)

    assert made == TABLE


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_decision_is_a_change_of_the_state(state: RolloutState) -> None:
    for case in _reported():
        if case.state is state and case.reasons:
            assert case.after.state != state, case


def test_the_diagram_shows_exactly_these_ways() -> None:
    diagram = ARCHITECTURE.read_text("utf-8").partition("stateDiagram-v2")[2].partition("```")[0]
    names = {phase.value: phase for phase in Phase}
    shown = {
        (names[source], names[target])
        for source, target in re.findall(r"^ +(\w+) --> (\w+): \w", diagram, re.MULTILINE)
    }

    changes = {way for way, reasons in TABLE.items() if way[0] != way[1] or reasons}
    assert shown == changes
