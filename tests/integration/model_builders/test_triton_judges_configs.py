"""A real Triton judges each configuration of the table that the checks refuse or accept.

Rows whose judge is a source are not laid out: the local Triton is of an older release, without GPUs
and with backends of its own for ONNX and TorchScript.
"""

import contextlib
import time
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hack.console import StepError
from hack.images.local_triton import LocalTriton
from tests.integration.model_builders.models import ECHO, Case, infer, onnx_doubler, value
from tests.unit.model_builders.triton_config_table.row import Accepted, Judge, Row
from tests.unit.model_builders.triton_config_table.table import ACCEPTED, REFUSED

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

SHOWN_REFUSED = {k: row for k, row in REFUSED.items() if row.judge in (Judge.LOAD, Judge.REQUEST)}
SHOWN_ACCEPTED = {k: row for k, row in ACCEPTED.items() if row.judge is Judge.LOAD}
DEADLY = {k: row for k, row in REFUSED.items() if row.judge is Judge.DEATH}
RISKY = {k: row for k, row in REFUSED.items() if row.judge is Judge.LOAD_OR_DEATH}
NAMES = {k: f"row-{n:03}-model" for n, k in enumerate([*REFUSED, *ACCEPTED])}
ENSEMBLES = {
    "reshaped-ensemble": ("reshape { shape: 7 }", "has different size for dims and reshape"),
    "image-ensemble": ("format: FORMAT_NHWC", "NHWC/NCHW require 3 dims"),
}
TWICE = "an-input-twice"
SEGMENTATION_FAULT = "ended with -11"
TEXT_IDS = "texts-as-ids"
WITH_TEXT_IDS = Row(
    'sequence_batching { control_input { name: "ID" control { kind: CONTROL_SEQUENCE_CORRID'
    " data_type: TYPE_STRING } } }"
    ' model_warmup { batch_size: 1 inputs { key: "X" value { data_type: TYPE_FP32 dims: 2'
    " zero_data: true } } }"
)
READS_ID = ECHO.replace(
    "    def execute(self, requests):",
    """    def execute(self, requests):
        given = requests[0].correlation_id()
        if not isinstance(given, str):
            message = f"the id is {given} of {type(given).__name__}"
            raise pb_utils.TritonModelException(message)
""",
)
# The configs declare all tensors: completion would only start a process for each model.
FLAGS = ["--cache-config=local,size=1048576", "--disable-auto-complete-config"]


@dataclass(frozen=True)
class Judged:
    """One Triton with the rows of the table."""

    server: LocalTriton
    index: Mapping[str, tuple[str, str]]
    log: list[str]

    def is_ready(self, name: str) -> bool:
        return self.index.get(name, ("", ""))[0] == "READY"

    def messages(self, name: str) -> str:
        """Return Triton's reason and its log; a config that it cannot read is not in the index."""
        lines = [line for line in self.log if name in line]
        return "\n".join([self.index.get(name, ("", ""))[1], *lines])


def lay_out(repository: Path, description: str, row: Row) -> None:
    artifact: bytes | str = onnx_doubler() if row.model.get("format") == "onnx" else ECHO
    Case(row.spec, artifact).lay_out(repository, NAMES[description])


def ask(server: LocalTriton, description: str, row: Row) -> dict[str, Any]:
    """Return the answer to two numbers; a model of sequences gets the start of one."""
    start = {"sequence_id": 7, "sequence_start": True}
    parameters = start if "sequence_batching" in row.overrides else {}
    shape = [1, 2] if row.parsed.model.max_batch_size else [2]
    return infer(server.http, NAMES[description], [value("X", shape, [1.0, 2.0])], **parameters)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    repository = tmp_path_factory.mktemp("configs")
    for description, row in [*SHOWN_REFUSED.items(), *SHOWN_ACCEPTED.items()]:
        lay_out(repository, description, row)
    twice = Case(ACCEPTED["two CPU groups"].spec).lay_out(repository, TWICE).parent / "config.pbtxt"
    twice.write_text(f'{twice.read_text()} input {{ name: "X" data_type: TYPE_FP32 dims: 2 }}')
    for name, (field, _) in ENSEMBLES.items():
        (repository / name / "1").mkdir(parents=True)
        (repository / name / "config.pbtxt").write_text(
            f'''platform: "ensemble" max_batch_size: 8
            input {{ name: "X" data_type: TYPE_FP32 dims: 2 {field} }}
            output {{ name: "Y" data_type: TYPE_FP32 dims: 2 }}
            ensemble_scheduling {{ step {{ model_name: "{NAMES["two CPU groups"]}" model_version: -1
            input_map {{ key: "X" value: "X" }} output_map {{ key: "Y" value: "Y" }} }} }}'''
        )
    with started(repository) as server:
        yield Judged(server, server.index(), server.log.splitlines())


@pytest.mark.parametrize("description", SHOWN_REFUSED)
def test_triton_does_not_serve_what_the_checks_refuse(description: str, judged: Judged) -> None:
    row, name = SHOWN_REFUSED[description], NAMES[description]
    assert judged.is_ready(name) is (row.judge is Judge.REQUEST)
    if row.judge is Judge.LOAD:
        assert row.says in judged.messages(name)
        return
    with pytest.raises(urllib.error.HTTPError) as failed:
        ask(judged.server, description, row)
    assert row.says in failed.value.read().decode()


def test_a_python_model_with_an_input_twice_fails_each_request(judged: Judged) -> None:
    """The API cannot express it: tensors of Python models are fields of the spec."""
    with pytest.raises(urllib.error.HTTPError) as failed:
        infer(judged.server.http, TWICE, [value("X", [1, 2], [1.0, 2.0])])
    assert "expected 2 inputs but got 1" in failed.value.read().decode()


@pytest.mark.parametrize("name", ENSEMBLES)
def test_the_same_rules_hold_for_tensors_of_ensembles(name: str, judged: Judged) -> None:
    assert not judged.is_ready(name)
    assert ENSEMBLES[name][1] in judged.messages(name)


@pytest.mark.parametrize("description", SHOWN_ACCEPTED)
def test_triton_serves_what_the_checks_accept(description: str, judged: Judged) -> None:
    row: Accepted = SHOWN_ACCEPTED[description]
    assert judged.is_ready(NAMES[description]), judged.messages(NAMES[description])
    if row.answers:
        factor = 2.0 if row.model.get("format") == "onnx" else 1.0
        answer = ask(judged.server, description, row)
        assert list(answer.values()) == [[factor, 2 * factor]]


@pytest.mark.parametrize("description", DEADLY)
def test_triton_ends_with_what_the_checks_refuse(description: str, tmp_path: Path) -> None:
    row = DEADLY[description]
    lay_out(tmp_path, description, row)
    assert isinstance(alone(tmp_path, lambda server: ask(server, description, row)), Ended)


@pytest.mark.parametrize("description", RISKY)
def test_triton_does_not_load_it_and_may_end(description: str, tmp_path: Path) -> None:
    """Each has a server of its own: about one of 15 ended with signal 11 in measurements."""
    row = RISKY[description]
    lay_out(tmp_path, description, row)
    judged = alone(tmp_path)
    if isinstance(judged, Judged):
        assert not judged.is_ready(NAMES[description])
        assert row.says in judged.messages(NAMES[description])


def test_a_sample_has_a_number_as_the_id_of_its_sequence(tmp_path: Path) -> None:
    """The import warns of it. A model that does not read the id is served."""
    Case(WITH_TEXT_IDS.spec, READS_ID).lay_out(tmp_path, TEXT_IDS)
    judged = alone(tmp_path)
    assert "the id is 0 of int" in "\n".join(judged.log)
    assert isinstance(judged, Ended) or not judged.is_ready(TEXT_IDS)


@dataclass(frozen=True)
class Ended:
    """The end of Triton's process, with its last lines if it ended at load."""

    log: list[str]


def alone(
    repository: Path, question: Callable[[LocalTriton], object] | None = None
) -> Judged | Ended:
    """Return what a server of its own says of its models, or its end, also at a question."""
    try:
        with LocalTriton(repository, extra_args=FLAGS, tolerate_failures=True) as server:
            if question is not None:
                with contextlib.suppress(ConnectionError):
                    question(server)
                time.sleep(0.5)
            return Judged(server, server.index(), server.log.splitlines())
    except StepError as ended:
        if SEGMENTATION_FAULT not in str(ended):
            raise
        return Ended(str(ended).splitlines())
    except OSError:
        return Ended([])


@contextlib.contextmanager
def started(repository: Path) -> Iterator[LocalTriton]:
    """Start a server in three tries: its process may end where a model does not load."""
    with contextlib.ExitStack() as stack:
        for attempt in range(3):
            server = LocalTriton(repository, extra_args=FLAGS, tolerate_failures=True)
            try:
                stack.enter_context(server)
                break
            except StepError as ended:
                if attempt == 2 or SEGMENTATION_FAULT not in str(ended):
                    raise
        yield server
