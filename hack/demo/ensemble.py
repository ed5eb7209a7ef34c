"""The trading ensemble, shown: trained models from a registry, built-in steps, one request."""

import os
import time

import numpy as np
import numpy.typing as npt

from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Embedded, Target
from hack.console import StepError, reported, say, step
from hack.demo import predict
from hack.demo.model import NAMESPACE, namespace, tell, wait_ready
from hack.demo.trading import FORMATS, SAMPLE, Trading
from hack.demo.trained_models import trained_model
from hack.images.catalog import build
from hack.product import DEPLOYMENT, ROOT, cluster, install, load_images
from hack.services.mlflow.cluster import URI, ClusterMlflow
from hack.services.port_forward import port_forward

PIPELINE = "ensemble-predictor"
RESOURCE = f"epipe/{PIPELINE}"
GRPC = 8001
DEADLINE_SECONDS = 300
TOLERANCE = 1e-4
DATA = ROOT / "build" / "demo-mlflow"


def main() -> None:
    with reported():
        show(cluster())


def show(on: Target) -> None:
    """Show everything, from an empty cluster to answers beside Python's."""
    began = time.monotonic()
    if not isinstance(on, Embedded):
        raise StepError(
            "this demo keeps MLflow's data in a folder of the node",
            "Use CLUSTER=embedded; on another cluster install manifests/mlflow, `make train` into"
            f" it (TRACKING_URI), and apply {SAMPLE.relative_to(ROOT)}.",
        )
    for name in FORMATS:
        trained_model(name)
    on.up()
    kubectl = Kubectl(on.kubeconfig)
    install(kubectl, load_images(on))
    registry(on, kubectl)
    with step(f"kubectl apply -f {SAMPLE.relative_to(ROOT)}"):
        namespace(kubectl)
        kubectl("apply", "-f", str(SAMPLE))
        wait_ready(kubectl, RESOURCE, DEADLINE_SECONDS)
    with step("two shares and two texts in one request, beside the same steps in PyTorch"):
        ask(kubectl)
    tell(
        kubectl,
        ("get", "inference", "-n", NAMESPACE),
        ("get", "pods,services,controllerrevisions", "-n", NAMESPACE),
        ("describe", "epipe", PIPELINE, "-n", NAMESPACE),
    )
    say(f"\nAll of it took {time.monotonic() - began:.0f} s. The cluster stays up:")
    say(f"  export KUBECONFIG={on.kubeconfig}")
    say("  kubectl get epipe -A        make demo-down removes it again")


def registry(on: Target, kubectl: Kubectl) -> None:
    """Start MLflow with both models as champions, and give the operator its address."""
    from training.models.catalog import MODELS
    from training.registry import Entry, register

    with step("MLflow in the cluster, and both models registered as champion"):
        os.environ["no_proxy"] = "*"
        server = ClusterMlflow(kubectl, DATA)
        image = build("mlflow")
        on.load_images([image.archive])
        server.deploy(image.ref)
        for name, form in FORMATS.items():
            entry = Entry(name, form, MODELS[name].max_batch_size, alias="champion")
            registered = register(trained_model(name), entry, server.uri())
            say(f"    {name} version {registered.number}, sha256 {registered.sha256[:12]}…")
        setting = f"INFERENCE_OPERATOR_MLFLOW_TRACKING_URI={URI}"
        kubectl("set", "env", *DEPLOYMENT, setting)
        kubectl("rollout", "status", *DEPLOYMENT, "--timeout=90s")


def ask(kubectl: Kubectl) -> None:
    """Send a request of two rows; StepError if an answer is off by more than 1e-4."""
    from hack.demo.ensemble_reference import Reference

    bars, texts, names = rows()
    average = Trading.of_sample().average
    expected = Reference.trained(average).answers(bars, texts)
    given = {"ohlcv": bars, "text": np.array([[text.encode()] for text in texts], object)}
    with port_forward(kubectl, NAMESPACE, PIPELINE, GRPC) as address:
        asked = time.monotonic()
        answer = predict.ask(
            predict.Served(address, PIPELINE), given, ["price", "score", "confidence"]
        )
        took = time.monotonic() - asked
    off = max(
        float(np.abs(values - getattr(expected, name)).max())
        for name, values in answer.outputs.items()
    )
    for at, name in enumerate(names):
        price, score, confidence = (float(v[at, 0]) for v in answer.outputs.values())
        say(f'    {name} and "{texts[at][:60]}":')
        line = f"next close {price:.5f} of today's, score {score:+.3f}, confidence {confidence:.3f}"
        say(f"      {line}")
    say(f"    set {answer.version} answered in {took * 1000:.0f} ms, off by {off:.1e} at most")
    if not off < TOLERANCE:
        raise StepError(
            f"the answers differ by {off:.1e}, expected at most {TOLERANCE:g}",
            f"Run `kubectl describe epipe/{PIPELINE} -n {NAMESPACE}` for the versions that answer.",
        )


def rows() -> tuple[npt.NDArray[np.float64], list[str], list[str]]:
    """Return real bars [2, 60, 5] of two shares, two texts, and the shares' names."""
    from training.data.prices import load_prices

    bars = {name: table.to_numpy(np.float64)[-60:] for name, table in load_prices().bars.items()}
    names = sorted(bars)[:2]
    texts = [
        "Revenue beat every estimate, and the outlook was raised.",
        "The recall costs more than feared, and two directors leave.",
    ]
    return np.stack([bars[name] for name in names]), texts, names


if __name__ == "__main__":
    main()
