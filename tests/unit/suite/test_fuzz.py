"""A short run of the fuzzer over all targets, always of the same inputs; and the fuzzer itself."""

from pathlib import Path

import pytest

from tests.fuzz.runner import Result, fuzz_one, fuzz_together
from tests.fuzz.targets import MODULES
from tests.fuzz.worker import Job

# 20 s of CPU time for all of them, which is minutes on a machine that does much else.
pytestmark = pytest.mark.timeout(900)
_PATIENCE = 280.0
_INPUTS = 60


def job(target: str, folder: Path, inputs: int = 20, replay: bytes | None = None) -> Job:
    file = folder / "input"
    if replay is not None:
        file.write_bytes(replay)
    return Job(
        target=target,
        folder=str(folder / target),
        seed=1,
        seconds=_PATIENCE,
        inputs=inputs,
        replay="" if replay is None else str(file),
    )


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Run all targets in one process: most of its time goes into imports."""
    folder = tmp_path_factory.mktemp("fuzz")
    results = fuzz_together([job(name, folder, _INPUTS) for name in MODULES])
    return {result.target: result for result in results}


@pytest.mark.parametrize("target", MODULES)
def test_no_input_of_a_short_run_is_a_finding(target: str, short_run: dict[str, Result]) -> None:
    result = short_run[target]
    assert result.findings == []
    assert result.inputs > _INPUTS


@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [
        ("crash", "crash", "KeyError: 'planted'"),
        ("message", "crash", "a message with '\\x1b'"),
        ("secret", "crash", "a secret is shown: 'https://"),
        ("hang", "hang", "Cost(seconds="),
        ("growth", "growth", "Cost(seconds="),
        ("stuck", "death", "the process ended with SIGPROF"),
        ("killed", "death", "the process ended with SIGABRT"),
        ("cached", "hang", "Cost(seconds="),
        ("hoard", "growth", "Cost(seconds="),
        ("survivors", "growth", "Cost(seconds="),
        ("exits", "crash", "SystemExit: 0"),
        ("exits-at-once", "death", "without a report"),
    ],
)
def test_a_planted_fault_is_found_and_its_input_kept(
    target: str, kind: str, words: str, tmp_path: Path
) -> None:
    result = fuzz_one(job(target, tmp_path, replay=b"bad"))

    assert len(result.findings) == 1
    name, _, message = result.findings[0].partition(": ")
    assert name.startswith(f"{kind}-")
    assert words in message
    assert (tmp_path / target / name).read_bytes() == b"bad"


def test_mutations_find_a_fault_that_no_seed_shows(tmp_path: Path) -> None:
    assert fuzz_one(job("crash", tmp_path)).findings


def test_a_fault_that_a_cache_hides_is_found_in_a_fresh_process(tmp_path: Path) -> None:
    (report,) = fuzz_together([job("cached", tmp_path, inputs=2)])
    assert [finding for finding in report.findings if finding.startswith("hang-")]


def test_memory_that_all_inputs_keep_is_a_finding(tmp_path: Path) -> None:
    (report,) = fuzz_together([job("leak", tmp_path, inputs=8)])
    assert [finding for finding in report.findings if finding.startswith("leak-")]


def test_a_sound_target_has_no_findings(tmp_path: Path) -> None:
    result = fuzz_one(job("sound", tmp_path))
    assert (result.findings, result.inputs) == ([], 21)


def test_a_target_after_one_that_killed_the_process_is_still_fuzzed(tmp_path: Path) -> None:
    killed, sound = fuzz_together([job("killed", tmp_path), job("sound", tmp_path)])
    assert killed.died
    assert sound.inputs == 21
