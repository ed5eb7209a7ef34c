"""The steps of a canary: the clients and the pods that each asks for."""

from inference_operator.api.base import format_duration
from inference_operator.api.canary import CanaryScale, CanaryStep
from inference_operator.api.quoting import counted
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import Pair
from inference_operator.domain.traffic import Split
from inference_operator.planning.rollout.analysis import may_rise
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.sizing import held_pair, pair_of


def weight_at(steps: tuple[CanaryStep, ...], index: int) -> int:
    """Return the percentage of the requests that the canary shall get at a step.

    >>> steps = (CanaryStep(set_weight=10), CanaryStep(pause={}), CanaryStep(set_weight=50))
    >>> [weight_at(steps, index) for index in range(4)]
    [10, 10, 50, 100]
    """
    if index >= len(steps):
        return 100
    weights = [step.set_weight for step in steps[: index + 1] if step.set_weight is not None]
    return weights[-1] if weights else 0


def scale_at(steps: tuple[CanaryStep, ...], index: int, split: Split) -> CanaryScale | None:
    """Return the `setCanaryScale` that holds at a step.

    Where the pods divide the requests, a later `setWeight` ends it.
    """
    if index >= len(steps):
        return None
    scale = None
    for step in steps[: index + 1]:
        if step.set_canary_scale is not None:
            scale = step.set_canary_scale
        elif step.set_weight is not None and split is Split.REPLICAS:
            scale = None
    return scale


def pair_at(state: RolloutState, facts: RolloutFacts) -> Pair | None:
    """Return the pods that the present step asks for; None if the rollout has no steps."""
    pair = _asked_pair(state, facts)
    is_alone = facts.is_alone(state.canary, state.stable)
    return pair if pair is None or is_alone else held(pair, state, facts)


def _asked_pair(state: RolloutState, facts: RolloutFacts) -> Pair | None:
    canary = facts.settings.canary
    if canary is None or not facts.steps or state.canary is None or state.stable is None:
        return None
    if facts.is_alone(state.canary, state.stable):
        return Pair(facts.replicas, facts.replicas)
    split, index = facts.settings.split, state.step
    scale = scale_at(facts.steps, index, split)
    return pair_of(facts.replicas, weight_at(facts.steps, index), canary, split, scale)


def held(pair: Pair, state: RolloutState, facts: RolloutFacts) -> Pair:
    """Return the pods; while rollouts are frozen, or metrics hold the canary, and pods divide the
    requests, those that give the canary no more of them."""
    is_divided = facts.settings.split is Split.REPLICAS and facts.traffic.split is Split.REPLICAS
    is_stopped = bool(facts.freeze) or not may_rise(state, facts)
    if not (is_stopped and is_divided and 0 < facts.traffic.leads_to(state.canary) < 100):
        return pair
    return held_pair(pair, facts.replicas, facts.ready_of(state.canary))


def needed_pods(state: RolloutState, facts: RolloutFacts) -> int:
    """Return the canary's pods that must answer before its share may rise."""
    pair = pair_at(state, facts)
    return facts.replicas if pair is None else pair.canary


def asked_pods(state: RolloutState, facts: RolloutFacts) -> int:
    """Return the canary's pods that the present step asks for, whatever holds it."""
    pair = _asked_pair(state, facts)
    return facts.replicas if pair is None else pair.canary


def answers_on(state: RolloutState, facts: RolloutFacts) -> str:
    """Return a part of a sentence about the canary: `its model answers on 1 of 2 pods`."""
    needed = counted(needed_pods(state, facts), "pod")
    return f"its model answers on {facts.ready_of(state.canary)} of {needed}"


def position(state: RolloutState, facts: RolloutFacts) -> str:
    """Return where the rollout stands: `step 2 of 5: pause until promoted`."""
    if state.step >= len(facts.steps):
        return f"after step {len(facts.steps)} of {len(facts.steps)}"
    step = facts.steps[state.step]
    return f"step {state.step + 1} of {len(facts.steps)}: {describe(step)}"


def describe(step: CanaryStep) -> str:
    """Return a step in the words of its field."""
    if step.set_weight is not None:
        return f"setWeight {step.set_weight}"
    if step.pause is not None:
        duration = step.pause.duration
        return f"pause {format_duration(duration)}" if duration is not None else "pause"
    if step.set_canary_scale is not None:
        scale = step.set_canary_scale.model_dump(by_alias=True, exclude_none=True)
        return "setCanaryScale " + ", ".join(f"{name} {value}" for name, value in scale.items())
    return "analysis"


def shares_sentence(state: RolloutState, facts: RolloutFacts) -> str:
    """Return which revision gets how much, as it is observed."""
    share = facts.traffic.leads_to(state.canary)
    weight = weight_at(facts.steps, state.step)
    canary = facts.short_name_of(state.canary or "")
    if facts.settings.split is Split.REPLICAS and 0 < share < 100:
        ready = facts.ready_of(state.canary)
        pods = ready + facts.ready_of(state.stable) + facts.baseline_ready
        return (
            f"revision {canary} gets {share} % of new connections ({ready} of"
            f" {counted(pods, 'ready pod')}; wanted {weight} %), revision {state.stable} the rest"
        )
    return (
        f"revision {canary} gets {share} % of the requests, revision {state.stable} {100 - share} %"
    )
