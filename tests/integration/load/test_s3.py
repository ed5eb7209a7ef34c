"""Objects of a real S3 server: right keys and wrong ones, folders, and large objects in pieces."""

import hashlib
import ssl
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.sources import s3
from inference_operator.load.transfer import ranged_download as pieces
from inference_operator.load.transfer.digest import folder_digest

from .conftest import SECRET, Authority, Pod, code_of
from .cutting_proxy import cutting_proxy
from .object_store import BUCKET, READER, STRANGER, ObjectStore, object_store

CODE = code_of(300_000)
SHA256 = hashlib.sha256(CODE).hexdigest()


@pytest.fixture(scope="module")
def objects(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("s3"), authority) as store:
        store.put("ranker/5/model.py", CODE)
        store.put("ranker/5/words/en.txt", b"good")
        yield store


@pytest.fixture
def reader(pod: Pod, objects: ObjectStore) -> Pod:
    """A pod with the reader's keys."""
    pod.secret(endpoint=objects.endpoint, region="us-east-1", **READER)
    return pod


def test_an_object_arrives_with_its_digest_and_size(reader: Pod) -> None:
    reader.plan(f"s3://{BUCKET}/ranker/5/model.py", SHA256)
    report = reader.load()
    assert reader.served == CODE
    assert [(m.sha256, m.bytes) for m in report.models] == [(SHA256, len(CODE))]


def test_an_object_arrives_over_tls_of_an_own_authority(reader: Pod, objects: ObjectStore) -> None:
    reader.secret(endpoint=objects.tls_endpoint)
    reader.plan(f"s3://{BUCKET}/ranker/5/model.py")
    reader.load()
    assert reader.served == CODE


def test_an_authority_that_is_not_trusted_is_named(reader: Pod, objects: ObjectStore) -> None:
    reader.secret(endpoint=objects.tls_endpoint)
    (reader.root / "credentials" / "artifact-store" / "ca.crt").unlink()
    reader.plan(f"s3://{BUCKET}/ranker/5/model.py")
    reason, message = reader.refused()
    assert reason is Reason.FETCH_FAILED
    assert "`ca.crt`" in message
    assert reader.slept == []


def test_the_names_of_aws_are_keys_as_well(pod: Pod, objects: ObjectStore) -> None:
    pod.secret(
        AWS_ACCESS_KEY_ID=READER["accessKeyId"],
        AWS_SECRET_ACCESS_KEY=READER["secretAccessKey"],
        AWS_ENDPOINT_URL=objects.endpoint,
    )
    pod.plan(f"s3://{BUCKET}/ranker/5/model.py")
    pod.load()
    assert pod.served == CODE


@pytest.mark.parametrize(
    "keys",
    [STRANGER, {**READER, "secretAccessKey": "wrong"}, {}],
    ids=["unknown", "wrong secret", "none"],
)
def test_wrong_keys_are_refused_at_once(
    pod: Pod, objects: ObjectStore, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    pod.secret(endpoint=objects.endpoint, **keys)
    pod.plan(f"s3://{BUCKET}/ranker/5/model.py")
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert f"s3://{BUCKET}/ranker/5/model.py: S3 answered 403" in message
    assert "`accessKeyId` and `secretAccessKey` that may read it" in message
    assert "wrong" not in message
    assert pod.slept == []


def test_another_bucket_is_not_the_readers(reader: Pod, objects: ObjectStore) -> None:
    objects.admin.create_bucket(Bucket="secrets")
    objects.admin.put_object(Bucket="secrets", Key="model.py", Body=CODE)
    reader.plan("s3://secrets/model.py")
    assert reader.refused()[0] is Reason.ARTIFACT_FORBIDDEN


def test_a_missing_key_is_named(reader: Pod) -> None:
    reader.plan(f"s3://{BUCKET}/ranker/6/model.py")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_NOT_FOUND
    assert f"s3://{BUCKET}/ranker/6/model.py: S3 answered 404 NoSuchKey" in message
    assert "check the bucket and the key" in message


def test_a_folder_without_its_slash_is_told_from_a_missing_key(reader: Pod) -> None:
    reader.plan(f"s3://{BUCKET}/ranker/5")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_NOT_FOUND
    assert f"write s3://{BUCKET}/ranker/5/ to serve all files in it" in message


def test_a_folder_is_laid_out_whole_with_the_digest_of_a_folder(reader: Pod) -> None:
    digests = {"model.py": SHA256, "words/en.txt": hashlib.sha256(b"good").hexdigest()}
    reader.plan(f"s3://{BUCKET}/ranker/5/", folder_digest(digests))
    report = reader.load()
    assert reader.served == CODE
    assert (reader.output / "ranker/5/words/en.txt").read_bytes() == b"good"
    assert [(m.sha256, m.bytes) for m in report.models] == [(folder_digest(digests), len(CODE) + 4)]
    assert [path.name for path in reader.output.iterdir()] == ["ranker"]


def test_an_empty_folder_is_named(reader: Pod) -> None:
    reader.plan(f"s3://{BUCKET}/nothing/")
    reason, message = reader.refused()
    assert reason is Reason.ARTIFACT_NOT_FOUND
    assert "is an empty folder" in message


def test_a_wrong_digest_is_said(reader: Pod) -> None:
    reader.plan(f"s3://{BUCKET}/ranker/5/model.py", "0" * 64)
    reason, message = reader.refused()
    assert reason is Reason.DIGEST_MISMATCH
    assert SHA256 in message


def test_a_server_that_is_not_there_is_tried_again(pod: Pod) -> None:
    pod.secret(endpoint="http://127.0.0.1:9", **READER)
    pod.plan(f"s3://{BUCKET}/ranker/5/model.py")
    reason, message = pod.refused(attempts=3)
    assert reason is Reason.FETCH_FAILED
    assert "cannot reach S3" in message
    assert len(pod.slept) == 2


def test_a_cut_object_goes_on_where_it_stopped(reader: Pod, objects: ObjectStore) -> None:
    with cutting_proxy(objects.endpoint) as proxy:
        proxy.cuts = [100_000, 100_000]
        reader.secret(endpoint=proxy.url)
        reader.plan(f"s3://{BUCKET}/ranker/5/model.py")
        reader.load()
    assert reader.served == CODE
    first, second = (int(asked.removeprefix("bytes=").rstrip("-")) for asked in proxy.ranges)
    assert 1 << 16 <= first < 100_000
    assert first + (1 << 16) <= second < 200_000


def test_an_object_that_changes_meanwhile_is_fetched_whole(
    reader: Pod, objects: ObjectStore
) -> None:
    newer = code_of(300_000, "b")
    uri = objects.put("ranker/moving.py", CODE)
    reader.plan(uri)
    with cutting_proxy(objects.endpoint) as proxy:
        proxy.cuts = [100_000]
        reader.secret(endpoint=proxy.url)
        assert reader.refused(attempts=1)[0] is Reason.FETCH_FAILED
        objects.put("ranker/moving.py", newer)
        reader.load()
    assert reader.served == newer


def test_a_secret_with_one_half_of_the_keys_is_refused(pod: Pod) -> None:
    pod.secret(accessKeyId="READER")
    pod.plan(f"s3://{BUCKET}/x")
    reason, message = pod.refused()
    assert reason is Reason.ARTIFACT_FORBIDDEN
    assert "the two must come together; give it the keys `accessKeyId`" in message


def test_a_large_object_comes_in_pieces(
    reader: Pod, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 64 << 10)
    monkeypatch.setattr(pieces, "PARALLEL_FROM", 128 << 10)
    objects.put("ranker/large.py", CODE)
    reader.plan(f"s3://{BUCKET}/ranker/large.py")
    reader.load()
    assert reader.served == CODE


def test_a_system_without_authorities_keeps_those_of_boto3_beside_the_secrets(
    reader: Pod, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = SimpleNamespace(cafile=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: without)
    given = (reader.root / "credentials" / SECRET / "ca.crt").read_text()
    trusted = s3._authorities(given)
    assert trusted is not None
    authorities = ssl.create_default_context(cafile=trusted).get_ca_certs()
    assert len(authorities) > 50
    reader.secret(endpoint=objects.tls_endpoint)
    reader.plan(f"s3://{BUCKET}/ranker/5/model.py")
    reader.load()
    assert reader.served == CODE
