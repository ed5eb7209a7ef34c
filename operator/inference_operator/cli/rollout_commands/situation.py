"""The situation of one rollout, as the live resource reports it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from inference_operator.api.analysis import MOST_METRICS, MetricMode
from inference_operator.api.canary import CanaryStep, Steps
from inference_operator.api.conditions import Condition, ConditionStatus, ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.api.rollout_status import AbortStatus
from inference_operator.api.status import RevisionStatus, UnitStatus, read_status
from inference_operator.domain.commands import FORMS, Commands, Verb
from inference_operator.domain.names import UnitKey

_LONGEST_URI = 2048
_MOST_SOURCES = 64
_STEPS: TypeAdapter[tuple[CanaryStep, ...]] = TypeAdapter(Steps)
_UNJUDGED = (Reason.ANALYSIS_UNAVAILABLE, Reason.HOLD_TIMED_OUT)


@dataclass(frozen=True, slots=True)
class Situation:
    """The spec, the status and the commands of one resource at one moment."""

    key: UnitKey
    generation: int
    resource_version: str
    is_paused: bool
    """Whether `spec.rollout.paused` is true."""

    steps: tuple[CanaryStep, ...]
    """The steps of the spec; empty if one of them cannot be read."""

    status: UnitStatus
    annotations: Mapping[str, object]
    sources: tuple[str, ...] = ()
    """Addresses of artifacts in the spec."""

    dry_runs: frozenset[str] = frozenset()
    """Names of the metrics that decide nothing."""

    @property
    def commands(self) -> Commands:
        return Commands.read(self.annotations)

    @property
    def is_observed(self) -> bool:
        """Whether the operator has acted on the present spec."""
        return self.status.observed_generation == self.generation

    @property
    def aborted(self) -> AbortStatus | None:
        return self.status.rollout.aborted if self.status.rollout else None

    @property
    def stable(self) -> str | None:
        return self.status.stable.revision if self.status.stable else None

    @property
    def canary(self) -> RevisionStatus | None:
        """The revision that is being rolled out. An aborted one is not, though it may have pods
        for a while."""
        canary = self.status.canary
        if canary is not None and self.aborted is not None:
            return None if canary.revision == self.aborted.revision else canary
        return canary

    def is_pending(self, verb: Verb) -> bool:
        """Return whether the verb's annotation is one that the operator has not acted on yet."""
        handled = self.status.rollout.handled if self.status.rollout else ()
        commands = self.commands
        return verb in commands.values and commands.shown(verb) not in handled

    @property
    def step(self) -> int | None:
        """Index of the present step, the first one being 0; None if the operator reports none."""
        return self.status.rollout.current_step_index if self.status.rollout else None

    @property
    def waits_for_person(self) -> bool:
        """Whether the present step ends only when somebody promotes the revision."""
        if self.step is None:
            return False
        if self.ready is not None and self.ready.reason in _UNJUDGED:
            return True
        present = self.steps[self.step] if self.step < len(self.steps) else None
        pause = present.pause if present else None
        return pause is not None and pause.duration is None

    @property
    def verdict(self) -> str:
        """The last verdict on the canary; empty if there is none."""
        analysis, canary = self.status.analysis, self.canary
        is_its = analysis is not None and canary is not None
        return str(analysis.verdict) if analysis and is_its else ""

    @property
    def is_held_by_metrics(self) -> bool:
        """Whether the rollout waits for its metrics, or for a person who judges in their place."""
        reason = self.ready.reason if self.ready else ""
        return reason in (*_UNJUDGED, Reason.ANALYSIS_HOLDING)

    @property
    def step_since(self) -> datetime | None:
        return self.status.rollout.step_since if self.status.rollout else None

    @property
    def ready(self) -> Condition | None:
        """The condition Ready, if it is about the present generation."""
        ready = self.status.condition(ConditionType.READY)
        return ready if ready is not None and ready.observed_generation == self.generation else None

    @property
    def is_ready(self) -> bool:
        return self.ready is not None and self.ready.status is ConditionStatus.TRUE

    @property
    def has_ended(self) -> bool:
        """Whether no rollout is under way: it was promoted, aborted or rolled back, or cannot go on
        until a person acts."""
        if not self.is_observed or self.canary is not None:
            return False
        stalled = self.status.condition(ConditionType.STALLED)
        is_stalled = stalled is not None and stalled.status is ConditionStatus.TRUE
        is_back = self.ready is not None and self.ready.reason == Reason.ROLLED_BACK
        return self.is_ready or is_stalled or is_back or self.aborted is not None

    @property
    def target(self) -> str | None:
        """The revision that the spec asks for; None if the status does not tell.

        A rollback leaves the spec as it is: what the status reports then is the older revision, and
        the command names the one of the spec.
        """
        if self.aborted is not None:
            return self.aborted.revision
        head = self.canary.revision if self.canary else self.stable
        match = FORMS[Verb.ROLLBACK].fullmatch(self.commands.values.get(Verb.ROLLBACK, ""))
        if match is None or head != match[1] or self.is_ready:
            return head
        return match[2]

    @property
    def is_frozen(self) -> bool:
        """Whether the rollout waits because rollouts are frozen."""
        return self.ready is not None and self.ready.reason == Reason.FROZEN

    @property
    def rolled_back_to(self) -> str | None:
        """The revision that a person rolled back to, while the spec asks for another one; None if
        that rollback has ended."""
        target, rollout = self.target, self.status.rollout
        handled = rollout.handled if rollout else ()
        return self.commands.rolled_back_to(target, handled) if target is not None else None


def situation_of(body: Mapping[str, Any], key: UnitKey) -> Situation:
    """Return the situation in a resource's body. Illegible parts of the status are left out."""
    meta, spec = body["metadata"], _map(body.get("spec"))
    rollout = _map(spec.get("rollout"))
    return Situation(
        key=key,
        generation=meta.get("generation") or 0,
        resource_version=meta.get("resourceVersion") or "",
        is_paused=rollout.get("paused") is True,
        steps=_steps(_map(rollout.get("canary")).get("steps")),
        status=read_status({**body, "kind": key.kind}),
        annotations=_map(meta.get("annotations")),
        sources=_sources(spec),
        dry_runs=_dry_runs(_map(rollout.get("canary"))),
    )


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _steps(written: object) -> tuple[CanaryStep, ...]:
    # Only the steps: a newer API may have fields beside them that this program does not know.
    try:
        return _STEPS.validate_python(written)
    except ValidationError:
        return ()


def _dry_runs(canary: Mapping[str, Any]) -> frozenset[str]:
    written = _map(canary.get("analysis")).get("metrics")
    metrics = map(_map, written[:MOST_METRICS] if isinstance(written, list) else ())
    return frozenset(
        str(metric.get("name")) for metric in metrics if metric.get("mode") == MetricMode.DRY_RUN
    )


def _sources(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the addresses of a model, or of a pipeline's own models."""
    steps = spec.get("steps")
    holders = [spec, *(steps[:_MOST_SOURCES] if isinstance(steps, list) else ())]
    addresses = (_address(holder) for holder in holders)
    return tuple(address for address in addresses if address)


def _address(holder: object) -> str:
    """Return `model.source.uri` below a holder; empty if there is none."""
    value = holder
    for name in ("model", "source", "uri"):
        value = _map(value).get(name)
    return value[:_LONGEST_URI] if isinstance(value, str) else ""
