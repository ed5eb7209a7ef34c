"""The watch of the registry: how often it asks, whom it wakes, and what it says meanwhile."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from inference_operator.adapters.model_registry import VERSIONS_EVERY, no_registry
from inference_operator.api.reasons import Reason
from inference_operator.domain.resolution import Resolved, Unresolved
from tests.contract.registries import FILES, mlmodel
from tests.fakes.world import NOON
from tests.unit.adapters.watched_registry import ALIASES, FX, INTERVAL, Watch, only, spec, unit


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_the_first_answer_comes_with_the_first_round(watch: Watch) -> None:
    assert watch.says(FX) == "nothing yet"
    await watch.asks()
    assert watch.says(FX) == "models:/fx/1"
    assert watch.woken == [FX]


async def test_asking_for_a_resolution_makes_no_request(watch: Watch) -> None:
    for _ in range(3):
        watch.says(FX)
    assert watch.mlflow.requests == []


async def test_a_hundred_units_of_one_model_take_one_request_an_interval(watch: Watch) -> None:
    units = [unit(f"fx-{number}", f"desk-{number % 7}") for number in range(100)]
    for each in units:
        watch.says(each)
    first = await watch.asks()
    assert first.count(ALIASES) == 1
    assert await watch.asks(after=INTERVAL) == [ALIASES]
    assert await watch.asks(after=INTERVAL) == [ALIASES]
    assert {watch.says(each) for each in units} == {"models:/fx/1"}


async def test_within_an_interval_nobody_asks_again(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    assert await watch.asks(after=INTERVAL - 1) == []


async def test_aliases_of_one_model_are_one_request(watch: Watch) -> None:
    watch.ground.alias("fx", "challenger", 2)
    watch.says(FX)
    watch.says(unit("fx-next"), uri="models:/fx@challenger")
    await watch.asks()
    assert await watch.asks(after=INTERVAL) == [ALIASES]
    assert watch.says(unit("fx-next"), uri="models:/fx@challenger") == "models:/fx/2"


async def test_a_moved_alias_wakes_those_it_concerns_and_nobody_else(watch: Watch) -> None:
    watch.ground.alias("fx", "old", 1)
    watch.says(FX)
    watch.says(unit("fx-old"), uri="models:/fx@old")
    await watch.asks()
    watch.woken.clear()
    watch.ground.alias("fx", "champion", 2)
    await watch.asks(after=INTERVAL)
    assert (watch.woken, watch.says(FX)) == ([FX], "models:/fx/2")


async def test_an_answer_that_says_nothing_new_wakes_nobody(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    watch.woken.clear()
    await watch.asks(after=INTERVAL)
    assert watch.woken == []


async def test_one_failure_calls_nothing_into_question(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    watch.woken.clear()
    watch.mlflow.down = True
    await watch.asks(after=INTERVAL)
    assert (watch.says(FX), watch.woken) == ("models:/fx/1", [])


async def test_a_registry_that_stays_down_is_told_with_its_beginning(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    watch.mlflow.down = True
    await watch.asks(after=INTERVAL)
    began = NOON + timedelta(seconds=watch.seconds)
    await watch.asks(after=INTERVAL)
    found = watch.why(FX)
    assert (found.reason, found.since) == (Reason.REGISTRY_UNREACHABLE, began)


async def test_a_lasting_failure_wakes_once(watch: Watch) -> None:
    watch.mlflow.down = True
    watch.says(FX)
    for _ in range(6):
        await watch.asks(after=1000)
    assert watch.woken == [FX]


async def test_a_registry_that_is_down_is_asked_ever_more_seldom(watch: Watch) -> None:
    watch.mlflow.down = True
    watch.says(FX)
    asked = [watch.seconds for _ in range(4000) if await watch.asks(after=1.0)]
    gaps = [later - sooner for sooner, later in pairwise(asked)]
    assert gaps[:6] == [6, 12, 23, 45, 90, 180]
    assert max(gaps) == 450


async def test_a_registry_that_comes_back_is_told_at_once(watch: Watch) -> None:
    watch.mlflow.down = True
    watch.says(FX)
    await watch.asks()
    watch.mlflow.down = False
    await watch.asks(after=INTERVAL)
    assert watch.says(FX) == "models:/fx/1"
    assert watch.woken == [FX, FX]


async def test_somebody_new_is_told_of_the_failure_without_the_wait(watch: Watch) -> None:
    watch.mlflow.down = True
    watch.says(FX)
    for _ in range(9):
        await watch.asks(after=1000)
    watch.says(unit("new"), uri="models:/fx@challenger")
    await watch.asks(after=1)
    assert watch.says(unit("new"), uri="models:/fx@challenger") == "RegistryUnreachable"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, b"<html>oops</html>"), "answered 500 (<html>oops</html>); look at its log"),
        ((429, b""), "answered 429 (without a word); look at its log"),
        ((200, b"<html>login</html>"), "answered with no JSON ('<html>login</html>'); is it"),
        ((404, b"<html>no such page</html>"), "answered 404 (<html>no such page</html>)"),
        ((200, b'{"registered_model": {"aliases": 7}}'), "answer cannot be understood"),
    ],
)
async def test_an_odd_answer_says_nothing_about_the_model(
    watch: Watch, answer: tuple[int, bytes], said: str
) -> None:
    watch.mlflow.answer_with = answer
    watch.says(FX)
    await watch.asks()
    found = watch.why(FX)
    assert found.reason is Reason.REGISTRY_UNREACHABLE
    assert said in found.message


async def test_a_refusal_names_the_secret(watch: Watch) -> None:
    watch.mlflow.wants = "Bearer t0ken"
    watch.says(FX)
    await watch.asks()
    found = watch.why(FX)
    assert found.reason is Reason.REGISTRY_FORBIDDEN
    assert "answered 401 (You are not authenticated): let spec.model.source.secretRef name" in (
        found.message
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


async def test_a_named_version_is_asked_for_once_and_then_seldom(watch: Watch) -> None:
    watch.says(FX, uri="models:/fx/2")
    rounds = [await watch.asks(after=INTERVAL) for _ in range(2 * VERSIONS_EVERY)]
    asked = [number for number, requests in enumerate(rounds, 1) if requests]
    assert asked == [1, VERSIONS_EVERY, 2 * VERSIONS_EVERY]


async def test_a_named_version_that_is_deleted_is_noticed(watch: Watch) -> None:
    watch.says(FX, uri="models:/fx/2")
    await watch.asks()
    watch.ground.delete_version("fx", 2)
    for _ in range(VERSIONS_EVERY):
        await watch.asks(after=INTERVAL)
    assert watch.says(FX, uri="models:/fx/2") == "VersionNotFound"


async def test_a_name_that_is_given_anew_has_new_versions(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    del watch.mlflow.models["fx"]
    watch.ground.version("another", {}, {})
    run = watch.ground.version("fx", {}, {"MLmodel": mlmodel(), **FILES})
    watch.ground.alias("fx", "champion", 1)
    await watch.asks(after=INTERVAL)
    found = watch.told(FX)
    assert isinstance(found, Resolved)
    assert found.run_id == run


@pytest.mark.parametrize(
    "answer", [(500, b"no such bucket"), (403, b"not yours"), (200, b'{"model_version": 7}')]
)
async def test_a_uri_that_cannot_be_looked_up_holds_up_nobody_else(
    watch: Watch, answer: tuple[int, bytes]
) -> None:
    watch.mlflow.broken["version=7"] = answer
    watch.says(FX)
    watch.says(unit("fx-7"), uri="models:/fx/7")
    for _ in range(6):
        await watch.asks(after=INTERVAL)
    watch.ground.alias("fx", "champion", 2)
    await watch.asks(after=1.1 * INTERVAL)
    assert watch.says(FX) == "models:/fx/2"
    assert watch.says(unit("fx-7"), uri="models:/fx/7") != "models:/fx/7"


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


async def test_a_surprise_at_one_model_holds_up_no_other(watch: Watch) -> None:
    watch.ground.version("eq", {}, {"MLmodel": mlmodel(), **FILES})
    watch.says(FX)
    watch.surprising.add(FX)
    watch.says(unit("eq"), uri="models:/eq/1")
    await watch.asks()
    assert watch.says(unit("eq"), uri="models:/eq/1") == "models:/eq/1"
    watch.surprising.clear()
    watch.ground.alias("fx", "champion", 2)
    await watch.asks(after=INTERVAL)
    assert watch.says(FX) == "models:/fx/2"


async def test_a_version_that_is_not_ready_is_waited_for(watch: Watch) -> None:
    watch.mlflow.models["fx"].versions[1].status = "PENDING_REGISTRATION"
    watch.says(FX)
    await watch.asks()
    assert watch.why(FX).reason is Reason.VERSION_NOT_READY
    watch.mlflow.models["fx"].versions[1].status = "READY"
    await watch.asks(after=INTERVAL)
    assert watch.says(FX) == "models:/fx/1"


async def test_a_model_that_a_run_logged(watch: Watch) -> None:
    run = watch.ground.run({})
    watch.ground.log(run, "fx", {"MLmodel": mlmodel(), **FILES})
    uri = f"runs:/{run}/fx"
    watch.says(FX, uri=uri)
    await watch.asks()
    found = watch.told(FX, uri=uri)
    assert isinstance(found, Resolved)
    assert "/artifacts/files?artifact_file_path=data%2Fmodel.pth" in found.download


async def test_who_asks_no_more_is_forgotten(watch: Watch) -> None:
    watch.says(FX)
    await watch.asks()
    watch.registry.resolutions(FX, {})
    assert await watch.asks(after=INTERVAL) == []


@pytest.mark.parametrize(
    "odd", [{}, {"model": None}, {"model": {"source": []}}, {"model": {"source": {"uri": 7}}}]
)
async def test_a_spec_of_another_shape_asks_nothing(watch: Watch, odd: dict[str, Any]) -> None:
    assert watch.registry.resolutions(FX, odd) == {}


async def test_somebody_who_comes_during_a_round_is_asked_for_next(watch: Watch) -> None:
    watch.says(FX)
    running = asyncio.create_task(watch.registry.ask_due())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert watch.mlflow.requests == [ALIASES]
    watch.says(unit("late"), uri="models:/fx@other")
    await running
    assert await watch.asks() == [ALIASES]
    assert watch.says(unit("late"), uri="models:/fx@other") == "AliasNotFound"


async def test_the_watch_asks_as_soon_as_somebody_comes(watch: Watch) -> None:
    running = asyncio.create_task(watch.registry.run())
    await asyncio.sleep(0)
    watch.says(FX)
    await asyncio.wait_for(watch.answered.wait(), 5.0)
    running.cancel()
    assert watch.says(FX) == "models:/fx/1"


async def test_who_leaves_during_a_request_and_comes_back_is_asked_for(watch: Watch) -> None:
    running = asyncio.create_task(watch.registry.run())
    await asyncio.sleep(0)
    watch.secrets["desk-7", "registry"] = {"token": "dDBrZW4="}
    watch.says(FX, secret="registry")
    await asyncio.wait_for(watch.reading.wait(), 5.0)
    watch.registry.resolutions(FX, {})
    for _ in range(20):
        await asyncio.sleep(0)
    assert not watch.answered.is_set()
    watch.ground.alias("fx", "champion", 2)
    watch.says(FX, secret="registry")
    await asyncio.wait_for(watch.answered.wait(), 5.0)
    running.cancel()
    assert watch.says(FX, secret="registry") == "models:/fx/2"


async def test_versions_of_a_model_that_nobody_asks_for_are_forgotten(watch: Watch) -> None:
    watch.says(FX, uri="models:/fx/2")
    first = await watch.asks()
    watch.registry.resolutions(FX, {})
    await watch.asks()
    watch.says(FX, uri="models:/fx/2")
    assert await watch.asks() == first


def test_without_a_registry_only_its_sources_are_told_so() -> None:
    assert no_registry(FX, {"model": {"source": {"uri": "pvc://models/fx"}}}) == {}
    found = only(no_registry(FX, spec()))
    assert isinstance(found, Unresolved)
    assert found.reason is Reason.REGISTRY_NOT_CONFIGURED
