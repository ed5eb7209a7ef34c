"""The answers that a unit gets about its model in the registry."""

from typing import Any

import pytest

from inference_operator.adapters.model_registry import VERSIONS_EVERY, no_registry
from inference_operator.api.reasons import Reason
from inference_operator.domain.resolution import Resolved, Unresolved
from tests.fakes.registry_ground import FILES, mlmodel
from tests.unit.adapters.watched_registry import FX, INTERVAL, Watch, only, spec


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
    found = watch.told(FX)
    assert isinstance(found, Resolved)
    assert found.run_id == run


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


@pytest.mark.parametrize(
    "odd", [{}, {"model": None}, {"model": {"source": []}}, {"model": {"source": {"uri": 7}}}]
)
async def test_a_spec_of_another_shape_asks_nothing(watch: Watch, odd: dict[str, Any]) -> None:
    assert watch.registry.resolutions(FX, odd) == {}


def test_without_a_registry_only_its_sources_are_told_so() -> None:
    assert no_registry(FX, {"model": {"source": {"uri": "pvc://models/fx"}}}) == {}
    found = only(no_registry(FX, spec()))
    assert isinstance(found, Unresolved)
    assert found.reason is Reason.REGISTRY_NOT_CONFIGURED
