"""The API server (RE2, CEL) and the operator (Python) read the same texts alike."""

import json
import re
import string
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from inference_operator.api.base import QUANTITY_PATTERN
from inference_operator.api.validate import InvalidResourceError, parse
from tests.api_cases.bad_manifests import changed
from tests.examples import examples

pytestmark = pytest.mark.integration

Body = dict[str, Any]

_AT_ONCE = 10
APPLY = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-n", "default")
# One request for many texts: an example is an API request of 0.2 s.
FEW = settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
ODD = st.text(alphabet="aB1-_./ \t\n\v\f\r\\'\"%{}\u00a0\u00e4\u0665\u2028", min_size=1, max_size=8)
AMOUNTS = st.one_of(
    st.from_regex(re.compile(QUANTITY_PATTERN, re.ASCII), fullmatch=True),
    st.text(alphabet=string.digits + ".mkMGi -e\n", max_size=6),
)


def _refused_by_api(kubectl: Kubectl, body: dict[str, Any], path: str) -> set[str]:
    """What stands in the brackets behind `path` in the API server's errors."""
    try:
        kubectl(*APPLY, "-f", "-", stdin=json.dumps(body))
    except StepError as failure:
        return set(re.findall(rf"{re.escape(path)}\[([^\]]+)\]", str(failure)))
    return set()


def _refused_by_operator(body: dict[str, Any], path: str) -> set[str]:
    try:
        parse(body)
    except InvalidResourceError as error:
        matches = (re.match(rf"{re.escape(path)}[.\[](\w+)", e.path) for e in error.problems)
        return {match.group(1) for match in matches if match}
    return set()


def _agree_on_items(
    kubectl: Kubectl, items: Sequence[Any], path: str, body_of: Callable[[Sequence[Any]], Body]
) -> None:
    """In parts for the operator, which names at most 20 problems of a spec."""
    by_operator: set[str] = set()
    for start in range(0, len(items), _AT_ONCE):
        refused = _refused_by_operator(body_of(items[start : start + _AT_ONCE]), path)
        by_operator |= {str(start + int(index)) for index in refused}
    assert by_operator == _refused_by_api(kubectl, body_of(items), path)


@FEW
@given(names=st.lists(ODD, min_size=20, max_size=60, unique=True))
def test_names_of_tensors(kubectl: Kubectl, names: Sequence[str]) -> None:
    def body_of(part: Sequence[str]) -> Body:
        tensors = [{"name": name, "dataType": "FP32", "shape": [1]} for name in part]
        return changed({"spec.model.inputs": tensors, "spec.model.outputs": tensors[:1]})

    _agree_on_items(kubectl, names, "spec.model.inputs", body_of)


@FEW
@given(arguments=st.lists(ODD.map(lambda text: f"--{text}"), min_size=20, max_size=60))
def test_options_of_triton(kubectl: Kubectl, arguments: Sequence[str]) -> None:
    _agree_on_items(
        kubectl,
        arguments,
        "spec.triton.extraArgs",
        lambda part: changed({"spec.triton.extraArgs": part}),
    )


@FEW
@given(amounts=st.lists(AMOUNTS, min_size=8, max_size=16))
def test_quantities(kubectl: Kubectl, amounts: Sequence[str]) -> None:
    limits = {f"example.com/r{index}": amount for index, amount in enumerate(amounts)}
    body = changed({"spec.resources": {"limits": limits}})
    by_operator = _operator_limits(body)
    assert by_operator == _refused_by_api(kubectl, body, "spec.resources.limits")


def _operator_limits(body: dict[str, Any]) -> set[str]:
    try:
        parse(body)
    except InvalidResourceError as error:
        return {re.sub(r"^spec\.resources\.limits[.\[]|\]$", "", e.path) for e in error.problems}
    return set()
