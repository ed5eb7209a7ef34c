"""`spec.rollout.canary`: the steps by which a new revision gets its clients."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.analysis import MOST_METRICS, Analysis, MetricName
from inference_operator.api.base import ApiModel, Bool, Duration, Int
from inference_operator.api.gateway import Gateway
from inference_operator.api.rules import Rule, UniqueBy

Percent = Annotated[Int, Field(ge=1, le=100)]


class CanaryScale(ApiModel):
    """Number of the canary's pods. It holds until another step changes it."""

    rules: ClassVar = (
        Rule(
            cel="[has(self.replicas), has(self.weight), has(self.matchTrafficWeight)]"
            ".filter(x, x).size() == 1",
            holds=lambda self: (
                sum(map(self.has, ("replicas", "weight", "match_traffic_weight"))) == 1
            ),
            value="setCanaryScale with no field, or more than one",
            requirement="exactly one of replicas, weight and matchTrafficWeight",
            remedy="keep the field that says how many pods you want",
        ),
    )

    replicas: Annotated[Int, Field(ge=1, le=1000)] | None = None
    """Number of pods."""

    weight: Percent | None = None
    """Percentage of the stable revision's pods, rounded up."""

    match_traffic_weight: Bool | None = None
    """Whether the number follows the weight again, as it does without this step."""


class StepPause(ApiModel):
    """A time to wait."""

    duration: Duration | None = None
    """How long the rollout waits. Absent: it waits until somebody promotes the revision."""


class StepAnalysis(ApiModel):
    """A judgement of the canary by its metrics. The step ends when they pass."""

    metrics: Annotated[tuple[MetricName, ...], Field(max_length=MOST_METRICS), UniqueBy()] = ()
    """Names of metrics of `rollout.canary.analysis`. Empty: all of them."""

    count: Annotated[Int, Field(ge=1, le=100)] = 1
    """Judgements in a row that must pass."""


class CanaryStep(ApiModel):
    """One step of the rollout."""

    rules: ClassVar = (
        Rule(
            cel="[has(self.setWeight), has(self.pause), has(self.setCanaryScale),"
            " has(self.analysis)].filter(x, x).size() == 1",
            holds=lambda self: (
                sum(map(self.has, ("set_weight", "pause", "set_canary_scale", "analysis"))) == 1
            ),
            value="a step with no action, or more than one",
            requirement="exactly one of setWeight, pause, setCanaryScale and analysis",
            remedy="write each action as a step of its own",
        ),
    )

    set_weight: Percent | None = None
    """Percentage of the requests that the canary gets, as soon as its pods for them answer."""

    pause: StepPause | None = None
    """Wait for a time. With `{}`, wait until somebody promotes the revision."""

    set_canary_scale: CanaryScale | None = None
    """Number of the canary's pods, whatever its weight."""

    analysis: StepAnalysis | None = None
    """Judge the canary by its metrics, and go on when they pass."""


MOST_STEPS = 32
Steps = Annotated[tuple[CanaryStep, ...], Field(min_length=1, max_length=MOST_STEPS)]


def _weights(canary: "Canary") -> list[int]:
    return [step.set_weight for step in canary.steps if step.set_weight is not None]


def _judges(canary: "Canary") -> bool:
    """Return whether the analysis steps name metrics that there are."""
    analysis = canary.analysis
    names = {metric.name for metric in analysis.metrics} if analysis else set()
    asked = (name for step in canary.steps if step.analysis for name in step.analysis.metrics)
    return analysis is None or names.issuperset(asked)


class RollbackWindow(ApiModel):
    """Revisions to which a rollout goes back without steps."""

    revisions: Annotated[Int, Field(ge=1, le=100)]
    """Number of the newest revisions before the stable one."""


class DynamicStableScale(StrEnum):
    """When the stable revision gives up pods during a rollout."""

    NEVER = "Never"
    WHEN_WEIGHTED = "WhenWeighted"


class Canary(ApiModel):
    """Steps by which a new revision, the canary, gets its clients. The first revision of a
    resource has no steps."""

    rules: ClassVar = (
        Rule(
            cel="self.steps.filter(s, has(s.setWeight)).map(s, s.setWeight).isSorted()",
            holds=lambda self: _weights(self) == sorted(_weights(self)),
            value="a setWeight below that of an earlier step",
            requirement="weights that do not fall",
            remedy="order the steps by their weights; to take clients back, abort the rollout",
            field="steps",
        ),
        Rule(
            cel="has(self.analysis) || self.steps.all(s, !has(s.analysis))",
            holds=lambda self: (
                self.analysis is not None or all(step.analysis is None for step in self.steps)
            ),
            value="a step analysis without canary.analysis",
            requirement="the metrics that it judges",
            remedy="add canary.analysis with its metrics, or use a pause",
            field="steps",
        ),
        Rule(
            cel="!has(self.analysis) || self.steps.all(s, !has(s.analysis)"
            " || !has(s.analysis.metrics) || s.analysis.metrics.all(n,"
            " self.analysis.metrics.exists(m, m.name == n)))",
            holds=_judges,
            value="a step analysis with the name of no metric",
            requirement="names of canary.analysis.metrics",
            remedy="correct the name, or add the metric",
            field="steps",
        ),
        Rule(
            cel="!has(self.analysis) || !has(self.analysis.startingStep)"
            " || self.analysis.startingStep < self.steps.size()",
            holds=lambda self: (
                self.analysis is None or self.analysis.starting_step < len(self.steps)
            ),
            value="startingStep {analysis.startingStep|0}",
            requirement="the number of a step; the first one is 0",
            remedy="lower it below the number of steps",
            field="analysis.startingStep",
        ),
    )

    steps: Steps
    """The steps, in their order. After the last one, the canary gets all pods and all clients."""

    analysis: Analysis | None = None
    """How the canary's metrics are judged. Absent: only its pods and people decide. The operator
    needs a Prometheus for it."""

    gateway: Gateway | None = None
    """Routes of the Gateway API that divide the requests. Absent: the weights are reached by the
    numbers of pods."""

    dynamic_stable_scale: DynamicStableScale = DynamicStableScale.NEVER
    """Never: the stable revision keeps all pods until the canary is promoted, and an abort needs no
    new pod. WhenWeighted: it gives up pods as its share falls."""

    abort_scale_down_delay: Duration = timedelta(seconds=30)
    """How long the pods of an aborted canary stay."""

    rollback_window: RollbackWindow | None = None
    """Revisions to which a rollout goes back without steps. Absent: none."""
