"""Callers with their rights, whichever way they prove them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from serving.gateway.problems import Problem, Reason, RefusedError


class Scope(StrEnum):
    """Rights of a key or a token."""

    PREDICT = "predict"
    FEATURES = "features:write"
    TRUTHS = "truths:write"
    METRICS = "metrics:read"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, by name; the key or token itself is never kept."""

    name: str
    scopes: frozenset[str]


class Callers(Protocol):
    """The check of who calls."""

    def caller(self, header: str | None, scope: Scope) -> Caller:
        """Return who calls, by the header `Authorization`; RefusedError if they may not."""
        ...

    async def start(self) -> None:
        """Begin the work in the background, if there is any."""
        ...

    async def close(self) -> None:
        """End the work in the background."""
        ...


def scope_of(method: str, path: str) -> Scope:
    """Return the right that a request needs."""
    if path == "/api/v1/metrics":
        return Scope.METRICS
    if path.startswith("/api/v1/truths"):
        return Scope.TRUTHS
    if path.startswith("/api/v1/features") and method == "POST":
        return Scope.FEATURES
    return Scope.PREDICT


def bearer(header: str | None) -> str:
    """Return the secret of a header `Authorization: Bearer SECRET`; empty without one.

    >>> bearer("bearer abc"), bearer("Basic abc"), bearer(None)
    ('abc', '', '')
    """
    kind, _, secret = (header or "").strip().partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def unauthenticated(value: str, expected: str, remedy: str) -> RefusedError:
    """Return the refusal of a caller who is not known."""
    detail = f"Authorization: found {value}, expected {expected}; {remedy}"
    problem = Problem(Reason.UNAUTHENTICATED, detail, "Authorization", value, expected, remedy)
    return RefusedError(problem)


def check_scope(whose: str, scopes: frozenset[str], needed: Scope, remedy: str) -> None:
    """Raise RefusedError where the scopes of a known caller lack the one that is needed."""
    if needed in scopes:
        return
    listed = ", ".join(sorted(scopes & set(Scope))) or "none of the gateway's"
    raise RefusedError(
        Problem(
            Reason.FORBIDDEN,
            f"{whose} has the scopes {listed}, expected {needed}; {remedy}",
            "Authorization",
            listed,
            needed.value,
            remedy,
        )
    )
