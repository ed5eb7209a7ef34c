"""The digest of a folder depends on its files' paths and bytes and on nothing else."""

import os
import subprocess
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.digest import digest_of, files_of

RECIPE = (
    "find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    " | cut -c-64"
)


def fill(folder: Path, **files: bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"torch")
    printed = subprocess.run(["sha256sum", tmp_path / "model.pt"], capture_output=True, text=True)
    assert digest_of(tmp_path / "model.pt") == printed.stdout[:64]


def test_the_documented_recipe_gives_the_same_digest(tmp_path: Path) -> None:
    fill(tmp_path, model_DOT_py=b"import json", weights__b=b"2", weights__a=b"1", Z=b"", a=b"x")
    (tmp_path / "weights" / "linked").symlink_to("../a")
    (tmp_path / "ä name").write_bytes(b"umlaut")
    printed = subprocess.run(RECIPE, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert digest_of(tmp_path) == printed.stdout.strip()


def test_equal_folders_have_equal_digests(tmp_path: Path) -> None:
    first = fill(tmp_path / "first", a=b"1", b__c=b"2")
    second = fill(tmp_path / "second", b__c=b"2", a=b"1")
    (second / "empty").mkdir()
    os.utime(second / "a", (1, 1))
    assert digest_of(first) == digest_of(second)


@pytest.mark.parametrize("other", [{"a": b"1", "b": b"3"}, {"a": b"1", "c": b"2"}, {"a": b"1"}])
def test_any_difference_shows(tmp_path: Path, other: dict[str, bytes]) -> None:
    first = fill(tmp_path / "first", a=b"1", b=b"2")
    assert digest_of(first) != digest_of(fill(tmp_path / "second", **other))


def test_a_link_out_of_the_boundary_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, secret=b"", claim__model__a=b"")
    (tmp_path / "claim/model/out").symlink_to("../../secret")
    with pytest.raises(LoadError, match=r"^out: it is a link that leads out") as caught:
        list(files_of(tmp_path / "claim/model", tmp_path / "claim"))
    assert caught.value.reason is Reason.ARTIFACT_INVALID


def test_a_link_within_the_boundary_is_followed(tmp_path: Path) -> None:
    fill(tmp_path, claim__blobs__x=b"weights", claim__model__a=b"")
    (tmp_path / "claim/model/w").symlink_to("../blobs/x")
    (tmp_path / "claim/model/all").symlink_to("../blobs")
    files = files_of(tmp_path / "claim/model", tmp_path / "claim")
    assert [file.relative for file in files] == ["a", "all/x", "w"]


@pytest.mark.parametrize("to", [".", "..", "loop", "nothing"])
def test_links_that_end_nowhere_are_refused(tmp_path: Path, to: str) -> None:
    fill(tmp_path, model__a=b"")
    (tmp_path / "model/loop").symlink_to(to)
    with pytest.raises(LoadError, match="loop"):
        digest_of(tmp_path / "model")


def test_a_pipe_is_refused_rather_than_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LoadError, match="neither a file nor a folder"):
        digest_of(tmp_path)


def test_a_line_break_in_a_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a\nb").write_bytes(b"")
    with pytest.raises(LoadError, match="line break"):
        digest_of(tmp_path)
