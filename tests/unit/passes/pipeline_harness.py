"""A harness with a model and a pipeline that refers to it, for changes of both."""

from typing import Any

from inference_operator.api.status import EnsemblePipelineStatus
from inference_operator.domain.names import NAME_LABEL, UnitKey
from tests.fakes.bodies import KEY, PIPELINE, epipe, source
from tests.fakes.harness import OperatorHarness

BOTH = (KEY, PIPELINE)


class PipelineHarness(OperatorHarness):
    """A fake cluster with a model, and a pipeline with one step that refers to it."""

    def user_applies_pipeline(self, **changes: Any) -> None:
        self.cluster.apply_as("kubectl", epipe(**changes), force=True)

    async def settled(self, keys: tuple[UnitKey, ...] = BOTH) -> None:
        # The pipeline's next pass observes the model's new stable revision.
        await self.settle(keys=keys)

    async def serving(self, version: int = 1) -> str:
        """Make both serve, and return the pipeline's revision."""
        self.user_applies(model=source(version))
        self.user_applies_pipeline()
        await self.settled()
        assert self.of_pipeline.stable is not None
        return self.of_pipeline.stable.revision

    @property
    def of_pipeline(self) -> EnsemblePipelineStatus:
        status = self.status_of(PIPELINE)
        assert isinstance(status, EnsemblePipelineStatus)
        return status

    def condition(self, kind: str) -> tuple[str, str, str]:
        condition = next((c for c in self.of_pipeline.conditions if c.type == kind), None)
        return (
            (condition.status.value, condition.reason, condition.message)
            if condition
            else ("", "", "")
        )

    @property
    def sets(self) -> dict[str, int]:
        """Return the replicas of the pipeline's Deployments, by revision."""
        of = [
            d
            for d in self.cluster.all("Deployment")
            if d["metadata"]["labels"][NAME_LABEL] == PIPELINE.name
        ]
        return {d["metadata"]["name"].rpartition("-")[2]: d["spec"]["replicas"] for d in of}

    def served_uri(self, revision: str) -> str:
        """Return the source of a set's models."""
        config_map = self.cluster.live("ConfigMap", f"{PIPELINE.name}-{revision}")
        assert config_map is not None
        return str(config_map["data"]["plan.json"])

    def remove_model(self) -> None:
        self.cluster.remove(KEY.kind, KEY.name)
        self.cluster.collect_garbage()
