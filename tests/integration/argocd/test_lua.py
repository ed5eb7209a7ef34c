"""Our scripts in the real Argo CD: each recorded object, without an error of Lua, and with the
answers that the unit tests expect."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.cluster import binaries
from tests.integration.argocd.conftest import MANIFEST
from tests.unit.argocd.argo_cd import KINDS, discovered, folder_of, health, offered

pytestmark = pytest.mark.integration

RECORDED = [path for kind in KINDS for path in sorted(folder_of(kind).rglob("testdata/*.yaml"))]


def asked(question: str, path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a script by Argo CD's own command; no cluster is needed."""
    program = binaries.ensure(binaries.ARGO_CD)["argocd"]
    command = ["admin", "settings", "resource-overrides", question, str(path), *words]
    return subprocess.run(
        [str(program), *command, f"--argocd-cm-path={MANIFEST}"], capture_output=True, text=True
    )


def answer(question: str, path: Path, *words: str) -> str:
    done = asked(question, path, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def body_of(path: Path) -> Mapping[str, Any]:
    body: Mapping[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return body


def test_there_are_sixty_objects() -> None:
    assert len(RECORDED) >= 60


def name_of(path: Path) -> str:
    return f"{path.parts[-4]}-{path.stem}"


@pytest.mark.parametrize("path", RECORDED, ids=name_of)
def test_a_recorded_object_has_the_health_of_the_unit_tests(path: Path) -> None:
    status, message = health(body_of(path))
    assert answer("health", path) == f"STATUS: {status}\nMESSAGE: {message}\n"


@pytest.mark.long
@pytest.mark.parametrize("path", RECORDED, ids=name_of)
def test_a_recorded_object_has_the_buttons_of_the_unit_tests(path: Path) -> None:
    body = body_of(path)
    shown = dict(line.split() for line in answer("list-actions", path).splitlines()[1:])
    assert {name for name, disabled in shown.items() if disabled == "false"} == offered(body)
    assert set(shown) == set(discovered(body))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_button_changes_its_annotation_and_a_disabled_one_says_why(kind: str) -> None:
    path = folder_of(kind) / "actions" / "testdata" / "stepping.yaml"
    for name in ("promote", "promote-full", "abort", "pause"):
        verb = name.partition("-")[0]
        changed = answer("run-action", path, name)
        assert f"inference.aipx.io/{verb}: " in changed

    refused = asked("run-action", path, "retry")
    assert refused.returncode != 0
    assert "no rollout is aborted, so there is nothing to retry" in refused.stderr
