"""A real model store over TLS on loopback, that misbehaves on request, and a pod's folders."""

import ipaddress
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hack.services.model_store import ModelStore, StoreHandler
from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlannedModel,
    RepositoryPlan,
)
from inference_operator.load.failure import LoadError
from inference_operator.load.fetch import Fetcher
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import read_plan
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.select import source_for
from inference_operator.load.transfer.node_cache import NodeCache
from inference_operator.load.transfer.retry import Retries, RetryPolicy, Sleep

CONFIG = """
name: "ranker"
backend: "python"
input [{ name: "text" data_type: TYPE_STRING dims: [1] }]
output [{ name: "score" data_type: TYPE_FP32 dims: [1] }]
"""
SECRET = "artifact-store"


@dataclass(frozen=True)
class Authority:
    """A certificate authority of this test run and a server certificate for loopback."""

    ca: Path
    certificate: Path
    key: Path


def make_authority(folder: Path) -> Authority:
    now = datetime.now(UTC)

    def build(name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
        )

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    ca = build("Test authority", ca_key).issuer_name(issuer)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = build("model-store", key).issuer_name(issuer)
    leaf = leaf.add_extension(x509.SubjectAlternativeName(names), critical=False)
    pem = serialization.Encoding.PEM
    authority = Authority(folder / "ca.crt", folder / "tls.crt", folder / "tls.key")
    authority.ca.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    authority.certificate.write_bytes(leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    authority.key.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return authority


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


Fault = Callable[["FaultyHandler"], None]


class FaultyHandler(StoreHandler):
    """Notes each request and gives it to the next fault, if one is waiting."""

    server: "FaultyStore"

    def do_GET(self) -> None:  # noqa: N802 (the name that http.server calls)
        self.server.requests.append(dict(self.headers.items()))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault is None:
            super().do_GET()
        else:
            fault(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


class FaultyStore(ModelStore):
    """`faults` are taken one a request; `requests` are the headers of all that came."""

    def __init__(self, folder: Path, authority: Authority, token: str | None = None) -> None:
        self.faults: list[Fault] = []
        self.requests: list[dict[str, str]] = []
        self.released = threading.Event()
        certificate = (authority.certificate, authority.key)
        super().__init__(("127.0.0.1", 0), folder, certificate, token, FaultyHandler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections are what these tests are about."""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def start_store(
    tmp_path: Path, authority: Authority
) -> Iterator[Callable[[str | None], FaultyStore]]:
    stores: list[FaultyStore] = []

    def start(token: str | None = None) -> FaultyStore:
        folder = tmp_path / f"store-{len(stores)}"
        folder.mkdir()
        stores.append(FaultyStore(folder, authority, token))
        threading.Thread(target=stores[-1].serve_forever, args=(0.02,), daemon=True).start()
        return stores[-1]

    yield start
    for store in stores:
        store.released.set()
        store.shutdown()
        store.server_close()


@pytest.fixture
def store(start_store: Callable[[], FaultyStore]) -> FaultyStore:
    return start_store()


@dataclass
class Pod:
    """A pod's folders; `slept` are the waits between attempts, which tests do not sit out."""

    root: Path
    output: Path
    slept: list[float] = field(default_factory=list)
    really_sleeps: bool = False

    def secret(self, **keys: str) -> None:
        folder = self.root / "credentials" / SECRET
        folder.mkdir(parents=True, exist_ok=True)
        for key, value in keys.items():
            (folder / key.replace("ca_crt", "ca.crt")).write_text(value)

    def plan(
        self,
        uri: str,
        sha256: str | None = None,
        config: str = CONFIG,
        kind: str = "python",
        size_limit: int | None = None,
    ) -> None:
        folder = self.root / "plan"
        folder.mkdir(exist_ok=True)
        held = SECRET if (self.root / "credentials" / SECRET).exists() else None
        model = PlannedModel(
            "ranker", 5, ArtifactFormat(kind), uri, sha256, held, size_limit=size_limit
        )
        (folder / PLAN_FILE).write_text(RepositoryPlan((model,)).to_json())
        (folder / model.config_file).write_text(config)

    def load(
        self, timeout: float = 5, attempts: int = 4, cache: NodeCache | None = None
    ) -> LoadReport:
        def fetcher(uri: str, secret: Secret | None) -> Fetcher:
            def retries(policy: RetryPolicy, sleep: Sleep) -> Retries:
                sleep = sleep if self.really_sleeps else self.slept.append
                return Retries(policy, sleep, lambda: 1.0)

            source = source_for(uri, secret, timeout)
            return Fetcher(source, RetryPolicy(attempts), retries)

        folders = Folders(self.output, self.root / "credentials", self.root / "claims")
        return Loader(folders, fetcher, cache).load(read_plan(self.root / "plan"))

    def refused(self, timeout: float = 5, attempts: int = 4) -> tuple[Reason, str]:
        with pytest.raises(LoadError) as caught:
            self.load(timeout, attempts)
        return caught.value.reason, str(caught.value)

    @property
    def served(self) -> bytes:
        return (self.output / "ranker/5/model.py").read_bytes()

    @property
    def partial(self) -> Path:
        return self.output / ".load-ranker" / "download"

    def command(self, *more: str) -> list[str]:
        """The init container's command line, as a process of its own."""
        code = (
            "import argparse, resource, sys; from inference_operator.load.command import *;"
            "parser = argparse.ArgumentParser(); add_parser(parser.add_subparsers());"
            "given = parser.parse_args(); code = given.func(given);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
        )
        words = {
            "--plan": self.root / "plan",
            "--output": self.output,
            "--credentials": self.root / "credentials",
            "--claims": self.root / "claims",
            "--termination-log": self.root / "termination-log",
        }
        options = [str(part) for pair in words.items() for part in pair]
        return [sys.executable, "-c", code, "load", *options, *more]

    def report(self) -> dict[str, object]:
        report: dict[str, object] = json.loads((self.root / "termination-log").read_text())
        return report


@pytest.fixture
def pod(tmp_path: Path, authority: Authority) -> Pod:
    (tmp_path / "models").mkdir()
    made = Pod(tmp_path, tmp_path / "models")
    made.secret(ca_crt=authority.ca.read_text())
    return made


def code_of(size: int, letter: str = "a") -> bytes:
    """A Python model of exactly `size` bytes, no two KiB of which are alike."""
    lines = "".join(f"# {letter} {n:>12}\n" for n in range(size // 17 + 1))
    head = "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"
    return (head + lines).encode()[: size - 1] + b"\n"
