"""A plan in words, for people who ask before they apply."""

from collections.abc import Iterator

from inference_operator.api.quoting import visible
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.planning.plan import Action, Apply, Create, Plan


def explain(plan: Plan) -> str:
    """Several lines: what is wanted, what was decided and why, and each write."""
    return "\n".join(map(visible, _lines(plan)))


def _lines(plan: Plan) -> Iterator[str]:
    yield f"{plan.key}:"
    yield from _wanted(plan)
    if plan.behind:
        yield f"  waits{' for its turn' if plan.wants_slot else ''}: {plan.behind}"
    for decision in plan.decisions:
        yield f"  decision: {decision.reason.value}: {decision.message}"
    if plan.rejected:
        yield f"  not written: {plan.rejected}"
    if plan.stuck:
        yield f"  waits: {plan.stuck}"
    if plan.wake_after is not None:
        yield f"  looks again: in {plan.wake_after.total_seconds():.0f} s at the latest"
    for action in plan.actions:
        yield f"  {_verb(action)} {action.key} ({action.why})"
    if not plan.actions:
        yield "  no change to its children"


def _wanted(plan: Plan) -> Iterator[str]:
    if plan.unit is not None:
        model = plan.unit.entry_model
        source = f" from {shown_uri(model.uri)}" if model.uri else ""
        yield (
            f"  wanted: model {model.name} version {model.version}{source},"
            f" revision {plan.unit.revision}, {plan.replicas} replicas"
        )
        for step in plan.unit.steps:
            yield f"  step {step.name}: {_step(step)}"
    yield from _remarks(plan)


def _remarks(plan: Plan) -> Iterator[str]:
    listed: set[str] = set()
    if plan.unresolved is not None:
        listed = set(map(str, plan.unresolved.problems))
        yield f"  unresolved: {plan.unresolved.reason.value}: {plan.unresolved.message}"
    for found in plan.references:
        if not found.resolves and found.message not in listed:
            yield f"  reference: {found.reason.value}: {found.message}"
    for problem in plan.outside:
        yield f"  not allowed any more: {problem}"
    for problem in plan.contradictions:
        yield f"  differs: {problem}"
    if plan.accelerator is not None:
        words = f": {plan.accelerator.message}" if plan.accelerator.message else ""
        yield f"  runs on: {plan.accelerator.mode.value}{words}"


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
