"""What a spec asks for: a serving unit, or why there is none."""

from dataclasses import dataclass, replace
from typing import Any

from inference_operator.api.custom_resources import AnySpec
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem, first
from inference_operator.api.reasons import Reason
from inference_operator.api.status import AcceleratorMode
from inference_operator.api.validate import InvalidResourceError, parse
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.observed import Observed
from inference_operator.domain.repository_plan import PlanError
from inference_operator.domain.resolution import Unresolved
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.validation.accelerator import Choice, choose_mode
from inference_operator.validation.allowed import not_allowed
from inference_operator.validation.compatibility import newest_compatible_pins
from inference_operator.validation.default_image import resolve_image
from inference_operator.validation.model import Defaults, Invalid
from inference_operator.validation.model_version import resolve_version
from inference_operator.validation.pipeline import CompletedPipeline, draft_graph, serving_unit
from inference_operator.validation.references import (
    Finding,
    ResolvedSteps,
    describe_pin_changes,
    resolve_references,
)
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.storable import storable


@dataclass(frozen=True, slots=True)
class Assessment:
    """The serving unit that a spec asks for, or why there is none."""

    unit: ServingUnit | None = None
    invalid: Invalid | None = None
    unresolved: Unresolved | None = None
    """What is wrong with the registry's answer; with a unit, the last version known stands."""

    references: tuple[Finding, ...] = ()
    contradictions: tuple[Problem, ...] = ()
    choice: Choice | None = None
    waits: str = ""
    """Why it does not get the operator's new defaults yet."""

    wants_slot: bool = False
    cause: str = ""
    """What made a new revision of an unchanged spec."""

    outside: tuple[Problem, ...] = ()
    """What the allow-lists have against a revision that runs, and runs on."""


def assess(seen: Observed, position: RolloutState, defaults: Defaults) -> Assessment:
    """The serving unit that the spec asks for on the nodes there are, or why it cannot be."""
    try:
        spec = parse(body_of(seen)).spec
        asked = _resolve(seen, position, spec)
    except InvalidResourceError as error:
        return Assessment(invalid=Invalid(error.problems))
    choice = choose_mode(
        spec.accelerator,
        spec.placement,
        seen.nodes,
        fell_back=_fell_back(seen),
        gpu_only=_gpu_only(spec),
    )
    outside = not_allowed(spec, defaults.allowed)
    if asked.wanted is None:
        known = _known_problems(seen, asked, choice.mode)
        return replace(asked.told, invalid=known or _refused_at_first(seen, position, outside))
    made, told = _build_unit(seen, position, asked, choice.mode, defaults)
    if isinstance(made, Invalid):
        return replace(told, unresolved=None, invalid=made)
    # What is outside of the allow-lists gets no new revision, not even with new defaults.
    staged = 0 if outside else defaults.staged
    kept = resolve_image(seen, position, made, replace(defaults, staged=staged))
    if outside and kept.unit.revision not in _running(seen, position):
        return replace(told, unresolved=None, invalid=Invalid(outside, Reason.NOT_ALLOWED))
    return replace(
        told,
        unit=kept.unit,
        waits=kept.waits,
        wants_slot=kept.wants_slot,
        cause=kept.cause or told.cause,
        choice=choice if spec.accelerator else None,
        outside=outside,
    )


def _gpu_only(spec: AnySpec) -> bool:
    """Whether a model of the spec's own is a TensorRT engine."""
    models = [spec.model] if isinstance(spec, InferenceModelSpec) else [s.model for s in spec.steps]
    return any(model is not None and model.format is ModelFormat.TENSORRT for model in models)


def _running(seen: Observed, position: RolloutState) -> frozenset[str]:
    """The revisions that have pods."""
    return frozenset({*position.live, *seen.deployments})


def _refused_at_first(
    seen: Observed, position: RolloutState, outside: tuple[Problem, ...]
) -> Invalid | None:
    """Refuse what is not allowed before all of it is known, unless it may be what runs."""
    return (
        Invalid(outside, Reason.NOT_ALLOWED) if outside and not _running(seen, position) else None
    )


def _fell_back(seen: Observed) -> bool:
    """Whether the unit was on the CPU for want of an accelerator when it was last looked at."""
    accelerator = seen.status.accelerator
    return accelerator is not None and accelerator.mode is AcceleratorMode.CPU


def _known_problems(seen: Observed, asked: "_Resolution", mode: Mode) -> Invalid | None:
    """What is wrong with a pipeline whatever its missing steps turn out to be."""
    if asked.steps is None:
        return None
    wanted = asked.steps.known
    name = wanted.spec.name or seen.owner.key.name
    problems = first((*asked.steps.problems, *draft_graph(wanted, name, mode).problems))
    return Invalid(tuple(problems)) if problems else None


def _build_unit(
    seen: Observed, position: RolloutState, asked: "_Resolution", mode: Mode, defaults: Defaults
) -> tuple[ServingUnit | Invalid, Assessment]:
    """Without what is newer of its steps and does not fit, where not all of it does."""

    def unit(wanted: CompletedSpec | CompletedPipeline) -> ServingUnit | Invalid:
        try:
            found = serving_unit(seen.owner, seen.generation, wanted, mode, defaults)
        except PlanError as error:
            # The types allow no such spec, as far as is known.
            return Invalid((Problem("spec", "", str(error), "correct it"),))
        return found if isinstance(found, Invalid) else storable(seen, found)

    def problems_of(wanted: CompletedPipeline) -> tuple[Problem, ...]:
        found = unit(wanted)
        return found.problems if isinstance(found, Invalid) else ()

    assert asked.wanted is not None
    made = unit(asked.wanted)
    if not isinstance(made, Invalid) or asked.steps is None:
        return made, asked.told
    kept = newest_compatible_pins(seen, position, asked.steps, made.problems, problems_of)
    if kept is None or kept.wanted is None:
        return made, asked.told
    cause = describe_pin_changes(seen, position, kept.wanted.pins)
    return unit(kept.wanted), replace(asked.told, references=kept.references, cause=cause)


@dataclass(frozen=True, slots=True)
class _Resolution:
    """The spec with what it leaves to others, and what is to be said of that."""

    wanted: CompletedSpec | CompletedPipeline | None
    told: Assessment
    steps: ResolvedSteps | None = None


def _resolve(seen: Observed, position: RolloutState, spec: AnySpec) -> _Resolution:
    if isinstance(spec, InferenceModelSpec):
        source = resolve_version(seen, position, spec)
        contradictions = source.wanted.contradictions if source.wanted else ()
        told = Assessment(unresolved=source.unresolved, contradictions=contradictions)
        return _Resolution(source.wanted, told)
    steps = resolve_references(seen, position, spec)
    told = Assessment(
        unresolved=steps.unresolved,
        references=steps.references,
        contradictions=steps.contradictions,
        cause=describe_pin_changes(seen, position, steps.wanted.pins) if steps.wanted else "",
    )
    return _Resolution(steps.wanted, told, steps)


def body_of(seen: Observed) -> dict[str, Any]:
    """The resource as it was written."""
    owner = seen.owner
    return {
        "apiVersion": owner.api_version,
        "kind": owner.key.kind,
        "metadata": {"namespace": owner.key.namespace, "name": owner.key.name},
        "spec": seen.spec,
    }
