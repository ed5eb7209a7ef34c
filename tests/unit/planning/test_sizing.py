"""Numbers of pods, and that only one module computes them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import inference_operator
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import Sizes
from inference_operator.domain.tracks import Tracks
from inference_operator.planning.plan import Apply
from inference_operator.planning.planner import plan
from inference_operator.planning.sizing import last_size, sizes
from tests.unit.planning.seen import DEFAULTS, NOON, observed, record, spec

PACKAGE = Path(inference_operator.__file__).parent


def test_live_revisions_have_the_size_of_the_unit() -> None:
    state = RolloutState(stable="a", canary="b")
    numbers = sizes(observed(ready={"a": (2, 2)}), Tracks.of(state, {"a": 100}), 4)

    assert (numbers.unit, numbers.of) == (4, {"a": 4, "b": 4})


@pytest.mark.parametrize(("unit", "pods"), [(9, 3), (2, 2), (0, 0)])
def test_the_previous_revision_gets_no_more_than_it_has(unit: int, pods: int) -> None:
    seen = observed(records=(record("a"),), ready={"a": (3, 3)})
    state = RolloutState(stable="b", previous="a", promoted_at=NOON)

    assert sizes(seen, Tracks.of(state, {"b": 100}), unit).of == {"b": unit, "a": pods}


def test_what_has_no_pods_has_no_last_size() -> None:
    assert last_size(observed(), RolloutState()) == 0
    assert last_size(observed(), RolloutState(stable="a")) == 0


def _computes_replicas(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that compute with a number of replicas: arithmetic, min, max or sum."""
    for node in ast.walk(tree):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        computes = is_call and node.func.id in ("min", "max", "sum", "round")  # type: ignore[attr-defined]
        if not (computes or isinstance(node, ast.BinOp)):
            continue
        parts = [part for part in ast.walk(node) if part is not node]
        names = {getattr(part, "attr", getattr(part, "id", "")) for part in parts}
        texts = any(
            isinstance(part, ast.JoinedStr | ast.Constant) and _is_text(part) for part in parts
        )
        if names & {"replicas", "unit_size"} and not texts:
            yield node.lineno


def _is_text(part: ast.AST) -> bool:
    return isinstance(part, ast.JoinedStr) or isinstance(getattr(part, "value", None), str)


def test_only_sizing_computes_a_number_of_pods() -> None:
    places = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for folder in ("planning", "reconcile", "resources", "validation", "domain")
        for path in (PACKAGE / folder).rglob("*.py")
        for line in _computes_replicas(ast.parse(path.read_text("utf-8")))
    }

    assert {place.partition(":")[0] for place in places} == {"planning/sizing.py"}


def test_deployments_have_the_size_that_sizing_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    def others(seen: Observed, tracks: Tracks, unit: int, *_: object) -> Sizes:
        return Sizes(unit, dict.fromkeys(tracks.revisions, 41))

    monkeypatch.setattr("inference_operator.planning.planner.sizes", others)
    done = plan(observed(body=spec(replicas=7)), DEFAULTS, NOON)
    manifests = [action.manifest for action in done.actions if isinstance(action, Apply)]

    assert [m["spec"]["replicas"] for m in manifests if m["kind"] == "Deployment"] == [41]
