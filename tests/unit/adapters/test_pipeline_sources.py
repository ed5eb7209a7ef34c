"""Several sources of one unit: each answered by itself, and none asked for twice."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.adapters.mlflow.model_registry import NOT_CONFIGURED, no_registry
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import Resolved, SourceKey
from tests.fakes.bodies import PIPELINE
from tests.fakes.registry_ground import FILES, mlmodel
from tests.unit.adapters.watched_registry import ALIASES, FX, INTERVAL, Watch, spec

CHAMPION, VERSION = "models:/fx@champion", "models:/fx/2"
EQ, NEWS = "models:/eq@champion", "models:/news@champion"


@pytest.fixture
def watch() -> Watch:
    """Also eq and news have a version, which champion names."""
    resolutions = Watch()
    for name in ("eq", "news"):
        resolutions.ground.version(name, {}, {"MLmodel": mlmodel(), **FILES})
        resolutions.ground.alias(name, "champion", 1)
    return resolutions


def step(name: str, uri: str, secret: str | None = None) -> dict[str, Any]:
    """A step with an inline model."""
    return {"name": name, **spec(uri, secret)}


def pipeline(*steps: object) -> dict[str, Any]:
    return {"steps": list(steps)}


def answers(watch: Watch, *steps: object) -> dict[str, str]:
    """What a pipeline of those steps is told: a version or a reason, by uri and Secret."""
    resolutions = watch.registry.resolutions(PIPELINE, pipeline(*steps))
    return {
        f"{key.uri} {key.secret}".strip(): a.uri if isinstance(a, Resolved) else a.reason.value
        for key, a in resolutions.items()
    }


async def test_each_inline_model_has_its_own_answer(watch: Watch) -> None:
    steps = step("price", CHAMPION), step("text", NEWS)
    assert answers(watch, *steps) == {}
    await watch.asks()
    assert answers(watch, *steps) == {CHAMPION: "models:/fx/1", NEWS: "models:/news/1"}


async def test_a_pipeline_and_a_model_of_one_registered_model_are_one_request(
    watch: Watch,
) -> None:
    watch.says(FX)
    answers(watch, step("price", CHAMPION), step("trend", VERSION))
    assert (await watch.asks()).count(ALIASES) == 1
    assert await watch.asks(after=INTERVAL) == [ALIASES]


async def test_steps_with_two_aliases_of_one_model_are_one_request(watch: Watch) -> None:
    watch.ground.alias("fx", "challenger", 2)
    steps = step("price", CHAMPION), step("shadow", "models:/fx@challenger")
    answers(watch, *steps)
    await watch.asks()
    assert await watch.asks(after=INTERVAL) == [ALIASES]
    assert answers(watch, *steps) == {
        CHAMPION: "models:/fx/1",
        "models:/fx@challenger": "models:/fx/2",
    }


async def test_one_uri_in_two_steps_is_one_question(watch: Watch) -> None:
    steps = step("price", VERSION), step("again", VERSION)
    answers(watch, *steps)
    requests = await watch.asks()
    assert len(requests) == len(set(requests))
    assert answers(watch, *steps) == {VERSION: VERSION}
    assert watch.woken == [PIPELINE]


async def test_each_step_asks_with_its_own_secret(watch: Watch) -> None:
    watch.mlflow.wants = "Bearer t0ken"
    watch.secrets["desk-7", "desk"] = {"token": "dDBrZW4="}
    watch.secrets["desk-7", "other"] = {"token": "b3RoZXI="}
    steps = step("price", CHAMPION, "desk"), step("shadow", CHAMPION, "other")
    answers(watch, *steps)
    await watch.asks()
    assert answers(watch, *steps) == {
        f"{CHAMPION} desk": "models:/fx/1",
        f"{CHAMPION} other": "RegistryForbidden",
    }


async def test_an_answer_does_not_wait_for_the_other_steps(watch: Watch) -> None:
    answers(watch, step("price", CHAMPION))
    await watch.asks()
    both = step("price", CHAMPION), step("text", NEWS)
    assert answers(watch, *both) == {CHAMPION: "models:/fx/1"}
    await watch.asks()
    assert answers(watch, *both) == {CHAMPION: "models:/fx/1", NEWS: "models:/news/1"}


async def test_a_new_step_has_only_its_own_model_asked_for(watch: Watch) -> None:
    answers(watch, step("price", CHAMPION))
    await watch.asks()
    answers(watch, step("price", CHAMPION), step("text", NEWS))
    assert (await watch.asks(after=1)).count(ALIASES) == 1
    assert answers(watch, step("text", NEWS)) == {NEWS: "models:/news/1"}


async def test_a_step_that_cannot_be_looked_up_holds_up_no_other(watch: Watch) -> None:
    steps = step("price", CHAMPION), step("gone", "models:/fx/7"), step("odd", "models:/bonds@x")
    answers(watch, *steps)
    await watch.asks()
    assert answers(watch, *steps) == {
        CHAMPION: "models:/fx/1",
        "models:/fx/7": "VersionNotFound",
        "models:/bonds@x": "RegisteredModelNotFound",
    }


async def test_a_removed_step_is_asked_about_no_more(watch: Watch) -> None:
    answers(watch, step("price", CHAMPION), step("text", NEWS))
    await watch.asks()
    assert answers(watch, step("price", CHAMPION)) == {CHAMPION: "models:/fx/1"}
    assert await watch.asks(after=INTERVAL) == [ALIASES]


async def test_a_removed_pipeline_is_asked_about_no_more(watch: Watch) -> None:
    answers(watch, step("price", CHAMPION), step("text", NEWS))
    await watch.asks()
    assert watch.registry.resolutions(PIPELINE, {}) == {}
    assert await watch.asks(after=INTERVAL) == []


async def test_a_moved_alias_wakes_the_pipelines_and_the_models_of_it(watch: Watch) -> None:
    watch.says(FX)
    answers(watch, step("text", NEWS), step("price", CHAMPION))
    other = UnitKey("EnsemblePipeline", "desk-7", "evening-call")
    watch.registry.resolutions(other, pipeline(step("text", NEWS)))
    await watch.asks()
    watch.woken.clear()
    watch.ground.alias("fx", "champion", 2)
    await watch.asks(after=INTERVAL)
    assert sorted(watch.woken) == sorted([FX, PIPELINE])


async def test_two_steps_that_change_at_once_wake_once(watch: Watch) -> None:
    watch.ground.alias("fx", "challenger", 1)
    answers(watch, step("price", CHAMPION), step("shadow", "models:/fx@challenger"))
    await watch.asks()
    watch.woken.clear()
    for alias in ("champion", "challenger"):
        watch.ground.alias("fx", alias, 2)
    await watch.asks(after=INTERVAL)
    assert watch.woken == [PIPELINE]


async def test_a_registry_that_goes_down_leaves_every_step_its_version(watch: Watch) -> None:
    steps = step("price", CHAMPION), step("text", NEWS)
    answers(watch, *steps)
    await watch.asks()
    watch.mlflow.down = True
    await watch.asks(after=INTERVAL)
    assert answers(watch, *steps) == {CHAMPION: "models:/fx/1", NEWS: "models:/news/1"}


async def test_references_and_builtins_ask_nothing(watch: Watch) -> None:
    steps = (
        {"name": "price", "modelRef": {"name": "fx-drift"}},
        {"name": "sum", "builtin": {"weightedAverage": {}}},
        step("stored", "s3://models/fx.onnx"),
    )
    assert answers(watch, *steps) == {}
    assert await watch.asks() == []


@pytest.mark.parametrize("field", ["model", "steps"])
async def test_only_the_sources_of_its_kind_are_asked_about(watch: Watch, field: str) -> None:
    body = {**spec(EQ), **pipeline(step("price", CHAMPION))}
    unit, uri = (FX, EQ) if field == "model" else (PIPELINE, CHAMPION)
    watch.registry.resolutions(unit, body)
    await watch.asks()
    assert list(watch.registry.resolutions(unit, body)) == [SourceKey(uri)]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([CHAMPION, NEWS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["steps", "model", "source", "uri", "secretRef", "name"]), inner
        )
    ),
    max_leaves=20,
)


@given(body=anything, kind=st.sampled_from(["InferenceModel", "EnsemblePipeline"]))
def test_no_spec_is_too_odd_to_be_read(body: Any, kind: str) -> None:
    resolutions = no_registry(UnitKey(kind, "desk-7", "odd"), body)
    assert set(resolutions.values()) <= {NOT_CONFIGURED}


def test_without_a_registry_each_of_its_sources_is_told_so() -> None:
    body = pipeline(step("price", CHAMPION), step("text", NEWS, "desk"), step("x", "pvc://m/x"))
    resolutions = no_registry(PIPELINE, body)
    assert set(resolutions) == {SourceKey(CHAMPION), SourceKey(NEWS, "desk")}


async def test_the_secret_of_a_registered_model_is_that_of_its_step(watch: Watch) -> None:
    answers(watch, step("price", CHAMPION, "desk"), step("text", NEWS))
    names = ("fx", "news", "eq")
    secrets = [watch.registry.secret_of(PIPELINE, f"models:/{name}") for name in names]
    assert secrets == [("desk-7", "desk"), ("", ""), None]
