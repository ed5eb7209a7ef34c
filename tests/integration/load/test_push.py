"""`push` to real servers: what it writes, the init container fetches."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inference_operator.api.source_uri import SourceUri
from inference_operator.cli.main import main
from inference_operator.cli.push import PushError, Upload
from inference_operator.cli.push_https import push_https
from inference_operator.cli.push_oci import push_oci
from inference_operator.cli.push_s3 import push_s3
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.digest import digest_of, files_of

from .conftest import SECRET, Authority, FaultyStore, Pod, code_of
from .object_store import BUCKET, READER, ObjectStore, object_store
from .oci_registry import PASSWORD, USER, OciStore
from .pushed_ranker import data, registry

__all__ = ["data", "registry"]

ADMIN = {"accessKeyId": "ADMIN", "secretAccessKey": "admin-secret"}


@pytest.fixture(scope="module")
def objects(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("push"), authority) as store:
        yield store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.py"
    path.write_bytes(code_of(300_000))
    return path


@pytest.fixture
def folder(tmp_path: Path, file: Path) -> Path:
    path = tmp_path / "ranker"
    (path / "words").mkdir(parents=True)
    (path / "words" / "en.txt").write_bytes(b"good")
    file.rename(path / "model.py")
    return path


def upload(path: Path, uri: str, **secret: str) -> Upload:
    files = [file.path for file in files_of(path)] if path.is_dir() else [path]
    size = sum(each.stat().st_size for each in files)
    source = SourceUri.of(uri)
    return Upload(path, source, "desk", None, secret, SECRET, None, digest_of(path), size)


def loaded(pod: Pod, uri: str, path: Path) -> bytes:
    """Load it as a pod does, pinned by the digest that `push` prints."""
    pod.plan(uri, digest_of(path))
    pod.load()
    return pod.served


def test_a_file_reaches_s3(objects: ObjectStore, pod: Pod, file: Path) -> None:
    uri = f"s3://{BUCKET}/pushed/model.py"
    push_s3(upload(file, uri, endpoint=objects.endpoint, **ADMIN))
    pod.secret(endpoint=objects.endpoint, **READER)

    assert loaded(pod, uri, file) == file.read_bytes()


def test_a_folder_reaches_s3(objects: ObjectStore, pod: Pod, folder: Path) -> None:
    uri = f"s3://{BUCKET}/pushed-folder/"
    push_s3(upload(folder, uri, endpoint=objects.endpoint, **ADMIN))
    pod.secret(endpoint=objects.endpoint, **READER)

    assert loaded(pod, uri, folder) == (folder / "model.py").read_bytes()
    assert (pod.output / "ranker/5/words/en.txt").read_bytes() == b"good"


def test_a_large_file_reaches_s3_in_parts(objects: ObjectStore, pod: Pod, tmp_path: Path) -> None:
    file = tmp_path / "large.py"
    file.write_bytes(code_of(20 << 20))
    uri = f"s3://{BUCKET}/large/model.py"
    push_s3(upload(file, uri, endpoint=objects.endpoint, **ADMIN))
    pod.secret(endpoint=objects.endpoint, **READER)

    assert loaded(pod, uri, file) == file.read_bytes()


def test_a_reader_may_not_write(objects: ObjectStore, file: Path) -> None:
    uri = f"s3://{BUCKET}/forbidden/model.py"
    with pytest.raises(LoadError, match="S3 answered 403"):
        push_s3(upload(file, uri, endpoint=objects.endpoint, **READER))


def test_a_file_and_a_folder_reach_a_registry(
    registry: OciStore, authority: Authority, pod: Pod, folder: Path
) -> None:
    held = {"username": USER, "password": PASSWORD}
    keys = {**held, "ca.crt": authority.ca.read_text()}
    pod.secret(**held)
    uri = f"oci://{registry.host}/pushed/ranker:1"
    push_oci(upload(folder, uri, **keys))
    assert loaded(pod, uri, folder) == (folder / "model.py").read_bytes()

    # The layer exists already, so its bytes are not sent again.
    single = f"oci://{registry.host}/pushed/ranker:2"
    push_oci(upload(folder / "model.py", single, **keys))
    assert loaded(pod, single, folder / "model.py") == (folder / "model.py").read_bytes()


def test_a_registry_that_refuses_the_user_is_reported(
    registry: OciStore, authority: Authority, file: Path
) -> None:
    keys = {"username": USER, "password": "wrong", "ca.crt": authority.ca.read_text()}
    with pytest.raises(LoadError, match="answered 401"):
        push_oci(upload(file, f"oci://{registry.host}/pushed/other:1", **keys))


def test_a_file_reaches_a_store_over_https(
    start_store: Callable[[str], FaultyStore], authority: Authority, pod: Pod, file: Path
) -> None:
    store = start_store("sesame")
    uri = f"{store.url}/deep/er/model.py"
    push_https(upload(file, uri, token="sesame", **{"ca.crt": authority.ca.read_text()}))
    pod.secret(token="sesame")

    assert loaded(pod, uri, file) == file.read_bytes()


@pytest.mark.parametrize("token", [None, "sesame"])
def test_a_store_takes_nothing_without_its_token(
    start_store: Callable[[str | None], FaultyStore],
    authority: Authority,
    file: Path,
    token: str | None,
) -> None:
    store = start_store(token)
    keys = {"token": "wrong", "ca.crt": authority.ca.read_text()}
    with pytest.raises(LoadError):
        push_https(upload(file, f"{store.url}/model.py", **keys))
    assert not [*store.folder.iterdir()]


def test_an_authority_that_is_not_trusted_is_reported(
    start_store: Callable[[str], FaultyStore], file: Path
) -> None:
    store = start_store("sesame")
    with pytest.raises(LoadError, match="certificate verify failed"):
        push_https(upload(file, f"{store.url}/model.py", token="sesame"))


def test_wrong_places_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for refused in (
        lambda: push_s3(upload(folder, "s3://models/folder")),
        lambda: push_https(upload(folder, "https://127.0.0.1/folder")),
        lambda: push_oci(upload(folder, f"oci://127.0.0.1/a@sha256:{'0' * 64}")),
    ):
        with pytest.raises(PushError):
            refused()
    assert main(["push", str(folder), "gs://models/folder/"]) == 2
    assert "use `gcloud storage cp`" in capsys.readouterr().err
    assert main(["push", str(folder / "nothing"), "s3://models/a"]) == 2
    assert main(["push", str(folder), "ftp://models/a"]) == 2


@pytest.mark.parametrize("port", ["99999", "0", "x"])
def test_an_address_without_a_usable_port_is_refused(file: Path, port: str) -> None:
    with pytest.raises(PushError, match="found no usable port, expected 1 to 65535"):
        push_https(upload(file, f"https://127.0.0.1:{port}/model.py"))
