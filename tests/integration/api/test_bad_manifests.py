"""Every bad manifest is refused by a real API server, in the words of the table."""

import json
import re
from typing import Any

import pytest

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from tests.api_cases.bad_manifests import (
    BAD_MANIFESTS,
    GOOD,
    GOOD_PIPELINE,
    BadManifest,
    changed,
)
from tests.api_cases.good_sources import GOOD_SOURCES

pytestmark = pytest.mark.integration

APPLY = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-n", "default")
PREFIX = re.compile(r'.*?(?:" is invalid:|failed to create typed patch object \(.*?\):)\s*', re.S)


def _said(kubectl: Kubectl, body: dict[str, Any]) -> tuple[str, ...]:
    """The API server's sentences, without kubectl's own words around them; none if it accepts."""
    try:
        kubectl(*APPLY, "-f", "-", stdin=json.dumps(body))
    except StepError as failure:
        text = str(failure).partition("` said: ")[2].partition("\n`python -m")[0]
        lines = PREFIX.sub("", text, count=1).splitlines()
        return tuple(line.removeprefix("* ") for line in lines if line.strip())
    return ()


@pytest.mark.parametrize("good", [GOOD, GOOD_PIPELINE], ids=lambda good: good["kind"])
def test_the_manifest_that_all_others_are_changes_of_is_good(
    kubectl: Kubectl, good: dict[str, Any]
) -> None:
    assert _said(kubectl, good) == ()


@pytest.mark.parametrize("name", GOOD_SOURCES)
def test_the_api_server_takes(kubectl: Kubectl, name: str) -> None:
    assert _said(kubectl, changed(GOOD_SOURCES[name])) == ()


@pytest.mark.parametrize("case", BAD_MANIFESTS, ids=lambda case: case.name)
def test_the_api_server_says(kubectl: Kubectl, case: BadManifest) -> None:
    assert _said(kubectl, case.body) == case.api
