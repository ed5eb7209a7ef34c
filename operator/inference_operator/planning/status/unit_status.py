"""The status of a unit, computed from the observed cluster and the plan."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from inference_operator.api.conditions import Condition, ConditionStatus, ConditionType
from inference_operator.api.reasons import FOR_A_PERSON, UNDER_WAY
from inference_operator.api.rollout_status import AbortStatus, BaselineStatus, RolloutStatus
from inference_operator.api.status import (
    ACCELERATOR_MESSAGE_LENGTH,
    DISPLAY_LENGTH,
    NAME_LENGTH,
    RUN_ID_LENGTH,
    STATUS_OF_KIND,
    STEP_VERSIONS_LENGTH,
    AcceleratorMode,
    AcceleratorStatus,
    ModelStatus,
    Phase,
    RevisionStatus,
    StepStatus,
    UnitStatus,
)
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.names import revision_selector, selector_text, unit_selector
from inference_operator.domain.observed import Observed
from inference_operator.domain.repository_plan import is_sha256
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.domain.status_uri import is_status_uri_of, status_uri
from inference_operator.planning.artifacts import digest_in
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.autoscaling import autoscaling_status
from inference_operator.planning.status.conditions.inputs import ConditionDraft, condition_inputs
from inference_operator.planning.status.conditions.ready import ready_condition
from inference_operator.planning.status.conditions.stalled import problem_since
from inference_operator.planning.status.conditions.summary import condition_drafts, conditions
from inference_operator.planning.status.decisions import reported_decisions
from inference_operator.planning.status.diagnosis import load_report
from inference_operator.planning.status.tensors import served_tensors
from inference_operator.resources.service import service_grpc_address, service_url


def report(seen: Observed, plan: Plan, errors: tuple[str, ...], now: datetime) -> UnitStatus:
    """Compute the status of the custom resource after this pass.

    `seen` is the cluster after the plan's writes; `errors` are messages about refused children.
    """
    inputs = condition_inputs(seen, plan, errors, now)
    ready = ready_condition(inputs)
    drafts = tuple(condition_drafts(inputs, ready))
    all_conditions = conditions(drafts, seen.status.conditions, seen.generation, now)
    return STATUS_OF_KIND[seen.owner.key.kind](
        observed_generation=seen.generation,
        phase=phase(all_conditions, plan.sizes.unit, promoted=inputs.promoted),
        conditions=all_conditions,
        problem_since=problem_since(inputs, ready),
        display_reason=truncate(displayed_reason(drafts), DISPLAY_LENGTH),
        display_version=_displayed_version(plan),
        model=_model(seen, plan),
        stable=_revision(seen, plan, plan.rollout.state.stable),
        canary=_revision(seen, plan, plan.rollout.state.canary),
        baseline=_baseline(seen, plan),
        rollout=_rollout(plan),
        analysis=plan.rollout.state.analysis,
        autoscaling=autoscaling_status(seen, plan, all_conditions, now),
        **_scale(seen, plan),
        accelerator=_accelerator(plan),
        **_addresses(seen, plan),
        decisions=reported_decisions(seen.status.decisions, plan.decisions, now),
        **_steps(plan),
    )


def _scale(seen: Observed, plan: Plan) -> dict[str, Any]:
    """Return what autoscalers read: the pods of the serving revision only.

    A HorizontalPodAutoscaler multiplies the replicas by the ratio of its metric. With the pods of
    two revisions, both of the requested size, each rollout would double its answer.
    """
    revision = plan.rollout.state.serving
    key, deployment = seen.owner.key, seen.children.deployments.get(revision or "")
    selector = unit_selector(key.kind, key.name)
    if revision is not None:
        selector = revision_selector(key.kind, key.name, revision)
    has_baseline = bool(plan.sizes.baseline or revision in seen.children.baselines)
    replicas = deployment.replicas if deployment else 0
    ready = deployment.ready if deployment else 0
    # People count the pods that a missing Deployment shall have.
    shall_have = replicas if deployment or revision is None else plan.sizes.unit
    return {
        "replicas": replicas,
        "ready_replicas": ready,
        "display_replicas": f"{ready}/{shall_have}",
        "selector": selector_text(selector, without_baseline=has_baseline),
    }


def displayed_reason(drafts: Sequence[ConditionDraft]) -> str:
    """Return the reason of Ready; that of the references if a Ready pipeline lacks one."""
    by_type = {draft.type: draft for draft in drafts}
    ready = by_type[ConditionType.READY]
    references = by_type.get(ConditionType.RESOLVED_REFS)
    if ready.holds and references is not None and references.holds is False:
        return references.reason
    return ready.reason


def _displayed_version(plan: Plan) -> str | None:
    """Return the registry's version or the number of a set of steps, or else the revision."""
    revision = plan.rollout.state.serving
    serving = plan.records.get(revision or "")
    if serving is not None and (serving.resolved or serving.steps):
        return str(serving.version)
    return truncate(revision, DISPLAY_LENGTH) if revision else None


def phase(all_conditions: Sequence[Condition], replicas: int, *, promoted: bool) -> Phase:
    """Return the phase by the first rule that holds. `promoted`: the target revision serves."""
    holds = {c.type: c for c in all_conditions if c.status is ConditionStatus.TRUE}
    if ConditionType.READY in holds:
        return Phase.SCALED_TO_ZERO if replicas == 0 else Phase.READY
    working = holds.get(ConditionType.RECONCILING)
    if working is not None and working.reason in FOR_A_PERSON:
        return Phase.PAUSED
    if working is not None and not (promoted and working.reason not in UNDER_WAY):
        return Phase.PROGRESSING
    return Phase.DEGRADED if ConditionType.AVAILABLE in holds else Phase.FAILED


def _model(seen: Observed, plan: Plan) -> ModelStatus | None:
    serving = plan.records.get(plan.rollout.state.serving or "")
    if serving is None:
        return None
    loaded = load_report(seen.children.pods_of(serving.revision))
    digest = serving.sha256
    if serving.steps:
        return ModelStatus(version=str(serving.version))
    if loaded is not None and loaded.models:
        digest = digest_in(loaded)
    elif digest is None and (last := seen.status.model) and is_status_uri_of(last.uri, serving.uri):
        # The value is untrusted: clients may have edited the status.
        digest = last.sha256 if is_sha256(last.sha256) else None
    return ModelStatus(
        version=str(serving.version),
        run_id=_run_id(serving.resolved.run_id) if serving.resolved else None,
        sha256=digest,
        uri=status_uri(serving.uri),
        **served_tensors(loaded, seen.status.model, serving.uri),
    )


def _run_id(text: str) -> str | None:
    return truncate(text, RUN_ID_LENGTH) or None


def _addresses(seen: Observed, plan: Plan) -> dict[str, str]:
    """Return where clients reach the unit; nothing before a Service leads to it."""
    if plan.rollout.state.serving is None or plan.has_no_service:
        return {}
    owner = seen.owner
    return {"url": service_url(owner), "grpc_address": service_grpc_address(owner)}


def _steps(plan: Plan) -> dict[str, Any]:
    """Return the steps of a pipeline's serving revision."""
    serving = plan.records.get(plan.rollout.state.serving or "")
    if serving is None or not serving.steps:
        return {}
    steps = tuple(_step(step) for step in serving.steps)
    versions = truncate(serving.step_versions, STEP_VERSIONS_LENGTH)
    return {"steps": steps, "step_versions": versions}


def _step(step: ServedStep) -> StepStatus:
    is_builtin = not (step.uri or step.pin)
    return StepStatus(
        name=truncate(step.name, NAME_LENGTH),
        model=truncate(step.model, NAME_LENGTH),
        version=None if is_builtin else str(step.version),
        source="builtin" if is_builtin else status_uri(step.uri) or None,
        model_ref=f"{step.pin.kind}/{step.pin.name}" if step.pin else None,
        revision=step.pin.revision if step.pin else None,
    )


def _revision(seen: Observed, plan: Plan, revision: str | None) -> RevisionStatus | None:
    if revision is None:
        return None
    record = plan.records.get(revision)
    has_steps = bool(plan.rollout.state.step_hash)
    deployment = seen.children.deployments.get(revision)
    requested = deployment.replicas if deployment else 0
    return RevisionStatus(
        revision=revision,
        version=str(record.version) if record else None,
        # An invalid spec keeps the last size, which is read here: a lost Deployment must not be 0.
        replicas=plan.sizes.of.get(revision, 0) if plan.assessment.invalid else requested,
        ready=deployment.ready if deployment else 0,
        weight=seen.children.traffic.leads_to(revision) if has_steps else None,
    )


def _baseline(seen: Observed, plan: Plan) -> BaselineStatus | None:
    state = plan.rollout.state.baseline
    if state is None:
        return None
    return BaselineStatus(
        revision=state.revision,
        replicas=plan.sizes.baseline,
        ready=seen.children.baseline_ready_of(state.revision),
        since=state.since,
        late_at=state.late_at,
    )


def _rollout(plan: Plan) -> RolloutStatus | None:
    state = plan.rollout.state
    if state.canary is None and state.promoted_at is None and state.aborted is None:
        return None
    has_steps = bool(state.step_hash)
    return RolloutStatus(
        since=state.since,
        ready=state.progress,
        previous=state.previous,
        promoted_at=state.promoted_at,
        current_step_index=state.step if has_steps else None,
        current_step_hash=state.step_hash or None,
        step_since=state.step_since,
        cleared_step_index=state.cleared,
        aborted=_aborted(plan),
        handled=state.handled,
    )


def _aborted(plan: Plan) -> AbortStatus | None:
    """Return the aborted rollout with the version of its revision, as long as that is recorded."""
    aborted = plan.rollout.state.aborted
    record = plan.records.get(aborted.revision) if aborted else None
    if aborted is None or aborted.version is not None or record is None:
        return aborted
    return aborted.model_copy(update={"version": str(record.version)})


def _accelerator(plan: Plan) -> AcceleratorStatus | None:
    accelerator = plan.assessment.accelerator
    if accelerator is None:
        return None
    mode = AcceleratorMode.CPU if accelerator.mode is Mode.CPU else AcceleratorMode.GPU
    message = truncate(accelerator.message, ACCELERATOR_MESSAGE_LENGTH)
    return AcceleratorStatus(mode=mode, message=message or None)
