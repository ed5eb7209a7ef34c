"""Workflows of CI and of a release: what they may do, and that what they call exists.

They do not run here.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.release_check import OUTSIDE

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
WRITES = {
    ("release", "image"): {"packages", "id-token", "attestations"},
    ("release", "publish"): {"contents", "packages", "id-token"},
}


def workflow(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in workflow(path)["jobs"].values() for step in job["steps"]]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_there_is_one_for_pushes_and_one_for_releases() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "release"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_may_write_only_what_it_is_for(path: Path) -> None:
    document = workflow(path)
    shared = document["permissions"]
    assert "write" not in shared.values()
    for name, job in document["jobs"].items():
        allowed = job.get("permissions", shared)
        written = {scope for scope, access in allowed.items() if access == "write"}
        assert written == WRITES.get((path.stem, name), set())
        assert job["timeout-minutes"] <= 90


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_step_calls_exists(path: Path) -> None:
    commands = " \n".join(step.get("run", "") for step in steps(path))
    called = set(re.findall(r"\bmake ([a-z-]+)", commands))
    assert called <= make_targets()
    for script in re.findall(r"^(\.\S+)", commands, re.MULTILINE):
        assert (ROOT / script).is_file()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_event_writes_into_a_command(path: Path) -> None:
    # A name of a branch or tag within `${{ }}` would be run by the shell.
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert [
        action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", action)
    ] == []
    checkouts = [step for step in steps(path) if "actions/checkout@" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_an_action_is_pinned_to_a_commit_whose_version_is_told(path: Path) -> None:
    lines = re.findall(r"uses: (.*)", path.read_text("utf-8"))
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")
    assert [line for line in lines if not pinned.fullmatch(line)] == []


def test_a_release_is_audited_signed_and_described() -> None:
    (release,) = (path for path in WORKFLOWS if path.stem == "release")
    commands = " \n".join(step.get("run", "") for step in steps(release))
    for command in ("make audit", "make sbom", "make release-manifests", "make release-chart"):
        assert command in commands
    assert 'cosign sign --yes "$IMAGE@$DIGEST"' in commands
    assert 'cosign sign --yes "$(cat build/release/chart.reference)"' in commands
    assert "cosign sign-blob --yes --bundle build/release/install.yaml.sigstore.json" in commands
    assert workflow(release)[True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}
    build = next(step for step in steps(release) if "build-push-action" in step.get("uses", ""))
    assert (build["with"]["sbom"], build["with"]["provenance"]) == (True, "mode=max")


def release_jobs() -> dict[str, Any]:
    jobs: dict[str, Any] = workflow(ROOT / ".github" / "workflows" / "release.yaml")["jobs"]
    return jobs


def test_nothing_is_built_untested_and_nothing_is_published_before_the_demo_on_kind() -> None:
    jobs = release_jobs()
    assert [step["run"] for step in jobs["test"]["steps"] if "run" in step] == [".ci/run"]
    assert set(jobs["image"]["needs"]) == {"audit", "test"}
    assert jobs["demo"]["needs"] == "image"
    assert set(jobs["publish"]["needs"]) == {"image", "demo"}
    assert 'make demo CLUSTER=kind OPERATOR_IMAGE="$IMAGE@$DIGEST"' in [
        step.get("run") for step in jobs["demo"]["steps"]
    ]


def test_a_program_of_a_release_is_ours_installed_before_or_named_by_the_check() -> None:
    for job in release_jobs().values():
        installed = ""
        for step in job["steps"]:
            installed += step.get("uses", "")
            program = step.get("run", "make").split()[0]
            assert program in {"make", ".ci/run", *OUTSIDE}
            assert program != "cosign" or "cosign-installer" in installed
