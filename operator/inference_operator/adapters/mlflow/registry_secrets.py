"""Reads the Secrets that give access to the registry: single ones, never a list of them."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from inference_operator.adapters.kubernetes.client import ApiError
from inference_operator.adapters.mlflow.client import RegistryError
from inference_operator.api.problem import SOURCE_SECRET, Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.http_credentials import EXPECTED, KEYS, Credentials, CredentialsError

SECRET = ApiResource("v1", "secrets", "Secret")

# A Secret that was read is used for so long, unless the registry refuses it before.
KEPT_SECONDS = 300.0
RETRY_SECONDS = 20.0

Place = tuple[str, str]
"""Namespace and name of a Secret; the name is empty where the source names none."""


class Reader(Protocol):
    """The part of a cluster that is asked."""

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class _Read:
    until: float
    found: Credentials | RegistryError


class Secrets:
    """What Secrets give access to, each read seldom."""

    def __init__(self, cluster: Reader, monotonic: Callable[[], float]) -> None:
        self._cluster = cluster
        self._now = monotonic
        self._known: dict[Place, _Read] = {}

    async def access(self, place: Place) -> Credentials:
        """RegistryError with CredentialsUnusable where the Secret cannot be used."""
        if not place[1]:
            return Credentials()
        known = self._known.get(place)
        if known is None or known.until <= self._now():
            known = self._known[place] = await self._read(place)
        if isinstance(known.found, RegistryError):
            raise known.found
        return known.found

    def forget(self, place: Place) -> None:
        """Have it read anew: the registry refused what it held."""
        self._known.pop(place, None)

    async def _read(self, place: Place) -> _Read:
        try:
            body = await self._cluster.get(SECRET, *place)
            return _Read(self._now() + KEPT_SECONDS, _access(body.get("data") or {}))
        except ApiError as error:
            refused = _refused(place, error)
        except CredentialsError as error:
            refused = _unusable(place, error)
        return _Read(self._now() + RETRY_SECONDS, refused)


def _access(data: Mapping[str, str]) -> Credentials:
    # Other keys may hold what is not text, and only their names are read.
    return Credentials.of({key: _text(data, key) if key in KEYS else "" for key in data})


def _text(data: Mapping[str, str], key: str) -> str:
    try:
        return base64.b64decode(data[key] or "").decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        raise CredentialsError(f"`{key}` is not text") from None


def _unusable(place: Place, error: CredentialsError) -> RegistryError:
    return _secret_error(
        f"Secret {place[1]} cannot be used: {error}", f"give it the keys {EXPECTED}"
    )


def _refused(place: Place, error: ApiError) -> RegistryError:
    namespace, name = place
    if error.is_gone:
        return _secret_error(f"Secret {name} does not exist in {namespace}", "create it")
    if error.status == 403:
        return _secret_error(
            f"the operator may not read Secret {name}",
            f"allow it with a Role of {namespace} (`get` on this Secret), as"
            " docs/inference-model.md shows",
        )
    return _secret_error(f"Secret {name} cannot be read: {error.message}")


def _secret_error(what: str, remedy: str = "") -> RegistryError:
    problem = Problem(SOURCE_SECRET, "", what, remedy)
    return RegistryError(Reason.CREDENTIALS_UNUSABLE, problem)
