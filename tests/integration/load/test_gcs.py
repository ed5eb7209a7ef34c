"""Objects of Google Cloud Storage by its own client: keys, folders, generations, faults."""

import hashlib
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from inference_operator.api.reasons import Reason
from inference_operator.load.sources import gcs
from inference_operator.load.transfer import ranged_download as pieces
from inference_operator.load.transfer.digest import folder_digest

from .cloud_storage import BUCKET, CloudStore, cloud_store
from .conftest import SECRET, Pod, code_of

CODE = code_of(300_000)
SHA256 = hashlib.sha256(CODE).hexdigest()
URI = f"gs://{BUCKET}/ranker/5/model.py"


@pytest.fixture
def cloud() -> Iterator[CloudStore]:
    with cloud_store() as store:
        store.put("ranker/5/model.py", CODE)
        yield store


@pytest.fixture
def reader(pod: Pod, cloud: CloudStore) -> Pod:
    """A pod with a service account's key."""
    (pod.root / "credentials" / SECRET / "ca.crt").unlink()
    pod.secret(endpoint=cloud.url, **{"credentials.json": cloud.key_json()})
    return pod


def test_an_object_arrives_with_its_digest_and_size(reader: Pod) -> None:
    reader.plan(URI, SHA256)
    report = reader.load()
    assert reader.served == CODE
    assert [(m.sha256, m.bytes) for m in report.models] == [(SHA256, len(CODE))]


def test_an_open_object_needs_no_key(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    with cloud_store(is_open=True) as store:
        store.put("ranker/5/model.py", CODE)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
        (pod.root / "credentials" / SECRET / "ca.crt").unlink()
        (pod.root / "credentials" / SECRET).rmdir()
        pod.plan(URI)
        pod.load()
    assert pod.served == CODE


def test_a_folder_is_laid_out_whole_over_pages(reader: Pod, cloud: CloudStore) -> None:
    words = {f"words/{n}.txt": f"{n}".encode() for n in range(4)}
    for name, content in words.items():
        cloud.put(f"ranker/5/{name}", content)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in words.items()}
    reader.plan(f"gs://{BUCKET}/ranker/5/", folder_digest({"model.py": SHA256, **digests}))
    reader.load()
    assert reader.served == CODE
    assert (reader.output / "ranker/5/words/3.txt").read_bytes() == b"3"


def test_a_key_of_another_account_is_refused_at_once(reader: Pod, cloud: CloudStore) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    reader.secret(**{"credentials.json": cloud.key_json(other)})
    reader.plan(URI)
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert URI in message
    assert "put the `credentials.json` of a service account that may read it" in message
    assert reader.slept == []


def test_without_a_key_a_closed_object_is_refused(reader: Pod) -> None:
    (reader.root / "credentials" / SECRET / "credentials.json").unlink()
    reader.plan(URI)
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert "Google Cloud Storage answered 403" in message


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"credentials.json": "s3cret"}, "`credentials.json` is not a service account's key"),
        ({"credentials.json": "{}"}, "`credentials.json` is not a service account's key"),
        ({"token": "s3cret"}, "found the keys token"),
    ],
)
def test_other_secrets_are_refused_without_showing_values(
    pod: Pod, keys: dict[str, str], words: str
) -> None:
    (pod.root / "credentials" / SECRET / "ca.crt").unlink()
    pod.secret(**keys)
    pod.plan(URI)
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert words in message
    assert "give it the keys `credentials.json`" in message
    assert "s3cret" not in message


@pytest.mark.parametrize("place", ["models/ranker/6/model.py", "other/ranker/5/model.py"])
def test_a_missing_object_or_bucket_is_named(reader: Pod, place: str) -> None:
    reader.plan(f"gs://{place}")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_NOT_FOUND
    assert f"gs://{place} does not exist" in message


def test_an_empty_folder_is_named(reader: Pod) -> None:
    reader.plan(f"gs://{BUCKET}/nothing/")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_NOT_FOUND
    assert "is an empty folder" in message


def test_what_may_pass_is_tried_again_from_where_it_stopped(
    reader: Pod, cloud: CloudStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs, "_READ", 100_000)
    cloud.faults = [0, 503, 429]
    reader.plan(URI)
    reader.load()
    assert reader.served == CODE
    assert cloud.ranges == ["bytes=0-99999", "bytes=100000-199999", "bytes=200000-299999"]
    assert reader.slept == [1, 2]


def test_a_server_that_is_not_there_is_tried_again(reader: Pod) -> None:
    reader.secret(endpoint="http://127.0.0.1:9")
    (reader.root / "credentials" / SECRET / "credentials.json").unlink()
    reader.plan(URI)
    reason, message = reader.refused(attempts=3)
    assert reason is Reason.FETCH_FAILED
    assert "cannot reach Google Cloud Storage" in message
    assert len(reader.slept) == 2


def test_an_object_that_changes_meanwhile_is_fetched_whole(
    reader: Pod, cloud: CloudStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs, "_READ", 100_000)
    newer = code_of(300_000, "b")
    reader.plan(URI)
    cloud.faults = [0, 503]
    assert reader.refused(attempts=1)[0] is Reason.FETCH_FAILED
    cloud.put("ranker/5/model.py", newer)
    reader.load()
    assert reader.served == newer


def test_a_large_object_comes_in_pieces(
    reader: Pod, cloud: CloudStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 64 << 10)
    monkeypatch.setattr(pieces, "PARALLEL_FROM", 128 << 10)
    reader.plan(URI)
    reader.load()
    assert reader.served == CODE
    assert len(cloud.ranges) == 5
