"""A marker in any part of a URI but its path shows up in no message and no log."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from inference_operator.api.validate import InvalidResourceError, parse

from .conftest import FaultyStore, Pod, code_of
from .faults import answers
from .test_process import environment

MARK = "s3cretmark"
SIGNED = f"?X-Amz-Signature={MARK}&X-Goog-Signature={MARK}&sig={MARK}&token={MARK}#{MARK}"


def echoes(handler: Any) -> None:
    """A refusal that quotes the request's own address in its status line."""
    handler.send_response(404, f"no {handler.path} here")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.mark.parametrize(
    "fault",
    [
        *(answers(status) for status in (400, 401, 403, 404, 410, 416, 500, 503)),
        answers(302, Location=f"http://{MARK}:{MARK}@127.0.0.1/x{SIGNED}"),
        answers(302, Location=f"https://{MARK}:{MARK}@127.0.0.1:1/x{SIGNED}"),
        answers(302, Location=f"https://[::1/x{SIGNED}"),
        answers(302, Location=f"ftp://{MARK}@h/x{SIGNED}"),
        answers(302, Location=f"file:///x{SIGNED}"),
        echoes,
    ],
)
def test_what_a_server_does_with_a_signed_address(
    store: FaultyStore,
    pod: Pod,
    fault: Callable[[Any], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    (store.folder / "ranker.py").write_bytes(code_of(1000))
    store.faults = [fault] * 20
    pod.plan(f"{store.url}/ranker.py{SIGNED}")
    assert MARK not in pod.refused(attempts=2)[1]
    assert MARK not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "uri",
    [
        f"https://{MARK}:{MARK}@127.0.0.1:1/x.py{SIGNED}",
        f"https://127.0.0.1:1/x.py{SIGNED}",
        f"https://127.0.0.1:port/x.py{SIGNED}",
        f"https://[::1/x.py{SIGNED}",
        f"https://h h/x.py{SIGNED}",
        f"https://no-such-host.invalid/x.py{SIGNED}",
        f"oci://127.0.0.1:1/x:1{SIGNED}",
        f"oci://{MARK}@127.0.0.1:1/x:1",
        f"pvc://claim/x.py{SIGNED}",
        f"s3://bucket/x.py{SIGNED}",
        f"gs://bucket/x.py{SIGNED}",
    ],
)
def test_the_whole_command_with_an_address_that_leads_nowhere(pod: Pod, uri: str) -> None:
    for key in ("endpoint", "accessKeyId", "secretAccessKey"):
        if uri.startswith("s3:") or (uri.startswith("gs:") and key == "endpoint"):
            pod.secret(**{key: f"http://{MARK}:{MARK}@127.0.0.1:1" if key == "endpoint" else "x"})
    pod.plan(uri)
    code = "import time; time.sleep = lambda _: None; "
    command = pod.command()
    command[2] = code + command[2]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == 1
    assert MARK not in done.stderr + done.stdout + str(pod.report())
    assert "unexpected" not in str(pod.report())


@pytest.mark.parametrize("scheme", ["http", "ftp", "s3", "gs", "oci", "pvc", "runs", "https", ""])
@pytest.mark.parametrize("rest", [f"://{MARK}:{MARK}@h", f":/{MARK}@h/x y", f"://h x/y{SIGNED}"])
def test_what_the_api_says_of_a_bad_address(scheme: str, rest: str) -> None:
    body = {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "InferenceModel",
        "metadata": {"name": "x", "namespace": "y", "uid": "z"},
        "spec": {"model": {"source": {"uri": f"{scheme}{rest}"}, "format": "onnx"}},
    }
    with pytest.raises(InvalidResourceError) as caught:
        parse(body)
    assert MARK not in str(caught.value)
