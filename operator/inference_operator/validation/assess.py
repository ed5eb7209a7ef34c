"""The assessment of a spec: a serving unit, or why there is not one."""

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
from inference_operator.validation.accelerator import AcceleratorChoice, choose_mode
from inference_operator.validation.allow_list_problems import not_allowed
from inference_operator.validation.analysis_problems import analysis_problems
from inference_operator.validation.autoscaling_problems import autoscaling_problems
from inference_operator.validation.compatibility import newest_compatible_pins
from inference_operator.validation.default_image import resolve_image
from inference_operator.validation.defaults import Defaults
from inference_operator.validation.invalid import Invalid
from inference_operator.validation.model_version import resolve_version
from inference_operator.validation.pipeline import CompletedPipeline, draft_graph, serving_unit
from inference_operator.validation.references import (
    ReferenceOutcome,
    ResolvedSteps,
    describe_pin_changes,
    resolve_references,
)
from inference_operator.validation.route_problems import routes_not_allowed
from inference_operator.validation.signature import CompletedSpec
from inference_operator.validation.storable import storable


@dataclass(frozen=True, slots=True)
class Assessment:
    """The serving unit that a spec asks for, or why there is not one."""

    unit: ServingUnit | None = None
    invalid: Invalid | None = None
    unresolved: Unresolved | None = None
    """Why the registry gave no version. If there is a unit, it serves the last known version."""

    references: tuple[ReferenceOutcome, ...] = ()
    contradictions: tuple[Problem, ...] = ()
    accelerator: AcceleratorChoice | None = None
    outdated_default_reason: str = ""
    """Why the unit does not get the operator's new defaults yet."""

    wants_slot: bool = False
    revision_cause: str = ""
    """Why an unchanged spec gets a new revision."""

    outside: tuple[Problem, ...] = ()
    """Values of a running revision that the allow-lists no longer allow."""

    @property
    def revision(self) -> str | None:
        """The revision to reach; None without a unit."""
        return self.unit.revision if self.unit else None


def assess(seen: Observed, state: RolloutState, defaults: Defaults) -> Assessment:
    """Return the serving unit for the spec and today's nodes, or why there is not one."""
    try:
        spec = parse(body_of(seen)).spec
        # Both read the arguments of Triton.
        if problems := dict.fromkeys((*analysis_problems(spec), *autoscaling_problems(spec))):
            return Assessment(invalid=Invalid(tuple(problems)))
        resolution = _resolve(seen, state, spec)
    except InvalidResourceError as error:
        return Assessment(invalid=Invalid(error.problems))
    assessment = resolution.assessment
    choice = choose_mode(
        spec.accelerator,
        spec.placement,
        seen.inputs.nodes,
        fell_back=_fell_back(seen),
        gpu_only=_gpu_only(spec),
    )
    outside = not_allowed(spec, defaults.allowed)
    routes = routes_not_allowed(spec, defaults.allowed, seen.owner.key.namespace)
    if routes:
        # Routes are no part of a revision: those of before stay, and no other is written.
        refused = Invalid((*outside, *routes), Reason.NOT_ALLOWED)
        return replace(assessment, unresolved=None, invalid=refused)
    if resolution.completed is None:
        invalid = _check_partial_graph(seen, resolution, choice.mode, defaults)
        return replace(assessment, invalid=invalid or _refuse_early(seen, state, outside))
    unit, assessment = _build_unit(seen, state, resolution, choice.mode, defaults)
    if isinstance(unit, Invalid):
        return replace(assessment, unresolved=None, invalid=unit)
    # A spec outside the allow-lists gets no new revision, not even for new defaults.
    staged = 0 if outside else defaults.staged
    image = resolve_image(seen, state, unit, replace(defaults, staged=staged))
    if outside and image.unit.revision not in _running(seen, state):
        return replace(assessment, unresolved=None, invalid=Invalid(outside, Reason.NOT_ALLOWED))
    return replace(
        assessment,
        unit=image.unit,
        outdated_default_reason=image.outdated_default_reason,
        wants_slot=image.wants_slot,
        revision_cause=image.revision_cause or assessment.revision_cause,
        accelerator=choice if spec.accelerator else None,
        outside=outside,
    )


def _gpu_only(spec: AnySpec) -> bool:
    """Return whether one of the spec's own models is a TensorRT engine."""
    models = [spec.model] if isinstance(spec, InferenceModelSpec) else [s.model for s in spec.steps]
    return any(model is not None and model.format is ModelFormat.TENSORRT for model in models)


def _running(seen: Observed, state: RolloutState) -> frozenset[str]:
    """Return the revisions that have pods."""
    return frozenset({*state.live, *seen.children.deployments})


def _refuse_early(
    seen: Observed, state: RolloutState, outside: tuple[Problem, ...]
) -> Invalid | None:
    """Refuse values outside the allow-lists, unless a running revision may have them."""
    return Invalid(outside, Reason.NOT_ALLOWED) if outside and not _running(seen, state) else None


def _fell_back(seen: Observed) -> bool:
    """Return whether the unit ran on the CPU in the last pass because no accelerator was there."""
    accelerator = seen.status.accelerator
    return accelerator is not None and accelerator.mode is AcceleratorMode.CPU


def _check_partial_graph(
    seen: Observed, resolution: "_Resolution", mode: Mode, defaults: Defaults
) -> Invalid | None:
    """Return the problems that a pipeline has however its missing steps are resolved."""
    if resolution.steps is None:
        return None
    pipeline = resolution.steps.partial
    name = pipeline.spec.name or seen.owner.key.name
    draft = draft_graph(pipeline, name, mode, defaults.triton_image)
    problems = first((*resolution.steps.problems, *draft.problems))
    return Invalid(tuple(problems)) if problems else None


def _build_unit(
    seen: Observed, state: RolloutState, resolution: "_Resolution", mode: Mode, defaults: Defaults
) -> tuple[ServingUnit | Invalid, Assessment]:
    """Build the unit with the newest pins that fit together."""

    def build(completed: CompletedSpec | CompletedPipeline) -> ServingUnit | Invalid:
        try:
            unit = serving_unit(seen.owner, seen.generation, completed, mode, defaults)
        except PlanError as error:
            # The types should allow no such spec.
            return Invalid((Problem("spec", "", str(error), "correct it"),))
        return unit if isinstance(unit, Invalid) else storable(seen, unit)

    def problems_of(pipeline: CompletedPipeline) -> tuple[Problem, ...]:
        unit = build(pipeline)
        return unit.problems if isinstance(unit, Invalid) else ()

    assert resolution.completed is not None
    newest = build(resolution.completed)
    if not isinstance(newest, Invalid) or resolution.steps is None:
        return newest, resolution.assessment
    steps = newest_compatible_pins(seen, state, resolution.steps, newest.problems, problems_of)
    if steps is None or steps.pipeline is None:
        return newest, resolution.assessment
    cause = describe_pin_changes(seen, state, steps.pipeline.pins)
    assessment = replace(resolution.assessment, references=steps.references, revision_cause=cause)
    return build(steps.pipeline), assessment


@dataclass(frozen=True, slots=True)
class _Resolution:
    """The spec completed by its registry versions and references, and its assessment so far."""

    completed: CompletedSpec | CompletedPipeline | None
    assessment: Assessment
    steps: ResolvedSteps | None = None


def _resolve(seen: Observed, state: RolloutState, spec: AnySpec) -> _Resolution:
    if isinstance(spec, InferenceModelSpec):
        version = resolve_version(seen, state, spec)
        contradictions = version.spec.contradictions if version.spec else ()
        assessment = Assessment(unresolved=version.unresolved, contradictions=contradictions)
        return _Resolution(version.spec, assessment)
    steps = resolve_references(seen, state, spec)
    pipeline = steps.pipeline
    assessment = Assessment(
        unresolved=steps.unresolved,
        references=steps.references,
        contradictions=steps.contradictions,
        revision_cause=describe_pin_changes(seen, state, pipeline.pins) if pipeline else "",
    )
    return _Resolution(pipeline, assessment, steps)


def body_of(seen: Observed) -> dict[str, Any]:
    """Return the custom resource as the user wrote it."""
    owner = seen.owner
    return {
        "apiVersion": owner.api_version,
        "kind": owner.key.kind,
        "metadata": {"namespace": owner.key.namespace, "name": owner.key.name},
        "spec": seen.spec,
    }
