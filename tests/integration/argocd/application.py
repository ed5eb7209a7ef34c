"""An Application of a real Argo CD: applied, asked and removed as people do."""

from dataclasses import dataclass
from typing import Any

from hack.cluster.kubectl import Kubectl
from hack.services.argo_cd import NAMESPACE, LocalArgoCd
from tests.integration.operator.waiting import eventually

GROUP, VERSION = "inference.aipx.io", "v1alpha1"
_FINALIZER = "resources-finalizer.argocd.argoproj.io"


@dataclass(frozen=True, slots=True)
class Application:
    """One Application, which syncs by itself and puts back what others change."""

    argo_cd: LocalArgoCd
    kubectl: Kubectl
    name: str
    namespace: str

    def apply(self, repository: str, retries: int = 5) -> None:
        """Apply it for the folder `models`; `retries` is how often a failed sync starts again."""
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": self.name, "namespace": NAMESPACE, "finalizers": [_FINALIZER]},
            "spec": {
                "project": "default",
                "source": {"repoURL": repository, "path": "models", "targetRevision": "main"},
                "destination": {
                    "server": "https://kubernetes.default.svc",
                    "namespace": self.namespace,
                },
                "syncPolicy": {
                    "automated": {"prune": True, "selfHeal": True},
                    "retry": {"limit": retries},
                },
            },
        }
        self.kubectl.apply(body)

    def refresh(self) -> None:
        """Let Argo CD look at Git now, as a webhook does."""
        words = ("annotate", "application", self.name, "-n", NAMESPACE, "--overwrite")
        self.kubectl(*words, "argocd.argoproj.io/refresh=normal")

    def await_refreshed(self) -> None:
        """Wait until Argo CD has looked at Git since the last call of `refresh`."""
        key = "argocd.argoproj.io/refresh"
        eventually(lambda: key not in self._body()["metadata"].get("annotations", {}))

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self._body().get("status", {})
        return status

    def state(self) -> tuple[str, str]:
        """Return what the list of applications shows: Synced or not, and the health."""
        status = self.status()
        sync = status.get("sync", {}).get("status", "")
        return sync, status.get("health", {}).get("status", "")

    def conditions(self) -> list[dict[str, str]]:
        """Return what Argo CD has to complain about, such as an error of a script."""
        problems: list[dict[str, str]] = self.status().get("conditions", [])
        return problems

    def await_state(self, sync: str, health: str) -> None:
        eventually(lambda: self.state() == (sync, health), self._why)

    def health_of(self, kind: str, name: str) -> tuple[str, str]:
        """Return health and message of a resource, as the page of the application shows them."""
        tree = self.argo_cd.ask(f"/api/v1/applications/{self.name}/resource-tree")
        for node in tree.get("nodes", ()):
            if (node["kind"], node["name"]) == (kind, name):
                health = node.get("health", {})
                return health.get("status", ""), health.get("message", "")
        return "", ""

    def await_health(self, kind: str, name: str, health: str) -> str:
        """Return the message once a resource has that health."""
        eventually(lambda: self.health_of(kind, name)[0] == health, self._why)
        return self.health_of(kind, name)[1]

    def buttons(self, name: str) -> set[str]:
        """Return the actions of a model that a person can press."""
        actions = self.argo_cd.actions(self.name, self._model(name))
        return {action for action, is_offered in actions.items() if is_offered}

    def press(self, name: str, action: str) -> None:
        self.argo_cd.press(self.name, self._model(name), action)

    def delete(self) -> None:
        """Delete it with everything that it has applied, and wait until it has gone."""
        words = ("delete", "application", self.name, "-n", NAMESPACE, "--timeout=120s")
        self.kubectl(*words)

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.kubectl.get("application", self.name, "-n", NAMESPACE)
        return body

    def _model(self, name: str) -> dict[str, str]:
        return {
            "namespace": self.namespace,
            "resourceName": name,
            "version": VERSION,
            "group": GROUP,
            "kind": "InferenceModel",
        }

    def _why(self) -> object:
        return self.state(), self.conditions(), self.status().get("operationState", {})
