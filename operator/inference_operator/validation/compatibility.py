"""Which newer revisions a pipeline takes, where not all of what it refers to fits any more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from inference_operator.api.problem import Problem, joined
from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Observed, Reference
from inference_operator.domain.pins import Pin
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.validation.pipeline import CompletedPipeline
from inference_operator.validation.references import (
    Finding,
    ResolvedSteps,
    last_pin,
    version_of,
)

_TOLD = 3

Problems = Callable[[CompletedPipeline], Sequence[Problem]]


def newest_compatible_pins(
    seen: Observed,
    position: RolloutState,
    settled: ResolvedSteps,
    found: Sequence[Problem],
    problems_of: Problems,
) -> ResolvedSteps | None:
    """The pipeline with those newer revisions that fit, each tried alone in the order of the steps;
    of the others what is pinned, and what is wrong with them.

    `found` are the problems of all newest together. None where nothing older is pinned, or what is
    pinned does not fit either. Asks for `problems_of` once for each newer revision, and once more.
    """
    if settled.wanted is None:
        return None
    older = _older(seen, position, settled.wanted.pins)
    if not older or problems_of(_with(settled.wanted, older)):
        return None
    held: dict[Reference, Sequence[Problem]] = {}
    for reference in list(older):
        rest = {other: pin for other, pin in older.items() if other != reference}
        problems = problems_of(_with(settled.wanted, rest)) if rest else found
        if problems:
            held[reference] = problems
        else:
            older = rest
    wanted = _with(settled.wanted, older)
    findings = _findings(settled, older, held)
    return replace(settled, wanted=wanted, known=wanted, references=findings)


def _older(
    seen: Observed, position: RolloutState, newest: Mapping[str, Pin]
) -> dict[Reference, Pin]:
    """What is pinned of each resource of which there is something newer."""
    found = {}
    for pin in newest.values():
        known = last_pin(seen, position, _named(pin))
        if known is not None and known.content != pin.content:
            found[_named(pin)] = known
    return found


def _with(wanted: CompletedPipeline, older: Mapping[Reference, Pin]) -> CompletedPipeline:
    pins = {step: older.get(_named(pin), pin) for step, pin in wanted.pins.items()}
    return replace(wanted, pins=pins)


def _findings(
    settled: ResolvedSteps,
    older: Mapping[Reference, Pin],
    held: Mapping[Reference, Sequence[Problem]],
) -> tuple[Finding, ...]:
    steps = [step.name for step in settled.known.spec.steps if step.model_ref is not None]
    return tuple(
        _finding(step, found, settled.known.pins[step], older, held)
        for step, found in zip(steps, settled.references, strict=True)
    )


def _finding(
    step: str,
    found: Finding,
    newest: Pin,
    older: Mapping[Reference, Pin],
    held: Mapping[Reference, Sequence[Problem]],
) -> Finding:
    known = older.get(_named(newest))
    if known is None:
        return found
    message = (
        f"{step}: {newest.reference} {version_of(newest)} does not fit: "
        f"{_told(held[_named(newest)])}; {version_of(known)} stays pinned"
    )
    return Finding(known, message, Reason.REFERENCE_INCOMPATIBLE)


def _told(problems: Sequence[Problem]) -> str:
    """The first problems: each of twenty steps may have twenty."""
    more = len(problems) - _TOLD
    return joined(problems[:_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _named(pin: Pin) -> Reference:
    return Reference(pin.kind, pin.name)
