"""Which version of its source a unit is to serve: the registry's answer, or the last one known."""

from dataclasses import dataclass

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.reasons import Reason
from inference_operator.domain.completion import Completed, Incomplete, complete
from inference_operator.domain.observed import Observed
from inference_operator.domain.resolution import Resolved, Unresolved
from inference_operator.planning.rollout import Position


@dataclass(frozen=True, slots=True)
class Settled:
    """The completed spec, if there is any, and what is wrong with the registry's answer, if so."""

    wanted: Completed | None
    unresolved: Unresolved | None = None


def settle(seen: Observed, position: Position, spec: InferenceModelSpec) -> Settled:
    """The spec with what it leaves to the registry.

    A registry that is away, or whose answer cannot be served, takes nothing from what serves: the
    version that this very source was last resolved to stands, for scaling and other edits too.
    """
    if not spec.model.source.from_registry:
        return Settled(Completed(spec, spec))
    answer = seen.resolution or Unresolved(
        Reason.RESOLVING, f"the registry is being asked about {spec.model.source.uri}"
    )
    if isinstance(answer, Resolved):
        wanted = complete(spec, answer)
        if isinstance(wanted, Completed):
            return Settled(wanted)
        answer = _unusable(wanted)
    known = last_known(seen, position, spec.model.source.uri)
    standing = complete(spec, known) if known is not None else None
    if isinstance(standing, Incomplete):
        # An edit that even the known version cannot serve.
        return Settled(None, _unusable(standing))
    return Settled(standing, answer)


def last_known(seen: Observed, position: Position, uri: str) -> Resolved | None:
    """What the uri stood for in the newest revision that was made of it and still has pods."""
    for revision in (position.candidate, position.stable):
        record = seen.revisions.get(revision or "")
        if record is not None and record.resolved is not None and record.resolved.asked == uri:
            return record.resolved
    return None


def _unusable(found: Incomplete) -> Unresolved:
    return Unresolved(Reason.MODEL_UNUSABLE, "; ".join(found.problems))
