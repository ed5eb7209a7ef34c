"""A real Triton loads what the builders render, and refuses what the checks refuse."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.import_rate import rendered
from hack.images.local_triton import LocalTriton
from model_builders.artifact import check_artifact
from model_builders.checks import check
from model_builders.config import parse_pbtxt
from model_builders.importer import ImportOptions, import_repository
from model_builders.importing.config_diff import difference
from model_builders.protobuf import as_written
from tests.integration.model_builders.matrix import BAD_ARTIFACTS, LOADS, REFUSED
from tests.integration.model_builders.models import ECHO, Case, get, infer, loaded_config, value
from tests.unit.model_builders.refused_ensembles import REFUSED_ENSEMBLES
from tests.unit.model_builders.repositories import PYTHON, ensemble

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

CACHE = "--cache-config=local,size=1048576"
# Fields that Triton fills in; the list is complete, so that other changes are noticed.
COMPLETED = {
    "backend",
    "runtime",
    "version_policy",
    "platform",
    "default_model_filename",
    "optimization",
    "instance_group",
    "input",
    "output",
    "dynamic_batching",
}


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    repository = tmp_path_factory.mktemp("repository")
    for name, case in LOADS.items():
        case.lay_out(repository, name)
    with LocalTriton(repository, extra_args=[CACHE], timeout_s=300) as server:
        yield server


matrix = pytest.mark.parametrize(("name", "case"), LOADS.items(), ids=LOADS.keys())


@matrix
def test_the_checks_have_nothing_to_say(name: str, case: Case, tmp_path: Path) -> None:
    version = case.lay_out(tmp_path, name)
    assert check(case.parsed) == []
    assert check_artifact(case.parsed.model.format, version, case.config(name)) == []


@matrix
def test_the_model_is_ready(name: str, case: Case, triton: LocalTriton) -> None:
    assert get(triton.http, f"/v2/models/{name}/versions/1/ready") is None


@matrix
def test_triton_serves_the_config_as_rendered(name: str, case: Case, triton: LocalTriton) -> None:
    config, loaded = case.config(name), loaded_config(triton.http, name)
    _forget_made_up_groups(config, loaded)
    added = difference(as_written(loaded), as_written(config))
    assert added is not None, f"rendered:\n{config}\nloaded:\n{loaded}"
    assert {descriptor.name for descriptor, _ in added.ListFields()} <= COMPLETED


def _forget_made_up_groups(config: Any, loaded: Any) -> None:
    """Remove groups that Triton names and resolves; a list is compared as a whole."""
    for group, made in zip(config.instance_group, loaded.instance_group, strict=False):
        made.name = group.name
        if group.kind == 0:
            made.kind = 0


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name, case in LOADS.items() if case.answer is not None],
    ids=[name for name, case in LOADS.items() if case.answer is not None],
)
def test_the_model_answers(name: str, case: Case, triton: LocalTriton) -> None:
    outputs = infer(triton.http, name, case.inputs)
    assert outputs[case.parsed.model.outputs[0].name if case.parsed.model.outputs else "Y"] == (
        case.answer
    )


def test_a_sequence_keeps_its_slot(triton: LocalTriton) -> None:
    x = [value("X", [1, 2], [1.0, 2.0])]
    for start in (True, False):
        outputs = infer(triton.http, "sequences", x, sequence_id=7, sequence_start=start)
        assert outputs == {"Y": [1.0, 2.0]}


def test_an_equal_request_is_answered_from_the_cache(triton: LocalTriton) -> None:
    x = [value("X", [1, 2], [5.0, 6.0])]
    assert infer(triton.http, "cached", x) == infer(triton.http, "cached", x)
    assert triton.metric("nv_cache_num_hits_per_model", model="cached") >= 1


def test_priorities_are_taken_from_requests(triton: LocalTriton) -> None:
    x = [value("X", [1, 2], [1.0, 2.0])]
    for priority in (1, 3):
        assert infer(triton.http, "priorities", x, priority=priority) == {"Y": [1.0, 2.0]}


def test_an_imported_ensemble_answers_as_the_hand_written_one(tmp_path: Path) -> None:
    hand_written = tmp_path / "hand_written"
    for name in ("first_step", "second_step"):
        _write(
            hand_written / name,
            f'''name: "{name}"
            backend: "python"
            max_batch_size: 4
            input [ {{ name: "X" data_type: TYPE_FP32 dims: [ 2 ] }} ]
            output [ {{ name: "Y" data_type: TYPE_FP32 dims: [ 2 ] }} ]
            instance_group [ {{ kind: KIND_CPU }} ]
            dynamic_batching {{ max_queue_delay_microseconds: 100 }}''',
        )
        (hand_written / name / "1" / "model.py").write_text(ECHO)
    _write(
        hand_written / "both_steps",
        """platform: "ensemble"
        max_batch_size: 4
        input { name: "IN" data_type: TYPE_FP32 dims: 2 }
        output { name: "OUT" data_type: TYPE_FP32 dims: 2 }
        ensemble_scheduling { step [
          { model_name: "first_step" model_version: -1
            input_map { key: "X" value: "IN" } output_map { key: "Y" value: "between" } },
          { model_name: "second_step" model_version: 1
            input_map { key: "X" value: "between" } output_map { key: "Y" value: "OUT" } }
        ] }""",
    )
    manifests = import_repository(hand_written, ImportOptions("pvc://models/repo")).manifests
    again = tmp_path / "again"
    shutil.copytree(hand_written, again)
    for folder in hand_written.iterdir():
        original = parse_pbtxt((folder / "config.pbtxt").read_text())
        original.name = folder.name
        (again / folder.name / "config.pbtxt").write_text(str(rendered(manifests, original)))
    x = [value("IN", [1, 2], [3.0, 4.0])]
    for repository in (hand_written, again):
        with LocalTriton(repository) as server:
            assert infer(server.http, "both_steps", x) == {"OUT": [3.0, 4.0]}


def test_an_ensemble_that_import_refuses_is_one_that_triton_refuses(tmp_path: Path) -> None:
    _write(tmp_path / "bars", PYTHON)
    (tmp_path / "bars" / "1" / "model.py").write_text(ECHO)
    _write(tmp_path / "good", ensemble())
    bad = {f"bad_{n}": config for n, (config, _) in enumerate(REFUSED_ENSEMBLES.values())}
    for name, config in bad.items():
        _write(tmp_path / name, config)
    with LocalTriton(tmp_path, tolerate_failures=True) as server:
        states = {name: state for name, (state, _) in server.index().items()}
    assert [name for name, state in states.items() if state == "READY"] == ["bars", "good"]
    failures = import_repository(tmp_path, ImportOptions("pvc://models/repo")).failures
    assert {failure.partition(":")[0] for failure in failures} == set(bad)


def _write(folder: Path, config: str) -> None:
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(config)


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Return Triton's state and log lines of every bad model, by its description.

    A config that Triton refuses while it reads the repository has neither state nor reason in the
    index: its log has.
    """
    repository = tmp_path_factory.mktemp("refused")
    bad = {**REFUSED, **BAD_ARTIFACTS}
    names = {description: f"bad-{number}-model" for number, description in enumerate(bad)}
    for description, name in names.items():
        bad[description][0].lay_out(repository, name)
    with LocalTriton(repository, extra_args=[CACHE], tolerate_failures=True) as server:
        index, log = server.index(), server.log.splitlines()
    lines = {name: "\n".join(line for line in log if name in line) for name in names.values()}
    return {
        description: (index.get(name, ("", ""))[0], lines[name] + index.get(name, ("", ""))[1])
        for description, name in names.items()
    }


@pytest.mark.parametrize("description", REFUSED)
def test_what_the_checks_refuse_triton_refuses_too(
    description: str, refusals: dict[str, tuple[str, str]]
) -> None:
    case, reason = REFUSED[description]
    assert check(case.parsed)
    assert refusals[description][0] != "READY"
    assert reason in refusals[description][1]


@pytest.mark.parametrize("description", BAD_ARTIFACTS)
def test_what_the_artifact_checks_refuse_triton_refuses_too(
    description: str, refusals: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    case, reason = BAD_ARTIFACTS[description]
    version = case.lay_out(tmp_path, "bad")
    assert check_artifact(case.parsed.model.format, version, case.config("bad"))
    assert refusals[description][0] != "READY"
    assert reason in refusals[description][1]
