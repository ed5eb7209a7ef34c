"""Messages about what `plan` and `render` cannot look up: registries, resources and metrics."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inference_operator.adapters.mlflow.subscriptions import subscriptions_in
from inference_operator.api.analysis_status import Verdict
from inference_operator.api.conditions import ConditionType
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.cli.arguments import refusals
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.references import Reference, Referenced
from inference_operator.domain.resolution import Resolution, SourceKey, Unresolved
from inference_operator.observation.observe import Resolve
from inference_operator.observation.reference_index import references_in
from inference_operator.planning.analysis.question import question_of
from inference_operator.planning.plan import Plan


def no_registry(is_live: bool) -> Resolve:
    """Return a resolver that resolves nothing, and explains why."""
    remedy = (
        "only the version that --live shows can be used"
        if is_live
        else "give --live from a cluster that has resolved it"
    )

    def problem(source: SourceKey) -> Problem:
        message = f"no registry was asked about {shown_uri(source.uri)}"
        return Problem("", "", message, remedy)

    def resolve(unit: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
        sources = (asked.source for asked in subscriptions_in(unit, spec))
        return {source: Unresolved(Reason.RESOLVING, (problem(source),)) for source in sources}

    return resolve


def with_unresolved_references(
    seen: Observed, plans: Mapping[UnitKey, Plan], is_live: bool
) -> Observed:
    """Explain each reference that cannot be resolved here; `plans` are of the same files."""
    references = dict(seen.inputs.references)
    for named in references_in(seen.spec):
        referenced = _seen_here(seen, named, plans, is_live)
        if referenced is not None:
            references[named] = referenced
    return replace(seen, inputs=replace(seen.inputs, references=references))


def with_unmeasured_metrics(seen: Observed) -> Observed:
    """Answer the unit's question about its metrics: nobody asked Prometheus here.

    The last verdict of a live status still holds, and so does its report that there is no
    Prometheus.
    """
    question = question_of(seen)
    available = seen.status.condition(ConditionType.METRICS_AVAILABLE)
    if question is None or (available and available.reason == Reason.ANALYSIS_UNAVAILABLE):
        return seen
    canary = question.canary.revision if question.canary else None
    stable, why = question.stable.revision, "no Prometheus is asked here"
    answer = AnalysisResult(canary, stable, Verdict.NO_DATA, why)
    return replace(seen, inputs=replace(seen.inputs, analysis=answer))


def _seen_here(
    seen: Observed, named: Reference, plans: Mapping[UnitKey, Plan], is_live: bool
) -> Referenced | None:
    """Return the reference with an explanation; None where the observed state suffices."""
    there = seen.inputs.references.get(named)
    if there is None:
        if is_live:
            return None
        message = f"{named} of namespace {seen.owner.key.namespace} is in none of these files"
        remedy = "add it with -f, or its live state with --live"
        return Referenced(unresolved=(Reason.REFERENCE_NOT_FOUND, message, remedy))
    planned = plans.get(UnitKey(named.kind, seen.owner.key.namespace, named.name))
    if planned is None or there.stable is not None or there.reason:
        return None
    message = "cannot be served as it is written" if refusals(planned) else "cannot be planned yet"
    remedy = "see its own message in this output"
    return replace(there, unresolved=(Reason.REFERENCE_NOT_READY, f"{named} {message}", remedy))
