"""Minutes of edits by many people: nothing piles up, and an operator at rest asks for nothing."""

import time
from random import Random

import pytest

from hack.services.operator_process import OperatorProcess
from tests.fakes.bodies import source
from tests.integration.operator.harness import NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(900)]

MODELS = [f"desk-{number}" for number in range(12)]
SECONDS = 240.0
WARM_SECONDS = 60.0
# Memory that an operator may gain once it is warm, in MB.
GROWTH = 15.0


def edit(scene: NamespaceHarness, chance: Random) -> None:
    """Change the version and replicas of one model, which may create it; or delete it."""
    name = chance.choice(MODELS)
    if chance.random() < 0.1:
        scene.run("delete", "imodel", name, "--ignore-not-found")
        return
    replicas, version = chance.choice([0, 1, 1, 2]), chance.randint(1, 4)
    scene.apply(name, model=source(version), replicas=replicas, rollout={"scaleDownDelay": "1s"})


def test_minutes_of_edits_leave_nothing_behind(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    chance = Random(11)
    began, warm = time.monotonic(), 0.0
    while (elapsed := time.monotonic() - began) < SECONDS:
        edit(scene, chance)
        scene.pods_answer()
        if not warm and elapsed > WARM_SECONDS:
            warm, _ = operator.memory_mb()
    assert operator.alive, operator.log[-10_000:]
    assert failures(operator) == 0, operator.log[-10_000:]
    assert 0 < operator.memory_mb()[0] < warm + GROWTH

    for name in MODELS:
        scene.apply(name, model=source(1), replicas=1, rollout={"scaleDownDelay": "1s"})
    for name in MODELS:
        scene.await_ready(name)
    eventually(lambda: scene.kinds().count("Deployment") == len(MODELS), scene.kinds)
    eventually(lambda: at_rest(operator), lambda: operator.requests)

    scene.run("delete", "imodel", "--all")
    eventually(lambda: scene.kinds() == [], scene.kinds)


def failures(operator: OperatorProcess) -> float:
    """Return how many passes failed, except for a status that another write overtook."""
    name = "inference_operator_errors_total"
    return operator.metric(name) - operator.metric(name, reason="Conflict")


def at_rest(operator: OperatorProcess) -> bool:
    """Return whether the operator sends no request in five seconds."""
    before = operator.requests
    time.sleep(5)
    return operator.requests == before
