"""Results as Markdown, as they stand in docs/benchmarks.md."""

from collections.abc import Mapping, Sequence
from typing import Any


def compared(
    protocol: str, clients: int, single: Mapping[str, Any], many: Mapping[str, Any]
) -> str:
    """Return a row for each way of asking."""
    lines = [
        f"| {protocol} | p50, 1 client | p95 | ensemble's time to its |"
        f" req/s, {clients} clients | ensemble's rate to its |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, times in single.items():
        rate = many[name]
        lines.append(
            f"| {name} | {times['p50']:.1f} ms | {times['p95']:.1f} ms | {times['ratio']:.2f} |"
            f" {rate['requests']:,.0f} | {rate['ratio']:.2f} |"
        )
    return "\n".join(lines)


def loaded(loads: Sequence[Mapping[str, Any]]) -> str:
    """Return a row for each load."""
    lines = ["| settings | req/s | p50 | p95 | p99 |", "|---|--:|--:|--:|--:|"]
    for load in loads:
        times = " | ".join(f"{load[name]:.1f} ms" for name in ("p50", "p95", "p99"))
        lines.append(f"| {load['about']} | {load['requests']:,.0f} | {times} |")
    return "\n".join(lines)


def spent(steps: Mapping[str, Mapping[str, float]]) -> str:
    """Return a row for each step."""
    lines = ["| step | a request | of that, waiting | computing |", "|---|--:|--:|--:|"]
    for name, step in steps.items():
        lines.append(
            f"| {name} | {step['total']:.2f} ms | {step['queue']:.2f} ms |"
            f" {step['compute']:.2f} ms |"
        )
    return "\n".join(lines)
