"""A real Argo CD for tests, as plain processes beside an API server: no pods, no network.

The application controller, the repository server and the API of the web pages are one program. They
share a Redis on loopback. They read Git from this machine's disk.
"""

import http.client
import json
import os
import shlex
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from hack.cluster import binaries, versions
from hack.cluster.kubectl import Kubectl
from hack.console import StepError, run
from hack.services import server_process
from hack.services.redis import LocalRedis
from hack.services.server_process import ServerProcess, free_ports

NAMESPACE = "argocd"
MODULE = "github.com/argoproj/argo-cd/v3"
_READY_SECONDS = 120.0
_ANSWER_SECONDS = 30
_CONTROLLER, _REPOSITORIES, _API = (
    "argocd-application-controller",
    "argocd-repo-server",
    "argocd-server",
)
# Argo CD calls `kustomize`; kubectl has the same code.
_KUSTOMIZE = """#!/bin/sh
case "$1" in
  build) shift; exec {kubectl} kustomize "$@" ;;
  version) echo v5.7.1 ;;
  *) echo "only build and version are supported here" >&2; exit 1 ;;
esac
"""


class LocalArgoCd:
    """`with LocalArgoCd(folder, server.kubectl, server.kubeconfig_of("argocd")) as argo_cd:` ...

    `admin` installs its kinds and settings; Argo CD itself works with `kubeconfig`, so that the
    audit log can tell them apart. Linux.
    """

    def __init__(self, folder: Path, admin: Kubectl, kubeconfig: Path) -> None:
        self.folder = folder
        self._admin = admin
        self._kubeconfig = kubeconfig
        self._redis = LocalRedis(folder / "redis")
        self._children: list[ServerProcess] = []

    def start(self) -> Self:
        """Install its kinds, start all parts and return when the API answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        program = binaries.ensure(binaries.ARGO_CD)["argocd"]
        install(self._admin)
        self._make_folders()
        try:
            self._redis.start()
            self._start_parts(program)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End all parts at once; a second call does nothing."""
        for child in self._children:
            child.kill()
        self._children.clear()
        self._redis.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer of the API that the web pages use; a body is sent by POST.

        Raises:
            StepError: with the answer's words, if it is an error.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._uri}{path}", content, headers)
        try:
            with _direct().open(request, timeout=_ANSWER_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            words = error.read().decode("utf-8", "replace")
            raise StepError(f"Argo CD answers {error.code}: {words}", "Read its words.") from error

    def actions(self, application: str, resource: Mapping[str, str]) -> dict[str, bool]:
        """Return each button of a resource, and whether it can be pressed."""
        query = urllib.parse.urlencode(resource)
        answer = self.ask(f"/api/v1/applications/{application}/resource/actions?{query}")
        return {each["name"]: not each.get("disabled", False) for each in answer["actions"]}

    def press(self, application: str, resource: Mapping[str, str], action: str) -> None:
        """Press a button of a resource."""
        body = {"name": application, **resource, "action": action}
        self.ask(f"/api/v1/applications/{application}/resource/actions/v2", body)

    def processes(self) -> list[ServerProcess]:
        """Return all its processes, Redis included."""
        return [*self._children, self._redis.process]

    def logs(self) -> str:
        """Return the ends of all logs."""
        return "\n".join(f"--- {child.name}\n{child.tail()}" for child in self._children)

    def _make_folders(self) -> None:
        for name in ("tls", "ssh", "gpg", "tmp", "bin", "home", "pages"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "ssh" / "ssh_known_hosts").touch()
        kustomize = self.folder / "bin" / "kustomize"
        kustomize.write_text(_KUSTOMIZE.format(kubectl=shlex.quote(str(binaries.kubectl()))))
        kustomize.chmod(0o755)

    def _start_parts(self, program: Path) -> None:
        repositories, api, *metrics = free_ports(5)
        self._uri = f"http://127.0.0.1:{api}"
        redis = f"--redis=127.0.0.1:{self._redis.port}"
        cluster = [f"--kubeconfig={self._kubeconfig}", f"--namespace={NAMESPACE}"]
        address = f"127.0.0.1:{repositories}"
        client = [f"--repo-server={address}", "--repo-server-plaintext"]
        commands: Mapping[str, list[str]] = {
            _REPOSITORIES: [
                *("--address=127.0.0.1", f"--port={repositories}", "--disable-tls", redis),
                *("--metrics-address=127.0.0.1", f"--metrics-port={metrics[0]}"),
                "--revision-cache-expiration=5s",
            ],
            _CONTROLLER: [
                *(*cluster, *client, redis, f"--metrics-port={metrics[1]}"),
                *("--app-resync=15", "--app-resync-jitter=0"),
                *("--status-processors=4", "--operation-processors=2"),
            ],
            _API: [
                *(*cluster, *client, redis, "--insecure", "--disable-auth"),
                *("--address=127.0.0.1", f"--port={api}", "--metrics-address=127.0.0.1"),
                *(f"--metrics-port={metrics[2]}", f"--staticassets={self.folder / 'pages'}"),
            ],
        }
        for name, flags in commands.items():
            self._children.append(self._started(program, name, flags))
        server_process.await_answer(self._answers, *self._children, seconds=_READY_SECONDS)

    def _started(self, program: Path, name: str, flags: list[str]) -> ServerProcess:
        folder = self.folder
        kept = {key: value for key, value in os.environ.items() if "ARGOCD" not in key}
        env = {
            **kept,
            "ARGOCD_BINARY_NAME": name,
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
            "ARGOCD_GPG_DATA_PATH": str(folder / "gpg"),
            "ARGOCD_ASK_PASS_SOCK": str(folder / "tmp" / "ask.sock"),
            "KUBECONFIG": str(self._kubeconfig),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "GOMAXPROCS": "2",
        }
        command: list[str | Path] = [program, *flags, "--loglevel=warn"]
        return server_process.start(name, command, folder / f"{name}.log", env=env, cwd=folder)

    def _answers(self) -> bool:
        try:
            self.ask("/api/version")
        except (StepError, OSError, http.client.HTTPException, ValueError):
            return False
        return True


def install(admin: Kubectl) -> None:
    """Apply Argo CD's kinds, its namespace, and settings as its own installation has them."""
    for file in sorted((sources() / "manifests" / "crds").glob("*-crd.yaml")):
        admin("apply", "--server-side", "--force-conflicts", "-f", str(file))
    admin.wait_for_crds()
    labels = {"app.kubernetes.io/part-of": "argocd"}
    admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    admin.apply(
        _setting("ConfigMap", "argocd-cm", labels),
        _setting("ConfigMap", "argocd-cmd-params-cm", labels),
        _setting("ConfigMap", "argocd-rbac-cm", labels),
        {
            **_setting("Secret", "argocd-secret", labels),
            "stringData": {"server.secretkey": "a key of tests"},
        },
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "default", "namespace": NAMESPACE},
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{"server": "*", "namespace": "*"}],
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            },
        },
    )


def sources() -> Path:
    """Return the folder of Argo CD's module; Go downloads it if its cache lacks it."""
    listed = run(
        [binaries.go(), "mod", "download", "-json", MODULE],
        remedy="Check GOPROXY and the network.",
        env={**os.environ, "GOFLAGS": "-mod=readonly"},
        cwd=versions.MODULES / "argocd",
    )
    return Path(json.loads(listed[listed.index("{") :])["Dir"])


def _setting(kind: str, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(labels)}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _direct() -> urllib.request.OpenerDirector:
    """Return an opener that no proxy of the environment is asked by."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
