"""`python -m benchmarks.training`: our loop and two plain ones, epoch by epoch in turn.

All train the same model on the same samples with the same batches; ours also clips, checks, keeps
its history and writes a checkpoint. Compared is the CPU time of one thread, since others may use
the machine; wall time is told beside it.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.controller.machine import about
from benchmarks.training import plain
from hack.console import say
from training.data.prices import Split, load_prices, windows
from training.data.sentiment import load_sentiment
from training.loop import Checkpoint, Task, fit
from training.price_task import price_task
from training.profiles import PLANS, Profile
from training.sentiment_task import sentiment_task
from training.sentiment_training import fewer
from training.settings import Settings

GOAL = 0.95
Loop = Callable[[], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=int, default=1280)
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--models", nargs="+", default=["lstm", "sentiment"])
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    result = {**about(), "rounds": given.rounds, "torch": torch.__version__, "models": {}}
    tasks: dict[str, Callable[[], tuple[Task, int]]] = {
        "lstm": lambda: (_prices(given.windows), 128),
        "sentiment": lambda: (_texts(given.texts), 32),
    }
    for name in given.models:
        task, batch = tasks[name]()
        result["models"][name] = _compare(task, batch, given.rounds)
    say(_table(result))
    if given.output:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(json.dumps(result, indent=2) + "\n")


def _compare(task: Task, batch: int, rounds: int) -> dict[str, Any]:
    loops: dict[str, Loop] = {
        "ours": partial(_ours, task, batch),
        "plain": partial(plain.train, task, plain.tight, batch),
    }
    if not task.train.mask:
        # It would pad every batch to the longest text of all: other work.
        loops["dataLoader"] = partial(plain.train, task, plain.loader, batch)
    for loop in loops.values():
        loop()
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in loops}
    for turn in range(rounds):
        # The order changes, so that none always comes after the same other.
        names = list(loops)[turn % len(loops) :] + list(loops)[: turn % len(loops)]
        for name in names:
            taken[name].append(_timed(loops[name]))
    summaries = {name: _summary(rows, len(task.train)) for name, rows in taken.items()}
    ratios = [
        plain_[0] / ours[0] for ours, plain_ in zip(taken["ours"], taken["plain"], strict=True)
    ]
    return {
        "samples": len(task.train),
        "batch": batch,
        "loops": summaries,
        "ratioToPlain": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
    }


def _ours(task: Task, batch: int) -> float:
    settings = Settings(epochs=1, batch=batch)
    with tempfile.TemporaryDirectory() as folder:
        fitted = fit(task, settings, Checkpoint(Path(folder) / "checkpoint"))
    return fitted.epochs[0].validation


def _timed(loop: Loop) -> tuple[float, float, float]:
    """Return CPU seconds, wall seconds, and the validation loss."""
    cpu, wall = time.process_time(), time.monotonic()
    loss = loop()
    return time.process_time() - cpu, time.monotonic() - wall, loss


def _summary(rows: list[tuple[float, float, float]], samples: int) -> dict[str, float]:
    cpu, wall, loss = (statistics.median(column) for column in zip(*rows, strict=True))
    return {
        "samplesPerCpuSecond": round(samples / cpu, 1),
        "samplesPerSecond": round(samples / wall, 1),
        "validationLoss": round(loss, 4),
    }


def _prices(count: int) -> Task:
    every = windows(load_prices().bars, 4)
    parts = Split(every[:count], every[count : count + count // 8], every[:0])
    return price_task("lstm_price_predictor", parts)


def _texts(count: int) -> Task:
    parts = fewer(load_sentiment().split(), count)
    return sentiment_task(
        "sentiment_transformer", parts, PLANS["sentiment_transformer"][Profile.QUICK]
    )


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"\n{result['date']}, {result['machine']}, 1 thread, {result['rounds']} rounds in turn\n",
        "| model | loop | samples a CPU second | samples a second | to the plain loop |",
        "|---|---|---:|---:|---:|",
    ]
    for name, summary in result["models"].items():
        for loop, row in summary["loops"].items():
            ratio = f"{summary['ratioToPlain']:.3f} (goal {GOAL})" if loop == "ours" else ""
            lines.append(
                f"| {name} | {loop} | {row['samplesPerCpuSecond']} | {row['samplesPerSecond']} |"
                f" {ratio} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
