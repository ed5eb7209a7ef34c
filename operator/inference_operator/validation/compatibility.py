"""Selection of the newest pins that fit together, if not all of the newest ones do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from inference_operator.api.problem import Problem, joined
from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Observed
from inference_operator.domain.pins import Pin
from inference_operator.domain.references import Reference
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.validation.pipeline import CompletedPipeline
from inference_operator.validation.references import (
    ReferenceOutcome,
    ResolvedSteps,
    last_pin,
    version_of,
)

_REPORTED = 3

Problems = Callable[[CompletedPipeline], Sequence[Problem]]


def newest_compatible_pins(
    seen: Observed,
    state: RolloutState,
    newest: ResolvedSteps,
    problems_of_newest: Sequence[Problem],
    problems_of: Problems,
) -> ResolvedSteps | None:
    """Return the pipeline with the newer revisions that fit, tried in the order of the steps.

    The other references keep their pins and report their problems. `problems_of_newest` are those
    of all newest revisions together. None: nothing older is pinned, or the pins do not fit either.
    Calls `problems_of` once for each newer revision, and once more.
    """
    if newest.pipeline is None:
        return None
    older = _older(seen, state, newest.pipeline.pins)
    if not older or problems_of(_with(newest.pipeline, older)):
        return None
    misfits: dict[Reference, Sequence[Problem]] = {}
    for reference in list(older):
        rest = {other: pin for other, pin in older.items() if other != reference}
        problems = problems_of(_with(newest.pipeline, rest)) if rest else problems_of_newest
        if problems:
            misfits[reference] = problems
        else:
            older = rest
    compatible = _with(newest.pipeline, older)
    outcomes = _outcomes(newest, older, misfits)
    return replace(newest, pipeline=compatible, partial=compatible, references=outcomes)


def _older(seen: Observed, state: RolloutState, newest: Mapping[str, Pin]) -> dict[Reference, Pin]:
    """Return the present pin of each resource that has a newer revision."""
    older = {}
    for pin in newest.values():
        pinned = last_pin(seen, state, _named(pin))
        if pinned is not None and pinned.content != pin.content:
            older[_named(pin)] = pinned
    return older


def _with(pipeline: CompletedPipeline, older: Mapping[Reference, Pin]) -> CompletedPipeline:
    pins = {step: older.get(_named(pin), pin) for step, pin in pipeline.pins.items()}
    return replace(pipeline, pins=pins)


def _outcomes(
    newest: ResolvedSteps,
    older: Mapping[Reference, Pin],
    misfits: Mapping[Reference, Sequence[Problem]],
) -> tuple[ReferenceOutcome, ...]:
    steps = [step.name for step in newest.partial.spec.steps if step.model_ref is not None]
    return tuple(
        _outcome(step, outcome, newest.partial.pins[step], older, misfits)
        for step, outcome in zip(steps, newest.references, strict=True)
    )


def _outcome(
    step: str,
    outcome: ReferenceOutcome,
    newest: Pin,
    older: Mapping[Reference, Pin],
    misfits: Mapping[Reference, Sequence[Problem]],
) -> ReferenceOutcome:
    pinned = older.get(_named(newest))
    if pinned is None:
        return outcome
    message = (
        f"{step}: {newest.reference} {version_of(newest)} does not fit: "
        f"{_first_problems(misfits[_named(newest)])}; {version_of(pinned)} stays pinned"
    )
    return ReferenceOutcome(pinned, message, Reason.REFERENCE_INCOMPATIBLE)


def _first_problems(problems: Sequence[Problem]) -> str:
    """Join the first problems only: each of twenty steps may have twenty."""
    more = len(problems) - _REPORTED
    return joined(problems[:_REPORTED]) + (f"; and {more} more" if more > 0 else "")


def _named(pin: Pin) -> Reference:
    return Reference(pin.kind, pin.name)
