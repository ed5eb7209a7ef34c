"""Whom the init container trusts, to whom it shows its credentials, and where it follows."""

from collections.abc import Callable

import pytest

from inference_operator.api.reasons import Reason

from .conftest import FaultyStore, Pod, code_of, make_authority
from .faults import answers, cuts_after

CODE = code_of(300_000)
StartStore = Callable[..., FaultyStore]


@pytest.fixture
def ready(store: FaultyStore, pod: Pod) -> FaultyStore:
    """A store with the artifact, and a plan that asks for it without a digest."""
    (store.folder / "ranker.py").write_bytes(CODE)
    pod.plan(f"{store.url}/ranker.py")
    return store


def test_an_authority_that_is_not_trusted_is_named(
    ready: FaultyStore, pod: Pod, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = make_authority(tmp_path_factory.mktemp("other"))
    pod.secret(ca_crt=other.ca.read_text())
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "the certificate of 127.0.0.1:" in message
    assert "`ca.crt`" in message
    assert ready.requests == []


def test_a_ca_that_is_no_certificate_is_named(ready: FaultyStore, pod: Pod) -> None:
    pod.secret(ca_crt="not a certificate")
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "`ca.crt` of the Secret does not hold a usable certificate" in message


def test_the_token_opens_what_is_closed_without_it(start_store: StartStore, pod: Pod) -> None:
    store = start_store("s3cret")
    (store.folder / "ranker.py").write_bytes(CODE)
    pod.plan(f"{store.url}/ranker.py")
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert "secretRef" in message
    pod.secret(token="s3cret")
    pod.load()
    assert pod.served == CODE


def test_a_redirect_within_the_server_keeps_the_token(start_store: StartStore, pod: Pod) -> None:
    store = start_store("s3cret")
    (store.folder / "ranker.py").write_bytes(CODE)
    pod.secret(token="s3cret")
    pod.plan(f"{store.url}/latest")
    store.faults = [answers(307, Location="/ranker.py")]
    pod.load()
    assert pod.served == CODE


def test_a_redirect_to_another_server_does_not_leak_the_token(
    start_store: StartStore, pod: Pod
) -> None:
    first, second = start_store("s3cret"), start_store()
    (second.folder / "ranker.py").write_bytes(CODE)
    pod.secret(token="s3cret")
    pod.plan(f"{first.url}/ranker.py")
    first.faults = [answers(302, Location=f"{second.url}/ranker.py?signature=x")] * 2
    second.faults = [cuts_after(100_000)]
    pod.load()
    assert pod.served == CODE
    assert [request.get("Authorization") for request in first.requests] == ["Bearer s3cret"] * 2
    assert [request.get("Authorization") for request in second.requests] == [None, None]
    assert second.requests[1]["Range"] == "bytes=100000-"


def test_coming_back_from_another_server_does_not_bring_the_token_back(
    start_store: StartStore, pod: Pod
) -> None:
    first, second = start_store(), start_store()
    (first.folder / "ranker.py").write_bytes(CODE)
    pod.secret(token="s3cret")
    pod.plan(f"{first.url}/start.py")
    first.faults = [answers(302, Location=f"{second.url}/on")]
    second.faults = [answers(302, Location=f"{first.url}/ranker.py")]
    pod.load()
    assert "Authorization" not in first.requests[1]


@pytest.mark.parametrize("to", ["http://127.0.0.1:1/x", "ftp://127.0.0.1/x"])
def test_a_redirect_to_anything_but_https_is_refused(ready: FaultyStore, pod: Pod, to: str) -> None:
    ready.faults = [answers(302, Location=f"{to}?signature=s3cret")]
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert f"redirects to {to}, and only https is followed" in message
    assert "s3cret" not in message


def test_a_redirect_to_a_file_of_the_pod_is_refused(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [answers(302, Location="file:///etc/passwd?signature=s3cret")]
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "to an address that is not https" in message
    assert "s3cret" not in message


def test_a_circle_of_redirects_ends(ready: FaultyStore, pod: Pod) -> None:
    ready.faults = [answers(302, Location="/ranker.py")] * 20
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "redirects in a circle" in message


def test_a_signature_in_the_address_is_not_shown(ready: FaultyStore, pod: Pod) -> None:
    pod.plan(f"{ready.url}/ranker.py?signature=s3cret")
    ready.faults = [answers(503)] * 4
    assert "s3cret" not in pod.refused()[1]


@pytest.mark.parametrize("uri", ["https://127.0.0.1:port/x", "https://[::1/x", "https://h/a b"])
def test_an_address_that_is_none_is_final(pod: Pod, uri: str) -> None:
    pod.plan(uri)
    reason, message = pod.refused()
    assert reason is Reason.FETCH_FAILED
    assert "is not a valid address" in message
    assert pod.slept == []
