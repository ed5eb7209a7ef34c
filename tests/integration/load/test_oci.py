"""Artifacts of a real OCI registry: layers as files, folders and archives."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.transfer.digest import folder_digest

from .conftest import Pod, code_of
from .oci_registry import INDEX, Layer, OciStore
from .pushed_ranker import CODE, PLACE, SHA256, data, reader, registry

__all__ = ["data", "reader", "registry"]

WORDS = b"good"


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


def test_a_blob_that_was_corrupted_in_the_registry_is_noticed(
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
