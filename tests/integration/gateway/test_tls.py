"""The gateway as a process with TLS and for web pages of another origin."""

import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from hack.cluster.pki import Authority, Pair
from hack.services.server_process import free_ports
from tests.integration.gateway.processes import ended

pytestmark = pytest.mark.integration
ORIGIN = "https://desk.example"


@dataclass
class Secured:
    """A running gateway, and the folder with its pair of files."""

    address: str
    folder: Path

    def present(self, pair: Pair) -> None:
        """Put a pair where the gateway reads it, as a mounted Secret changes."""
        for source, name in ((pair.certificate, "tls.crt"), (pair.key, "tls.key")):
            part = self.folder / f".{name}"
            shutil.copyfile(source, part)
            part.replace(self.folder / name)

    def health(self, authority: Authority) -> httpx.Response:
        trust = ssl.create_default_context(cafile=str(authority.pair.certificate))
        return httpx.get(f"https://{self.address}/health", verify=trust, timeout=5)


def until(passes: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until a call raises nothing."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            passes()
            return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def gateway(folder: Path, pair: Pair) -> Iterator[Secured]:
    (port,) = free_ports(1)
    secured = Secured(f"127.0.0.1:{port}", folder)
    secured.present(pair)
    settings = {
        "server": {
            "port": port,
            "certificate_file": str(folder / "tls.crt"),
            "key_file": str(folder / "tls.key"),
        },
        "storage": {"cache_dir": str(folder / "cache")},
        "cors": {"origins": [ORIGIN]},
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    environment = {**os.environ, "CONFIG_PATH": str(folder / "settings.yaml")}
    environment["PYTHONPATH"] = "operator:."
    process = subprocess.Popen([sys.executable, "-m", "serving.gateway"], env=environment)
    try:
        yield secured
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_a_new_pair_is_taken_without_a_restart_and_a_bad_one_is_not(tmp_path: Path) -> None:
    first, second = Authority(tmp_path / "first"), Authority(tmp_path / "second")
    pairs = [each.issue("gateway", "gateway", hosts=("127.0.0.1",)) for each in (first, second)]
    with gateway(tmp_path, pairs[0]) as secured:
        until(lambda: secured.health(first))
        assert secured.health(first).json()["status"] == "healthy"
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            secured.health(second)

        secured.present(pairs[1])
        until(lambda: secured.health(second))
        # The key of another certificate.
        (tmp_path / "tls.key").write_bytes(pairs[0].key.read_bytes())
        time.sleep(3)
        assert secured.health(second).status_code == 200

        preflight = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        trust = ssl.create_default_context(cafile=str(second.pair.certificate))
        with httpx.Client(base_url=f"https://{secured.address}", verify=trust) as client:
            path = "/api/v1/predict/price"
            allowed = client.options(path, headers=preflight)
            assert allowed.headers["access-control-allow-origin"] == ORIGIN
            assert "access-control-allow-credentials" not in allowed.headers
            answer = client.get("/health", headers={"Origin": ORIGIN})
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            foreign = {**preflight, "Origin": "https://elsewhere.example"}
            refused = client.options(path, headers=foreign)
            assert "access-control-allow-origin" not in refused.headers


def test_a_pair_that_does_not_fit_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    first, other = (authority.issue(name, name, hosts=("127.0.0.1",)) for name in ("a", "b"))
    result = ended(
        {
            "SERVING_SERVER__CERTIFICATE_FILE": str(first.certificate),
            "SERVING_SERVER__KEY_FILE": str(other.key),
        }
    )
    assert result.returncode == 2
    assert "server.certificate_file, server.key_file: found" in result.stderr
    assert "expected a certificate and its key as PEM" in result.stderr
