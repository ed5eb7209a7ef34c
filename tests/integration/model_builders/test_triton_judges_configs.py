"""A real Triton judges each configuration of the table that the checks refuse or accept.

Rows whose judge is a source are not laid out: the local Triton is of an older release, without GPUs
and with backends of its own for ONNX and TorchScript.
"""

import contextlib
import time
import urllib.error
from collections.abc import Iterator, Mapping
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
TWICE = "an-input-twice"
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
    with LocalTriton(repository, extra_args=FLAGS, tolerate_failures=True) as server:
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
    assert isinstance(alone(tmp_path, description, DEADLY[description]), Ended)


@pytest.mark.parametrize("description", RISKY)
def test_triton_does_not_load_it_and_may_end(description: str, tmp_path: Path) -> None:
    """Each has a server of its own: about one of 15 ended with signal 11 in measurements."""
    row = RISKY[description]
    judged = alone(tmp_path, description, row)
    if isinstance(judged, Judged):
        assert not judged.is_ready(NAMES[description])
        assert row.says in judged.messages(NAMES[description])


class Ended:
    """The end of Triton's process."""


def alone(repository: Path, description: str, row: Row) -> Judged | Ended:
    """Return what a server of its own says of the model, or its end, before or after a request."""
    lay_out(repository, description, row)
    try:
        with LocalTriton(repository, extra_args=FLAGS, tolerate_failures=True) as server:
            with contextlib.suppress(ConnectionError, urllib.error.HTTPError):
                ask(server, description, row)
            for _ in range(10 if row.judge is Judge.DEATH else 1):
                time.sleep(0.1)
                server.index()
            return Judged(server, server.index(), server.log.splitlines())
    except StepError as ended:
        if "ended with -11" not in str(ended):
            raise
    except OSError:
        pass
    return Ended()
