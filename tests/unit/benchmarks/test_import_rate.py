"""The rate of imports, and the table of public repositories that docs/import.md sums up."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.import_rate import EQUAL, FAILED, REFUSED, main, rows
from tests.unit.model_builders.repositories import PYTHON, ensemble

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "tests" / "data" / "public_repositories.tsv"


def lay_out(folder: Path, place: str, config: str, commit: str = "") -> None:
    (folder / place).mkdir(parents=True)
    (folder / place / "config.pbtxt").write_text(config)
    if commit:
        (folder / place / ".commit").write_text(commit)


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    lay_out(tmp_path, "ann__desk/models/bars", PYTHON, "0123abc")
    lay_out(tmp_path, "ann__desk/models/signal", ensemble())
    lay_out(tmp_path, "bob__lonely", f'name: "ticks" {PYTHON}')
    lay_out(tmp_path, "bob__wide/m/x", PYTHON.replace("dims: 1", "dims: 1 reshape { shape: 2 }", 1))
    lay_out(tmp_path, "eve__graphs/m/net", 'platform: "onnxruntime"')
    return tmp_path


def test_every_model_is_imported_with_those_of_its_repository(downloaded: Path) -> None:
    table = {(row.repository, row.path): row for row in rows(downloaded)}
    assert {key: row.result for key, row in table.items()} == {
        ("ann/desk", "models/bars"): EQUAL,
        ("ann/desk", "models/signal"): EQUAL,
        ("bob/lonely", "."): EQUAL,
        ("bob/wide", "m/x"): REFUSED,
        ("eve/graphs", "m/net"): FAILED,
    }
    assert table["ann/desk", "models/bars"].commit == "0123abc"
    assert "reshape" in table["bob/wide", "m/x"].reason
    assert "onnxruntime" in table["eve/graphs", "m/net"].reason


def test_the_table_goes_to_stdout_and_the_counts_to_stderr(
    downloaded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(downloaded)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("repository\tcommit\tpath\tbackend\tresult\treason\n")
    assert captured.out.count("\n") == 6
    assert captured.err == f"{EQUAL}: 3\n{REFUSED}: 1\n{FAILED}: 1\n"


def test_the_documentation_sums_up_the_table_of_public_repositories() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        public = list(csv.DictReader(file, delimiter="\t"))
    counts = Counter(row["result"] for row in public)
    warned = sum(row["note"].startswith("warned") for row in public)
    readable = counts["equal"] + counts["not imported"]
    assert readable >= 100
    assert counts["equal"] - warned >= 0.95 * readable
    text = " ".join((ROOT / "docs" / "import.md").read_text("utf-8").split())
    repositories = len({row["repository"] for row in public})
    assert f"{len(public)} models of {repositories} repositories" in text
    assert f"{counts['equal']} of {readable}" in text
    assert f"{warned} of them with a warning" in text
