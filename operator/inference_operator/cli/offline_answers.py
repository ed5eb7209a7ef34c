"""What is said of registries and resources that nobody asks about here: the operator's own words
would be untrue without a cluster."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inference_operator.adapters.mlflow.subscriptions import subscriptions_in
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.cli.arguments import refusals
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed, Reference, Referenced
from inference_operator.domain.resolution import Resolution, SourceKey, Unresolved
from inference_operator.observation.observe import Resolve
from inference_operator.observation.reference_index import references_in
from inference_operator.planning.plan import Plan


def no_registry(is_live: bool) -> Resolve:
    """No answer to any question, and why there is none."""
    remedy = (
        "only what --live shows of it is known"
        if is_live
        else "give --live, of a cluster that has resolved it"
    )

    def problem(source: SourceKey) -> Problem:
        message = f"no registry is asked here about {shown_uri(source.uri)}"
        return Problem("", "", message, remedy)

    def resolve(unit: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
        sources = (asked.source for asked in subscriptions_in(unit, spec))
        return {source: Unresolved(Reason.RESOLVING, (problem(source),)) for source in sources}

    return resolve


def with_unresolved_references(
    seen: Observed, plans: Mapping[UnitKey, Plan], is_live: bool
) -> Observed:
    """The same, with what there is to say of those that it refers to; `plans` are those of units
    of the same files."""
    references = dict(seen.references)
    for named in references_in(seen.spec):
        referenced = _seen_here(seen, named, plans, is_live)
        if referenced is not None:
            references[named] = referenced
    return replace(seen, references=references)


def _seen_here(
    seen: Observed, named: Reference, plans: Mapping[UnitKey, Plan], is_live: bool
) -> Referenced | None:
    """None where what was seen of it says it all."""
    there = seen.references.get(named)
    if there is None:
        message, remedy = (
            f"{named} of namespace {seen.owner.key.namespace} is in none of these files",
            "add it by -f, or what is live by --live",
        )
        return (
            None
            if is_live
            else Referenced(unresolved=(Reason.REFERENCE_NOT_FOUND, message, remedy))
        )
    planned = plans.get(UnitKey(named.kind, seen.owner.key.namespace, named.name))
    if planned is None or there.stable is not None or there.reason:
        return None
    message = "cannot be served as it is written" if refusals(planned) else "cannot be planned yet"
    remedy = "see what is said of it here"
    return replace(there, unresolved=(Reason.REFERENCE_NOT_READY, f"{named} {message}", remedy))
