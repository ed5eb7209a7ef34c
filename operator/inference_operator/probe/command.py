"""`inference-operator probe`: arguments, exit codes, and the report on the termination log."""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from inference_operator.domain.probe_report import PROBE_FOLDER, PROBE_PORT, ProbeReport

if TYPE_CHECKING:
    from inference_operator.probe.pod_memory import ReportMemory
    from inference_operator.probe.prober import Prober
    from inference_operator.probe.served_artifacts import ServedArtifacts

REPORTED = 3
_BROKEN = 1
_DIGESTS = Path("/etc/inference-operator/digests")
# A little more than the period of the kubelet's readiness probe.
_RELEASE_SECONDS = 3.5
_ENDED_BY_SIGTERM = 128 + signal.SIGTERM
_LOGGER = "inference_operator.probe"


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add `probe`; `func` of its arguments runs it and returns the exit code."""
    parser = subparsers.add_parser(
        "probe",
        help="ask the model, and say whether it answers (the sidecar of a serving pod)",
        description="Ask the model of this pod's Triton, and serve /started, /ready, /live and"
        " /metrics.",
    )
    parser.add_argument("--model", required=True, help="the model that clients call")
    parser.add_argument("--version", required=True, help="its version in Triton")
    parser.add_argument(
        "--first-request",
        choices=["Check", "Ignore"],
        default="Check",
        help="whether a model that fails its first request is not ready (%(default)s)",
    )
    parser.add_argument("--triton", default="127.0.0.1:8000", help="Triton (%(default)s)")
    parser.add_argument("--address", default="", help="address to listen on (all)")
    parser.add_argument("--port", type=int, default=PROBE_PORT, help="port (%(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(PROBE_FOLDER), help="(%(default)s)")
    parser.add_argument("--models", type=Path, default=Path("/models"), help="(%(default)s)")
    parser.add_argument("--digests", type=Path, default=_DIGESTS, help="(%(default)s)")
    parser.add_argument("--termination-log", type=Path, default=Path("/dev/termination-log"))
    parser.set_defaults(func=run_probe)


def run_probe(arguments: argparse.Namespace) -> int:
    """Probe until SIGTERM; return 3 after a report, and 1 if a part of the probe broke."""
    # A container's first process ignores SIGTERM unless it handles it.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(_ENDED_BY_SIGTERM))
    from inference_operator.probe.first_request import FirstRequest
    from inference_operator.probe.pod_memory import ReportMemory, ServedMemory
    from inference_operator.probe.prober import Prober
    from inference_operator.probe.served_artifacts import ServedArtifacts
    from inference_operator.probe.server import Listener
    from inference_operator.probe.triton import TritonClient

    reports = ReportMemory(arguments.folder)

    def report(content: ProbeReport) -> None:
        report_once(content, reports, arguments.termination_log)

    host, _, port = arguments.triton.rpartition(":")
    client = TritonClient((host, int(port)), arguments.model, arguments.version)
    model = arguments.model, arguments.version
    first = FirstRequest(model, arguments.first_request == "Check", report, log)
    memory = ServedMemory(arguments.folder / "served")
    prober = Prober(client, first, log, memory=memory)
    artifacts = ServedArtifacts(arguments.models, arguments.digests, log)
    listener = Listener((arguments.address, arguments.port), pages(prober, artifacts))

    def end(number: int, frame: FrameType | None) -> NoReturn:
        listener.release("/ready", _RELEASE_SECONDS)
        os._exit(_ENDED_BY_SIGTERM)

    signal.signal(signal.SIGTERM, end)
    log("probing", model=arguments.model, version=arguments.version, port=listener.port)
    threading.Thread(target=_or_end, args=(listener.serve,), daemon=True).start()
    _or_end(prober.run)
    return _BROKEN


def pages(prober: "Prober", artifacts: "ServedArtifacts") -> dict[str, Any]:
    """Return the pages of a probe."""

    from inference_operator.probe.server import NO, YES, Page

    def page(holds: bool | None) -> Page | None:
        return None if holds is None else YES if holds else NO

    def is_ready(arrived: float) -> Page | None:
        return NO if artifacts.differ() else page(prober.answers())

    return {
        "/started": lambda arrived: page(prober.started(arrived)),
        "/ready": is_ready,
        "/live": lambda arrived: page(prober.is_live()),
        "/metrics": lambda arrived: (200, prober.metrics()),
    }


def report_once(report: ProbeReport, memory: "ReportMemory", termination_log: Path) -> None:
    """End the process with this report, unless the pod already has one.

    The kubelet reads a container's message only when it ends. It restarts the container at once,
    but after a growing delay if it ends again soon: so one report must do.
    """
    if not memory.allows(report):
        return
    try:
        memory.keep(report)
        termination_log.write_text(report.to_json(), "utf-8")
    except OSError as error:
        # Without a memory it would end again and again.
        log("cannot write the report", "ERROR", error=str(error))
        return
    os._exit(REPORTED)


def log(message: str, level: str = "INFO", **fields: object) -> None:
    """Write one line to standard error."""
    from inference_operator.logs import log_line

    sys.stderr.write(log_line(time.time(), level, _LOGGER, message, fields) + "\n")
    sys.stderr.flush()


def _or_end(work: Any) -> None:
    """Run a part of the probe; if it breaks, end the process so that the kubelet restarts it."""
    try:
        work()
    except Exception as error:
        import traceback

        log(
            "a part of the probe broke",
            "ERROR",
            error=repr(error),
            exception=traceback.format_exc(),
        )
        os._exit(_BROKEN)
