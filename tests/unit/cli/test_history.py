"""`history`: the table of what served when, read from a cluster."""

import asyncio
from datetime import timedelta

import pytest

from inference_operator.cli.cluster_access import AccessError
from inference_operator.cli.history import lines, read_history
from inference_operator.domain.artifact import Artifact
from inference_operator.planning.status.served import History, Served
from tests.fakes.bodies import KEY, source
from tests.fakes.harness import NOON, OperatorHarness, refuse
from tests.unit.cli.listed_cluster import ListedCluster


def table(world: OperatorHarness) -> list[list[str]]:
    history = asyncio.run(read_history(ListedCluster(world.cluster), KEY))
    return [line.split() for line in lines(history)]


async def serve(world: OperatorHarness, *versions: int) -> list[str]:
    revisions = []
    for version in versions:
        world.user_applies(model=source(version))
        await world.settle()
        await world.later(timedelta(hours=1))
        assert world.served is not None
        revisions.append(world.served)
    return revisions


def test_it_says_which_artifact_served_when() -> None:
    world = OperatorHarness()
    first, second = asyncio.run(serve(world, 1, 2))

    assert table(world) == [
        ["FROM", "TO", "REVISION", "VERSION", "ARTIFACT", "SHA256"],
        [
            *("2031-05-06T12:00:00Z", "2031-05-06T13:00:00Z", first, "-"),
            *("https://store.example/fx/1/model.onnx", "-"),
        ],
        [
            *("2031-05-06T13:00:00Z", "now", second, "-"),
            *("https://store.example/fx/2/model.onnx", "-"),
        ],
    ]


def test_it_says_what_is_cut() -> None:
    world = OperatorHarness()
    asyncio.run(serve(world, *range(1, 14)))
    printed = table(world)

    assert printed[1][:2] == ["earlier", printed[2][0]]
    assert printed[-1][:3] == ["Earlier", "times", "are"]
    assert all(row[4].startswith("https://store.example/fx/") for row in printed[1:-1])


def test_decisions_of_an_earlier_operator_get_their_artifacts_from_the_records() -> None:
    world = OperatorHarness()
    asyncio.run(serve(world, 1, 2))
    status = world.cluster.live(KEY.kind, KEY.name)
    assert status is not None
    decisions = [
        {k: v for k, v in d.items() if k != "artifact"} for d in status["status"]["decisions"]
    ]
    before = table(world)
    world.cluster.edit(KEY.kind, KEY.name, {"status": {"decisions": decisions}})

    assert table(world) == before


def test_nothing_has_served() -> None:
    world = OperatorHarness()
    world.user_applies()

    assert table(world) == [["No", "revision", "has", "served", "clients", "yet."]]


def test_a_refused_request_is_an_error_for_the_user() -> None:
    world = OperatorHarness()
    world.user_applies()
    world.cluster.before = refuse(lambda request: True)
    with pytest.raises(AccessError, match="fx-drift: no"):
        asyncio.run(read_history(ListedCluster(world.cluster), KEY))


def test_foreign_text_cannot_move_the_cursor() -> None:
    artifact = Artifact("a\x1b[31m", "b\n", None, steps="c")
    printed = list(lines(History((Served("d\u202e", NOON, None, artifact),), is_cut=False)))

    assert all(line.isprintable() for line in printed)
    assert len(printed) == 2
