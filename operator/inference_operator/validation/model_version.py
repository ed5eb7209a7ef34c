"""Which version of a source a unit is to serve: the registry's answer, or the last one known."""

from dataclasses import dataclass, replace

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.observed import Observed
from inference_operator.domain.resolution import Resolved, SourceKey, Unresolved
from inference_operator.domain.rollout_state import Position
from inference_operator.validation.signature import Completed, Incomplete, complete


@dataclass(frozen=True, slots=True)
class Settled:
    """The completed spec, if there is any, and what is wrong with the registry's answer, if so."""

    wanted: Completed | None
    unresolved: Unresolved | None = None


def settle(seen: Observed, position: Position, spec: InferenceModelSpec, step: str = "") -> Settled:
    """The spec with what it leaves to the registry; of a pipeline, that of one step's inline model.

    A registry that is away, or whose answer cannot be served, takes nothing from what serves: the
    version that this very source was last resolved to stands, for scaling and other edits too.
    """
    source = spec.model.source
    if not source.from_registry:
        return Settled(Completed(spec, spec))
    answer = seen.resolutions.get(SourceKey.of(source)) or Unresolved(
        Reason.RESOLVING, f"the registry is being asked about {shown_uri(source.uri)}"
    )
    if isinstance(answer, Resolved):
        wanted = complete(spec, answer)
        if isinstance(wanted, Completed):
            return Settled(_of_step(wanted, step))
        answer = _unusable(wanted)
    known = last_known(seen, position, source.uri, step)
    standing = complete(spec, known) if known is not None else None
    if isinstance(standing, Incomplete):
        # An edit that even the known version cannot serve.
        return Settled(None, _told_of(_unusable(standing), step))
    return Settled(_of_step(standing, step) if standing else None, _told_of(answer, step))


def last_known(seen: Observed, position: Position, uri: str, step: str = "") -> Resolved | None:
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


def _unusable(found: Incomplete) -> Unresolved:
    return Unresolved(Reason.MODEL_UNUSABLE, "; ".join(found.problems))


def _told_of(answer: Unresolved, step: str) -> Unresolved:
    return replace(answer, message=_named(answer.message, step))


def _of_step(wanted: Completed, step: str) -> Completed:
    told = tuple(_named(sentence, step) for sentence in wanted.contradictions)
    return replace(wanted, contradictions=told)


def _named(sentence: str, step: str) -> str:
    """One answer is for all who ask: it knows sources by their place in an InferenceModel."""
    return sentence.replace("spec.model.", f"spec.steps[{step}].model.") if step else sentence
