"""The Secrets of a registry's watch: the models that each may see, and the report if one fails."""

import pytest

from inference_operator.adapters.mlflow.model_registry import VERSIONS_EVERY
from inference_operator.api.reasons import Reason
from tests.unit.adapters.watched_registry import ALIASES, FX, INTERVAL, Watch, unit


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_a_refusal_names_the_secret(watch: Watch) -> None:
    watch.mlflow.wants = "Bearer t0ken"
    watch.says(FX)
    await watch.asks()
    unresolved = watch.why(FX)
    assert unresolved.reason is Reason.REGISTRY_FORBIDDEN
    assert "answered 401 (You are not authenticated); name a Secret that may read" in (
        unresolved.message
    )


async def test_a_corrected_secret_is_seen_within_an_interval(watch: Watch) -> None:
    watch.mlflow.wants = "Bearer t0ken"
    watch.secrets["desk-7", "registry"] = {"token": "d3Jvbmc="}
    watch.says(FX, secret="registry")
    for _ in range(5):
        await watch.asks(after=INTERVAL)
    assert watch.says(FX, secret="registry") == "RegistryForbidden"
    watch.secrets["desk-7", "registry"] = {"token": "dDBrZW4="}
    await watch.asks(after=INTERVAL)
    assert watch.says(FX, secret="registry") == "models:/fx/1"


async def test_a_missing_secret_is_named(watch: Watch) -> None:
    watch.says(FX, secret="registry")
    await watch.asks()
    assert watch.why(FX, secret="registry").reason is Reason.CREDENTIALS_UNUSABLE


async def test_equal_secrets_of_two_namespaces_are_one_request(watch: Watch) -> None:
    for namespace in ("desk-7", "desk-8"):
        watch.secrets[namespace, "registry"] = {"token": "dDBrZW4="}
        watch.says(unit("fx", namespace), secret="registry")
    await watch.asks()
    assert await watch.asks(after=INTERVAL) == [ALIASES]


async def test_what_one_secret_may_see_is_not_told_to_another(watch: Watch) -> None:
    watch.mlflow.wants = "Bearer t0ken"
    watch.secrets["desk-7", "registry"] = {"token": "dDBrZW4="}
    watch.says(FX, secret="registry", uri="models:/fx/1")
    await watch.asks()
    watch.says(unit("nosy"), uri="models:/fx/1")
    await watch.asks(after=INTERVAL)
    assert watch.says(FX, secret="registry", uri="models:/fx/1") == "models:/fx/1"
    assert watch.says(unit("nosy"), uri="models:/fx/1") == "RegistryForbidden"


async def test_a_uri_that_is_refused_has_its_secret_read_anew(watch: Watch) -> None:
    watch.mlflow.broken["version=2"] = (403, b"not yours")
    watch.secrets["desk-7", "registry"] = {"token": "d3Jvbmc="}
    watch.says(FX, secret="registry", uri="models:/fx/2")
    watch.says(unit("fx-1"), secret="registry", uri="models:/fx/1")
    await watch.asks()
    watch.mlflow.broken.clear()
    watch.mlflow.wants = "Bearer t0ken"
    watch.secrets["desk-7", "registry"] = {"token": "dDBrZW4="}
    await watch.asks(after=INTERVAL)
    assert watch.says(FX, secret="registry", uri="models:/fx/2") == "models:/fx/2"


async def test_failures_of_one_secret_use_up_nobody_elses_patience(watch: Watch) -> None:
    watch.mlflow.wants = "Bearer t0ken"
    watch.secrets["desk-7", "registry"] = {"token": "dDBrZW4="}
    watch.says(FX, secret="registry")
    watch.says(unit("nosy"))
    for _ in range(5):
        await watch.asks(after=INTERVAL)
    watch.mlflow.down = True
    await watch.asks(after=INTERVAL)
    assert watch.says(FX, secret="registry") == "models:/fx/1"


async def test_versions_are_looked_at_again_as_seldom_with_two_secrets(watch: Watch) -> None:
    for namespace, token in (("desk-7", "dDBrZW4="), ("desk-8", "b3RoZXI=")):
        watch.secrets[namespace, "registry"] = {"token": token}
        watch.says(unit("fx", namespace), secret="registry", uri="models:/fx/2")
    rounds = [await watch.asks(after=INTERVAL) for _ in range(2 * VERSIONS_EVERY)]
    asked = [number for number, requests in enumerate(rounds, 1) if requests]
    assert asked == [1, VERSIONS_EVERY, 2 * VERSIONS_EVERY]
    assert rounds[0] == rounds[VERSIONS_EVERY - 1]


async def test_a_secret_that_cannot_be_read_holds_up_nobody_else(watch: Watch) -> None:
    watch.surprising.add("desk-8")
    watch.says(FX)
    watch.says(unit("odd", "desk-8"), secret="registry")
    await watch.asks()
    assert watch.says(FX) == "models:/fx/1"
    assert watch.says(unit("odd", "desk-8"), secret="registry") == "CredentialsUnusable"
