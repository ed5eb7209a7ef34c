"""How many of the operator's modules one field and one decision pass.

    python -m benchmarks.modules_passed

A field of a spec passes a module if one of its functions runs from the event of a new
InferenceModel up to the manifests. A decision passes a module if one of its functions runs from
the state machine up to the Event and the patch of the status. Importing a module does not count.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any, TypeVar

from inference_operator.adapters.kubernetes.status_writer import merge_patch
from inference_operator.domain.names import UnitKey
from inference_operator.observation.observe import observe
from inference_operator.observation.projection import project
from inference_operator.observation.store import Store
from inference_operator.planning.planner import plan
from inference_operator.planning.status.events import events_for
from inference_operator.planning.status.unit_status import report
from inference_operator.validation.defaults import Defaults

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DEFAULTS = Defaults("triton.example/triton:1", "operator.example/operator:1")
BODY = {
    "apiVersion": "inference.aipx.io/v1alpha1",
    "kind": "InferenceModel",
    "metadata": {
        "namespace": "desk",
        "name": "lstm",
        "uid": "u",
        "resourceVersion": "1",
        "generation": 1,
    },
    "spec": {
        "replicas": 2,
        "model": {
            "format": "onnx",
            "source": {"uri": "https://models.example/lstm.onnx"},
        },
    },
}
Answer = TypeVar("Answer")


def passed(call: Callable[[], Answer], within: str = "") -> tuple[Answer, set[str]]:
    """Return what a call returns, and the operator's modules whose functions it runs; with
    `within`, only those that run while a function of that name does."""
    modules: set[str] = set()
    depth = 0

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal depth
        is_bound = bool(within) and frame.f_code.co_name == within
        if is_bound and event in ("call", "return"):
            depth += 1 if event == "call" else -1
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("inference_operator") and (depth or not within):
            modules.add(module)

    sys.setprofile(profile)
    try:
        answer = call()
    finally:
        sys.setprofile(None)
    return answer, modules


def main() -> None:
    """Print both numbers, and the modules."""
    store, key = Store(), UnitKey("InferenceModel", "desk", "lstm")

    def from_event_to_manifests() -> Any:
        store.put("InferenceModel", project("InferenceModel", BODY))
        seen = observe(store, key)
        assert seen is not None
        return seen, plan(seen, DEFAULTS, NOW)

    (seen, decided), field = passed(from_event_to_manifests)
    assert decided.assessment.invalid is None, decided.assessment.invalid
    _, deciding = passed(lambda: plan(seen, DEFAULTS, NOW), within="advance")

    def to_event_and_patch() -> Any:
        status = report(seen, decided, (), NOW)
        return events_for(seen.status, status, decided), merge_patch({}, status.to_body())

    _, telling = passed(to_event_and_patch)
    for name, modules in (("field", field), ("decision", deciding | telling)):
        print(f"one {name}: {len(modules)} modules")
        print("\n".join(f"  {module}" for module in sorted(modules)))


if __name__ == "__main__":
    main()
