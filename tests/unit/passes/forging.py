"""The writes of an attacker who may only write ControllerRevisions."""

from collections.abc import Callable
from typing import Any

from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import KEY, LOADER_IMAGE
from tests.fakes.harness import OperatorHarness

Body = dict[str, Any]

NEWER = Defaults("registry.example/triton:26.09", LOADER_IMAGE)
"""Of the next version of the operator."""


def forge(world: OperatorHarness, body: Body) -> None:
    """Replace the ControllerRevision of the same name, because its data cannot be edited."""
    meta = {k: v for k, v in body["metadata"].items() if k in ("name", "namespace", "labels")}
    owners = body["metadata"]["ownerReferences"]
    name = meta["name"]
    if world.cluster.live("ControllerRevision", name) is not None:
        world.cluster.remove("ControllerRevision", name)
    made = {**body, "metadata": {**meta, "ownerReferences": owners}}
    world.cluster.apply_as("mallory", made, force=True)


def spoiled(world: OperatorHarness, revision: str | None, spoil: Callable[[Body], object]) -> None:
    """Replace the revision's record by one with edited children."""
    body = world.cluster.live("ControllerRevision", f"{KEY.name}-{revision}")
    assert body is not None
    spoil(body["data"]["children"][1])
    forge(world, body)


def elsewhere(deployment: Body) -> None:
    """Send the Deployment to kube-system, as root."""
    deployment["metadata"]["namespace"] = "kube-system"
    deployment["spec"]["template"]["spec"]["hostPID"] = True


def workloads(world: OperatorHarness) -> dict[str, tuple[str, Any]]:
    """Return uid and pod template of each Deployment: equal ones restarted no pod."""
    return {
        d["metadata"]["name"]: (d["metadata"]["uid"], d["spec"]["template"])
        for d in world.cluster.all("Deployment")
    }
