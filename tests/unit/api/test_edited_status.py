"""A status that was edited by hand: it is read without what is illegible, and never raises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.status import STATUS_OF_KIND, read_status
from tests.unit.api.test_status import STATUS

OUT_OF_RANGE = [
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from([*OUT_OF_RANGE, 10**400, 1e300, 2**63, "True"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


def body(status: Any, kind: str = "InferenceModel") -> dict[str, Any]:
    return {"kind": kind, "status": status}


def written() -> dict[str, Any]:
    status: dict[str, Any] = json.loads(json.dumps(STATUS.to_body()))
    decision = {"time": "2026-01-01T00:00:00Z", "reason": "Scaled", "message": "m"}
    return {
        **status,
        "rollout": {"since": "2026-01-01T00:00:00Z", "ready": 1, "previous": "aaa"},
        "decisions": [decision],
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    return [path, *(p for key, inner in pairs for p in places(inner, (*path, key)))]


@pytest.mark.parametrize("time", OUT_OF_RANGE)
@pytest.mark.parametrize(
    "edit",
    [
        {"rollout": {"since": None, "ready": 0}},
        {"rollout": {"promotedAt": None, "previous": "x"}},
        {"decisions": [{"time": None, "reason": "x", "message": "m"}]},
        {
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "observedGeneration": 1,
                    "reason": "x",
                    "message": "m",
                    "lastTransitionTime": None,
                }
            ]
        },
    ],
)
def test_a_time_that_has_no_form_in_utc_is_left_out(edit: dict[str, Any], time: str) -> None:
    filled = json.loads(json.dumps(edit).replace("null", json.dumps(time)))
    (field,) = filled

    status = read_status(body({**written(), **filled}))

    assert field not in status.model_dump(exclude_defaults=True)
    assert status.observed_generation == STATUS.observed_generation


@given(st.sampled_from(sorted(STATUS_OF_KIND)), st.data())
def test_whatever_is_edited_the_status_is_read_and_can_be_written(kind: str, data: Any) -> None:
    status = written()
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(status)[1:]))
        target: Any = status
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = data.draw(JSON)

    read = read_status(body(status, kind))

    # What is written is read again as it was.
    assert read_status(body(json.loads(json.dumps(read.to_body())), kind)) == read


@given(st.sampled_from(sorted(STATUS_OF_KIND)), JSON)
def test_anything_may_be_there_in_place_of_a_status(kind: str, status: Any) -> None:
    read_status(body(status, kind))


@pytest.mark.parametrize("number", [2**63, 10**400, 1e300])
def test_a_number_that_the_api_server_refuses_is_left_out(number: float) -> None:
    assert read_status(body({"rollout": {"ready": number}})).rollout is None


def test_a_name_of_ours_in_python_is_left_out_too() -> None:
    status = read_status(body({"ready_replicas": "x", "replicas": 3}))

    assert (status.ready_replicas, status.replicas) == (None, 3)
