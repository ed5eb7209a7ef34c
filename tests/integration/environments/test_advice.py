"""kube-score's advice on the environments, and kind's own reading of its configuration."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from hack.cluster import binaries
from hack.cluster.target import KIND_CONFIG
from hack.environments.rendering import ENVIRONMENTS, NAMES
from tests.integration.environments.conftest import text_of

pytestmark = pytest.mark.integration

IGNORED = ENVIRONMENTS / "kube-score.yaml"
# Its highest grade; lower ones are advice or problems.
_GOOD = 10
Failure = tuple[str, str]


def failures_of(text: str) -> set[Failure]:
    """Return the check and the object's name of each piece of advice."""
    program = binaries.ensure(binaries.KUBE_SCORE)["kube-score"]
    command = [str(program), "score", "--kubernetes-version", "v1.34", "-o", "json", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    objects = json.loads(done.stdout)
    assert len(objects) > 10, done.stderr
    return {
        (check["check"]["id"], scored["object_meta"]["name"])
        for scored in objects
        for check in scored["checks"]
        if not check["skipped"] and check["grade"] < _GOOD
    }


def ignored() -> set[Failure]:
    entries = yaml.safe_load(IGNORED.read_text("utf-8"))
    assert all(len(entry["reason"]) > 20 for entry in entries)
    return {(entry["check"], name) for entry in entries for name in entry["objects"]}


def test_all_advice_is_followed_or_refused_with_a_reason() -> None:
    failures = {name: failures_of(text_of(name)) for name in NAMES}
    excess = {name: each - ignored() for name, each in failures.items() if each - ignored()}
    assert excess == {}
    needless = ignored() - {failure for each in failures.values() for failure in each}
    assert needless == set(), "kube-score.yaml ignores checks that pass"


def test_a_pod_without_a_memory_limit_is_found() -> None:
    text = text_of("local").replace("memory: 512Mi", "example.com/none: 1")
    assert ("container-resources", "inference-operator") in failures_of(text)
    worse = text_of("local").replace(
        "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"
    )
    failures = failures_of(worse) - ignored()
    assert ("container-security-context-readonlyrootfilesystem", "redis") in failures


def read_by_kind(file: Path) -> subprocess.CompletedProcess[str]:
    program = binaries.ensure(binaries.KIND_CONFIG)["check-config"]
    return subprocess.run([program, file], capture_output=True, text=True)


def test_kind_takes_the_configuration_and_one_with_workers(tmp_path: Path) -> None:
    assert read_by_kind(KIND_CONFIG).stdout == "control-plane\n"
    more = tmp_path / "kind.yaml"
    more.write_text(KIND_CONFIG.read_text() + "- role: worker\n")
    assert read_by_kind(more).stdout == "control-plane\nworker\n"


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("role:", "rolle:", "field rolle not found"),
        ("control-plane", "master", "not a valid node role"),
        ("v1alpha4", "v1alpha9", "unknown apiVersion"),
    ],
)
def test_kind_refuses_a_wrong_configuration(
    tmp_path: Path, right: str, wrong: str, sentence: str
) -> None:
    file = tmp_path / "kind.yaml"
    file.write_text(KIND_CONFIG.read_text().replace(right, wrong))
    answer = read_by_kind(file)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert sentence in answer.stderr
