"""A pod that started beside others leaves the rotation if it has loaded another artifact."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference_operator.domain.digests_file import DIGESTS_FILE, LOADED_FILE, digests_to_json
from inference_operator.probe.served_artifacts import ServedArtifacts

FIRST, SECOND = "ab" * 32, "cd" * 32


def compared(folder: Path, record: str | None, **loaded: str) -> tuple[ServedArtifacts, list[Any]]:
    """Return the comparison in a pod that has loaded these digests, and the lines of its log."""
    for model, text in loaded.items():
        (folder / model).mkdir()
        (folder / model / LOADED_FILE).write_text(text)
    if record is not None:
        (folder / DIGESTS_FILE).write_text(record)
    lines: list[Any] = []
    return ServedArtifacts(folder, folder, lambda *words, **_: lines.append(words)), lines


def has(sha256: str) -> str:
    return json.dumps({"sha256": sha256})


def test_the_same_artifacts_stay_in_rotation(tmp_path: Path) -> None:
    record = digests_to_json({"a": FIRST, "b": SECOND})
    artifacts, lines = compared(tmp_path, record, a=has(FIRST), b=has(SECOND))
    assert not artifacts.differ()
    assert lines == []


def test_another_artifact_of_one_model_is_enough(tmp_path: Path) -> None:
    record = digests_to_json({"a": FIRST, "b": FIRST})
    artifacts, lines = compared(tmp_path, record, a=has(FIRST), b=has(SECOND))
    assert artifacts.differ()
    assert artifacts.differ()
    assert len(lines) == 1


def test_the_record_may_come_later(tmp_path: Path) -> None:
    artifacts, _ = compared(tmp_path, None, a=has(SECOND))
    assert not artifacts.differ()
    (tmp_path / DIGESTS_FILE).write_text(digests_to_json({"a": FIRST}))
    assert artifacts.differ()


@pytest.mark.parametrize("record", ["", "[]", "{", '{"a": 1}', '{"../a": "' + FIRST + '"}'])
def test_an_illegible_record_takes_no_pod_out(tmp_path: Path, record: str) -> None:
    artifacts, _ = compared(tmp_path, record, a=has(SECOND))
    assert not artifacts.differ()


@pytest.mark.parametrize("loaded", ["", "[]", "{}", "[" * 5000])
def test_a_model_whose_digest_is_not_known_takes_no_pod_out(tmp_path: Path, loaded: str) -> None:
    artifacts, _ = compared(tmp_path, digests_to_json({"a": FIRST}), a=loaded)
    assert not artifacts.differ()
