"""Archives are told apart by what is in them, and named as containerd names them."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from hack.cluster.images import PAUSE_IMAGE, read_archive, write_pause_archive
from hack.console import StepError


def archive(path: Path, *tags: str, config: str = "{}") -> Path:
    manifest = json.dumps([{"Config": "c.json", "RepoTags": list(tags) or None, "Layers": []}])
    with tarfile.open(path, "w") as file:
        for name, content in (("c.json", config), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content.encode()))
    return path


@pytest.mark.parametrize(
    ("tag", "reference"),
    [
        ("alpine:3", "docker.io/library/alpine:3"),
        ("team/model:1", "docker.io/team/model:1"),
        ("localhost/operator:dev", "localhost/operator:dev"),
        ("registry:5000/operator:dev", "registry:5000/operator:dev"),
        ("ghcr.io/team/operator:dev", "ghcr.io/team/operator:dev"),
    ],
)
def test_short_names_are_completed(tmp_path: Path, tag: str, reference: str) -> None:
    assert read_archive(archive(tmp_path / "a.tar", tag)).references == (reference,)


def test_a_rebuilt_image_under_the_same_name_differs(tmp_path: Path) -> None:
    old = read_archive(archive(tmp_path / "old.tar", "operator:dev"))
    same = read_archive(archive(tmp_path / "same.tar", "operator:dev"))
    new = read_archive(archive(tmp_path / "new.tar", "operator:dev", config='{"os": "linux"}'))
    assert old.digest == same.digest != new.digest


def test_the_pause_archive_is_one_of_ours(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"program")
    written = read_archive(write_pause_archive(program, tmp_path / "pause.tar"))
    assert written.references == (PAUSE_IMAGE,)


def test_what_is_no_archive_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not an image")
    with pytest.raises(StepError, match="is not a docker-archive") as failure:
        read_archive(path)
    assert "buildah push" in failure.value.remedy


def test_an_archive_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="names no image"):
        read_archive(archive(tmp_path / "a.tar"))
