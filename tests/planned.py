"""One plan of one body, with all that a pass would say of it."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from inference_operator.cli.offline_answers import no_registry
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.observation.observe import observe
from inference_operator.observation.store import Store
from inference_operator.planning.planner import plan
from inference_operator.planning.status.events import events_for
from inference_operator.planning.status.explain import explain
from inference_operator.planning.status.unit_status import report
from tests.unit.planning.seen import DEFAULTS, NOON

Body = dict[str, Any]


def seen(body: Body) -> Observed:
    """Return what an operator without a registry sees of a new resource."""
    stored = json.loads(json.dumps(body))
    stored["metadata"] |= {"uid": "u", "resourceVersion": "1", "generation": 1}
    store = Store()
    store.put(stored["kind"], stored)
    meta = stored["metadata"]
    observed = observe(
        store, UnitKey(body["kind"], meta["namespace"], meta["name"]), no_registry(False)
    )
    assert observed is not None
    return observed


def planned(body: Body) -> dict[str, Any]:
    """Return how many problems there are, how long what is said of them is, and the seconds."""
    there = seen(body)
    began = time.process_time()
    made = plan(there, DEFAULTS, NOON)
    status = report(there, made, (), NOON)
    messages = [note.message for note in events_for(there.status, status, made)]
    seconds = time.process_time() - began
    invalid = made.assessment.invalid
    problems = [str(problem) for problem in invalid.problems] if invalid else []
    return {
        "problems": len(problems),
        "longest": max(map(len, problems), default=0),
        "first": problems[0] if problems else "",
        "last": problems[-1] if problems else "",
        "notes": sum(map(len, messages)),
        "status": len(json.dumps(status.to_body())),
        "explained": len(explain(made)),
        "seconds": seconds,
    }


@dataclass(slots=True)
class Calls:
    """Calls of functions so far."""

    count: int = 0


@contextmanager
def calls() -> Iterator[Calls]:
    """Count the calls of functions, which do not depend on the machine."""
    counted = Calls()

    def count(frame: object, event: str, argument: object) -> None:
        if event == "call":
            counted.count += 1

    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(None)
