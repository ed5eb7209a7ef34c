"""Figures beside their goals, and the three routes beside the reference's, as Markdown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

REFERENCE = {
    "price": "8 to 12 ms, 15 to 20 ms, 800 to 1,000",
    "sentiment": "15 to 25 ms, 30 to 40 ms, 400 to 600",
    "ensemble": "25 to 35 ms, 45 to 60 ms, 300 to 400",
}
"""p50, p95 and requests a second that the reference names, on an NVIDIA T4."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measure with its goal; `is_least` says that more is better."""

    measure: str
    value: float
    unit: str
    goal: float
    is_least: bool = False

    @property
    def is_reached(self) -> bool:
        """Return whether the goal is reached.

        >>> Row("rate", 0.9, "", 1.0, is_least=True).is_reached
        False
        """
        return self.value >= self.goal if self.is_least else self.value <= self.goal

    def __str__(self) -> str:
        word = "at least" if self.is_least else "at most"
        unit = f" {self.unit}" if self.unit else ""
        verdict = "reached" if self.is_reached else "**missed**"
        return f"| {self.measure} | {word} {self.goal:g}{unit} | {self.value:g}{unit} | {verdict} |"


def rows(result: dict[str, Any]) -> Iterator[Row]:
    """Yield each measure that has a goal and was measured."""
    if single := result.get("singleRows"):
        yield Row(
            "CPU of the gateway a request, 16 in flight", single["cpuMs"]["gateway"], "ms", 0.6
        )
        yield Row("p50 added to direct gRPC, 1 in flight", single["p50AddedMs"], "ms", 1.5)
        to_plain = single["rateToPlain"]["median"]
        yield Row("req/s to those of the plain program, 16 in flight", to_plain, "", 1.0, True)
    if batches := result.get("batches"):
        share = batches["toDirect"]["median"]
        yield Row("rows/s of batches of 1,000 to direct batches of 32", share, "", 0.9, True)
    if cache := result.get("cacheHits"):
        yield Row("p50 of an answer from the cache", cache["hit"]["p50Ms"], "ms", 1.0)
    if balance := result.get("balance"):
        for name in ("before", "after"):
            part = balance[name]
            uneven = part["busiestToLeast"] or float("inf")
            yield Row(f"busiest to least busy of {part['servers']} servers", uneven, "", 1.2)
    if "rssMb" in result:
        yield Row("RSS after all of it", result["rssMb"]["gateway"], "MB", 150.0)


def table(result: dict[str, Any]) -> str:
    """Return the result as Markdown."""
    head = f"{result['date']}, {result['machine']}, load average {result['loadAverageBefore']}"
    lines = [f"\n{head} before and {result['loadAverageAfter']} after\n"]
    lines += ["| measure | goal | measured | |", "|---|---|---|---|", *map(str, rows(result))]
    if single := result.get("singleRows"):
        lines += ["", *_ways(single)]
    if routes := result.get("routes"):
        lines += ["", *_routes(routes)]
    return "\n".join(lines)


def _ways(single: dict[str, Any]) -> Iterator[str]:
    yield "| way | p50, 1 in flight | req/s, 16 in flight | p95 | CPU of its server a request |"
    yield "|---|---:|---:|---:|---:|"
    for name, alone in single["alone"].items():
        busy, cpu = single["busy"][name], single["cpuMs"].get(name)
        shown = "" if cpu is None else f"{cpu} ms"
        yield (
            f"| {name} | {alone['p50Ms']} ms | {busy['requestsPerSecond']:,.0f} |"
            f" {busy['p95Ms']} ms | {shown} |"
        )


def _routes(routes: dict[str, Any]) -> Iterator[str]:
    yield "| route | p50 | p95 | req/s | the reference on a T4: p50, p95, req/s |"
    yield "|---|---:|---:|---:|---|"
    for name, each in routes.items():
        rate = f"{each['requestsPerSecond']:,.0f}"
        figures = f"{each['p50Ms']} ms | {each['p95Ms']} ms | {rate}"
        yield f"| {name} | {figures} | {REFERENCE[name]} |"
