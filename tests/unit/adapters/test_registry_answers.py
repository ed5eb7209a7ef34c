"""The answers that a unit gets about its model in the registry."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from inference_operator.adapters.mlflow import client as mlflow
from inference_operator.adapters.mlflow import resolver
from inference_operator.adapters.mlflow.model_registry import VERSIONS_EVERY, no_registry
from inference_operator.api.reasons import Reason
from inference_operator.domain.resolution import Resolved, Unresolved
from tests.bombs import laughs
from tests.fakes.registry_ground import FILES, mlmodel
from tests.unit.adapters.watched_registry import FX, INTERVAL, Watch, only, spec, unit

OTHER = unit("other")


@pytest.fixture
def watch() -> Watch:
    return Watch()


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
    resolved = watch.answer(FX)
    assert isinstance(resolved, Resolved)
    assert resolved.run_id == run


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
    resolved = watch.answer(FX, uri=uri)
    assert isinstance(resolved, Resolved)
    assert "/artifacts/files?artifact_file_path=data%2Fmodel.pth" in resolved.download


BOMBS = {
    "aliases": (laughs(9), "models:/fx/3: its MLmodel file, line 1: found the anchor &a0"),
    "levels": ("[" * 1000, "models:/fx/3: its MLmodel file, line 1: found more than 32 levels"),
    "3.8 MB": (
        "a: 1\n" * 760_000,
        "models:/fx/3: its MLmodel file has more than 65,536 bytes, expected at most 65,536; log"
        " it again",
    ),
}


@pytest.mark.parametrize(("bomb", "message"), BOMBS.values(), ids=BOMBS)
async def test_a_bomb_in_a_new_version_is_refused_and_calls_no_other_into_question(
    watch: Watch, bomb: str, message: str
) -> None:
    watch.says(FX, uri="models:/fx/1")
    watch.says(OTHER, uri="models:/fx@champion")
    await watch.asks()
    watch.ground.version("fx", {}, {"MLmodel": bomb, **FILES})
    watch.ground.alias("fx", "champion", 3)
    await watch.asks(after=INTERVAL)
    refused = watch.why(OTHER, uri="models:/fx@champion")
    assert refused.reason is Reason.MODEL_UNUSABLE
    assert message in refused.message
    assert watch.says(FX, uri="models:/fx/1") == "models:/fx/1"


async def test_a_bomb_among_the_artifacts_of_a_run_is_refused(watch: Watch) -> None:
    run = watch.ground.run({"fx/MLmodel": "a: 1\n" * 760_000})
    uri = f"runs:/{run}/fx"
    watch.says(FX, uri=uri)
    await watch.asks()
    assert f"{uri}: its MLmodel file has more than 65,536 bytes" in watch.why(FX, uri=uri).message


async def test_foreign_texts_are_parsed_beside_the_event_loop(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def noted(parse: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            threads.append(threading.get_ident())
            return parse(*given)

        return call

    monkeypatch.setattr(resolver, "facts", noted(resolver.facts))
    monkeypatch.setattr(mlflow, "parse_json", noted(mlflow.parse_json))
    watch.says(FX)
    await watch.asks()
    assert watch.says(FX) == "models:/fx/1"
    assert len(threads) == 3
    assert threading.get_ident() not in threads


async def test_many_aliases_are_not_all_listed(watch: Watch) -> None:
    for number in range(100):
        watch.ground.alias("fx", f"a{number:03}", 1)
    watch.says(FX, uri="models:/fx@z")
    await watch.asks()
    assert "(it has a000, a001, " in watch.why(FX, uri="models:/fx@z").message
    assert " and 91 more)" in watch.why(FX, uri="models:/fx@z").message


async def test_a_run_id_that_no_status_can_hold_is_a_sentence(watch: Watch) -> None:
    watch.mlflow.models["fx"].versions[1].run_id = "r" * 257
    watch.says(FX)
    await watch.asks()
    assert "expected at most 256 printable characters" in watch.why(FX).message


@pytest.mark.parametrize(
    "odd", [{}, {"model": None}, {"model": {"source": []}}, {"model": {"source": {"uri": 7}}}]
)
async def test_a_spec_of_another_shape_asks_nothing(watch: Watch, odd: dict[str, Any]) -> None:
    assert watch.registry.resolutions(FX, odd) == {}


def test_without_a_registry_only_its_sources_are_told_so() -> None:
    assert no_registry(FX, {"model": {"source": {"uri": "pvc://models/fx"}}}) == {}
    resolved = only(no_registry(FX, spec()))
    assert isinstance(resolved, Unresolved)
    assert resolved.reason is Reason.REGISTRY_NOT_CONFIGURED
