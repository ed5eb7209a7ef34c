"""A rollout by steps, shown: 10 %, 50 %, then all clients, through a gateway."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from hack.cluster import gateway
from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Current, Embedded, Target, target
from hack.console import StepError, reported, run, say, step
from hack.demo.model import namespace
from hack.load.clients import CLIENTS, Request
from hack.load.clients import Target as Addresses
from hack.load.steady_load import Pace, SteadyLoad
from hack.product import DEPLOYMENT
from hack.services.cluster_store import NAME as STORE
from hack.services.cluster_store import ClusterStore
from inference_operator.domain.kubectl_yaml import write_manifests

NAMESPACE, MODEL = "canary-demo", "factor"
RESOURCE = f"inferencemodel/{MODEL}"
HTTP_HOST, GRPC_HOST = f"{MODEL}.example.com", f"{MODEL}-grpc.example.com"
HEADER = {"name": "x-canary", "value": "always"}
FIRST_PAUSE, SECOND_PAUSE = 1, 3
STEPS: list[dict[str, Any]] = [
    {"setWeight": 10},
    {"pause": {"duration": "20s"}},
    {"setWeight": 50},
    {"pause": {}},
]
FACTORS = (2, 3)
# Triton gives both versions the number 1: at x = 2 they are told apart by what they answer.
REQUEST = Request(MODEL, values=(2.0,), versions={2.0 * f: f"y = {f}x" for f in FACTORS})
DEADLINE_SECONDS = 90
MEASURED_SECONDS = 4
# The gateway answers by new weights up to 0.5 s after the status shows them.
SETTLED_SECONDS = 0.7


def main() -> None:
    with reported():
        show(target())


def show(on: Target) -> None:
    """Show a promotion by steps, on the cluster of `make demo`, while clients call.

    Raises:
        StepError: if the cluster is not there, cannot have our gateway, or if a request failed.
    """
    began = time.monotonic()
    image, name = operator_image(on), cluster_name(on)
    host = gateway.start(name).address
    addresses = Addresses(host, host, HTTP_HOST, GRPC_HOST)
    store = store_models(Kubectl(on.kubeconfig), image)
    with step(f"kubectl apply: y = {FACTORS[0]}x, whose next versions come by steps"):
        say(write_manifests([manifest(store, FACTORS[0])]))
        apply(store, FACTORS[0])
        await_routes(addresses)
    with SteadyLoad(addresses, Pace(100), REQUEST) as load:
        roll_out(store, load)
    result = load.result()
    say(f"\nAll requests of the clients: {result.describe()}")
    if result.failed:
        raise StepError("requests failed", f"Run `kubectl describe {RESOURCE} -n {NAMESPACE}`.")
    say(f"All of it took {time.monotonic() - began:.0f} s. The cluster stays up. Try next:")
    for line in suggestions(on, host):
        say(f"  {line}")


def operator_image(on: Target) -> str:
    """Return the image of the operator that runs in the cluster.

    Raises:
        StepError: if the cluster has none.
    """
    kubectl = Kubectl(on.kubeconfig)
    words = ("get", *DEPLOYMENT, "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    if not on.kubeconfig.exists() or not kubectl.succeeds(*words):
        raise StepError(
            f"found no operator in the cluster of {on.kubeconfig}",
            "Run `make demo` first: this demo goes on from there.",
        )
    return kubectl(*words)


def cluster_name(on: Target) -> str:
    """Return the name of the embedded cluster: only that one can be given a gateway here.

    Raises:
        StepError: if it is another cluster.
    """
    name = on.name if isinstance(on, Embedded) else None
    if isinstance(on, Current):
        name = on.embedded_name()
    if name is None:
        raise StepError(
            "only an embedded cluster can be given a gateway here",
            "Use CLUSTER=embedded; with a gateway of yours see docs/progressive-delivery.md.",
        )
    return name


def store_models(kubectl: Kubectl, image: str) -> ClusterStore:
    """Make a namespace with a store of both models, in place of what an earlier run left."""
    from onnx import parser

    with step(f"a model store in namespace {NAMESPACE}, with the models y = 2x and y = 3x"):
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
        namespace(kubectl, NAMESPACE)
        store = ClusterStore(kubectl, NAMESPACE)
        store.deploy(image)
        for factor in FACTORS:
            text = (
                '<ir_version: 9, opset_import: ["": 17]> '
                f"{MODEL} (float[N, 1] x) => (float[N, 1] y) <float[1] factor = {{{factor}.0}}>"
                " { y = Mul(x, factor) }"
            )
            content = parser.parse_model(text).SerializeToString()
            store.upload_bytes(content, f"{factor}/model.onnx")
    return store


def manifest(store: ClusterStore, factor: int) -> dict[str, Any]:
    """Return the model `y = factor * x`, whose next versions get their clients by steps."""
    canary = {
        "steps": STEPS,
        "gateway": {
            "parentRefs": [gateway.parent_ref()],
            "http": {"hostnames": [HTTP_HOST]},
            "grpc": {"hostnames": [GRPC_HOST]},
            "header": HEADER,
        },
    }
    source = {"uri": store.uri(f"{factor}/model.onnx"), "secretRef": {"name": STORE}}
    return {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "InferenceModel",
        "metadata": {"name": MODEL, "namespace": NAMESPACE},
        "spec": {
            "replicas": 2,
            "model": {"format": "onnx", "maxBatchSize": 8, "source": source},
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
            "rollout": {"canary": canary},
        },
    }


def apply(store: ClusterStore, factor: int) -> None:
    """Apply the model `y = factor * x`."""
    store.kubectl("apply", "-f", "-", stdin=json.dumps(manifest(store, factor)))


def await_routes(addresses: Addresses) -> None:
    """Wait until the gateway leads both protocols to the model."""

    def all_answer() -> bool:
        with SteadyLoad(addresses, Pace(100, 20), REQUEST) as load:
            return not load.wait().failed

    wait_until(all_answer, "the gateway to lead clients to the model")


def roll_out(store: ClusterStore, load: SteadyLoad) -> None:
    """Apply the other version, and show each step, up to the promotion of the last one."""
    kubectl = store.kubectl
    with step(f"another version: y = {FACTORS[1]}x; the first step gives it 10 % of the requests"):
        apply(store, FACTORS[1])
        await_step(kubectl, FIRST_PAUSE)
        show_shares(kubectl, load)
    with step("after a pause of 20 s, the next step gives it 50 %"):
        await_step(kubectl, SECOND_PAUSE)
        show_shares(kubectl, load)
    with step("it stays there until somebody promotes it"):
        command(kubectl, "promote", "--wait")
        wait_until(lambda: is_promoted(kubectl), "the promotion")
        show_shares(kubectl, load)


def await_step(kubectl: Kubectl, index: int) -> None:
    """Wait until a revision is at that step, the first one being 0."""

    def is_there() -> bool:
        position = status_of(kubectl).get("rollout") or {}
        return bool(position.get("currentStepIndex") == index)

    wait_until(is_there, f"step {index + 1} of {len(STEPS)}")


def is_promoted(kubectl: Kubectl) -> bool:
    """Return whether the revision that the spec asks for serves all clients."""
    conditions = status_of(kubectl).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def status_of(kubectl: Kubectl) -> dict[str, Any]:
    """Return the status of the model, or {} until it tells of the present spec."""
    body = kubectl.get("inferencemodel", MODEL, "-n", NAMESPACE)
    status: dict[str, Any] = body.get("status") or {}
    is_current = status.get("observedGeneration") == body["metadata"]["generation"]
    return status if is_current else {}


def wait_until(happened: Callable[[], bool], event: str) -> None:
    """Wait for an event.

    Raises:
        StepError: if it does not happen within 90 s.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        if time.monotonic() > deadline:
            raise StepError(
                f"waited {DEADLINE_SECONDS} s for {event}",
                f"Run `kubectl describe {RESOURCE} -n {NAMESPACE}`.",
            )
        time.sleep(0.3)


def show_shares(kubectl: Kubectl, load: SteadyLoad) -> None:
    """Show `kubectl inference status`, and which version answers the clients now."""
    time.sleep(SETTLED_SECONDS)
    since = time.monotonic()
    command(kubectl, "status")
    time.sleep(max(since + MEASURED_SECONDS - time.monotonic(), 0))
    for protocol in CLIENTS:
        result = load.result().of(protocol)
        shares = (f"{v} {result.share(v, since):.0%}" for v in REQUEST.versions.values())
        number = len(result.answered(since))
        say(f"    clients over {protocol}: {', '.join(shares)} of {number} answers")


def command(kubectl: Kubectl, verb: str, *options: str) -> None:
    """Run and show `kubectl inference VERB factor`."""
    words = (verb, MODEL, "-n", NAMESPACE, *options)
    say(f"\n$ kubectl inference {' '.join(words)}")
    program = [sys.executable, "-m", "inference_operator.cli.rollout_commands", *words]
    environment = {**os.environ, "KUBECONFIG": str(kubectl.kubeconfig)}
    remedy = f"Run `kubectl describe {RESOURCE} -n {NAMESPACE}`."
    say(run(program, env=environment, remedy=remedy).rstrip())


def suggestions(on: Target, address: str) -> list[str]:
    """Return what to try next, and how to remove all of it."""
    named = f"{MODEL} -n {NAMESPACE}"
    header = f"{HEADER['name']}: {HEADER['value']}"
    url = f"http://{address}/v2/models/{MODEL}"
    return [
        f"export KUBECONFIG={on.kubeconfig}",
        f"kubectl inference rollback {named}          y = {FACTORS[0]}x serves again, at once",
        f"kubectl inference rollback {named} --undo   the steps begin again",
        f"kubectl inference status {named} --watch",
        f"curl -H 'Host: {HTTP_HOST}' -H '{header}' {url}   a tester reaches the canary",
        f"kubectl delete namespace {NAMESPACE}        make demo-down removes the cluster too",
    ]


if __name__ == "__main__":
    main()
