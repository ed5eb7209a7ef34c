"""A real API server refuses every bad manifest, in the words of the table."""

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
# Kubernetes up to 1.34 puts the value's type before a rule's own sentence. Later versions put the
# value, or nothing.
SHOWN_VALUE = re.compile(r"(?<=Invalid value: ).*?(?=found )")
# Kubernetes 1.37 adds this sentence to the one that names the field.
ADDED = re.compile(r'<nil>: Invalid value: "": Checked value must be of type integer ')


def _refusal(kubectl: Kubectl, body: dict[str, Any]) -> tuple[str, ...]:
    """Return the API server's sentences as the table has them; none if it accepts.

    The result lacks kubectl's own words around them, and words of only some Kubernetes versions.
    """
    try:
        kubectl(*APPLY, "-f", "-", stdin=json.dumps(body))
    except StepError as failure:
        text = str(failure).split("` failed: ")[1]
        lines = PREFIX.sub("", text, count=1).splitlines()
        sentences = (line.removeprefix("* ") for line in lines if line.strip())
        return tuple(SHOWN_VALUE.sub("", s, count=1) for s in sentences if not ADDED.match(s))
    return ()


@pytest.mark.parametrize("good", [GOOD, GOOD_PIPELINE], ids=lambda good: good["kind"])
def test_the_manifest_that_all_others_are_changes_of_is_good(
    kubectl: Kubectl, good: dict[str, Any]
) -> None:
    assert _refusal(kubectl, good) == ()


@pytest.mark.parametrize("name", GOOD_SOURCES)
def test_the_api_server_takes(kubectl: Kubectl, name: str) -> None:
    assert _refusal(kubectl, changed(GOOD_SOURCES[name])) == ()


@pytest.mark.parametrize("case", BAD_MANIFESTS, ids=lambda case: case.name)
def test_the_api_server_says(kubectl: Kubectl, case: BadManifest) -> None:
    assert _refusal(kubectl, case.body) == case.api
