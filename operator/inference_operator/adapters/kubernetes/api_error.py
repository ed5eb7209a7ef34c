"""Errors of the API server, told apart by what its `Status` names, never by its sentences."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The API server refused a request, or did not answer (`status` 0)."""

    def __init__(
        self, status: int, reason: str, message: str, causes: frozenset[str] = frozenset()
    ) -> None:
        """Set the HTTP status, the `reason` and `message` of the `Status`, and the reasons of its
        `details.causes`."""
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes

    @classmethod
    def of(cls, status: int, body: Mapping[str, Any]) -> "ApiError":
        """Return the error of an answer, whose body need not be a `Status`."""
        reason, message = body.get("reason") or "", body.get("message") or str(status)
        return cls(status, reason, message, _causes(body.get("details")))

    @property
    def is_gone(self) -> bool:
        return self.status == 404

    @property
    def is_there_already(self) -> bool:
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def is_field_conflict(self) -> bool:
        """Return whether an unforced apply met fields of another manager."""
        return self.status == 409 and "FieldManagerConflict" in self.causes

    @property
    def is_namespace_ending(self) -> bool:
        return self.status == 403 and "NamespaceTerminating" in self.causes

    @property
    def is_transient(self) -> bool:
        """Return whether the same request may succeed later without a change by a person."""
        if self.is_field_conflict:
            return False
        return self.status in (0, 409, 429) or self.status >= 500


def _causes(details: object) -> frozenset[str]:
    causes = details.get("causes") if isinstance(details, Mapping) else None
    if not isinstance(causes, list):
        return frozenset()
    reasons = (cause.get("reason") for cause in causes if isinstance(cause, Mapping))
    return frozenset(reason for reason in reasons if isinstance(reason, str))
