"""What the steps of a pipeline stand for: pins of what they refer to, and completed inline models.

A resource that is missing, was never Ready or is deleted takes nothing from a pipeline that has it
pinned.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, ModelRef, Step
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import UNDER_WAY, Reason
from inference_operator.domain.observed import Observed, Reference, Referenced
from inference_operator.domain.pins import Pin
from inference_operator.domain.resolution import Unresolved
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.validation.model_version import resolve_version
from inference_operator.validation.pipeline import CompletedPipeline
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.step_overrides import path_of
from inference_operator.validation.steps import inline_spec
from model_builders.problem import ConfigError

# Of the resources that a pipeline refers to, which `ResolvedRefs` tells.
OF_REFERENCES = frozenset(
    {Reason.REFERENCE_NOT_FOUND, Reason.REFERENCE_NOT_READY, Reason.REFERENCE_CYCLE}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one `modelRef`."""

    pin: Pin | None
    """What the step runs; None where there is nothing to run."""

    message: str
    reason: Reason = Reason.RESOLVED
    """Resolved, or what is wrong with the resource now."""

    @property
    def resolves(self) -> bool:
        return self.reason is Reason.RESOLVED


@dataclass(frozen=True, slots=True)
class ResolvedSteps:
    """The completed pipeline, if there is any, and what is to be said of its steps."""

    wanted: CompletedPipeline | None
    known: CompletedPipeline
    """With those steps that stand for something, if not all do."""

    unresolved: Unresolved | None = None
    """Why a step has nothing to run, or what the registry says against one that has."""

    references: tuple[Finding, ...] = ()
    contradictions: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Of steps that can stand for nothing: they refer to the pipeline, or contradict themselves."""


@dataclass(frozen=True, slots=True)
class _StepResolution:
    """What one step stands for, if anything, and what is to be said of it."""

    inline: CompletedSpec | None = None
    finding: Finding | None = None
    unresolved: Unresolved | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def pin(self) -> Pin | None:
        return self.finding.pin if self.finding else None


def resolve_references(
    seen: Observed, position: RolloutState, spec: EnsemblePipelineSpec
) -> ResolvedSteps:
    """The pipeline with what its steps stand for."""
    found = {step.name: _resolve_step(seen, position, spec, step) for step in spec.steps}
    known = CompletedPipeline(
        spec,
        {name: one.pin for name, one in found.items() if one.pin},
        {name: one.inline for name, one in found.items() if one.inline},
    )
    stand = {*known.pins, *known.inline, *(step.name for step in spec.steps if step.builtin)}
    inline = known.inline.values()
    return ResolvedSteps(
        known if len(stand) == len(spec.steps) else None,
        known,
        _most_telling([one.unresolved for one in found.values() if one.unresolved]),
        tuple(one.finding for one in found.values() if one.finding),
        tuple(problem for completed in inline for problem in completed.contradictions),
        tuple(problem for one in found.values() for problem in one.problems),
    )


def _resolve_step(
    seen: Observed, position: RolloutState, spec: EnsemblePipelineSpec, step: Step
) -> _StepResolution:
    if step.model_ref is not None:
        return _reference(seen, position, step.name, step.model_ref)
    if step.model is None:
        return _StepResolution()
    try:
        asked = inline_spec(spec, step)
    except ConfigError as error:
        return _StepResolution(problems=tuple(error.problems))
    settled = resolve_version(seen, position, asked, step.name)
    return _StepResolution(settled.wanted, unresolved=settled.unresolved)


def _reference(seen: Observed, position: RolloutState, step: str, ref: ModelRef) -> _StepResolution:
    key, path = seen.owner.key, f"{path_of(step)}.modelRef"
    if (ref.kind.value, ref.name) == (key.kind, key.name):
        what = "the pipeline itself"
        return _StepResolution(
            problems=(Problem(path, what, "another resource", "remove the step"),)
        )
    named = Reference(ref.kind.value, ref.name)
    there = seen.references.get(named)
    if there is not None and there.stable is not None and not there.path_back:
        message = f"{step}: {named} {version_of(there.stable)}{_state(there)}"
        return _StepResolution(finding=Finding(there.stable, message))
    reason, what, remedy = _lack(seen, named, there)
    pin = last_pin(seen, position, named)
    stays = f"; {version_of(pin)} stays pinned" if pin else ""
    problem = Problem(path, "", f"{what}{stays}", remedy)
    lacks = None if pin else Unresolved(reason, (problem,))
    return _StepResolution(finding=Finding(pin, str(problem), reason), unresolved=lacks)


def _lack(seen: Observed, named: Reference, there: Referenced | None) -> tuple[Reason, str, str]:
    """Why nothing new is taken of a resource: the reason, the fact and the remedy."""
    if there is None:
        remedy = "create it, or let the step refer to another one"
        what = f"{named} does not exist in namespace {seen.owner.key.namespace}"
        return Reason.REFERENCE_NOT_FOUND, what, remedy
    if there.path_back:
        # Each new set would make another one, and that the next, without end.
        way = " -> ".join((seen.owner.key.name, *there.path_back))
        remedy = "let a step of one of them refer to something else"
        return Reason.REFERENCE_CYCLE, f"{named} leads back to this pipeline ({way})", remedy
    if there.unresolved is not None:
        return there.unresolved
    if there.deleting:
        # In the foreground its record goes before it.
        remedy = "create it again, or let the step refer to another one"
        return Reason.REFERENCE_NOT_FOUND, f"{named} is being deleted", remedy
    if there.ready:
        what = f"the record of the stable revision of {named} is missing or illegible"
        return Reason.REFERENCE_NOT_READY, what, f"edit {named}, so that it makes a new revision"
    because = f" ({there.reason})" if there.reason else ""
    remedy = f"see `kubectl describe {named.kind.lower()} {named.name}`"
    return Reason.REFERENCE_NOT_READY, f"{named} has not been Ready yet{because}", remedy


def version_of(pin: Pin) -> str:
    """A pin's version, as sentences have it."""
    return f"version {pin.version} (revision {pin.revision})"


def _state(there: Referenced) -> str:
    if there.deleting:
        return ", which is being deleted"
    # Each word of a message that changes is a write.
    if there.ready or there.reason in UNDER_WAY:
        return ""
    return f", which is not Ready now ({there.reason or 'no status'})"


def last_pin(seen: Observed, position: RolloutState, named: Reference) -> Pin | None:
    """What the newest live revision of the pipeline has pinned of a resource, for any step; else
    the newest one in its history: going back must not need what was deleted since."""
    live = (position.candidate, position.stable)
    kept = sorted(seen.revisions.values(), key=lambda record: record.number, reverse=True)
    records = [*(seen.revisions.get(revision or "") for revision in live), *kept]
    for record in records:
        for step in record.steps if record else ():
            if step.pin is not None and (step.pin.kind, step.pin.name) == (named.kind, named.name):
                return step.pin
    return None


def describe_pin_changes(seen: Observed, position: RolloutState, pins: Mapping[str, Pin]) -> str:
    """Which pins differ from those of the revision that serves, in words."""
    record = seen.revisions.get(position.serving or "")
    before = {step.name: step.pin for step in record.steps if step.pin} if record else {}
    changes = [
        f"step {step}: {pin.reference} went from {version_of(before[step])} to {version_of(pin)}"
        for step, pin in pins.items()
        if step in before
        and (before[step].kind, before[step].name) == (pin.kind, pin.name)
        and before[step].content != pin.content
    ]
    return "; ".join(changes)


def _most_telling(found: list[Unresolved]) -> Unresolved | None:
    """One for the condition's reason; the problems of all."""
    if not found:
        return None
    of_registry = (one for one in found if one.reason not in OF_REFERENCES)
    first = next((one for one in found if one.is_definite), next(of_registry, found[0]))
    problems = dict.fromkeys(problem for one in (first, *found) for problem in one.problems)
    return Unresolved(first.reason, tuple(problems), first.since)
