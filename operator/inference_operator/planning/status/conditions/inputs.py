"""The inputs of all conditions, and the parts of sentences that they share."""

from dataclasses import dataclass

from inference_operator.api.conditions import ConditionType, format_time
from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.resolution import Unresolved
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.pod_health import Diagnosis, diagnose


@dataclass(frozen=True, slots=True)
class ConditionDraft:
    """A condition before it has its time: its type, whether it holds, and why."""

    type: ConditionType
    holds: bool | None
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class ConditionInputs:
    """What all conditions are computed from."""

    seen: Observed
    plan: Plan
    errors: tuple[str, ...]
    """Sentences of children that the API server refused in this pass."""

    record: RevisionRecord | None
    """The revision that the spec wants, or, while it is invalid, the one that serves."""

    diagnosis: Diagnosis | None
    ready: int
    """Pods of `record` in which the model answers."""

    @property
    def replicas(self) -> int:
        return self.plan.replicas

    @property
    def promoted(self) -> bool:
        return self.record is not None and self.plan.position.stable == self.record.revision

    @property
    def serves(self) -> bool:
        """Whether clients are answered by this very revision, on all wanted replicas."""
        return self.promoted and self.reached and self.ready >= self.replicas

    @property
    def reached(self) -> bool:
        """Whether the Service leads to it: its write may have failed."""
        return self.record is not None and self.seen.served_revision == self.record.revision


def condition_inputs(seen: Observed, plan: Plan, errors: tuple[str, ...]) -> ConditionInputs:
    """Gather once what every condition looks at."""
    target = plan.unit.revision if plan.unit else plan.position.serving
    record = plan.records.get(target) if target else None
    diagnosis = None
    if record is not None:
        pods = seen.pods_of(record.revision)
        way_out = plan.accelerator.way_out if plan.accelerator else ""
        diagnosis = diagnose(record, seen.deployments.get(record.revision), pods, way_out)
    return ConditionInputs(seen, plan, errors, record, diagnosis, seen.ready_of(target))


def unresolved_sentence(inputs: ConditionInputs, unresolved: Unresolved) -> str:
    since = f" (since {format_time(unresolved.since)})" if unresolved.since else ""
    unit = inputs.plan.unit
    standing = unit.standing if unit else ""
    kept = f"; {standing} stands until then" if standing else ""
    return f"{unresolved.message}{since}{kept}{still_serving(inputs)}"


def still_serving(inputs: ConditionInputs) -> str:
    stable = inputs.plan.position.stable
    target = inputs.plan.unit.revision if inputs.plan.unit else None
    if stable is None or stable == target or inputs.seen.ready_of(stable) == 0:
        return ""
    return f" (revision {stable} goes on serving on {inputs.seen.ready_of(stable)} replicas)"
