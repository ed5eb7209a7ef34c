"""Answers to the URIs of a registry: the fake MLflow and the real one give the same."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from hack.services.mlflow.server import LocalMlflow
from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.adapters.mlflow.resolver import Resolver
from inference_operator.api.model import ModelFormat
from inference_operator.api.reasons import Reason
from inference_operator.domain.http_credentials import Credentials
from inference_operator.domain.resolution import Resolved, TensorFact
from tests.contract.guarded_registry import guarded
from tests.contract.registries import RealGround
from tests.fakes.registry_ground import FILES, FakeGround, Ground, mlmodel
from tests.trained_folders import torchscript_folder
from training.registry import Entry, register

OPEN = Credentials()
# Of the files that are downloaded here, the largest is a small network.
SIZE = 4 << 20
BASIC = aiohttp.encode_basic_auth("desk", "hunter2")
DIGEST = "0123456789abcdef" * 4
TAGS = {"inference.aipx.io/sha256": DIGEST, "inference.aipx.io/max-batch-size": "32"}


@pytest.fixture(scope="session")
def tracking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMlflow]:
    with LocalMlflow(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.integration)])
async def ground(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Ground]:
    if request.param == "fake":
        yield FakeGround()
        return
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server: LocalMlflow = request.getfixturevalue("tracking_server")
    mlflow = Mlflow(server.uri, 30.0)
    yield RealGround(mlflow, tmp_path)
    await mlflow.close()


@pytest.fixture
def name() -> str:
    """With a space, which MLflow allows."""
    return f"fx drift {uuid.uuid4().hex[:8]}"


async def resolve(ground: Ground, uri: str) -> Resolved:
    answer = (await Resolver(ground.mlflow).resolve([uri], OPEN))[uri]
    assert isinstance(answer, Resolved), answer
    return answer


async def refusal(ground: Ground, uri: str) -> RegistryError:
    try:
        answer = (await Resolver(ground.mlflow).resolve([uri], OPEN))[uri]
    except RegistryError as error:
        return error
    assert isinstance(answer, RegistryError), answer
    return answer


async def test_an_alias_gives_its_version_with_run_digest_and_signature(
    ground: Ground, name: str
) -> None:
    ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    run = ground.version(name, TAGS, {"MLmodel": mlmodel(), **FILES})
    ground.alias(name, "champion", 2)

    answer = await resolve(ground, f"models:/{name}@champion")

    assert (answer.uri, answer.version, answer.run_id) == (f"models:/{name}/2", 2, run)
    facts = answer.facts
    assert (facts.sha256, facts.max_batch_size) == (DIGEST, 32)
    assert (facts.format, facts.path) == (ModelFormat.TORCHSCRIPT, "data/model.pth")
    assert facts.inputs == (TensorFact("ohlcv", "float32", (-1, 60, 5)),)
    assert facts.outputs == (TensorFact("OUTPUT__0", "float32", (-1, 1)),)


async def test_a_number_gives_that_version(ground: Ground, name: str) -> None:
    run = ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    answer = await resolve(ground, f"models:/{name}/1")
    assert (answer.version, answer.run_id, answer.facts.sha256) == (1, run, None)


async def test_the_download_is_the_file_itself(ground: Ground, name: str) -> None:
    ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    answer = await resolve(ground, f"models:/{name}/1")
    assert await ground.mlflow.text(answer.download, OPEN, SIZE) == FILES["data/model.pth"]


async def test_a_moved_alias_is_seen_at_once(ground: Ground, name: str) -> None:
    for _ in range(2):
        ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    resolver, uri = Resolver(ground.mlflow), f"models:/{name}@champion"
    versions = []
    for version in (1, 2, 1):
        ground.alias(name, "champion", version)
        answer = (await resolver.resolve([uri], OPEN))[uri]
        assert isinstance(answer, Resolved)
        versions.append(answer.version)
    assert versions == [1, 2, 1]


async def test_one_bad_alias_leaves_the_others_resolved(ground: Ground, name: str) -> None:
    ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    ground.alias(name, "champion", 1)
    good, bad = f"models:/{name}@champion", f"models:/{name}@chmpion"
    answers = await Resolver(ground.mlflow).resolve([good, bad], OPEN)
    assert isinstance(answers[good], Resolved)
    assert isinstance(answers[bad], RegistryError)


async def test_an_unknown_model_is_named(ground: Ground, name: str) -> None:
    error = await refusal(ground, f"models:/{name}@champion")
    assert error.reason is Reason.REGISTERED_MODEL_NOT_FOUND
    assert f"has no registered model {name}; correct it" in str(error)


async def test_a_deleted_alias_is_named_beside_those_that_are_there(
    ground: Ground, name: str
) -> None:
    ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    for alias in ("challenger", "champion"):
        ground.alias(name, alias, 1)
    ground.delete_alias(name, "champion")
    error = await refusal(ground, f"models:/{name}@champion")
    assert error.reason is Reason.ALIAS_NOT_FOUND
    assert f"models:/{name} has no alias champion (it has challenger)" in str(error)


async def test_a_deleted_version_is_named(ground: Ground, name: str) -> None:
    ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    ground.delete_version(name, 1)
    error = await refusal(ground, f"models:/{name}/1")
    assert error.reason is Reason.VERSION_NOT_FOUND
    assert f"has no version 1 of {name}, or it was deleted" in str(error)


async def test_a_deleted_version_takes_its_alias_along(ground: Ground, name: str) -> None:
    ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    ground.alias(name, "champion", 1)
    ground.delete_version(name, 1)
    error = await refusal(ground, f"models:/{name}@champion")
    assert error.reason is Reason.ALIAS_NOT_FOUND
    assert "it has none at all" in str(error)


async def test_a_version_without_an_mlmodel_file_is_unusable(ground: Ground, name: str) -> None:
    ground.version(name, {}, FILES)
    error = await refusal(ground, f"models:/{name}/1")
    assert error.reason is Reason.MODEL_UNUSABLE
    assert f"models:/{name}/1 has no MLmodel file" in str(error)


async def test_a_model_among_a_runs_artifacts(ground: Ground) -> None:
    run = ground.run({"nets/fx/MLmodel": mlmodel(), "nets/fx/data/model.pth": "a network"})
    answer = await resolve(ground, f"runs:/{run}/nets/fx")
    assert (answer.version, answer.run_id) == (1, run)
    assert answer.facts.format is ModelFormat.TORCHSCRIPT
    assert await ground.mlflow.text(answer.download, OPEN, SIZE) == "a network"


async def test_a_single_file_of_a_run(ground: Ground) -> None:
    run = ground.run({"exports/fx.onnx": "a graph"})
    answer = await resolve(ground, f"runs:/{run}/exports/fx.onnx")
    assert (answer.facts.format, answer.facts.path) == (ModelFormat.ONNX, "exports/fx.onnx")
    assert await ground.mlflow.text(answer.download, OPEN, SIZE) == "a graph"


async def test_a_path_that_a_run_does_not_have(ground: Ground) -> None:
    run = ground.run({"exports/fx.onnx": "a graph"})
    error = await refusal(ground, f"runs:/{run}/model")
    assert error.reason is Reason.RUN_NOT_FOUND
    assert "has neither a model nor a file model" in str(error)


async def test_an_unknown_run(ground: Ground) -> None:
    error = await refusal(ground, f"runs:/{uuid.uuid4().hex}/model")
    assert error.reason is Reason.RUN_NOT_FOUND


async def test_a_deleted_run(ground: Ground) -> None:
    run = ground.run({"exports/fx.onnx": "a graph"})
    ground.delete_run(run)
    error = await refusal(ground, f"runs:/{run}/exports/fx.onnx")
    assert error.reason is Reason.RUN_NOT_FOUND
    assert "was deleted" in str(error)


async def test_a_tag_is_written(ground: Ground, name: str) -> None:
    ground.version(name, TAGS, {"MLmodel": mlmodel(), **FILES})
    tag = ("inference.aipx.io/served-by/desk-7/fx-drift", "revision 0a1b2c3d4e")
    await ground.mlflow.set_version_tag(name, 1, tag, OPEN)
    assert ground.tags(name, 1) == {**TAGS, tag[0]: tag[1]}
    for _ in range(2):
        await ground.mlflow.delete_version_tag(name, 1, tag[0], OPEN)
        assert ground.tags(name, 1) == TAGS


async def test_a_version_that_is_gone_gets_no_tag(ground: Ground, name: str) -> None:
    for change in (
        ground.mlflow.set_version_tag(name, 7, ("key", "value"), OPEN),
        ground.mlflow.delete_version_tag(name, 7, "key", OPEN),
    ):
        with pytest.raises(RegistryError) as caught:
            await change
        assert caught.value.reason is Reason.VERSION_NOT_FOUND


async def test_a_server_that_is_away_is_named() -> None:
    mlflow = Mlflow("http://127.0.0.1:9", 5.0)
    with pytest.raises(RegistryError) as caught:
        await Resolver(mlflow).resolve(["models:/fx@champion"], OPEN)
    await mlflow.close()
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    assert "the registry http://127.0.0.1:9 does not answer: " in str(caught.value)
    assert not caught.value.is_definite


@pytest.mark.integration
async def test_a_registry_that_asks_for_a_password_answers_those_who_know_it(
    tracking_server: LocalMlflow, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    open_door = Mlflow(tracking_server.uri, 30.0)
    RealGround(open_door, tmp_path).version(name, TAGS, {"MLmodel": mlmodel(), **FILES})
    await open_door.close()
    uri, desk = f"models:/{name}/1", Credentials(BASIC)
    async with guarded(tracking_server.uri, BASIC) as door:
        answer = (await Resolver(door).resolve([uri], desk))[uri]
        assert isinstance(answer, Resolved), answer
        assert answer.facts.sha256 == DIGEST
        assert answer.download.startswith(door.uri)
        assert await door.text(answer.download, desk, SIZE) == FILES["data/model.pth"]
        tag = ("inference.aipx.io/serving.trading.fx", "revision 0a1b2c3d4e")
        await door.set_version_tag(name, 1, tag, desk)
        assert (await door.version(name, 1, desk)).tags == {**TAGS, tag[0]: tag[1]}


@pytest.mark.integration
@pytest.mark.parametrize("password", [None, "hunter3"], ids=["none", "a wrong one"])
async def test_without_its_password_a_registry_says_forbidden(
    tracking_server: LocalMlflow, name: str, password: str | None
) -> None:
    access = Credentials(password and aiohttp.encode_basic_auth("desk", password))
    async with guarded(tracking_server.uri, BASIC) as door:
        with pytest.raises(RegistryError) as caught:
            await Resolver(door).resolve([f"models:/{name}@champion"], access)
    assert caught.value.reason is Reason.REGISTRY_FORBIDDEN
    assert "answered 401 (no such user); name a Secret" in str(caught.value)
    assert "hunter" not in str(caught.value)


@pytest.mark.integration
async def test_a_model_that_training_logged_is_found_by_its_run(
    tracking_server: LocalMlflow, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = register(torchscript_folder(tmp_path / "trained"), Entry(name), tracking_server.uri)
    mlflow = Mlflow(tracking_server.uri, 30.0)
    by_run = await resolve(RealGround(mlflow, tmp_path), f"runs:/{made.run_id}/model")
    by_name = await resolve(RealGround(mlflow, tmp_path), f"models:/{name}/{made.number}")
    network = await mlflow.text(by_run.download, OPEN, SIZE)
    assert network == await mlflow.text(by_name.download, OPEN, SIZE)
    await mlflow.close()
    assert by_run.facts.inputs == by_name.facts.inputs
    assert by_name.facts.sha256 == made.sha256
    assert (by_run.version, by_run.run_id) == (1, made.run_id)


@pytest.mark.integration
async def test_the_real_one_serves_ranges_and_names_versions_of_files(
    tracking_server: LocalMlflow, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `load` resumes downloads by."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mlflow = Mlflow(tracking_server.uri, 30.0)
    ground = RealGround(mlflow, tmp_path)
    ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
    answer = await resolve(ground, f"models:/{name}/1")
    await mlflow.close()
    async with (
        aiohttp.ClientSession() as session,
        session.get(answer.download, headers={"Range": "bytes=4-"}) as response,
    ):
        assert (response.status, await response.read()) == (206, b"network")
        assert response.headers["ETag"]
