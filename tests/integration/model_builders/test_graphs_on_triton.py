"""A real Triton serves the graphs that pass, and refuses or fails those that are refused."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from hack.images.local_triton import LocalTriton
from tests.integration.model_builders.graph_repository import ask, ensemble, lay_out, words
from tests.unit.model_builders.graph_cases.case import Bad, Ends, Good, Loads, Refuses
from tests.unit.model_builders.graph_cases.tables import BAD, GOOD
from tests.unit.model_builders.graphs import MODELS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class World:
    """One Triton with all graphs of the tables."""

    host: str
    index: dict[str, tuple[str, str]]
    log: list[str]

    def is_ready(self, name: str) -> bool:
        return self.index.get(name, ("", ""))[0] == "READY"

    def messages(self, name: str) -> str:
        """Return log lines of a model; the index has no reason of an early failure."""
        return "\n".join(line for line in self.log if name in line)


NAMES = {
    description: case.graph.name if case.graph.name != "signal" else f"graph-{number:02}-case"
    for number, (description, case) in enumerate([*BAD.items(), *GOOD.items()])
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    repository = tmp_path_factory.mktemp("graphs")
    lay_out(repository, MODELS)
    for bad in BAD.values():
        lay_out(repository, bad.laid_out)
    for description, case in [*BAD.items(), *GOOD.items()]:
        lay_out(repository, [ensemble(case.graph, NAMES[description])])
    # The operator starts Triton with the same flag.
    flag = "--backend-config=default-max-batch-size=0"
    with LocalTriton(
        repository, tolerate_failures=True, extra_args=[flag], timeout_s=300
    ) as server:
        yield World(server.http, server.index(), server.log.splitlines())


def test_descriptions_are_unique() -> None:
    assert len(NAMES) == len(BAD) + len(GOOD)


def test_the_steps_models_are_ready(world: World) -> None:
    assert [model.name for model in MODELS if not world.is_ready(model.name)] == []


@pytest.mark.parametrize("description", GOOD)
def test_what_passes_is_answered(description: str, world: World) -> None:
    case: Good = GOOD[description]
    assert world.is_ready(NAMES[description]), world.messages(NAMES[description])
    assert ask(world.host, NAMES[description], case.graph, case.request) == dict(case.answer)


REFUSED = [name for name, case in BAD.items() if isinstance(case.triton, Refuses)]
LOADED = [name for name, case in BAD.items() if isinstance(case.triton, Loads)]
ENDED = [name for name, case in BAD.items() if isinstance(case.triton, Ends)]


@pytest.mark.parametrize("description", REFUSED)
def test_what_is_refused_triton_refuses_too(description: str, world: World) -> None:
    case: Bad = BAD[description]
    assert isinstance(case.triton, Refuses)
    assert not world.is_ready(NAMES[description])
    assert case.triton.reason in world.messages(NAMES[description])


@pytest.mark.parametrize("description", LOADED)
def test_what_is_refused_and_triton_loads_shows_in_a_request(
    description: str, world: World
) -> None:
    case: Bad = BAD[description]
    assert isinstance(case.triton, Loads)
    assert world.is_ready(NAMES[description]), world.messages(NAMES[description])
    outcome = words(ask(world.host, NAMES[description], case.graph, case.triton.request))
    assert re.search(case.triton.shows, outcome), outcome


@pytest.mark.parametrize("description", ENDED)
def test_what_is_refused_and_would_end_triton_ends_it(description: str, tmp_path: Path) -> None:
    """Send requests until the server of this test is gone, or 2,000 a client are answered."""
    case: Bad = BAD[description]
    ending = case.triton
    assert isinstance(ending, Ends)
    lay_out(tmp_path, [config for step in case.graph.steps for config in step.configs])
    lay_out(tmp_path, [ensemble(case.graph, "ending")])
    with LocalTriton(tmp_path) as server, ThreadPoolExecutor(ending.clients) as clients:

        def outlived(_: int) -> bool:
            answers = (ask(server.http, "ending", case.graph, ending.request) for _ in range(2000))
            return not any(words(answer).startswith("no answer") for answer in answers)

        survivors = sum(clients.map(outlived, range(ending.clients)))
        assert survivors == 0
        assert "Signal (11) received" in server.log
