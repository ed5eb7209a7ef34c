"""The inputs of all conditions, and the phrases that they share."""

from dataclasses import dataclass
from datetime import datetime

from inference_operator.api.conditions import ConditionType, format_time
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.resolution import Unresolved
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.diagnosis import (
    Case,
    Diagnosis,
    Wait,
    diagnose,
    long_wait,
    mixed_artifacts,
)
from inference_operator.validation.assess import Assessment


@dataclass(frozen=True, slots=True)
class ConditionDraft:
    """A condition without its time: its type, whether it holds, and why."""

    type: ConditionType
    holds: bool | None
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class ConditionInputs:
    """The inputs of every condition."""

    seen: Observed
    plan: Plan
    errors: tuple[str, ...]
    """Sentences about children that the API server refused in this pass."""

    record: RevisionRecord | None
    """The target revision, or the serving one while the spec is invalid."""

    diagnosis: Diagnosis | None
    wait: Wait | None
    """What a pod of `record` takes long for, while there is no diagnosis."""

    ready: int
    """Pods of `record` in which the model answers."""

    now: datetime

    @property
    def assessment(self) -> Assessment:
        return self.plan.assessment

    @property
    def replicas(self) -> int:
        return self.plan.sizes.unit

    @property
    def needed(self) -> int:
        """Return the pods that must answer before the unit is Ready: with autoscaling, those that
        are added to its minimum may come and go."""
        least = self.plan.sizes.least
        return self.replicas if least is None else least

    @property
    def promoted(self) -> bool:
        return self.record is not None and self.plan.rollout.state.stable == self.record.revision

    @property
    def serves(self) -> bool:
        """Return whether this revision answers clients on all replicas, with one artifact."""
        is_complete = self.promoted and self.reached and self.ready >= self.needed
        return is_complete and not self._is_mixed

    @property
    def _is_mixed(self) -> bool:
        return self.diagnosis is not None and self.diagnosis.reason is Reason.ARTIFACTS_DIFFER

    @property
    def reached(self) -> bool:
        """Return whether the Service selects it: that write may have failed."""
        return (
            self.record is not None and self.seen.children.traffic.selected == self.record.revision
        )


def condition_inputs(
    seen: Observed, plan: Plan, errors: tuple[str, ...], now: datetime
) -> ConditionInputs:
    """Gather the inputs of every condition once."""
    target = plan.target or plan.rollout.state.serving
    record = plan.records.get(target) if target else None
    diagnosis, wait = None, None
    if record is not None:
        case = _case(seen, plan, record)
        pods = seen.children.pods_of(record.revision)
        mixed = mixed_artifacts(case, seen.owner.key.name, seen.children)
        deployment = seen.children.deployments.get(record.revision)
        diagnosis = mixed or diagnose(case, deployment, pods)
        wait = None if diagnosis else long_wait(case, pods, now)
    ready = seen.children.ready_of(target)
    return ConditionInputs(seen, plan, errors, record, diagnosis, wait, ready, now)


def _case(seen: Observed, plan: Plan, record: RevisionRecord) -> Case:
    accelerator, namespace = plan.assessment.accelerator, seen.owner.key.namespace
    if accelerator is None:
        return Case(record, namespace)
    nodes = seen.inputs.nodes if accelerator.mode is Mode.ACCELERATOR else None
    return Case(record, namespace, nodes, accelerator.way_out)


def unresolved_sentence(inputs: ConditionInputs, unresolved: Unresolved) -> str:
    since = f" (since {format_time(unresolved.since)})" if unresolved.since else ""
    unit = inputs.assessment.unit
    version = unit.last_known_version if unit else ""
    kept = f"; until then the operator uses {version}" if version else ""
    return f"{unresolved.message}{since}{kept}{still_serving(inputs)}"


def still_serving(inputs: ConditionInputs) -> str:
    stable = inputs.plan.rollout.state.stable
    if (
        stable is None
        or stable == inputs.assessment.revision
        or inputs.seen.children.ready_of(stable) == 0
    ):
        return ""
    replicas = counted(inputs.seen.children.ready_of(stable), "replica")
    return f" (revision {stable} continues to serve on {replicas})"
