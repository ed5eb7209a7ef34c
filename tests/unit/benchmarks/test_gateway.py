"""Questions differ, ways take turns, and a goal that is missed says so."""

import asyncio
import json
from itertools import islice

import numpy as np

from benchmarks.gateway.processes import program_lines
from benchmarks.gateway.questions import Questions
from benchmarks.gateway.report import Row, rows, table
from benchmarks.gateway.rounds import Load, in_turn, load, ratio

BARS = np.stack([np.array([10.0, 12.0, 9.0, 11.0, 5.0]) + n for n in range(60)])


def test_each_question_has_another_body_with_the_bars_that_triton_gets() -> None:
    asked = list(islice(Questions(BARS, "profits rose"), 3))
    assert len({each.body for each in asked}) == 3
    for each in asked:
        sent = np.array([json.loads(each.body)["ohlcv_data"]], np.float32)
        assert np.array_equal(sent, each.bars)
        assert np.array_equal(sent[0, :, :4], BARS[:, :4].astype(np.float32))


def test_a_batch_has_an_item_for_each_row() -> None:
    body, bars = Questions(BARS, "").batch(5)
    items = json.loads(body)["requests"]
    assert [each["kind"] for each in items] == ["price"] * 5
    sent = np.array([each["ohlcv_data"] for each in items], np.float32)
    assert np.array_equal(sent, bars)
    assert len({float(each) for each in bars[:, -1, 4]}) == 5


async def test_a_load_makes_each_call_once_and_so_many_at_a_time() -> None:
    running, most, done = 0, 0, 0

    async def call() -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        done += 1

    made = await load(call, 50, 4)
    assert (done, most, len(made.latencies)) == (50, 4, 50)


async def test_the_ways_take_turns_and_the_first_one_changes() -> None:
    order = []

    def way(name: str) -> Load:
        order.append(name)
        return Load(1.0, (0.5, 0.5), {})

    async def first() -> Load:
        return way("a")

    async def second() -> Load:
        return way("b")

    made = await in_turn({"a": first, "b": second}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    rates = {name: [each.rate for each in loads] for name, loads in made.items()}
    assert ratio(rates["a"], rates["b"])["median"] == 1.0


def test_a_measure_that_misses_its_goal_says_so() -> None:
    assert "**missed**" in str(Row("rate", 0.5, "", 0.9, is_least=True))
    assert "**missed**" in str(Row("memory", 151.0, "MB", 150.0))
    assert "reached" in str(Row("memory", 149.0, "MB", 150.0))


def test_only_what_was_measured_is_in_the_table() -> None:
    result = {
        "date": "2026-12-03", "machine": "2 cores", "loadAverageBefore": 1, "loadAverageAfter": 2,
        "cacheHits": {"hit": {"p50Ms": 0.8}},
        "balance": {
            "before": {"servers": 3, "busiestToLeast": 1.1},
            "after": {"servers": 6, "busiestToLeast": None},
        },
    }  # fmt: skip
    assert [each.is_reached for each in rows(result)] == [True, True, False]
    assert "inf" in table(result)


def test_the_plain_program_is_as_short_as_people_write_it() -> None:
    assert program_lines() <= 60
