"""Canaries that are not promoted: their metrics tell nothing, or that they are bad.

`tests/integration/operator/test_analysis.py` makes them: each is a second revision, and needs a
Prometheus, or an operator without one.
"""

from typing import Any

from tests.broken.situation import Situation

ERRORS = {"name": "errors", "type": "ErrorRate", "max": "10%"}
STEPS: list[dict[str, Any]] = [{"setWeight": 50}, {"analysis": {}}]


def rollout(*metrics: dict[str, str], **analysis: Any) -> dict[str, Any]:
    """Return a rollout that gives half of the clients to a canary, and judges it."""
    judged = {"metrics": [*metrics], "interval": "10s", "initialDelay": "0s", **analysis}
    return {"scaleDownDelay": "1s", "canary": {"steps": STEPS, "analysis": judged}}


_CHANGES = {"spec.rollout": rollout(ERRORS)}
HOLDING = Situation(
    "a canary with too few requests, or whose pods Prometheus does not scrape",
    "AnalysisHolding",
    "step 2 of 2: analysis: errors: …",
    "wait for requests, apply manifests/monitoring, or promote the revision",
    _CHANGES,
    is_of_settings=True,
)
TIMED_OUT = Situation(
    "a canary that could not be judged for `maxHold`",
    "HoldTimedOut",
    "its metrics have not passed within maxHold (…) since …: errors: …; promote the revision or"
    " abort it",
    "look at the metrics yourself, and promote the revision or abort it",
    _CHANGES,
    is_of_settings=True,
)
FAILING = Situation(
    "a canary whose requests fail",
    "RolloutAborted",
    "the rollout of revision … was aborted: errors: … of … requests failed (…), which exceeds 10%;"
    " revision … serves on …; to go on, make an edit that gives another revision, move the alias,"
    " or start it again",
    "correct the model, and apply it as another version",
    _CHANGES,
    is_of_settings=True,
)
UNJUDGED = Situation(
    "a canary that metrics shall judge, but the operator has no Prometheus",
    "AnalysisUnavailable",
    "this operator has no Prometheus (INFERENCE_OPERATOR_PROMETHEUS_URL) and cannot judge metrics;"
    " promote the revision or abort it yourself",
    "set the operator's `INFERENCE_OPERATOR_PROMETHEUS_URL`, or promote the revision",
    _CHANGES,
    is_of_settings=True,
)
CANARIES = (HOLDING, TIMED_OUT, FAILING, UNJUDGED)
