"""Broken situations of the table on a real node: reason, sentence, and seconds until shown.

A few situations exist at the same time, so that they do not wait for the node's CPUs; each one ends
as soon as the status shows it. Those that take long begin first.
"""

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hack.console import StepError
from hack.demo.model import namespace as restricted_namespace
from tests.broken.situation import Situation
from tests.broken.table import SITUATIONS
from tests.e2e.broken_world import Watch, confine, fill_store, prepare
from tests.e2e.harness import ClusterHarness
from tests.e2e.served import changed
from tests.run_state import RunState

pytestmark = pytest.mark.e2e
AT_ONCE = 5
# The kubelet restarts a container at once, after 10 s more, and after 20 s more.
RESTARTS_TAKE = 35.0
RESTARTED = {
    "a host that DNS does not know",
    "a Python model that raises an error",
    "an argument that Triton does not know",
    "an image without Triton",
    "a memory limit that is too small",
}
# Other tests of the shared operator change its settings.
MADE = [situation for situation in SITUATIONS if not situation.is_of_settings]
SOON, SOON_AT_LEAST = 10.0, 40
ALL_WITHIN = 60.0
# Beside other tests the node is busy: how soon it is shown does not count there.
PATIENCE = 240.0
KINDS = {"InferenceModel": "inferencemodel", "EnsemblePipeline": "ensemblepipeline"}


@dataclass(frozen=True)
class Outcome:
    """What the status showed of a situation."""

    situation: Situation
    seconds: float | None
    """From `kubectl apply` to the expected report; None if it never came."""

    reports: list[tuple[float, str, str, str]]

    @property
    def is_soon(self) -> bool:
        """Whether it was shown as soon as most shall be."""
        return self.seconds is not None and self.seconds <= SOON

    def shows(self, report: tuple[float, str, str, str]) -> bool:
        """Return whether a report is the expected one."""
        _, _, reason, message = report
        return reason == self.situation.reason and bool(self.situation.pattern.search(message))

    def __str__(self) -> str:
        took = "never" if self.seconds is None else f"{self.seconds:.1f} s"
        last = self.reports[-1] if self.reports else ()
        return f"{took:>7}  {self.situation.name}: {' | '.join(map(str, last[1:]))}"


@dataclass(frozen=True)
class World:
    """Both namespaces with their watches."""

    harness: ClusterHarness
    open: str
    confined: str
    watches: dict[tuple[str, str], Watch]

    def tried(self, situation: Situation, within: float, kept: float = 0.0) -> Outcome:
        """Apply a situation, wait until it is shown and for `kept` seconds more, and remove it."""
        namespace = self.confined if situation.is_confined else self.open
        objects = situation.objects_in(namespace)
        if objects:
            self.harness.kubectl.apply(*objects)
        body = self._manifest(situation, namespace)
        began = time.monotonic()
        try:
            self.harness.kubectl("apply", "-f", "-", stdin=json.dumps(body))
        except StepError as error:
            report = (time.monotonic(), "False", "", str(error))
            return self._outcome(situation, began, [report])
        watch = self.watches[namespace, body["kind"]]
        try:
            while time.monotonic() - began < within:
                outcome = self._outcome(situation, began, watch.reports(situation.slug, began))
                if outcome.seconds is not None:
                    break
                time.sleep(0.1)
            time.sleep(kept)
            return self._outcome(situation, began, watch.reports(situation.slug, began))
        finally:
            kind = KINDS[body["kind"]]
            self.harness.kubectl("delete", kind, situation.slug, "-n", namespace, "--wait=false")

    def _manifest(self, situation: Situation, namespace: str) -> dict[str, Any]:
        if situation.pipeline is not None:
            return {
                "apiVersion": "inference.aipx.io/v1alpha1",
                "kind": "EnsemblePipeline",
                "metadata": {"name": situation.slug, "namespace": namespace},
                "spec": situation.pipeline,
            }
        changes = situation.changes_in(namespace)
        if changes.get("spec.triton.image") == "OPERATOR_IMAGE":
            changes["spec.triton.image"] = self.harness.images.operator
        small = {"spec.resources": {"requests": {"cpu": "10m", "memory": "64Mi"}}}
        model = self.harness.model(namespace, situation.slug, **small)
        return changed(model.manifest, changes)

    def _outcome(
        self, situation: Situation, began: float, reports: list[tuple[float, str, str, str]]
    ) -> Outcome:
        outcome = Outcome(situation, None, reports)
        shown = (report[0] - began for report in reports if outcome.shows(report))
        return replace(outcome, seconds=next(shown, None))


@pytest.fixture
def world(harness: ClusterHarness, namespace: str, run_state: RunState) -> Iterator[World]:
    confined = f"e2e-{uuid.uuid4().hex[:6]}"
    restricted_namespace(harness.kubectl, confined)
    confine(harness, confined)
    fill_store(harness)
    prepare(harness, namespace)
    places = [(place, kind) for place in (namespace, confined) for kind in KINDS]
    watches = {place: Watch(harness.kubectl, KINDS[place[1]], place[0]) for place in places}
    try:
        # No other test offers a GPU meanwhile.
        with run_state.locked("GPUs"):
            yield World(harness, namespace, confined, watches)
    finally:
        for watch in watches.values():
            watch.end()
        harness.kubectl("delete", "namespace", confined, "--wait=false")


def test_broken_situations_are_explained_beside_other_tests(world: World) -> None:
    """Each third one with pods, and none that restarts: another test has those."""
    often = [each for each in MADE if each.needs_cluster and each.name not in RESTARTED]
    outcomes = tried_at_once(world, PATIENCE, often[::3])
    table = "\n".join(map(str, outcomes))
    assert [str(o) for o in outcomes if o.seconds is None] == [], table


@pytest.mark.long
@pytest.mark.alone
def test_every_broken_situation_is_explained_in_time(world: World) -> None:
    outcomes = tried_at_once(world, ALL_WITHIN, MADE)
    table = "\n".join(map(str, outcomes))
    print(table)
    assert [str(o) for o in outcomes if o.seconds is None] == [], table
    assert sum(outcome.is_soon for outcome in outcomes) >= SOON_AT_LEAST, table


def tried_at_once(world: World, within: float, made: list[Situation]) -> list[Outcome]:
    """Try situations, a few at the same time; none of them is ever Ready."""
    situations = sorted(made, key=lambda each: not each.is_slow)
    with ThreadPoolExecutor(AT_ONCE) as workers:
        outcomes = list(workers.map(lambda each: world.tried(each, within), situations))
    assert [o.situation.name for o in outcomes if any(r[1] == "True" for r in o.reports)] == []
    return outcomes


def test_the_message_stays_the_same_while_containers_restart(world: World) -> None:
    restarted = [situation for situation in SITUATIONS if situation.name in RESTARTED]
    with ThreadPoolExecutor(len(restarted)) as workers:
        futures = [workers.submit(world.tried, each, PATIENCE, RESTARTS_TAKE) for each in restarted]
        outcomes = [future.result() for future in futures]
    for outcome in outcomes:
        assert outcome.seconds is not None, outcome
        first = next(at for at, report in enumerate(outcome.reports) if outcome.shows(report))
        assert [report[1:] for report in outcome.reports[first + 1 :]] == [], outcome
