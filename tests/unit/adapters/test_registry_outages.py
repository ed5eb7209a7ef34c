"""The last answers of a registry stay when it fails, and one failure delays no other unit."""

from datetime import timedelta
from itertools import pairwise

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.message_limits import truncate
from tests.fakes.harness import NOON
from tests.fakes.registry_ground import FILES, mlmodel
from tests.unit.adapters.watched_registry import FX, INTERVAL, Watch, unit


@pytest.fixture
def watch() -> Watch:
    return Watch()


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
    unresolved = watch.why(FX)
    assert (unresolved.reason, unresolved.since) == (Reason.REGISTRY_UNREACHABLE, began)


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
    ("answer", "message"),
    [
        ((500, b"<html>oops</html>"), "answered 500 (<html>oops</html>); check its log"),
        ((429, b""), "answered 429 (no message); check its log"),
        ((200, b"<html>login</html>"), "that is not JSON ('<html>login</html>'); check that it is"),
        ((404, b"<html>no such page</html>"), "answered 404 (<html>no such page</html>)"),
        ((200, b'{"registered_model": {"aliases": 7}}'), "answer cannot be understood"),
        ((200, b"[" * 100_000), "with JSON that is not read: found more than 32 levels of"),
        ((404, b"[" * 100_000), "answered 404 ([[["),
        (
            (200, b" " * 2_000_000),
            "answered /api/2.0/mlflow/registered-models/get with more than 1,048,576 bytes,"
            " expected at most 1,048,576; remove tags,",
        ),
        (
            (200, b'{"registered_model": {"aliases": [{"alias": "champion", "version": "-1"}]}}'),
            "cannot be understood: ValueError: found '-1', expected a whole number of at most",
        ),
    ],
)
async def test_an_odd_answer_says_nothing_about_the_model(
    watch: Watch, answer: tuple[int, bytes], message: str
) -> None:
    watch.mlflow.answer_with = answer
    watch.says(FX)
    await watch.asks()
    unresolved = watch.why(FX)
    assert unresolved.reason is Reason.REGISTRY_UNREACHABLE
    assert message in unresolved.message


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b'{"registered_model": {"aliases": [{"alias": "\\ud800", "version": "x"}]}}',
        b'{"registered_model": {"aliases": [{"alias": "\\u001b[2J\\n\\u202e", "version": "2"}]}}',
        b'{"registered_model": NaN}',
        b'{"registered_model": {"creation_timestamp": 1e999}}',
        b'{"registered_model": [{"\\ud800": 7}]}',
        b'"\\ud800\\u001b[2J"',
        b"1" * 5000,
        b"null",
    ],
)
async def test_a_message_about_an_odd_answer_can_be_printed(watch: Watch, body: bytes) -> None:
    watch.mlflow.answer_with = (200, body)
    watch.says(FX)
    await watch.asks()
    unresolved = watch.why(FX)

    assert truncate(unresolved.message, 32_768) == unresolved.message
    assert len(unresolved.message) < 1500


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
