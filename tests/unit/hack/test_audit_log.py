"""Writes of chosen users, counted from lines as the API server writes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.audit_log import target_of, writes

MODEL = {"resource": "inferencemodels", "subresource": "status", "namespace": "desk", "name": "fx"}


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "stage": "ResponseComplete",
        "user": {"username": "inference-operator"},
        "verb": "patch",
        "objectRef": MODEL,
        "requestURI": "/apis/inference.aipx.io/v1alpha1/namespaces/desk/inferencemodels/fx/status",
        **changes,
    }


def counted(path: Path, *lines: dict[str, Any]) -> list[str]:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return [target_of(each) for each in writes(path, "inference-operator")]


def test_a_write_is_named_by_its_verb_and_its_object(tmp_path: Path) -> None:
    assert counted(tmp_path / "log", entry()) == ["patch inferencemodels/status desk/fx"]


@pytest.mark.parametrize(
    "changes",
    [
        {"verb": "get"},
        {"verb": "watch"},
        {"stage": "ResponseStarted"},
        {"user": {"username": "argo-cd"}},
        {"objectRef": {**MODEL, "resource": "leases"}},
        {"requestURI": "/api/v1/namespaces/desk/services/fx?dryRun=All&fieldManager=argo"},
    ],
    ids=["read", "watch", "begun", "of another user", "lease", "dry run"],
)
def test_what_changes_nothing_is_no_write(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert counted(tmp_path / "log", entry(**changes)) == []


def test_a_line_that_is_still_written_and_lines_before_the_start_do_not_count(
    tmp_path: Path,
) -> None:
    log, line = tmp_path / "log", json.dumps(entry())
    log.write_text(f"{line}\n{line}\n{line[:20]}")
    assert len(list(writes(log, "inference-operator"))) == 2
    assert len(list(writes(log, "inference-operator", since=len(line) + 1))) == 1
