"""An operator in a fake cluster: passes on demand, and what Kubernetes' controllers would do."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.status import UnitStatus, read_status
from inference_operator.domain.names import CHILD_SELECTOR, UnitKey
from inference_operator.observation.kinds import CHILD_BY_KIND, WATCHED_WHOLE
from inference_operator.observation.observe import unresolved
from inference_operator.observation.store import Store
from inference_operator.reconcile.reconciler import Dependencies, PassError, Reconciler
from inference_operator.reconcile.rollout_slots import RolloutSlots
from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import KEY, LOADER_IMAGE, TRITON_IMAGE, imodel, revision_of
from tests.fakes.cluster import CrashedError, FakeCluster, Request

DEFAULTS = Defaults(TRITON_IMAGE, LOADER_IMAGE)
NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)


class OperatorHarness:
    """One operator process at a time, over one fake cluster and a clock that tests set."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.now = NOON
        self.answers: Callable[[str], bool] = lambda revision: True
        """Whether pods of that revision become Ready."""

        self.start()

    def start(self, defaults: Defaults = DEFAULTS) -> None:
        """A new process: it lists everything and remembers nothing."""
        self.woken: list[UnitKey] = []
        """Who was woken by the cache and by turns."""

        self.refreshed: list[tuple[UnitKey, str]] = []
        """What the passes told the registry to ask again."""

        self.store = Store(self.woken.append)
        self.telemetry = Telemetry()
        self.passes = self.passes_over(self.store, self.woken.append, defaults)
        self.cluster.events.clear()
        for kind, body in self.cluster.snapshot():
            if is_watched(kind, body):
                self.store.put(kind, body)
        self.woken.clear()

    def passes_over(
        self, store: Store, wake: Callable[[UnitKey], None], defaults: Defaults = DEFAULTS
    ) -> Reconciler:
        """An operator's passes, without a registry."""
        dependencies = self.dependencies(store, wake, defaults)
        return Reconciler(self.cluster, store, self.telemetry, dependencies)

    def dependencies(
        self, store: Store, wake: Callable[[UnitKey], None], defaults: Defaults
    ) -> Dependencies:
        """The inputs of the passes besides the cluster: nothing is measured."""
        slots = RolloutSlots(defaults.staged, store.rolling, wake)
        return Dependencies(defaults, lambda: self.now, unresolved, self._refresh, slots)

    def _refresh(self, key: UnitKey, command: str) -> None:
        self.refreshed.append((key, command))

    def user_applies(self, **changes: Any) -> None:
        """`kubectl apply` of the model with that spec."""
        self.cluster.apply_as("kubectl", imodel(**changes), force=True)

    def watch(self) -> bool:
        """Deliver what the watches have to say; whether that was anything."""
        events, self.cluster.events = self.cluster.events, []
        for kind_of_event, kind, body in events:
            if not is_watched(kind, body):
                continue
            if kind_of_event == "DELETED":
                self.store.record_deletion(kind, body)
            else:
                self.store.put(kind, body)
        return bool(events)

    async def one_pass(self, key: UnitKey = KEY, *, under_load: bool = False) -> timedelta | None:
        """One pass with the newest view; PassError when something failed."""
        self.watch()
        return await self.passes(key, under_load)

    async def settle(self, rounds: int = 20, keys: Iterable[UnitKey] = (KEY,)) -> None:
        """Passes and controllers in turn, until nothing changes any more."""
        for _ in range(rounds):
            self.watch()
            failed = False
            for key in keys:
                try:
                    await self.passes(key)
                except (PassError, ApiError):
                    failed = True
            self.run_deployments()
            if not self.watch() and not failed:
                return

    async def later(self, delay: timedelta) -> None:
        """Time passes, and the operator looks again."""
        self.now += delay
        await self.settle()

    def run_deployments(self) -> None:
        """Deployments get as many ready pods as they ask for, where their model answers."""
        for deployment in self.cluster.all("Deployment"):
            replicas = deployment["spec"]["replicas"]
            ready = replicas if self.answers(revision_of(deployment)) else 0
            status = {"replicas": replicas, "readyReplicas": ready}
            if deployment.get("status") != status:
                self.cluster.edit("Deployment", deployment["metadata"]["name"], {"status": status})

    @property
    def status(self) -> UnitStatus:
        return self.status_of(KEY)

    def status_of(self, key: UnitKey) -> UnitStatus:
        """What the resource says of itself; the empty one where there is none."""
        return read_status(self.cluster.live(key.kind, key.name) or {"kind": key.kind})

    @property
    def ready(self) -> tuple[str, str, str]:
        """Status, reason and message of Ready."""
        ready = next(c for c in self.status.conditions if c.type == "Ready")
        return ready.status.value, ready.reason, ready.message

    @property
    def served(self) -> str | None:
        """The revision that clients reach."""
        service = self.cluster.live("Service", KEY.name)
        return service["spec"]["selector"].get("inference.aipx.io/revision") if service else None

    @property
    def deployments(self) -> dict[str, int]:
        """Replicas that are asked for, by revision."""
        return {revision_of(d): d["spec"]["replicas"] for d in self.cluster.all("Deployment")}

    @property
    def event_reasons(self) -> list[str]:
        return [event["reason"] for event in self.cluster.all("Event")]


def is_watched(kind: str, body: dict[str, Any]) -> bool:
    """As the operator's watches select: its own kinds, and labelled children."""
    if kind not in CHILD_BY_KIND or kind in WATCHED_WHOLE:
        return kind != "Event"
    label, _, value = CHILD_SELECTOR.partition("=")
    return bool((body["metadata"].get("labels") or {}).get(label) == value)


def refuse(
    where: Callable[[Request], bool], status: int = 403, words: str = "no", *causes: str
) -> Any:
    """A fault: every such write is refused."""

    def fault(request: Request, number: int) -> None:
        if where(request):
            reason = "Forbidden" if status == 403 else ""
            raise ApiError(status, reason, words, frozenset(causes))

    return fault


def crash_at(number: int) -> Any:
    """A fault: the process ends at that write, and nothing of it runs on."""

    def fault(request: Request, count: int) -> None:
        if count >= number:
            raise CrashedError

    return fault
