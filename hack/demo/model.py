"""The main job, shown: from market data to a prediction by Triton on a real Kubernetes."""

import sys
import time
from pathlib import Path

import yaml

from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Embedded, Target, target
from hack.console import StepError, reported, run, say, step
from hack.demo.trained_models import trained_model
from hack.product import (
    INSTALLATION,
    MARK,
    ROOT,
    cluster,
    demand_images,
    install,
    is_ours,
    load_images,
    not_made_by_us,
    uninstall,
)
from hack.services.cluster_store import ClusterStore
from hack.services.port_forward import port_forward
from inference_operator.domain.kubectl_yaml import write_manifests

NAMESPACE = "trading"
MODEL = "lstm-price-predictor"
RESOURCE = f"inferencemodel/{MODEL}"
SAMPLE = ROOT / "manifests" / "samples" / f"{MODEL}.yaml"
MANIFEST = ROOT / "build" / SAMPLE.name
GRPC = 8001
# Until the model answers: image start, download, and loading TorchScript on two cores.
DEADLINE_SECONDS = 240


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "up"
    with reported():
        if command == "down":
            take_down(target())
        else:
            show(cluster())


def show(on: Target) -> None:
    """Show everything, from an empty cluster to a prediction."""
    began = time.monotonic()
    if not isinstance(on, Embedded):
        admit(on)
    with step("an LSTM, trained on real market data and exported to TorchScript"):
        trained = trained_model("lstm_price_predictor")
    on.up()
    kubectl = Kubectl(on.kubeconfig)
    images = load_images(on)
    install(kubectl, images)
    with step("a model store in namespace trading, which enforces the restricted standard"):
        namespace(kubectl)
        store = ClusterStore(kubectl, NAMESPACE)
        store.deploy(images.operator)
        store.upload(trained / "model.pt", f"{MODEL}/model.pt")
    manifest = pinned(trained)
    with step(f"kubectl apply -f {manifest.relative_to(ROOT)}"):
        say(manifest.read_text())
        kubectl("apply", "-f", str(manifest))
        wait_ready(kubectl)
    with step("a prediction over tritonclient (gRPC), beside the local model's"):
        predict(kubectl, trained)
    tell(
        kubectl,
        ("get", "inferencemodels", "-A"),
        ("get", "inferencemodels", "-A", "-o", "wide"),
        ("get", "pods,services,deployments,controllerrevisions", "-n", NAMESPACE),
        ("describe", "inferencemodel", MODEL, "-n", NAMESPACE),
    )
    say(f"\nAll of it took {time.monotonic() - began:.0f} s. The cluster stays up:")
    say(f"  export KUBECONFIG={on.kubeconfig}")
    say("  kubectl get inferencemodels -A        make demo-down removes it again")
    say("  docs/quickstart.md: serve a file of your own on it")


def admit(on: Target) -> None:
    """Check, before the long work, that the cluster answers and has room for the demo."""
    on.up()
    if not is_ours(on):
        demand_images(on)
        demand_room(Kubectl(on.kubeconfig))


def demand_room(kubectl: Kubectl) -> None:
    """Refuse a cluster on which the demo would write over somebody else's work."""
    if theirs := not_made_by_us(kubectl, *INSTALLATION, f"namespace/{NAMESPACE}"):
        raise StepError(
            f"the demo did not make these objects, and needs their names: {', '.join(theirs)}",
            "Use CLUSTER=embedded, or a cluster without these objects.",
        )


def pinned(trained: Path) -> Path:
    """Return the sample manifest, with the digest of the model that was trained."""
    body = yaml.safe_load(SAMPLE.read_text())
    digest = (trained / "model.pt.sha256").read_text().split()[0]
    body["spec"]["model"]["source"]["sha256"] = digest
    MANIFEST.parent.mkdir(exist_ok=True)
    MANIFEST.write_text(write_manifests([body]))
    return MANIFEST


def namespace(kubectl: Kubectl, name: str = NAMESPACE) -> None:
    """Create a namespace that enforces the *restricted* Pod Security Standard."""
    if "Terminating" in kubectl("get", "namespace", name, "--ignore-not-found"):
        kubectl("wait", "--for=delete", f"namespace/{name}", "--timeout=120s")
    labels = {"pod-security.kubernetes.io/enforce": "restricted", MARK: "true"}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    )


def wait_ready(
    kubectl: Kubectl, resource: str = RESOURCE, within: float = DEADLINE_SECONDS
) -> None:
    """Print the line of `KIND/NAME` in the demo's namespace whenever it changes, until it is
    Ready."""
    named = (resource, "-n", NAMESPACE)
    shown, deadline = "", time.monotonic() + within
    while time.monotonic() < deadline:
        line = kubectl("get", *named, "--no-headers").strip()
        if line.rpartition(" ")[0] != shown:
            shown = line.rpartition(" ")[0]
            say(f"    {line}")
        if kubectl.succeeds("wait", *named, "--for=condition=Ready", "--timeout=1s"):
            return
    raise StepError(
        f"{resource} is not Ready after {within:.0f} s\n{kubectl('describe', *named)}",
        "Read the conditions and Events above.",
    )


def predict(kubectl: Kubectl, trained: Path) -> None:
    with port_forward(kubectl, NAMESPACE, MODEL, GRPC) as address:
        command: list[str | Path] = [sys.executable, "-m", "hack.demo.predict", "--url", address]
        command += ["--model", MODEL, "--sample", trained / "sample.json"]
        say(
            run(
                command, cwd=ROOT, remedy="Compare with `python -m hack.demo.predict --help`."
            ).rstrip()
        )


def tell(kubectl: Kubectl, *commands: tuple[str, ...]) -> None:
    """Run and show the kubectl commands that an engineer would use."""
    for words in commands:
        say(f"\n$ kubectl {' '.join(words)}\n{kubectl(*words).rstrip()}")


def take_down(on: Target) -> None:
    """Remove the demo's objects; a cluster that is not ours keeps running."""
    kubectl = Kubectl(on.kubeconfig)
    if on.kubeconfig.exists() and kubectl.succeeds("get", "--raw", "/readyz"):
        remove(kubectl, everything=is_ours(on))
    on.down()


def remove(kubectl: Kubectl, *, everything: bool) -> None:
    """Remove the demo's namespace and the operator; all of them only with `everything`."""
    ours = f"namespace/{NAMESPACE}"
    theirs = [] if everything else not_made_by_us(kubectl, *INSTALLATION, ours)
    if theirs:
        say(f"kept, because the demo did not make it: {', '.join(theirs)}")
    if ours not in theirs:
        kubectl("delete", ours, "--ignore-not-found")
    if not set(INSTALLATION) & set(theirs):
        uninstall(kubectl)


if __name__ == "__main__":
    main()
