"""The view of one rollout for programs: `kubectl inference status --output json`."""

from datetime import datetime
from typing import Any

from inference_operator.api.conditions import format_time
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.planning.rollout.steps import describe, weight_at


def view(situation: Situation, now: datetime) -> dict[str, Any]:
    """Return the situation as JSON. Fields that the status lacks are absent, and never zero."""
    status, key, ready = situation.status, situation.key, situation.ready
    body = status.to_body()
    fields = {
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "generation": situation.generation,
        "observedGeneration": status.observed_generation,
        "phase": status.phase,
        "ready": ready.model_dump(mode="json", by_alias=True) if ready else None,
        "hasEnded": situation.has_ended,
        "target": situation.target,
        "rolledBackTo": situation.rolled_back_to,
        "stable": body.get("stable"),
        "canary": body.get("canary"),
        "canaryWeight": _canary_weight(situation),
        "currentStep": _present(situation),
        "steps": _steps(situation, now),
        "analysis": body.get("analysis"),
        "autoscaling": body.get("autoscaling"),
        "aborted": (body.get("rollout") or {}).get("aborted"),
        "commands": {str(verb): value for verb, value in situation.commands.values.items()},
        "handled": list(status.rollout.handled) if status.rollout else None,
        "conditions": body.get("conditions"),
        "decisions": body.get("decisions"),
        "time": format_time(now),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _present(situation: Situation) -> int | None:
    """Return the present step, the first one being 1; None if no step is."""
    index = situation.step if situation.canary is not None else None
    return index + 1 if index is not None and index < len(situation.steps) else None


def _canary_weight(situation: Situation) -> int | None:
    """Return the percentage that the canary shall get; None without a canary or steps."""
    if situation.canary is None or situation.step is None:
        return None
    return weight_at(situation.steps, situation.step)


def _steps(situation: Situation, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "step": number + 1,
            "action": describe(step),
            "state": _state(situation, number),
            **_remaining(situation, number, now),
        }
        for number, step in enumerate(situation.steps)
    ]


def _state(situation: Situation, number: int) -> str:
    index = situation.step if situation.canary is not None else None
    if index is None or number > index:
        return "ToCome"
    return "Done" if number < index else "Present"


def _remaining(situation: Situation, number: int, now: datetime) -> dict[str, int]:
    """Return the seconds until a timed pause ends, if it is the present step."""
    pause, since = situation.steps[number].pause, situation.step_since
    if _state(situation, number) != "Present" or pause is None or since is None:
        return {}
    if pause.duration is None:
        return {}
    return {"remainingSeconds": max(0, int((pause.duration - (now - since)).total_seconds()))}
