"""Resolution of a pipeline's steps: pins of referenced resources, and completed inline models.

A pipeline keeps its pin of a resource that is missing, is deleted or was never Ready.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, ModelRef, Step
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import UNDER_WAY, Reason
from inference_operator.domain.observed import Observed
from inference_operator.domain.pins import Pin
from inference_operator.domain.references import Reference, Referenced
from inference_operator.domain.resolution import Unresolved
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.validation.model_version import resolve_version
from inference_operator.validation.pipeline import CompletedPipeline
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.step_overrides import path_of
from inference_operator.validation.steps import inline_spec
from model_builders.problem import ConfigError

# Reasons that the condition `ResolvedRefs` reports.
OF_REFERENCES = frozenset(
    {Reason.REFERENCE_NOT_FOUND, Reason.REFERENCE_NOT_READY, Reason.REFERENCE_CYCLE}
)


@dataclass(frozen=True, slots=True)
class ReferenceOutcome:
    """The outcome of one `modelRef`."""

    pin: Pin | None
    """The revision that the step runs; None if there is nothing to run."""

    message: str
    reason: Reason = Reason.RESOLVED
    """Resolved, or the resource's present problem."""

    @property
    def resolves(self) -> bool:
        return self.reason is Reason.RESOLVED


@dataclass(frozen=True, slots=True)
class ResolvedSteps:
    """The completed pipeline, if all steps resolve, and the messages about its steps."""

    pipeline: CompletedPipeline | None
    partial: CompletedPipeline
    """The pipeline with only those steps that resolve."""

    unresolved: Unresolved | None = None
    """Why a step has nothing to run, or keeps running an older version."""

    references: tuple[ReferenceOutcome, ...] = ()
    contradictions: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Problems of steps that can never resolve: they refer to the pipeline itself, or their
    settings contradict each other."""


@dataclass(frozen=True, slots=True)
class _StepResolution:
    """The pin or completed model of one step, if there is one, and the messages about it."""

    inline: CompletedSpec | None = None
    outcome: ReferenceOutcome | None = None
    unresolved: Unresolved | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def pin(self) -> Pin | None:
        return self.outcome.pin if self.outcome else None


def resolve_references(
    seen: Observed, state: RolloutState, spec: EnsemblePipelineSpec
) -> ResolvedSteps:
    """Resolve each step to a pin or a completed inline model."""
    steps = {step.name: _resolve_step(seen, state, spec, step) for step in spec.steps}
    partial = CompletedPipeline(
        spec,
        {name: r.pin for name, r in steps.items() if r.pin},
        {name: r.inline for name, r in steps.items() if r.inline},
    )
    resolved = {*partial.pins, *partial.inline, *(step.name for step in spec.steps if step.builtin)}
    inline = partial.inline.values()
    return ResolvedSteps(
        partial if len(resolved) == len(spec.steps) else None,
        partial,
        _merge([r.unresolved for r in steps.values() if r.unresolved]),
        tuple(r.outcome for r in steps.values() if r.outcome),
        tuple(problem for completed in inline for problem in completed.contradictions),
        tuple(problem for r in steps.values() for problem in r.problems),
    )


def _resolve_step(
    seen: Observed, state: RolloutState, spec: EnsemblePipelineSpec, step: Step
) -> _StepResolution:
    if step.model_ref is not None:
        return _reference(seen, state, step.name, step.model_ref)
    if step.model is None:
        return _StepResolution()
    try:
        model = inline_spec(spec, step)
    except ConfigError as error:
        return _StepResolution(problems=tuple(error.problems))
    version = resolve_version(seen, state, model, step.name)
    return _StepResolution(version.spec, unresolved=version.unresolved)


def _reference(seen: Observed, state: RolloutState, step: str, ref: ModelRef) -> _StepResolution:
    key, path = seen.owner.key, f"{path_of(step)}.modelRef"
    if (ref.kind.value, ref.name) == (key.kind, key.name):
        problem = Problem(path, "the pipeline itself", "another resource", "remove the step")
        return _StepResolution(problems=(problem,))
    named = Reference(ref.kind.value, ref.name)
    referenced = seen.inputs.references.get(named)
    if referenced is not None and referenced.stable is not None and not referenced.path_back:
        message = f"{step}: {named} {version_of(referenced.stable)}{_state(referenced)}"
        return _StepResolution(outcome=ReferenceOutcome(referenced.stable, message))
    reason, requirement, remedy = _why_not_pinned(seen, named, referenced)
    pin = last_pin(seen, state, named)
    kept = f"; {version_of(pin)} stays pinned" if pin else ""
    problem = Problem(path, "", f"{requirement}{kept}", remedy)
    unresolved = None if pin else Unresolved(reason, (problem,))
    outcome = ReferenceOutcome(pin, str(problem), reason)
    return _StepResolution(outcome=outcome, unresolved=unresolved)


def _why_not_pinned(
    seen: Observed, named: Reference, referenced: Referenced | None
) -> tuple[Reason, str, str]:
    """Return the reason, requirement and remedy for a resource that gives no new pin."""
    if referenced is None:
        remedy = "create it, or change the step's modelRef"
        requirement = f"{named} does not exist in namespace {seen.owner.key.namespace}"
        return Reason.REFERENCE_NOT_FOUND, requirement, remedy
    if referenced.path_back:
        # Each new set would create another one, without end.
        cycle = " -> ".join((seen.owner.key.name, *referenced.path_back))
        requirement = f"{named} refers back to this pipeline ({cycle})"
        return Reason.REFERENCE_CYCLE, requirement, "change the modelRef of one of these pipelines"
    if referenced.unresolved is not None:
        return referenced.unresolved
    if referenced.deleting:
        # In a foreground deletion the record goes first.
        remedy = "create it again, or change the step's modelRef"
        return Reason.REFERENCE_NOT_FOUND, f"{named} is being deleted", remedy
    if referenced.reason == Reason.SCALED_TO_ZERO:
        requirement = f"{named} has zero replicas, and none of its revisions has answered yet"
        remedy = f"set spec.replicas of {named} to 1 or more until it has answered"
        return Reason.REFERENCE_NOT_READY, requirement, remedy
    if referenced.ready:
        requirement = f"the record of the stable revision of {named} is missing or not readable"
        return Reason.REFERENCE_NOT_READY, requirement, f"edit {named} to create a new revision"
    because = f" ({referenced.reason})" if referenced.reason else ""
    place = f"-n {seen.owner.key.namespace}"
    remedy = f"see `kubectl {place} describe {named.kind.lower()} {named.name}`"
    return Reason.REFERENCE_NOT_READY, f"{named} has not been Ready yet{because}", remedy


def version_of(pin: Pin) -> str:
    """Return the version of a pin for messages."""
    return f"version {pin.version} (revision {pin.revision})"


def _state(referenced: Referenced) -> str:
    if referenced.deleting:
        return ", which is being deleted"
    # Each change of a message is a write.
    if referenced.ready or referenced.reason in UNDER_WAY:
        return ""
    return f", which is not Ready now ({referenced.reason or 'no status'})"


def last_pin(seen: Observed, state: RolloutState, named: Reference) -> Pin | None:
    """Return the pin of a resource in the newest live revision, or else in the newest record.

    A rollback must not need a resource that was deleted since.
    """
    live = (state.canary, state.stable)
    kept = sorted(seen.children.revisions.values(), key=lambda record: record.number, reverse=True)
    records = [*(seen.children.revisions.get(revision or "") for revision in live), *kept]
    for record in records:
        for step in record.steps if record else ():
            if step.pin is not None and (step.pin.kind, step.pin.name) == (named.kind, named.name):
                return step.pin
    return None


def describe_pin_changes(seen: Observed, state: RolloutState, pins: Mapping[str, Pin]) -> str:
    """Return a sentence about the pins that differ from those of the serving revision."""
    record = seen.children.revisions.get(state.serving or "")
    before = {step.name: step.pin for step in record.steps if step.pin} if record else {}
    changes = [
        f"step {step}: {pin.reference} changed from {version_of(before[step])} to {version_of(pin)}"
        for step, pin in pins.items()
        if step in before
        and (before[step].kind, before[step].name) == (pin.kind, pin.name)
        and before[step].content != pin.content
    ]
    return "; ".join(changes)


def _merge(reports: list[Unresolved]) -> Unresolved | None:
    """Merge the problems of all under the most important reason."""
    if not reports:
        return None
    from_registry = (report for report in reports if report.reason not in OF_REFERENCES)
    definite = (report for report in reports if report.is_definite)
    first = next(definite, next(from_registry, reports[0]))
    problems = dict.fromkeys(p for report in (first, *reports) for p in report.problems)
    return Unresolved(first.reason, tuple(problems), first.since)
