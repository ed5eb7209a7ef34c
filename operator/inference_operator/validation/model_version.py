"""Resolution of a source's version: the registry's answer, or the last known one."""

from dataclasses import dataclass, replace

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.observed import Observed
from inference_operator.domain.resolution import Resolved, SourceKey, Unresolved
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.validation.signature import CompletedSpec, Incomplete, complete
from inference_operator.validation.step_overrides import problems_below


@dataclass(frozen=True, slots=True)
class ResolvedVersion:
    """The completed spec, if there is one, and the problem of the registry's answer, if any."""

    spec: CompletedSpec | None
    unresolved: Unresolved | None = None


def resolve_version(
    seen: Observed, state: RolloutState, spec: InferenceModelSpec, step: str = ""
) -> ResolvedVersion:
    """Complete a spec from the registry; `step` names the step of an inline model.

    The unit keeps the last known version while the registry is unreachable, or if its answer
    cannot be served. Scaling and other edits work with that version too.
    """
    if not spec.model.source.from_registry:
        return ResolvedVersion(CompletedSpec(spec, spec))
    resolved = _resolve(seen, state, spec, step)
    return _of_step(resolved, step) if step else resolved


def _resolve(
    seen: Observed, state: RolloutState, spec: InferenceModelSpec, step: str
) -> ResolvedVersion:
    source = spec.model.source
    answer = seen.inputs.resolutions.get(SourceKey.of(source)) or _unanswered(source.uri)
    if isinstance(answer, Resolved):
        completed = complete(spec, answer)
        if isinstance(completed, CompletedSpec):
            return ResolvedVersion(completed)
        answer = Unresolved(Reason.MODEL_UNUSABLE, completed.problems)
    last = last_known(seen, state, source.uri, step)
    fallback = complete(spec, last) if last is not None else None
    if isinstance(fallback, Incomplete):
        # Even the last known version cannot serve this edit.
        return ResolvedVersion(None, Unresolved(Reason.MODEL_UNUSABLE, fallback.problems))
    return ResolvedVersion(fallback, answer)


def _unanswered(uri: str) -> Unresolved:
    problem = Problem("", "", f"the registry is being asked about {shown_uri(uri)}")
    return Unresolved(Reason.RESOLVING, (problem,))


def _of_step(resolved: ResolvedVersion, step: str) -> ResolvedVersion:
    """Move problems to the step's fields: the shared answer has those of an InferenceModel."""
    completed, unresolved = resolved.spec, resolved.unresolved
    if completed is not None:
        contradictions = problems_below(step, completed.contradictions)
        completed = replace(completed, contradictions=tuple(contradictions))
    if unresolved is not None:
        problems = problems_below(step, unresolved.problems)
        unresolved = replace(unresolved, problems=tuple(problems))
    return ResolvedVersion(completed, unresolved)


def last_known(seen: Observed, state: RolloutState, uri: str, step: str = "") -> Resolved | None:
    """Return the version that the uri resolved to in the newest revision that has pods.

    A pipeline's step comes first, then any other step, because steps may be renamed.
    """
    for revision in (state.canary, state.stable):
        record = seen.children.revisions.get(revision or "")
        if record is None:
            continue
        steps = record.resolved_steps
        for resolved in (record.resolved, steps.get(step), *steps.values()):
            if resolved is not None and resolved.asked == uri:
                return resolved
    return None
