"""Text form of a plan, as `inference-operator plan` prints it."""

from collections.abc import Iterator

from inference_operator.api.quoting import counted, visible
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.planning.plan import Action, Apply, Create, Plan


def explain(plan: Plan) -> str:
    """Return lines about the target, the decisions with their reasons, and each write."""
    return "\n".join(map(visible, _lines(plan)))


def _lines(plan: Plan) -> Iterator[str]:
    yield f"{plan.key}:"
    yield from _target(plan)
    if plan.outdated_default_reason:
        slot = " for a rollout slot" if plan.wants_slot else ""
        yield f"  waits{slot}: {plan.outdated_default_reason}"
    for decision in plan.decisions:
        yield f"  decision: {decision.reason.value}: {decision.message}"
    if plan.rejected:
        yield f"  not written: {plan.rejected}"
    if plan.blocked_reason:
        yield f"  waits: {plan.blocked_reason}"
    if plan.wake_after is not None:
        yield f"  next check: in {plan.wake_after.total_seconds():.0f} s at the latest"
    for action in plan.actions:
        yield f"  {_verb(action)} {action.key} ({action.why})"
    if not plan.actions:
        yield "  no change to its children"


def _target(plan: Plan) -> Iterator[str]:
    if plan.unit is not None:
        model = plan.unit.entry_model
        source = f" from {shown_uri(model.uri)}" if model.uri else ""
        yield (
            f"  wanted: model {model.name} version {model.version}{source},"
            f" revision {plan.unit.revision}, {counted(plan.replicas, 'replica')}"
        )
        for step in plan.unit.steps:
            yield f"  step {step.name}: {_step(step)}"
    yield from _remarks(plan)


def _remarks(plan: Plan) -> Iterator[str]:
    listed: set[str] = set()
    if plan.unresolved is not None:
        listed = set(map(str, plan.unresolved.problems))
        yield f"  unresolved: {plan.unresolved.reason.value}: {plan.unresolved.message}"
    for outcome in plan.references:
        if not outcome.resolves and outcome.message not in listed:
            yield f"  reference: {outcome.reason.value}: {outcome.message}"
    for problem in plan.outside:
        yield f"  no longer allowed: {problem}"
    for problem in plan.contradictions:
        yield f"  differs: {problem}"
    if plan.accelerator is not None:
        reason = f": {plan.accelerator.message}" if plan.accelerator.message else ""
        yield f"  runs on: {plan.accelerator.mode.value}{reason}"


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
