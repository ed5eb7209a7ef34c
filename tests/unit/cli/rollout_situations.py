"""Resources in the middle of a rollout, as the API server gives them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from inference_operator.cli.rollout_commands.situation import Situation, situation_of
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, Body, imodel, stored

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)
STABLE, CANARY, OLDER = "b20cf49ed2", "935a3432c3", "41aa90be77"
STEPS = (
    {"setWeight": 10},
    {"pause": {"duration": "5m"}},
    {"pause": {}},
    {"setWeight": 50},
    {"analysis": {}},
)
ANALYSIS = {
    "metrics": [
        {"name": "errors", "type": "ErrorRate", "max": "1%"},
        {"name": "p95", "type": "Latency", "statistic": "p95", "maxRelative": "110%"},
    ]
}
ANNOTATION = "inference.aipx.io/"


def at(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(**parts: float) -> str:
    """A time before noon, as a status has it."""
    return at(NOON - timedelta(**parts))


def condition(kind: str, status: str, reason: str, message: str = "") -> Body:
    return {
        "type": kind,
        "status": status,
        "observedGeneration": 4,
        "lastTransitionTime": ago(minutes=5),
        "reason": reason,
        "message": message or f"{reason} in words",
    }


def revision(name: str, version: str, replicas: int, ready: int, weight: int | None) -> Body:
    fields = {
        "revision": name,
        "version": version,
        "replicas": replicas,
        "ready": ready,
        "weight": weight,
    }
    return {key: value for key, value in fields.items() if value is not None}


def body(
    status: Body, commands: Body | None = None, rollout: Body | None = None, **changes: Any
) -> Body:
    """A model with that status, at generation 4, which the operator has observed."""
    rollout = (
        {"canary": {"steps": list(STEPS), "analysis": ANALYSIS}} if rollout is None else rollout
    )
    model = stored(imodel(rollout=rollout, **changes), generation=4, resourceVersion="7")
    annotations = {f"{ANNOTATION}{verb}": value for verb, value in (commands or {}).items()}
    if annotations:
        model["metadata"]["annotations"] = annotations
    return {**model, "status": {"observedGeneration": 4, **status}}


def steady() -> Body:
    """The status while one revision serves."""
    return {
        "phase": "Ready",
        "stable": revision(STABLE, "3", 4, 4, None),
        "rollout": {"previous": OLDER, "promotedAt": ago(hours=3)},
        "conditions": [condition("Ready", "True", "Ready", "4 of 4 replicas serve version 3")],
        "decisions": decisions(),
    }


def decisions() -> Sequence[Body]:
    return [
        {
            "time": ago(hours=3),
            "kind": "Rollout",
            "from": OLDER,
            "to": STABLE,
            "reason": "Promoted",
            "message": f"revision {STABLE} of models:/fx/3 answers on 4 of 4 replicas; clients"
            f" moved to it from revision {OLDER}",
        }
    ]


def at_step(index: int | None, *, weight: int = 10, **rollout: Any) -> Body:
    """The status of a canary at a step, the first one being 0."""
    state = {"currentStepIndex": index, "currentStepHash": "6f1c", "stepSince": ago(minutes=2)}
    message = f"revision {CANARY} of version 4 gets {weight} % of the requests"
    return {
        **steady(),
        "phase": "Progressing",
        "stable": revision(STABLE, "3", 4, 4, 100 - weight),
        "canary": revision(CANARY, "4", 2, 1, weight),
        "rollout": {
            **({} if index is None else state),
            "since": ago(minutes=9),
            "ready": 1,
            **rollout,
        },
        "conditions": [
            condition("Ready", "False", "Progressing", message),
            condition("Reconciling", "True", "Progressing", message),
            condition("Available", "True", "MinimumReplicasAvailable"),
        ],
        "decisions": [
            *decisions(),
            {
                "time": ago(minutes=9),
                "kind": "Rollout",
                "from": STABLE,
                "to": CANARY,
                "reason": "RevisionCreated",
                "message": f"revision {CANARY} of models:/fx/4 starts with 2 replicas beside"
                f" revision {STABLE}",
            },
        ],
    }


def aborted(*, with_pods: bool = False) -> Body:
    """The status after an abort, whose pods may still be there."""
    message = f"revision {CANARY} was aborted by a person; revision {STABLE} serves"
    canary = {"canary": revision(CANARY, "4", 2, 2, 0)} if with_pods else {}
    return {
        **steady(),
        "phase": "Degraded",
        **canary,
        "rollout": {
            "aborted": {
                "revision": CANARY,
                "version": "4",
                "time": ago(minutes=5),
                "reason": "Aborted",
                "message": "a person aborted it at step 3 of 5 (pause)",
            },
            "handled": [f"abort={CANARY}"],
        },
        "conditions": [
            condition("Ready", "False", "RolloutAborted", message),
            condition("Stalled", "True", "RolloutAborted", message),
            condition("Available", "True", "MinimumReplicasAvailable"),
        ],
    }


def situation(
    status: Body, commands: Body | None = None, rollout: Body | None = None, **changes: Any
) -> Situation:
    return situation_of(body(status, commands, rollout, **changes), KEY)


NAMED = f"InferenceModel/{KEY.name} -n {KEY.namespace}"
OTHER = UnitKey("EnsemblePipeline", KEY.namespace, KEY.name)
