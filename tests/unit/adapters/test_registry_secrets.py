"""Secrets as access to the registry: what they may hold, and how often they are read."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.mlflow.client import RegistryError
from inference_operator.adapters.mlflow.registry_secrets import (
    KEPT_SECONDS,
    RETRY_SECONDS,
    SECRET,
    Secrets,
)
from inference_operator.api.reasons import Reason
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.http_credentials import Credentials

PLACE = ("desk-7", "registry")


class Cluster:
    """Has one Secret, or refuses it."""

    def __init__(self, **data: str) -> None:
        self.data = {key: base64.b64encode(v.encode()).decode() for key, v in data.items()}
        self.error: ApiError | None = None
        self.reads: list[tuple[str, str]] = []

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Mapping[str, Any]:
        assert resource == SECRET
        self.reads.append((namespace, name))
        if self.error is not None:
            raise self.error
        return {"data": self.data}


class Clock:
    now = 0.0


async def access(**data: str) -> Credentials:
    return await Secrets(Cluster(**data), lambda: 0.0).access(PLACE)


async def refusal(cluster: Cluster) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        await Secrets(cluster, lambda: 0.0).access(PLACE)
    assert caught.value.reason is Reason.CREDENTIALS_UNUSABLE
    return caught.value


async def test_a_source_without_a_secret_asks_openly() -> None:
    cluster = Cluster()
    assert await Secrets(cluster, lambda: 0.0).access(("", "")) == Credentials()
    assert cluster.reads == []


async def test_a_token_is_a_bearers() -> None:
    assert await access(token="t0ken\n") == Credentials("Bearer t0ken")


async def test_a_user_and_a_password_are_basic() -> None:
    assert await access(username="desk", password="s3cret") == Credentials("Basic ZGVzazpzM2NyZXQ=")


async def test_an_authority_may_come_alone() -> None:
    assert await access(**{"ca.crt": "PEM"}) == Credentials(None, "PEM")


async def test_access_never_shows_what_is_secret() -> None:
    shown = repr(await access(token="t0ken", **{"ca.crt": "PEM"}))
    assert "t0ken" not in shown
    assert "PEM" not in shown


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "found the keys (none); give it the keys `token`, or `username` and `password`"),
        ({"tocken": "x", "b": "y"}, "found the keys b, tocken"),
        ({"username": "desk"}, "`username` and `password` must come together"),
        ({"token": "two\nlines"}, "`token` holds line breaks or characters outside ASCII"),
    ],
)
async def test_other_keys_are_named_but_never_their_values(
    data: dict[str, str], message: str
) -> None:
    error = await refusal(Cluster(**data))
    assert f"spec.model.source.secretRef: Secret registry cannot be used: {message}" in str(error)


async def test_a_value_that_is_no_text_is_named() -> None:
    cluster = Cluster()
    cluster.data = {"token": base64.b64encode(b"\xff\xfe").decode()}
    assert "`token` is not text" in str(await refusal(cluster))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "spec.model.source.secretRef: Secret registry does not exist in desk-7; create it"),
        (
            403,
            "spec.model.source.secretRef: the operator may not read Secret registry; allow it with"
            " a Role of desk-7",
        ),
        (0, "cannot be read: no answer"),
    ],
)
async def test_a_secret_that_cannot_be_had_is_named(status: int, message: str) -> None:
    cluster = Cluster(token="t0ken")
    cluster.error = ApiError(status, "", "no answer")
    assert message in str(await refusal(cluster))


async def test_a_secret_is_read_seldom() -> None:
    cluster, clock = Cluster(token="t0ken"), Clock()
    secrets = Secrets(cluster, lambda: clock.now)
    for clock.now in (0.0, 30.0, KEPT_SECONDS - 1):
        await secrets.access(PLACE)
    assert len(cluster.reads) == 1
    clock.now = KEPT_SECONDS
    await secrets.access(PLACE)
    assert len(cluster.reads) == 2


async def test_a_secret_that_the_registry_refused_is_read_anew() -> None:
    cluster = Cluster(token="old")
    secrets = Secrets(cluster, lambda: 0.0)
    await secrets.access(PLACE)
    cluster.data = Cluster(token="new").data
    secrets.forget(PLACE)
    assert await secrets.access(PLACE) == Credentials("Bearer new")


async def test_a_missing_secret_is_looked_for_again_soon() -> None:
    cluster, clock = Cluster(token="t0ken"), Clock()
    cluster.error = ApiError(404, "NotFound", "gone")
    secrets = Secrets(cluster, lambda: clock.now)
    for clock.now in (0.0, 1.0):
        with pytest.raises(RegistryError):
            await secrets.access(PLACE)
    assert len(cluster.reads) == 1
    cluster.error, clock.now = None, RETRY_SECONDS
    assert await secrets.access(PLACE) == Credentials("Bearer t0ken")
