"""A loopback port that leads to a Service of the cluster, through the API server."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from hack.cluster import binaries
from hack.cluster.kubectl import Kubectl
from hack.console import StepError


@contextmanager
def port_forward(kubectl: Kubectl, namespace: str, service: str, port: int) -> Iterator[str]:
    """Yield `127.0.0.1:PORT`; it works while the block runs."""
    command = [str(binaries.kubectl()), f"--kubeconfig={kubectl.kubeconfig}", "-n", namespace]
    command += ["port-forward", f"service/{service}", f":{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"Forwarding from (127\.0\.0\.1:\d+)", line)
        if match is None:
            raise StepError(
                f"cannot forward to service {service}: {line.strip()}",
                f"Run `kubectl -n {namespace} get pods,service`.",
            )
        yield match.group(1)
    finally:
        process.terminate()
        process.wait(10)
