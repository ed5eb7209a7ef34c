"""Errors of the API server: the reasons of their causes, whatever a body holds."""

from typing import Any

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError


def status(code: int, *causes: object, message: str = "no") -> ApiError:
    return ApiError.of(code, {"message": message, "details": {"causes": list(causes)}})


def test_a_conflict_of_fields_does_not_pass_by_itself() -> None:
    error = status(409, {"reason": "FieldManagerConflict", "field": ".spec.selector"})

    assert error.is_field_conflict
    assert not error.is_transient


def test_other_conflicts_pass_by_themselves_whatever_their_message() -> None:
    error = ApiError.of(409, {"reason": "Conflict", "message": "conflict with another write"})

    assert not error.is_field_conflict
    assert error.is_transient


def test_only_the_cause_tells_that_a_namespace_is_ending() -> None:
    assert status(403, {"reason": "NamespaceTerminating"}).is_namespace_ending
    assert not status(403, message="no, because it is being terminated").is_namespace_ending


@pytest.mark.parametrize(
    "details",
    [None, "text", [], {}, {"causes": None}, {"causes": {}}, {"causes": ["x", {"reason": 3}, {}]}],
)
def test_details_of_any_shape_have_no_causes(details: Any) -> None:
    error = ApiError.of(409, {"details": details})

    assert (error.causes, error.message, error.reason) == (frozenset(), "409", "")
