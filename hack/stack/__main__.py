"""`python -m hack.stack up|down|status|health|metrics`: all parts on this machine, no Docker."""

import argparse
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from pathlib import Path

from hack.console import StepError, reported, say, step
from hack.product import ROOT
from hack.stack.background import Stack
from hack.stack.parts import Ports

FOLDER = ROOT / "build" / "stack"
_NEXT = "Run `make stack-up`."
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> None:
    commands: dict[str, Callable[[Stack], None]] = {
        "models": lay_out,
        "down": down,
        "status": status,
        "health": health,
        "metrics": metrics,
    }
    parser = argparse.ArgumentParser(prog="python -m hack.stack", description=__doc__)
    parser.add_argument("command", choices=["up", *commands])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="its files and logs")
    parser.add_argument("--free-ports", action="store_true", help="ports that nobody uses")
    given = parser.parse_args()
    stack = Stack(given.folder.resolve())
    with reported():
        if given.command == "up":
            up(stack, Ports.free() if given.free_ports else Ports())
        else:
            commands[given.command](stack)


def up(stack: Stack, ports: Ports) -> None:
    """Start the stack, or say what runs."""
    running = stack.addresses()
    if running is not None:
        say(f"the stack of {stack.folder} runs already:")
    else:
        stack.check(ports)
        lay_out(stack)
        with step("Redis, Prometheus, Triton and the gateway"):
            running = stack.up(ports)
    _tell(running)
    bodies = stack.folder / "requests"
    say(f"  curl {running['gateway']}/api/v1/predict/price --json @{_short(bodies)}/price.json")
    say("  make health     make metrics     make stack-down")


def lay_out(stack: Stack) -> None:
    """Write the trained models for Triton, and a body for each route."""
    # PyTorch and pandas are imported here: the other commands do without.
    from hack.demo.ensemble import rows
    from hack.demo.trading import Trading

    stack.folder.mkdir(parents=True, exist_ok=True)
    log = stack.folder / "models.log"
    # The loader writes JSON lines for pods.
    with step("the trained models in a repository"), log.open("w") as lines, redirect_stderr(lines):
        Trading.of_sample().lay_out(stack.clear_models())
    bars, texts, symbols = rows()
    price = {"symbol": symbols[0], "ohlcv_data": bars[0].tolist()}
    bodies = {
        "price": price,
        "sentiment": {"text": texts[0]},
        "ensemble": {**price, "news_text": texts[0]},
    }
    requests = stack.folder / "requests"
    requests.mkdir(exist_ok=True)
    for name, body in bodies.items():
        (requests / f"{name}.json").write_text(json.dumps(body))


def down(stack: Stack) -> None:
    """End what `up` started."""
    say("the stack has ended" if stack.down() else f"no stack of {stack.folder} runs")


def status(stack: Stack) -> None:
    """Show the addresses of a stack that runs."""
    _tell(_running(stack))


def health(stack: Stack) -> None:
    """Show /health and /ready of the gateway; StepError if one is not 200."""
    _show(stack, "/health", "/ready")


def metrics(stack: Stack) -> None:
    """Show the counts, rates and latencies that the gateway tells."""
    _show(stack, "/api/v1/metrics")


def _show(stack: Stack, *paths: str) -> None:
    gateway = _running(stack)["gateway"]
    failed = []
    for path in paths:
        code, text = _get(gateway + path)
        say(f"GET {gateway}{path}: {code}\n{json.dumps(json.loads(text), indent=2)}")
        if code != http.HTTPStatus.OK:
            failed.append(f"{path} answers {code}")
    if failed:
        raise StepError(", ".join(failed), f"Read the problems above, and {stack.folder}/*.log.")


def _get(address: str) -> tuple[int, bytes]:
    try:
        with _DIRECT.open(address, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (OSError, http.client.HTTPException) as error:
        raise StepError(
            f"{address} does not answer ({error})", "Read the gateway's log."
        ) from error


def _running(stack: Stack) -> Mapping[str, str]:
    if (running := stack.addresses()) is None:
        raise StepError(f"no stack of {stack.folder} runs", _NEXT)
    return running


def _tell(addresses: Mapping[str, str]) -> None:
    for name, address in addresses.items():
        say(f"  {name:10} {address}")


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


if __name__ == "__main__":
    main()
