"""The examples of docs/gateway-api.md, run against the real gateway of a stack."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.stack.api_page import INTRODUCTION, sections

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
SHOWN = "http://localhost:8005"
_STATUS = {
    "POST /api/v1/batches": 202,
    "POST /api/v1/truths": 202,
    "DELETE /api/v1/batches/{batch_id}": 204,
    "Refusals": 422,
}
_MARK = "=== "


def test_the_python_examples_get_the_answers_that_are_shown(addresses: Mapping[str, str]) -> None:
    names: dict[str, Any] = {}
    for title, blocks in sections().items():
        exec(blocks["python"].replace(SHOWN, addresses["gateway"]), names)
        if title == INTRODUCTION:
            continue
        response = names["response"]
        assert response.status_code == _STATUS.get(title, 200), (title, response.text)
        if "json" in blocks:
            assert response.json().keys() == json.loads(blocks["json"]).keys(), title


def test_the_curl_examples_get_the_answers_that_are_shown(addresses: Mapping[str, str]) -> None:
    lines = ["set -euo pipefail", "exec 2>&1"]
    for title, blocks in sections().items():
        lines += [f"printf '\\n{_MARK}%s\\n' '{title}'", blocks["sh"]]
    script = "\n".join(lines).replace(SHOWN, addresses["gateway"])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout

    answers = dict(part.split("\n", 1) for part in done.stdout.split(f"\n{_MARK}")[1:])
    assert answers.keys() == sections().keys()
    for title, blocks in sections().items():
        if "json" in blocks:
            assert json.loads(answers[title]).keys() == json.loads(blocks["json"]).keys(), title
    assert json.loads(answers["Refusals"])["status"] == 422
    assert answers["GET /metrics"].startswith("# HELP")
