"""Reader of the registry's Secrets: reads single ones, and never lists them."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.mlflow.client import RegistryError
from inference_operator.api.problem import SOURCE_SECRET, Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.http_credentials import EXPECTED, KEYS, Credentials, CredentialsError

SECRET = ApiResource("v1", "secrets", "Secret")

# A Secret is used for this long, unless the registry refuses it before.
KEPT_SECONDS = 300.0
RETRY_SECONDS = 20.0

SecretKey = tuple[str, str]
"""Namespace and name of a Secret; the name is empty where the source names none."""


class SecretReader(Protocol):
    """The part of a cluster that reads one object."""

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class _Read:
    until: float
    access: Credentials | RegistryError


class Secrets:
    """Credentials from Secrets, each cached for some minutes."""

    def __init__(self, cluster: SecretReader, monotonic: Callable[[], float]) -> None:
        self._cluster = cluster
        self._now = monotonic
        self._cache: dict[SecretKey, _Read] = {}

    async def access(self, secret: SecretKey) -> Credentials:
        """Return the Secret's credentials; RegistryError (CredentialsUnusable) if it has none."""
        if not secret[1]:
            return Credentials()
        entry = self._cache.get(secret)
        if entry is None or entry.until <= self._now():
            entry = self._cache[secret] = await self._read(secret)
        if isinstance(entry.access, RegistryError):
            raise entry.access
        return entry.access

    def forget(self, secret: SecretKey) -> None:
        """Read the Secret again next time: the registry refused its credentials."""
        self._cache.pop(secret, None)

    async def _read(self, secret: SecretKey) -> _Read:
        try:
            body = await self._cluster.get(SECRET, *secret)
            return _Read(self._now() + KEPT_SECONDS, _access(body.get("data") or {}))
        except ApiError as error:
            refused = _refused(secret, error)
        except CredentialsError as error:
            refused = _unusable(secret, error)
        return _Read(self._now() + RETRY_SECONDS, refused)


def _access(data: Mapping[str, str]) -> Credentials:
    # Other keys may hold binary data; only their names are read.
    return Credentials.of({key: _text(data, key) if key in KEYS else "" for key in data})


def _text(data: Mapping[str, str], key: str) -> str:
    try:
        return base64.b64decode(data[key] or "").decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        raise CredentialsError(f"`{key}` is not text") from None


def _unusable(secret: SecretKey, error: CredentialsError) -> RegistryError:
    return _secret_error(
        f"Secret {secret[1]} cannot be used: {error}", f"give it the keys {EXPECTED}"
    )


def _refused(secret: SecretKey, error: ApiError) -> RegistryError:
    namespace, name = secret
    if error.is_gone:
        return _secret_error(f"Secret {name} does not exist in {namespace}", "create it")
    if error.status == 403:
        return _secret_error(
            f"the operator may not read Secret {name}",
            f"allow it with a Role of {namespace} (`get` on this Secret), as"
            " docs/inference-model.md shows",
        )
    return _secret_error(f"Secret {name} cannot be read: {error.message}")


def _secret_error(requirement: str, remedy: str = "") -> RegistryError:
    problem = Problem(SOURCE_SECRET, "", requirement, remedy)
    return RegistryError(Reason.CREDENTIALS_UNUSABLE, problem)
