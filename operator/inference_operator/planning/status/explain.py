"""Text form of a plan, as `inference-operator plan` prints it."""

from collections.abc import Iterator

from inference_operator.api.quoting import counted, visible
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.planning.plan import Action, Apply, Create, Plan
from inference_operator.planning.status.explained_analysis import analysis_lines
from inference_operator.planning.status.explained_scaling import scaling_lines
from inference_operator.planning.status.percentile_source import (
    NOT_KNOWN,
    Measuring,
    source_lines,
)
from inference_operator.validation.assess import Assessment


def explain(plan: Plan, measuring: Measuring = NOT_KNOWN) -> str:
    """Return lines about the target, the decisions with their reasons, and each write."""
    return "\n".join(map(visible, _lines(plan, measuring)))


def _lines(plan: Plan, measuring: Measuring) -> Iterator[str]:
    yield f"{plan.key}:"
    yield from _target(plan, measuring)
    for decision in plan.decisions:
        yield f"  decision: {decision.reason.value}: {decision.message}"
    yield from _waits(plan)
    for action in plan.actions:
        yield f"  {_verb(action)} {action.key} ({action.why})"
    if not plan.actions:
        yield "  no change to its children"


def _waits(plan: Plan) -> Iterator[str]:
    assessment = plan.assessment
    if assessment.outdated_default_reason:
        slot = " for a rollout slot" if assessment.wants_slot else ""
        yield f"  waits{slot}: {assessment.outdated_default_reason}"
    if plan.rejected:
        yield f"  not written: {plan.rejected}"
    invalid = assessment.invalid.message if assessment.invalid else ""
    hold = plan.rollout.hold
    if reason := invalid or (hold.message if hold else ""):
        yield f"  waits: {reason}"
    if plan.wake_after is not None:
        yield f"  next check: in {plan.wake_after.total_seconds():.0f} s at the latest"


def _target(plan: Plan, measuring: Measuring) -> Iterator[str]:
    unit = plan.assessment.unit
    if unit is not None:
        model = unit.entry_model
        source = f" from {shown_uri(model.uri)}" if model.uri else ""
        yield (
            f"  wanted: model {model.name} version {model.version}{source},"
            f" revision {unit.revision}, {counted(plan.sizes.unit, 'replica')}"
        )
        for step in unit.steps:
            yield f"  step {step.name}: {_step(step)}"
        for line in (
            *scaling_lines(plan.autoscaled),
            *analysis_lines(unit),
            *source_lines(plan, unit, measuring),
        ):
            yield f"  {line}"
    yield from _remarks(plan.assessment)


def _remarks(assessment: Assessment) -> Iterator[str]:
    listed: set[str] = set()
    if assessment.unresolved is not None:
        listed = set(map(str, assessment.unresolved.problems))
        yield f"  unresolved: {assessment.unresolved.reason.value}: {assessment.unresolved.message}"
    for outcome in assessment.references:
        if not outcome.resolves and outcome.message not in listed:
            yield f"  reference: {outcome.reason.value}: {outcome.message}"
    for problem in assessment.outside:
        yield f"  no longer allowed: {problem}"
    for problem in assessment.contradictions:
        yield f"  differs: {problem}"
    if assessment.accelerator is not None:
        reason = f": {assessment.accelerator.message}" if assessment.accelerator.message else ""
        yield f"  runs on: {assessment.accelerator.mode.value}{reason}"


def _verb(action: Action) -> str:
    if isinstance(action, Create):
        return "create"
    if isinstance(action, Apply):
        return "apply "
    return "delete"


def _step(step: ServedStep) -> str:
    if step.pin is not None:
        origin = f" from {shown_uri(step.uri)}" if step.uri else ""
        return (
            f"model {step.model} version {step.version}{origin}, as {step.pin.reference} serves it"
            f" (revision {step.pin.revision})"
        )
    return (
        f"model {step.model} version {step.version} from {shown_uri(step.uri)}"
        if step.uri
        else "built in"
    )
