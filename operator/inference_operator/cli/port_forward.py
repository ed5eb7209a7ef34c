"""A port of this machine that leads to a Service of the cluster, by kubectl."""

import re
import select
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from inference_operator.api.quoting import beginning
from inference_operator.cli.cluster_access import AccessError

_FORWARDED = re.compile(rb"Forwarding from 127\.0\.0\.1:([0-9]{1,5})")
_START_SECONDS = 20.0
_END_SECONDS = 5.0
_MOST_OUTPUT = 4096


def kubectl_command(context: str | None, *words: str) -> list[str]:
    """Return a command line of kubectl; AccessError where this machine has none."""
    program = shutil.which("kubectl")
    if program is None:
        raise AccessError("found no kubectl in PATH, expected one; install it, or add its folder")
    return [program, *((f"--context={context}",) if context else ()), *words]


@contextmanager
def port_forward(
    context: str | None, namespace: str, service: str, port: int
) -> Iterator[tuple[str, int]]:
    """Return host and port on loopback, which lead to one pod of the Service until the end."""
    words = ["-n", namespace, "port-forward", "--address=127.0.0.1", f"service/{service}"]
    command = kubectl_command(context, *words, f":{port}")
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield "127.0.0.1", _port_of(process, f"service {namespace}/{service}")
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port_of(process: "subprocess.Popen[bytes]", subject: str) -> int:
    assert process.stdout is not None
    output = b""
    while select.select([process.stdout], [], [], _START_SECONDS)[0]:
        received = process.stdout.read1(_MOST_OUTPUT)  # type: ignore[attr-defined]
        output = (output + received)[-_MOST_OUTPUT:]
        if (match := _FORWARDED.search(output)) is not None:
            return int(match.group(1))
        if not received:
            break
    reason = beginning(output.decode("utf-8", "replace"), 600) or "it wrote nothing"
    raise AccessError(f"kubectl cannot forward a port to {subject}: {reason}")


def run_kubectl(
    context: str | None, words: Sequence[str], content: bytes = b"", seconds: float = 60.0
) -> str:
    """Run kubectl to its end and return what it printed; AccessError with its message."""
    command = kubectl_command(context, *words)
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise AccessError(f"kubectl {words[0]} took more than {seconds:g} s") from None
    if done.returncode != 0:
        reason = beginning(done.stderr.decode("utf-8", "replace"), 600)
        raise AccessError(f"kubectl {words[0]}: {reason}")
    return done.stdout.decode("utf-8", "replace")
