"""An operator whose canaries are compared with a baseline: new pods of the stable revision."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.names import TRACK_LABEL
from tests.fakes.bodies import KEY, revision_of, source
from tests.fakes.gateways import GatewayHarness, rollout

from .judged_harness import Judged

ERRORS = {"name": "errors", "type": "ErrorRate", "max": "1%", "maxRelative": "150%"}
COMPARED: dict[str, Any] = {"metrics": [ERRORS], "comparedWith": "Baseline"}
STEPS: list[dict[str, Any]] = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]


class Compared(Judged):
    """A model of 4 replicas whose canary is compared with a baseline."""

    def __init__(self) -> None:
        self.baseline_answers = True
        super().__init__()

    def wants(self, number: int, steps: list[Any] | None = None, **changes: Any) -> None:
        analysis = {**COMPARED, **changes.pop("analysis", {})}
        super().wants(number, STEPS if steps is None else steps, analysis=analysis, **changes)

    def run_deployments(self) -> None:
        super().run_deployments()
        for deployment in self.cluster.all("Deployment"):
            if is_baseline(deployment) and not self.baseline_answers:
                status = {"replicas": deployment["spec"]["replicas"], "readyReplicas": 0}
                if deployment.get("status") != status:
                    name = deployment["metadata"]["name"]
                    self.cluster.edit("Deployment", name, {"status": status})

    @property
    def baselines(self) -> dict[str, int]:
        """Replicas of the baselines, by revision."""
        return self._sizes(is_baseline)

    @property
    def own_pods(self) -> dict[str, int]:
        """Replicas of all other Deployments, by revision."""
        return self._sizes(lambda deployment: not is_baseline(deployment))

    def _sizes(self, selects: Callable[[dict[str, Any]], bool]) -> dict[str, int]:
        chosen = filter(selects, self.cluster.all("Deployment"))
        return {revision_of(each): each["spec"]["replicas"] for each in chosen}

    @property
    def about_baseline(self) -> list[str]:
        """The decisions about baselines, the newest last."""
        return [reason for reason in self.told if reason.startswith("Baseline")]


class ComparedRoutes(Compared, GatewayHarness):
    """The same behind a gateway."""

    def wants(self, number: int, steps: list[Any] | None = None, **changes: Any) -> None:
        parts = rollout()
        canary = {**parts["canary"], "steps": steps or STEPS, "analysis": COMPARED}
        self.user_applies(
            model=source(number), rollout={**parts, "canary": canary}, **{"replicas": 4, **changes}
        )


def is_baseline(deployment: dict[str, Any]) -> bool:
    return deployment["metadata"]["labels"].get(TRACK_LABEL) == "baseline"


async def compared(
    kind: type[Compared] = Compared, verdict: Verdict | None = Verdict.PASS, **changes: Any
) -> tuple[Compared, str]:
    """Serve a revision of 4 pods, and start a second one with a baseline; return the first."""
    world = kind()
    world.wants(1, **{"replicas": 4, **changes})
    await world.settle(world.rounds)
    assert world.stable is not None
    old, world.verdict = world.stable, verdict
    world.wants(2, **{"replicas": 4, **changes})
    await world.settle(world.rounds)
    return world, old


async def wait(world: Compared, seconds: int) -> None:
    """Let time pass until the operator has nothing more to do."""
    world.now += timedelta(seconds=seconds)
    await world.settle(world.rounds)


def baseline_of(world: Compared, revision: str) -> dict[str, Any] | None:
    """Return the live Deployment of a revision's baseline."""
    return world.cluster.live("Deployment", f"{KEY.name}-{revision}-baseline")
