"""The init container's command writes a whole pipeline's built-in steps, and keeps them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlannedModel,
    RepositoryPlan,
)
from inference_operator.load.plan import ModelOrder
from tests.integration.builtin.conftest import ENSEMBLE, OWN_WORDS, STEPS, order

COMMAND = (
    "import sys; from inference_operator.cli.main import main; code = main();"
    "print(*sys.modules); sys.exit(code)"
)


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    """Make the folders that a pod mounts: the plan's, one claim, and an empty repository."""
    for name in ("plan", "models", "claims/texts"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "claims/texts/vocab.txt").write_text(OWN_WORDS)
    orders = [order(name, step) for name, step in STEPS.items()]
    orders.append(ModelOrder(PlannedModel("trading", 7, ArtifactFormat.ENSEMBLE), ENSEMBLE))
    plan = RepositoryPlan(tuple(planned.model for planned in orders))
    (tmp_path / "plan" / PLAN_FILE).write_text(plan.to_json())
    for planned in orders:
        (tmp_path / "plan" / planned.model.config_file).write_text(planned.config)
    return tmp_path


def load(pod: Path) -> subprocess.CompletedProcess[str]:
    options = {"plan": "plan", "output": "models", "claims": "claims", "termination-log": "log"}
    words = [word for name, place in options.items() for word in (f"--{name}", pod / place)]
    return subprocess.run(
        [sys.executable, "-c", COMMAND, "load", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def report(pod: Path) -> LoadReport:
    loaded = LoadReport.from_json((pod / "log").read_text())
    assert loaded is not None
    return loaded


def test_every_step_is_reported_with_its_digest(pod: Path) -> None:
    done = load(pod)
    assert done.returncode == 0, done.stderr
    assert report(pod).succeeded
    assert [model.name for model in report(pod).models] == list(STEPS)
    assert sorted(path.name for path in (pod / "models").iterdir()) == sorted([*STEPS, "trading"])


def test_the_init_container_needs_no_numpy(pod: Path) -> None:
    done = load(pod)
    assert done.returncode == 0, done.stderr
    assert not {"numpy", "torch", "kopf"} & set(done.stdout.splitlines()[-1].split())


def test_a_container_that_starts_again_changes_nothing(pod: Path) -> None:
    load(pod)
    first = report(pod)
    (pod / "claims/texts/vocab.txt").unlink()
    made = {path: path.stat().st_ino for path in (pod / "models").rglob("*")}
    assert load(pod).returncode == 0
    assert report(pod) == first
    assert {path: path.stat().st_ino for path in (pod / "models").rglob("*")} == made


def test_a_step_that_cannot_be_had_is_the_pipeline_s_failure(pod: Path) -> None:
    (pod / "claims/texts/vocab.txt").write_text("rise\n")
    assert load(pod).returncode == 1
    path = "spec.builtin.tokenizer.vocabulary.uri"
    problem = (
        "pvc://texts/vocab.txt is not a vocabulary: BadVocabulary: vocabulary: found no [UNK],"
        " [CLS], [SEP], [PAD] among 1 lines, expected each word once and [UNK], [CLS], [SEP],"
        " [PAD]; give the lines of the model's own vocab.txt"
    )
    assert json.loads((pod / "log").read_text()) == {
        "reason": "ArtifactInvalid",
        "message": f"own_words: {path}: {problem}",
        "model": "own_words",
        "problems": [[path, "", problem, ""]],
    }
