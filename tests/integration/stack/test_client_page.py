"""The Python of docs/client.md, run as it stands against the real Triton of a stack."""

import ast
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
import yaml

from hack.product import ROOT
from hack.stack.background import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
PAGE = ROOT / "docs" / "client.md"
_FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_START = "\nasyncio.run(main())\n"


@pytest.fixture
def blocks(stack: Stack, addresses: Mapping[str, str]) -> list[str]:
    """Return the examples with the addresses of the stack in place of those of the page."""
    settings = yaml.safe_load((stack.folder / "gateway" / "settings.yaml").read_text())
    grpc = settings["triton"]["targets"]["triton"]["address"]
    shown = {
        "localhost:8001": grpc,
        "127.0.0.1:8001": grpc,
        "localhost:8000": addresses["triton"].removeprefix("http://"),
    }
    text = PAGE.read_text("utf-8")
    for address, real in shown.items():
        assert address in text
        text = text.replace(address, real)
    return _FENCE.findall(text)


def test_the_first_example_is_a_whole_program(blocks: list[str], tmp_path: Path) -> None:
    program = tmp_path / "forecast.py"
    program.write_text(blocks[0])
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+\.\d, from \d+\.\d to \d+\.\d\n", done.stdout)


async def test_the_other_examples_run_one_after_the_other(
    blocks: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert blocks[0].endswith(_START)
    names: dict[str, Any] = {}
    exec(blocks[0].removesuffix(_START), names)
    for block in blocks[1:]:
        code: CodeType = compile(block, str(PAGE), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = FunctionType(code, names)()
        if inspect.isawaitable(result):
            await result
    shown = capsys.readouterr().out

    answers = names["answers"]
    assert answers[0].price == pytest.approx(names["price"].price, rel=1e-5)
    assert answers[1].reason == "TooShort"
    assert names["figures"].silent == ()
    assert "VersionNotServed: model lstm-price-predictor version 99" in shown
