"""Access to an OCI registry: users, tokens, and the targets of redirects."""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.sources.credentials import read_secret
from inference_operator.load.sources.oci import OciRegistry

from .conftest import SECRET, Authority, FaultyStore, Pod
from .faults import answers
from .oci_registry import LEEWAY, PASSWORD, USER, OciStore, TokenServer, oci_registry
from .pushed_ranker import CODE, PLACE, data, reader, registry

__all__ = ["data", "reader", "registry"]


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
    assert f"has credentials for docker.io, not for {registry.host}; add {registry.host}" in message


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
    with oci_registry(data, authority, tokens.configuration()) as store:
        yield store


def test_a_token_is_asked_for_once_and_opens_the_registry(
    guarded: OciStore, tokens: TokenServer, reader: Pod
) -> None:
    reader.plan(f"oci://{guarded.host}/{PLACE}:5")
    reader.load()
    assert reader.served == CODE
    assert tokens.asked == ["service=models&scope=repository%3Atrading%2Franker%3Apull"]


def test_a_token_that_ran_out_before_the_layer_is_asked_for_again(
    guarded: OciStore, tokens: TokenServer, reader: Pod
) -> None:
    uri = f"oci://{guarded.host}/{PLACE}:5"
    source = OciRegistry(uri, read_secret(reader.root / "credentials" / SECRET), 5)
    tokens.lifetime = 2 - LEEWAY
    (layer,) = source.files(uri).files
    tokens.lifetime = 300
    time.sleep(2.5)
    with source.get(layer.uri) as answer:
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
    """A server that poses as a registry, and redirects elsewhere."""
    return start_store()


def test_the_target_of_a_redirect_may_not_ask_for_credentials(
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
