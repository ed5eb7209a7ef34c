"""Rollouts that the operator's own passes play in `simulate rollout`'s cluster, one for a seed.

The manifest, the sweeps and the scrapes have the shipped defaults, unless a `Setting` changes them.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Any

from inference_operator.cli.simulation.history import History, Moment, Outcome
from inference_operator.cli.simulation.pace import SCRAPE_INTERVAL, Pace
from inference_operator.cli.simulation.requests import Behaviour, Latency
from inference_operator.cli.simulation.simulation import Setup, Simulation
from inference_operator.cli.simulation.trace import Missing, Row, Trace
from inference_operator.domain.names import UnitKey
from inference_operator.settings import DEFAULTS, defaults_of

STABLE_ERRORS = 0.005
STABLE_P50, STABLE_P95 = 8.0, 15.45
HOUR = 3600
# Seconds before the new revision: the operator remembers 60 windows, of about a sweep each.
_HISTORY = 630
# Seconds for which uneven traffic stays as it is.
_SLOT = 15
_UNIT = UnitKey("InferenceModel", "trading", "lstm")
STEPS: tuple[Mapping[str, Any], ...] = (
    {"setWeight": 10},
    {"analysis": {}},
    {"setWeight": 50},
    {"analysis": {"count": 3}},
)


@dataclass(frozen=True, slots=True)
class Fault:
    """How a new version differs: its share of failed requests, and its latency's multiple."""

    errors: float = STABLE_ERRORS
    latency: float = 1.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What differs from the shipped defaults, and from the steps that most rollouts have."""

    analysis: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `spec.rollout.canary.analysis`."""

    steps: tuple[Mapping[str, Any], ...] = STEPS
    scrape_interval: int = SCRAPE_INTERVAL
    sweep_interval: int = Pace().sweep_interval
    load_time: int = Pace().load_time


@dataclass(frozen=True, slots=True)
class Scenario:
    """Rollouts that differ in their seeds alone."""

    name: str
    fault: Fault = Fault()
    setting: Setting = Setting()
    rate: float = 100.0
    """Requests a second of both tracks."""

    uneven: bool = False
    """Whether rates, latencies and shares of failed requests vary every 15 s; see `rows`."""

    new_pods: float = 1.0
    """Multiple of the latency of all new pods: those of the canary, and those of a baseline."""

    lasts: int = HOUR
    """The longest time in s after the new revision is applied."""

    outage: tuple[int, int] | None = None
    """Begin and end of a time in which Prometheus does not answer, in s."""


@dataclass(frozen=True, slots=True)
class Played:
    """What became of one rollout. Times are in s since the canary's first request."""

    seed: int
    outcome: Outcome
    back: float | None
    """When the weight 0 was written; None if it was not taken back."""

    requests: int
    """Requests that the new revision answered until it was taken back or promoted."""

    failed: int
    sweeps: int
    """Sweeps while both revisions had requests that changed no verdict, no reason of one, no weight
    and no pod."""

    writes: int
    """Writes of the operator with those sweeps."""


def play(scenario: Scenario, seed: int) -> Played:
    """Play one rollout."""
    history = asyncio.run(Simulation(setup(scenario, seed)).run())
    return outcome(history, seed, scenario.setting.sweep_interval)


def setup(scenario: Scenario, seed: int) -> Setup:
    """Return what is simulated. The seed moves the first request against the sweeps, too."""
    setting = scenario.setting
    pace = Pace(
        load_time=setting.load_time - 5 + seed % 10,
        scrape_interval=setting.scrape_interval,
        sweep_interval=setting.sweep_interval,
        duration=scenario.lasts,
    )
    trace = Trace(tuple(rows(scenario, Random(seed))))
    return Setup(_UNIT, (manifest(setting),), trace, pace, defaults_of(DEFAULTS), seed)


def manifest(setting: Setting) -> dict[str, Any]:
    """Return the model of docs/analysis.md: two metrics, each with two limits."""
    metrics = [
        {"name": "errors", "type": "ErrorRate", "max": "1%", "maxRelative": "150%"},
        {
            "name": "p95",
            "type": "Latency",
            "statistic": "p95",
            "max": "20ms",
            "maxRelative": "110%",
        },
    ]
    canary = {
        "steps": [*setting.steps],
        "analysis": {"metrics": metrics, **setting.analysis},
        "gateway": {
            "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "http": {"hostnames": ["lstm.example.com"]},
        },
    }
    return {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": _UNIT.kind,
        "metadata": {"namespace": _UNIT.namespace, "name": _UNIT.name},
        "spec": {
            "replicas": 2,
            "model": {"source": {"uri": "models:/lstm@champion"}},
            "triton": {"metrics": {"latencyBuckets": [2, 5, 10, 15, 20, 30, 50, 100]}},
            "rollout": {"canary": canary},
        },
    }


def rows(scenario: Scenario, chance: Random) -> Iterator[Row]:
    """Yield the trace.

    Uneven: every 15 s the rate varies by 30 %, latencies by 15 % in common and by 5 % in each
    track, and the share of failed requests so that the variance of the stable revision's failures
    is threefold.
    """
    fault, new = scenario.fault, scenario.new_pods
    tracks = (Fault(), replace(fault, latency=fault.latency * new))
    outage = scenario.outage or (HOUR * 24, HOUR * 24)
    if not scenario.uneven:
        times = sorted({-_HISTORY, *(t for t in outage if t < scenario.lasts), scenario.lasts})
    else:
        times = list(range(-_HISTORY, scenario.lasts, _SLOT))
    for time in times:
        rate, scales, shares = scenario.rate, (1.0, 1.0), (1.0, 1.0)
        if scenario.uneven:
            rate *= _gamma(chance, 0.3)
            common = chance.lognormvariate(0.0, 0.15)
            scales = (
                common * chance.lognormvariate(0.0, 0.05),
                common * chance.lognormvariate(0.0, 0.05),
            )
            variation = (2 / (scenario.rate * _SLOT * STABLE_ERRORS)) ** 0.5
            shares = (_gamma(chance, variation), _gamma(chance, variation))
        stable, canary = (
            _behaviour(track, scale, share)
            for track, scale, share in zip(tracks, scales, shares, strict=True)
        )
        missing = Missing.PROMETHEUS if outage[0] <= time < outage[1] else Missing.NOTHING
        baseline = _behaviour(Fault(latency=new), scales[0], shares[0])
        yield Row(float(time), rate, stable, canary, missing, baseline)


def _gamma(chance: Random, variation: float) -> float:
    """Return a number with the mean 1 and this coefficient of variation."""
    return chance.gammavariate(variation**-2, variation**2)


def _behaviour(fault: Fault, scale: float, share: float) -> Behaviour:
    latency = fault.latency * scale
    return Behaviour(
        min(fault.errors * share, 1.0), Latency(STABLE_P50 * latency, STABLE_P95 * latency)
    )


def outcome(history: History, seed: int, sweep_interval: int) -> Played:
    """Return what the history of a rollout says."""
    answered = history.answered.get(history.second)
    quiet = list(_quiet(history, sweep_interval))
    return Played(
        seed=seed,
        outcome=history.outcome,
        back=_back(history),
        requests=answered.succeeded + answered.failed if answered else 0,
        failed=answered.failed if answered else 0,
        sweeps=len(quiet),
        writes=sum(quiet),
    )


def _back(history: History) -> float | None:
    """Return the seconds from the first request until the weight 0 of an aborted canary."""
    if history.outcome is not Outcome.ABORTED:
        return None
    first = next(moment.time for moment in history.moments if moment.weight > 0)
    last = max(moment.time for moment in history.moments if moment.weight > 0)
    return next(m.time for m in history.moments if m.time > last) - first


def _quiet(history: History, sweep_interval: int) -> Iterator[int]:
    """Yield the writes with each sweep between the first request and the end which changed no
    verdict, no reason of one, no weight and no pod."""
    entries = {entry.time for entry in history.entries}
    for before, after in pairwise(history.moments):
        is_sweep = after.time % sweep_interval == 0
        is_next = after.time - before.time == sweep_interval
        is_same = _state(before) == _state(after) and after.time not in entries
        if is_sweep and is_next and is_same and 0 < after.weight < 100:
            yield after.writes - before.writes


def _state(moment: Moment) -> tuple[object, ...]:
    return moment.verdict, moment.metrics, moment.weight, moment.stable, moment.canary
