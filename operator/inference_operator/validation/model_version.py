"""Which version of a source a unit is to serve: the registry's answer, or the last one known."""

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
    """The completed spec, if there is any, and what is wrong with the registry's answer, if so."""

    wanted: CompletedSpec | None
    unresolved: Unresolved | None = None


def resolve_version(
    seen: Observed, position: RolloutState, spec: InferenceModelSpec, step: str = ""
) -> ResolvedVersion:
    """The spec with what it leaves to the registry; of a pipeline, that of one step's inline model.

    A registry that is away, or whose answer cannot be served, takes nothing from what serves: the
    version that this very source was last resolved to stands, for scaling and other edits too.
    """
    if not spec.model.source.from_registry:
        return ResolvedVersion(CompletedSpec(spec, spec))
    settled = _settled(seen, position, spec, step)
    return _of_step(settled, step) if step else settled


def _settled(
    seen: Observed, position: RolloutState, spec: InferenceModelSpec, step: str
) -> ResolvedVersion:
    source = spec.model.source
    answer = seen.resolutions.get(SourceKey.of(source)) or _unanswered(source.uri)
    if isinstance(answer, Resolved):
        wanted = complete(spec, answer)
        if isinstance(wanted, CompletedSpec):
            return ResolvedVersion(wanted)
        answer = Unresolved(Reason.MODEL_UNUSABLE, wanted.problems)
    known = last_known(seen, position, source.uri, step)
    standing = complete(spec, known) if known is not None else None
    if isinstance(standing, Incomplete):
        # An edit that even the known version cannot serve.
        return ResolvedVersion(None, Unresolved(Reason.MODEL_UNUSABLE, standing.problems))
    return ResolvedVersion(standing, answer)


def _unanswered(uri: str) -> Unresolved:
    problem = Problem("", "", f"the registry is being asked about {shown_uri(uri)}")
    return Unresolved(Reason.RESOLVING, (problem,))


def _of_step(settled: ResolvedVersion, step: str) -> ResolvedVersion:
    """Name the fields of the step: one answer is for all who ask, and has an InferenceModel's."""
    wanted, unresolved = settled.wanted, settled.unresolved
    if wanted is not None:
        contradictions = problems_below(step, wanted.contradictions)
        wanted = replace(wanted, contradictions=tuple(contradictions))
    if unresolved is not None:
        problems = problems_below(step, unresolved.problems)
        unresolved = replace(unresolved, problems=tuple(problems))
    return ResolvedVersion(wanted, unresolved)


def last_known(seen: Observed, position: RolloutState, uri: str, step: str = "") -> Resolved | None:
    """What the uri stood for in the newest revision that was made of it and still has pods; of a
    pipeline, for that step, else for any other one: steps may be renamed."""
    for revision in (position.candidate, position.stable):
        record = seen.revisions.get(revision or "")
        if record is None:
            continue
        steps = record.resolved_steps
        for known in (record.resolved, steps.get(step), *steps.values()):
            if known is not None and known.asked == uri:
                return known
    return None
