"""A harness whose operator reconciles woken units only, and two units with the same name."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.api.conditions import ConditionType
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import CHILD_BY_KIND, OF_THE_CLUSTER, UNIT_BY_KIND
from inference_operator.observation.store import Store
from inference_operator.reconcile.event_router import EventRouter
from inference_operator.reconcile.reconciler import PassError
from tests.fakes.bodies import KEY, source, step
from tests.fakes.harness import OperatorHarness, is_watched

RESOURCES = {**CHILD_BY_KIND, **UNIT_BY_KIND, **{each.kind: each for each in OF_THE_CLUSTER}}
# A step without a reference.
INLINE = step(modelRef=None, model=source(5))
# The number of tries of a failing pass.
PATIENCE = 3
# A pipeline with the name of the model.
TWIN = UnitKey("EnsemblePipeline", KEY.namespace, KEY.name)
Pick = Callable[[list[UnitKey]], UnitKey]


def next_of(keys: list[UnitKey]) -> UnitKey:
    return keys[0]


class WakeDrivenHarness(OperatorHarness):
    """An operator that reconciles only units that were woken or asked for it.

    `pick` chooses the next unit.
    """

    def __init__(self, pick: Pick = next_of) -> None:
        self.pick = pick
        self.made: list[UnitKey] = []
        self.queue: dict[UnitKey, None] = {}
        super().__init__()
        self.store = Store(self._wake)
        self.passes = self.passes_over(self.store, self._wake)
        self.router = EventRouter(self.store, self._wake, lambda resource: None)

    def _wake(self, key: UnitKey, *, urgent: bool = False) -> None:
        self.queue[key] = None

    def watch(self) -> bool:
        events, self.cluster.events = self.cluster.events, []
        for change, kind, body in events:
            if is_watched(kind, body):
                self.router.on_event(RESOURCES[kind], change, body)
        return bool(events)

    async def rest(self) -> int:
        """Reconcile until the queue is empty, and return the number of passes."""
        self.made.clear()
        failed: Counter[UnitKey] = Counter()
        while True:
            self.watch()
            if not self.queue:
                return len(self.made)
            key = self.pick(list(self.queue))
            del self.queue[key]
            self.made.append(key)
            assert len(self.made) < 100, "passes without end"
            try:
                if await self.passes(key) == timedelta(0):
                    self._wake(key)
            except (PassError, ApiError):
                failed[key] += 1
                if failed[key] < PATIENCE:
                    self._wake(key)
            self.run_deployments()

    def applied(self, body: dict[str, object]) -> None:
        self.cluster.apply_as("kubectl", body, force=True)

    def ready_of(self, key: UnitKey) -> str:
        condition = self.status_of(key).condition(ConditionType.READY)
        return condition.reason if condition else ""


def lose(harness: WakeDrivenHarness, key: UnitKey, kind: str) -> None:
    """Delete the children of a kind of a unit, as a user would."""
    for body in harness.cluster.all(kind):
        (owner,) = body["metadata"]["ownerReferences"]
        if (owner["kind"], owner["name"]) == (key.kind, key.name):
            harness.cluster.remove(kind, body["metadata"]["name"])
