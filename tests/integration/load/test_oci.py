"""Artifacts of a real OCI registry: users, tokens, layers as files, folders and archives."""

import hashlib
import io
import json
import tarfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.credentials import read_secret
from inference_operator.load.digest import folder_digest
from inference_operator.load.oci import OciRegistry

from .conftest import SECRET, Authority, FaultyStore, Pod, code_of
from .faults import answers
from .oci_registry import (
    INDEX,
    LEEWAY,
    PASSWORD,
    USER,
    Layer,
    OciStore,
    TokenServer,
    oci_registry,
)

CODE = code_of(300_000)
SHA256 = hashlib.sha256(CODE).hexdigest()
WORDS = b"good"
PLACE = "trading/ranker"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oci")


@pytest.fixture(scope="module")
def registry(data: Path, authority: Authority) -> Iterator[OciStore]:
    with oci_registry(data, authority) as found:
        found.push(PLACE, "5", [Layer(CODE, "model.py")])
        yield found


@pytest.fixture
def reader(pod: Pod) -> Pod:
    """A pod with the registry's user."""
    pod.secret(username=USER, password=PASSWORD)
    return pod


def packed() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in (("ranker/model.py", CODE), ("ranker/words/en.txt", WORDS)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_one_layer_is_a_file(registry: OciStore, reader: Pod) -> None:
    reader.plan(f"oci://{registry.host}/{PLACE}:5", SHA256)
    report = reader.load()
    assert reader.served == CODE
    assert [(m.sha256, m.bytes) for m in report.models] == [(SHA256, len(CODE))]


def test_a_digest_pins_the_manifest(registry: OciStore, reader: Pod) -> None:
    digest = registry.push(PLACE, "moving", [Layer(CODE, "model.py")])
    registry.push(PLACE, "moving", [Layer(code_of(200_000, "b"), "model.py")])
    reader.plan(f"oci://{registry.host}/{PLACE}@{digest}")
    reader.load()
    assert reader.served == CODE


def test_several_layers_are_a_folder(registry: OciStore, reader: Pod) -> None:
    registry.push(PLACE, "folder", [Layer(CODE, "model.py"), Layer(WORDS, "words/en.txt")])
    digests = {"model.py": SHA256, "words/en.txt": hashlib.sha256(WORDS).hexdigest()}
    reader.plan(f"oci://{registry.host}/{PLACE}:folder", folder_digest(digests))
    reader.load()
    assert reader.served == CODE
    assert (reader.output / "ranker/5/words/en.txt").read_bytes() == WORDS


@pytest.mark.parametrize(
    "layer",
    [
        Layer(packed(), "ranker.tar.gz"),
        Layer(packed(), "ranker", unpack=True),
        Layer(packed(), kind="application/vnd.oci.image.layer.v1.tar+gzip"),
    ],
    ids=["a title", "a folder of oras", "an image"],
)
def test_an_archive_is_unpacked(registry: OciStore, reader: Pod, layer: Layer) -> None:
    registry.push(PLACE, "packed", [layer])
    reader.plan(f"oci://{registry.host}/{PLACE}:packed")
    reader.load()
    assert reader.served == CODE
    assert (reader.output / "ranker/5/words/en.txt").read_bytes() == WORDS


def test_a_docker_configuration_is_a_login(registry: OciStore, pod: Pod) -> None:
    auth = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = {"auths": {"docker.io": {}, f"https://{registry.host}/v1/": {"auth": auth}}}
    pod.secret(**{".dockerconfigjson": json.dumps(config)})
    pod.plan(f"oci://{registry.host}/{PLACE}:5")
    pod.load()
    assert pod.served == CODE


def test_a_docker_configuration_of_other_registries_is_named(registry: OciStore, pod: Pod) -> None:
    pod.secret(**{".dockerconfigjson": json.dumps({"auths": {"docker.io": {"auth": "eDp5"}}})})
    pod.plan(f"oci://{registry.host}/{PLACE}:5")
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert f".dockerconfigjson knows docker.io, not {registry.host}" in message


@pytest.mark.parametrize("keys", [{}, {"username": USER, "password": "wrong"}], ids=["none", "bad"])
def test_who_is_not_known_is_refused_at_once(
    registry: OciStore, pod: Pod, keys: dict[str, str]
) -> None:
    pod.secret(**keys)
    pod.plan(f"oci://{registry.host}/{PLACE}:5")
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert f"/v2/{PLACE}/manifests/5 answered 401" in message
    assert "secretRef" in message
    assert pod.slept == []


def test_a_missing_tag_is_named(registry: OciStore, reader: Pod) -> None:
    reader.plan(f"oci://{registry.host}/{PLACE}:6")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_NOT_FOUND
    assert f"/v2/{PLACE}/manifests/6 answered 404" in message


def test_another_layer_than_the_pinned_one_is_not_even_fetched(
    registry: OciStore, reader: Pod
) -> None:
    reader.plan(f"oci://{registry.host}/{PLACE}:5", "0" * 64)
    reason, message = reader.refused()
    assert reason is Reason.DIGEST_MISMATCH
    assert f"found an artifact with sha256 {SHA256}, expected {'0' * 64}" in message


def test_a_blob_that_spoiled_in_the_registry_is_noticed(
    registry: OciStore, data: Path, reader: Pod
) -> None:
    content = code_of(5000, "s")
    registry.push(PLACE, "spoiled", [Layer(content, "model.py")])
    digest = hashlib.sha256(content).hexdigest()
    blob = data / "data/docker/registry/v2/blobs/sha256" / digest[:2] / digest / "data"
    blob.write_bytes(content.replace(b"s", b"t"))
    reader.plan(f"oci://{registry.host}/{PLACE}:spoiled")
    reason, message = reader.refused()
    assert reason is Reason.DIGEST_MISMATCH
    assert f"expected {digest}, as its manifest says" in message


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([], "its manifest has no layers"),
        ([Layer(CODE, "model.py"), Layer(WORDS)], "without org.opencontainers.image.title"),
        ([Layer(CODE, "model.py"), Layer(packed(), "w", unpack=True)], "is a packed folder"),
        ([Layer(CODE, "model.py"), Layer(WORDS, "../en.txt")], "outside of the model's folder"),
        ([Layer(CODE, "model.py"), Layer(WORDS, "model.py")], "model.py is twice in the source"),
        ([Layer(CODE, "model.py"), Layer(WORDS, "model.py/x")], "model.py is twice in the source"),
    ],
)
def test_layers_that_make_no_model_are_refused(
    registry: OciStore, reader: Pod, layers: list[Layer], words: str
) -> None:
    registry.push(PLACE, "odd", layers)
    reader.plan(f"oci://{registry.host}/{PLACE}:odd")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_INVALID
    assert words in message
    assert list(reader.output.iterdir()) == []


def test_an_index_is_refused(registry: OciStore, reader: Pod) -> None:
    registry.push_manifest(
        PLACE, "index", {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
    )
    reader.plan(f"oci://{registry.host}/{PLACE}:index")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_INVALID
    assert "an index of several manifests: name one of them by its digest" in message


@pytest.mark.parametrize("place", ["trading/ranker", "trading/ranker@sha256:abc", "Ranker:5"])
def test_an_address_without_tag_or_digest_is_refused(reader: Pod, place: str) -> None:
    reader.plan(f"oci://127.0.0.1:1/{place}")
    reason, message = reader.refused()
    assert reason is Reason.FETCH_FAILED
    assert "expected oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST" in message


@pytest.fixture
def tokens(authority: Authority) -> Iterator[TokenServer]:
    server = TokenServer(authority)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def guarded(
    registry: OciStore, data: Path, authority: Authority, tokens: TokenServer
) -> Iterator[OciStore]:
    """The same data behind a registry that wants tokens."""
    with oci_registry(data, authority, tokens.configuration()) as found:
        yield found


def test_a_token_is_asked_for_once_and_opens_the_registry(
    guarded: OciStore, tokens: TokenServer, reader: Pod
) -> None:
    reader.plan(f"oci://{guarded.host}/{PLACE}:5")
    reader.load()
    assert reader.served == CODE
    assert tokens.asked == ["service=models&scope=repository%3Atrading%2Franker%3Apull"]


def test_a_token_that_ran_out_before_the_layer_is_asked_for_anew(
    guarded: OciStore, tokens: TokenServer, reader: Pod
) -> None:
    uri = f"oci://{guarded.host}/{PLACE}:5"
    origin = OciRegistry(uri, read_secret(reader.root / "credentials" / SECRET), 5)
    tokens.lifetime = 2 - LEEWAY
    (layer,) = origin.files(uri).files
    tokens.lifetime = 300
    time.sleep(2.5)
    with origin.get(layer.uri) as answer:
        assert b"".join(answer.body) == CODE
    assert len(tokens.asked) == 2


def test_a_token_that_the_registry_does_not_take_ends_it(
    guarded: OciStore, tokens: TokenServer, reader: Pod
) -> None:
    tokens.lifetime = -3600
    reader.plan(f"oci://{guarded.host}/{PLACE}:5")
    assert reader.refused()[0] is Reason.ARTIFACT_FORBIDDEN
    assert len(tokens.asked) == 1


def test_a_password_that_the_token_server_refuses_is_said(
    guarded: OciStore, tokens: TokenServer, pod: Pod
) -> None:
    pod.secret(username=USER, password="wrong")
    pod.plan(f"oci://{guarded.host}/{PLACE}:5")
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert "/token answered 401" in message


@pytest.fixture
def redirecting(start_store: Callable[[], FaultyStore]) -> FaultyStore:
    """What takes itself for a registry, and leads elsewhere."""
    return start_store()


def test_where_a_redirect_leads_nobody_may_ask_for_credentials(
    redirecting: FaultyStore, start_store: Callable[[], FaultyStore], tokens: TokenServer, pod: Pod
) -> None:
    foreign = start_store()
    realm = tokens.configuration()["realm"]
    challenge = f'Bearer realm="{realm}",service="models",scope="repository:x:pull"'
    redirecting.faults = [answers(307, Location=f"{foreign.url}/v2/x/manifests/5")]
    foreign.faults = [answers(401, WWW_Authenticate=challenge)]
    host = redirecting.url.removeprefix("https://")
    pod.secret(username=USER, password=PASSWORD)
    pod.plan(f"oci://{host}/{PLACE}:5")
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert f"{host} redirects to {foreign.url}/v2/x/manifests/5, which asks for cred" in message
    assert tokens.asked == []


def test_the_registry_itself_may_ask_after_a_redirect_within_it(
    redirecting: FaultyStore, tokens: TokenServer, pod: Pod
) -> None:
    challenge = f'Bearer realm="{tokens.configuration()["realm"]}",scope="repository:x:pull"'
    redirecting.faults = [
        answers(307, Location=f"{redirecting.url}/v2/y/manifests/5"),
        answers(401, WWW_Authenticate=challenge),
    ]
    pod.secret(username=USER, password=PASSWORD)
    pod.plan(f"oci://{redirecting.url.removeprefix('https://')}/{PLACE}:5")
    assert pod.refused()[0] is Reason.ARTIFACT_NOT_FOUND
    assert tokens.asked == ["scope=repository%3Ax%3Apull"]
