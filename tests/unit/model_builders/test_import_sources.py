"""The source and the version of the files that an imported model names."""

import hashlib
from pathlib import Path

import pytest

from tests.unit.model_builders.repositories import PYTHON, imported, write


def test_a_single_file_is_the_source_and_pinned(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, version="4", model_py=b"pass")
    (manifest,) = imported(tmp_path).manifests
    assert manifest["spec"]["model"]["source"] == {
        "uri": "pvc://models/repository/bars/4/model.py",
        "sha256": hashlib.sha256(b"pass").hexdigest(),
    }


def test_several_files_are_the_folder_and_pinned_by_its_digest(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="pass", clean_py="pass")
    (manifest,) = imported(tmp_path, folder_digest=lambda _: "f" * 64).manifests
    assert manifest["spec"]["model"]["source"] == {
        "uri": "pvc://models/repository/bars/1",
        "sha256": "f" * 64,
    }


@pytest.mark.parametrize("prefix", ["s3://models/repository", "gs://models/repository/"])
def test_a_folder_in_a_bucket_ends_in_a_slash(prefix: str, tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="pass", clean_py="pass")
    (manifest,) = imported(tmp_path, prefix=prefix).manifests
    assert manifest["spec"]["model"]["source"] == {"uri": f"{prefix.rstrip('/')}/bars/1/"}


def test_several_files_behind_https_are_to_be_packed(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="pass", clean_py="pass")
    result = imported(tmp_path, prefix="https://models.example/repo/")
    assert result.manifests[0]["spec"]["model"]["source"] == {
        "uri": "https://models.example/repo/bars/1.tar.gz"
    }
    assert result.warnings == [
        "bars: version 1 has several files: pack them with `tar -C bars/1 -czf bars/1.tar.gz .`"
        " and upload that"
    ]


def test_only_the_highest_version_is_imported_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, version="9", model_py="")
    (tmp_path / "bars" / "10").mkdir()
    (tmp_path / "bars" / "10" / "model.py").write_text("")
    result = imported(tmp_path)
    assert result.manifests[0]["spec"]["model"]["source"]["uri"].endswith("/bars/10/model.py")
    assert result.warnings == [
        "bars: only version 10 is imported, not 9: an InferenceModel serves one version; it is"
        " served as version 1, so clients that name version 10 must ask for 1 or for none"
    ]
