"""The prediction gateway, shown: Redis, the gateway in pods, and forecasts by curl."""

import json
import time
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

import yaml

from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Embedded, Target
from hack.console import StepError, reported, say, step
from hack.demo.ensemble import DEADLINE_SECONDS, registry, rows
from hack.demo.model import NAMESPACE, namespace, tell, wait_ready
from hack.demo.trading import FORMATS, SAMPLE
from hack.demo.trained_models import trained_model
from hack.product import ROOT, cluster, install, load_images
from hack.services.cluster_gateway import (
    NAME,
    PORT,
    SETTINGS,
    ClusterGateway,
    gateway_images,
    settings_of,
)
from hack.services.port_forward import port_forward

SERVED = ("imodel/lstm-price-predictor", "imodel/sentiment-transformer", "epipe/ensemble-predictor")
# On this machine's own cluster anybody may call; manifests/gateway asks for keys.
_OPEN = {"environment": "local", "auth": {"mode": "none"}}


def main() -> None:
    with reported():
        show(cluster())


def show(on: Target) -> None:
    """Show everything, from an empty cluster to a forecast by curl."""
    began = time.monotonic()
    if not isinstance(on, Embedded):
        raise StepError(
            "this demo keeps MLflow's data in a folder of the node",
            "Use CLUSTER=embedded; on another cluster apply manifests/redis and manifests/gateway.",
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
        for resource in SERVED:
            wait_ready(kubectl, resource, DEADLINE_SECONDS)
    with step("kubectl apply -k manifests/redis, -k manifests/gateway"):
        gateway = ClusterGateway(kubectl, NAMESPACE)
        gateway.deploy(gateway_images(on), shipped_routes())
    with step("three forecasts through the gateway"):
        ask(kubectl)
    tell(kubectl, ("get", "pods,services,hpa", "-n", NAMESPACE))
    say(f"\nAll of it took {time.monotonic() - began:.0f} s. The cluster stays up:")
    say(f"  export KUBECONFIG={on.kubeconfig}")
    say(f"  kubectl port-forward -n {NAMESPACE} service/{NAME} {PORT}")
    say("  docs/gateway.md: its paths        make demo-down removes it again")


def shipped_routes() -> str:
    """Return the shipped settings, open to callers of this machine's cluster."""
    return settings_of(yaml.safe_load(SETTINGS.read_text())["routes"], **_OPEN)


def ask(kubectl: Kubectl) -> None:
    """Ask each route once, show the answers, and write the first body for curl."""
    _, texts, _ = rows()
    price = price_body()
    bodies: dict[str, dict[str, Any]] = {
        "price": price,
        "sentiment": {"text": texts[0]},
        "ensemble": {**price, "news_text": texts[0]},
    }
    file = ROOT / "build" / "price.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(price))
    with port_forward(kubectl, NAMESPACE, NAME, PORT) as address:
        for route, body in bodies.items():
            answer = predicted(address, route, body)
            say(f"    POST /api/v1/predict/{route}\n      {json.dumps(answer)}")
    say(f"    with {file.relative_to(ROOT)} and the port of `kubectl port-forward` below:")
    say(f"      curl localhost:{PORT}/api/v1/predict/price --json @{file.relative_to(ROOT)}")


def price_body() -> dict[str, Any]:
    """Return a request for the close after the last bars of a share, as of the next morning."""
    from training.data.prices import load_prices

    symbol, table = next(iter(sorted(load_prices().bars.items())))
    newest = table.tail(60)
    # New York's exchange closes at 21:00 UTC in winter.
    ends = [day.strftime("%Y-%m-%dT21:00:00Z") for day in newest.index]
    morning = (newest.index[-1] + timedelta(days=1)).strftime("%Y-%m-%dT09:00:00Z")
    bars = newest.to_numpy(float).tolist()
    return {"symbol": symbol, "ohlcv_data": bars, "times": ends, "as_of": morning}


def predicted(address: str, route: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a route; StepError with the problem that the gateway tells."""
    request = urllib.request.Request(
        f"http://{address}/api/v1/predict/{route}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as error:
        raise StepError(
            f"{route}: {error.code} {error.read(2000).decode(errors='replace')}",
            f"Run `kubectl logs -n {NAMESPACE} deployment/{NAME}`.",
        ) from error
    return answer


if __name__ == "__main__":
    main()
