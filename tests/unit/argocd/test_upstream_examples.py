"""The examples in Argo CD's own form: each health, each offered action, each action's result."""

from typing import Any

import pytest

from inference_operator.api.status import STATUS_OF_KIND
from tests.unit.argocd.argo_cd import KINDS, act, discovered, folder_of, health, read

KIND = pytest.mark.parametrize("kind", KINDS)
HEALTH = [(kind, test) for kind in KINDS for test in read(kind, "health_test.yaml")["tests"]]
ACTIONS = {kind: read(kind, "actions/action_test.yaml") for kind in KINDS}
DISCOVERY = [(kind, test) for kind in KINDS for test in ACTIONS[kind]["discoveryTests"]]
RUNS = [(kind, test) for kind in KINDS for test in ACTIONS[kind]["actionTests"]]


def name_of(value: Any) -> str:
    return value if isinstance(value, str) else value.get("action", "") + value["inputPath"]


@pytest.mark.parametrize(("kind", "test"), HEALTH, ids=name_of)
def test_the_health_is_as_written(kind: str, test: dict[str, Any]) -> None:
    expected = test["healthStatus"]
    assert health(read(kind, test["inputPath"])) == (expected["status"], expected["message"])


@pytest.mark.parametrize(("kind", "test"), DISCOVERY, ids=name_of)
def test_the_offered_actions_are_as_written(kind: str, test: dict[str, Any]) -> None:
    actions = discovered(read(kind, f"actions/{test['inputPath']}"))
    expected = {each["name"]: each for each in test["result"]}
    assert {name: {"name": name, **action} for name, action in actions.items()} == expected


@pytest.mark.parametrize(("kind", "test"), RUNS, ids=name_of)
def test_an_action_gives_the_written_object(kind: str, test: dict[str, Any]) -> None:
    before = read(kind, f"actions/{test['inputPath']}")
    expected = read(kind, f"actions/{test['expectedOutputPath']}")
    assert act(test["action"], before) == expected


@KIND
def test_every_example_is_used_and_has_a_status_that_the_operator_can_read(kind: str) -> None:
    folder = folder_of(kind)
    paths = {path.relative_to(folder).as_posix() for path in folder.rglob("testdata/*.yaml")}
    used = {test["inputPath"] for each, test in HEALTH if each == kind}
    for test in (*ACTIONS[kind]["discoveryTests"], *ACTIONS[kind]["actionTests"]):
        used |= {
            f"actions/{test[key]}" for key in ("inputPath", "expectedOutputPath") if key in test
        }
    assert paths == used
    for path in paths:
        body = read(kind, path)
        assert body["kind"] == kind
        STATUS_OF_KIND[kind].model_validate(body.get("status", {}), strict=False)
