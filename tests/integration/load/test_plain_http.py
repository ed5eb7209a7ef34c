"""Plain http, as a registry within the cluster has it: only a plan says so, never a user's spec."""

import base64
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from inference_operator.api.reasons import Reason

from .conftest import Pod, code_of

CODE = code_of(50_000)


class Tracking(ThreadingHTTPServer):
    """Serves artifacts as MLflow's server does: by a query, and to its users only."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.authorization = ""
        self.location = ""

    def uri(self, path: str) -> str:
        base = f"http://127.0.0.1:{self.server_address[1]}/mlflow/model-versions/get-artifact"
        return f"{base}?name=ranker&version=5&path={path}"


class _Handler(BaseHTTPRequestHandler):
    server: Tracking

    def do_GET(self) -> None:
        if self.server.location:
            self.send_response(302)
            self.send_header("Location", self.server.location)
            return self.end_headers()
        if self.headers.get("Authorization", "") != self.server.authorization:
            return self.send_error(401)
        body = self.server.files.get(parse_qs(urlsplit(self.path).query)["path"][0])
        if body is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def tracking() -> Iterator[Tracking]:
    server = Tracking()
    server.files["code/model.py"] = CODE
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("keys", "header"),
    [
        ({"token": "s3cret"}, "Bearer s3cret"),
        ({"username": "ml", "password": "x"}, f"Basic {base64.b64encode(b'ml:x').decode()}"),
    ],
)
def test_a_registrys_file_is_fetched_with_its_credentials(
    tracking: Tracking, pod: Pod, keys: dict[str, str], header: str
) -> None:
    tracking.authorization = header
    pod.plan(tracking.uri("code/model.py"))
    assert pod.refused()[0] is Reason.ARTIFACT_FORBIDDEN
    pod.secret(**keys)
    pod.load()
    assert pod.served == CODE


def test_an_archive_is_known_by_the_path_that_is_asked_for(tracking: Tracking, pod: Pod) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("model.py")
        info.size = len(CODE)
        archive.addfile(info, io.BytesIO(CODE))
    tracking.files["packed/model.tar.gz"] = buffer.getvalue()
    pod.plan(tracking.uri("packed%2Fmodel.tar.gz"))
    pod.load()
    assert pod.served == CODE


def test_a_missing_file_is_named_with_its_model_and_version(tracking: Tracking, pod: Pod) -> None:
    pod.plan(tracking.uri("code%2Fother.py&token=s3cret"))
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_NOT_FOUND
    assert "/get-artifact?name=ranker&version=5&path=code/other.py answered 404" in message
    assert "s3cret" not in message


def test_a_redirect_to_a_file_of_the_pod_is_refused(tracking: Tracking, pod: Pod) -> None:
    tracking.location = "file:///etc/passwd"
    pod.plan(tracking.uri("code/model.py"))
    assert pod.refused()[0] is Reason.FETCH_FAILED
    assert not (pod.output / "ranker").exists()
