"""Behaviour of a real Triton for each field in an ensemble's config.pbtxt."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hack.images.local_triton import LocalTriton
from model_builders.overrides import apply_overrides
from model_builders.protobuf import ModelConfig, as_written, plain_config
from tests.integration.model_builders.graph_repository import ask, ensemble, lay_out
from tests.unit.model_builders.ensemble_fields import FOREIGN, KEPT, Foreign
from tests.unit.model_builders.graphs import (
    SEQUENCE,
    SEQUENCED,
    STREAM,
    STREAMED,
    Request,
    graph,
    model,
    step,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PRICE = model("price", "WINDOW FP32 [60, 5]", "PRICE FP32 [1]")
GRAPH = graph(
    step("price", PRICE, "WINDOW=window", "PRICE=price"),
    takes={"window": "FP32 [60, 5]"},
    gives={"price": "FP32 [1]"},
)
NAMES = {
    text: f"field-{number:02}"
    for number, text in enumerate([*KEPT, *(case.text for case in FOREIGN)])
}


@dataclass(frozen=True)
class World:
    """One Triton with an ensemble for each text."""

    host: str
    index: dict[str, tuple[str, str]]
    log: list[str]

    def answer(self, text: str) -> dict[str, Any] | str:
        return ask(self.host, NAMES[text], GRAPH, Request(2))

    def messages(self, text: str) -> str:
        return "\n".join(line for line in self.log if NAMES[text] in line)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    repository = tmp_path_factory.mktemp("ensembles")
    lay_out(repository, [PRICE, *(overridden(name, text) for text, name in NAMES.items())])
    with LocalTriton(repository, tolerate_failures=True) as server:
        yield World(server.http, server.index(), server.log.splitlines())


def overridden(name: str, text: str) -> ModelConfig:
    config = as_written(ensemble(GRAPH, name))
    assert apply_overrides(config, text) == []
    return plain_config(config)


@pytest.mark.parametrize("runs", [STREAM, STREAMED], ids=["a step", "a step of a step"])
def test_triton_caches_no_decoupled_answers(runs: ModelConfig, tmp_path: Path) -> None:
    takes, gives = ("X=x", "Y=y") if runs is STREAM else ("IN=x", "OUT=y")
    whole = graph(step("a", runs, takes, gives), takes={"x": "FP32 [5]"}, gives={"y": "FP32 [5]"})
    cached = ensemble(whole, "cached")
    cached.response_cache.enable = True
    lay_out(tmp_path, [STREAM, STREAMED, cached])
    cache = "--cache-config=local,size=1048576"
    with LocalTriton(tmp_path, tolerate_failures=True, extra_args=[cache]) as server:
        state, reason = server.index()["cached"]
    assert state == "UNAVAILABLE"
    assert "Response Cache does not currently support model cached with 'decoupled'" in reason


@pytest.mark.parametrize("runs", [SEQUENCE, SEQUENCED], ids=["a step", "a step of a step"])
def test_triton_caches_answers_of_sequences_that_their_models_never_see(
    runs: ModelConfig, tmp_path: Path
) -> None:
    takes, gives = ("X=x", "Y=y") if runs is SEQUENCE else ("IN=x", "OUT=y")
    whole = graph(step("a", runs, takes, gives), takes={"x": "FP32 [5]"}, gives={"y": "FP32 [5]"})
    cached = ensemble(whole, "cached")
    cached.response_cache.enable = True
    lay_out(tmp_path, [SEQUENCE, SEQUENCED, cached])
    cache = "--cache-config=local,size=1048576"
    with LocalTriton(tmp_path, extra_args=[cache]) as server:
        first = ask(server.http, "cached", whole, Request(1, sequence=7))
        assert first == {"y": ((1, 5), [2.0])}
        # The model itself would refuse a request without a sequence.
        assert ask(server.http, "cached", whole, Request(1)) == first


@pytest.mark.parametrize("text", KEPT)
def test_triton_serves_an_ensemble_with_what_may_be_said(text: str, world: World) -> None:
    assert world.answer(text) == {"price": ((2, 1), [2.0, 3.0])}, world.messages(text)


@pytest.mark.parametrize("case", FOREIGN, ids=lambda case: case.field)
def test_triton_refuses_fields_of_models_in_an_ensemble_or_passes_over_them(
    case: Foreign, world: World
) -> None:
    if case.triton is None:
        assert world.answer(case.text) == {"price": ((2, 1), [2.0, 3.0])}, world.messages(case.text)
    else:
        assert world.index.get(NAMES[case.text], ("", ""))[0] != "READY"
        assert case.triton in world.messages(case.text)
