"""The goals of a run, and whether they were reached."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.controller.arithmetic import ratio

Figures = Mapping[str, Any]
CHILDREN_RATIO = 1.6
CPU_MS, WRITES, READS = 5, 6, 0
EDIT_P50_MS, EDIT_P99_MS = 40, 80
IDLE_CPU_PERCENT = 1
EXPONENT = 1.1
RESTART_SECONDS = 5
"""The goal for up to 1,000 custom resources; beyond, it grows with their number."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of a subject, and what was measured; None if it was not."""

    subject: str
    name: str
    most: float
    measured: float | None
    unit: str = ""

    @property
    def reached(self) -> bool:
        return self.measured is not None and self.measured <= self.most

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "goal": self.name,
            "most": self.most,
            "measured": self.measured,
            "unit": self.unit,
            "reached": self.reached,
        }

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        measured = shown(self.measured)
        return f"{self.subject}: {self.name}: {measured}{unit}, goal at most {self.most:g}{unit}"


def goals(result: Figures) -> list[Goal]:
    """Return the goals of all subjects that were measured."""
    entries: Sequence[Figures] = result["subjects"]
    return [
        goal
        for entry in entries
        if "bare" not in entry
        for goal in _goals(entry, bare_children(entries, entry["of"]), int(result["n"]))
        if goal.measured is not None
    ]


def bare_children(entries: Sequence[Figures], subject: str) -> dict[str, float]:
    """Return the seconds that each variant of the bare client needed for the subject's children."""
    return {
        entry["bare"]: entry["phases"]["burst"]["childrenSeconds"]
        for entry in entries
        if entry["of"] == subject and "bare" in entry
    }


def shown(value: float | None) -> str:
    """Return the value with 3 digits, and all digits before the point."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _goals(entry: Figures, bare: Mapping[str, float], n: int) -> Iterator[Goal]:
    phases, name = entry["phases"], entry["name"]
    burst, idle = phases.get("burst", {}), phases.get("idle")
    if bare:
        fastest = min(bare, key=lambda variant: bare[variant])
        children = ratio(burst.get("childrenSeconds"), bare[fastest])
        against = f"children to those of the faster bare client ({fastest})"
        yield Goal(name, against, CHILDREN_RATIO, children, "times")
    yield Goal(name, "CPU a custom resource", CPU_MS, burst.get("cpuMsPerObject"), "ms")
    yield Goal(name, "writes a custom resource", WRITES, burst.get("writesPerObject"))
    yield Goal(name, "reads a custom resource", READS, burst.get("readsPerObject"))
    for edit, figures in phases.get("edits", {}).items():
        yield Goal(name, f"edit of {edit}, p50", EDIT_P50_MS, figures["p50Ms"], "ms")
        yield Goal(name, f"edit of {edit}, p99", EDIT_P99_MS, figures["p99Ms"], "ms")
    if idle:
        yield Goal(name, "idle: writes", 0, idle["requests"]["writes"])
        yield Goal(name, "idle: CPU", IDLE_CPU_PERCENT, idle["cpuPercent"], "%")
    yield from _starts(name, phases, RESTART_SECONDS * max(1, n / 1000))
    if "delete" in phases:
        yield Goal(name, "children left after the deletion", 0, phases["delete"]["left"])
    yield Goal(name, "exponent of growth", EXPONENT, phases.get("growth", {}).get("exponent"))


def _starts(name: str, phases: Figures, seconds: float) -> Iterator[Goal]:
    titles = {
        "restart": "restart",
        "defaults": "restart with other defaults",
        "upgrade": "start after an older operator",
    }
    for phase, title in titles.items():
        if figures := phases.get(phase):
            yield Goal(name, f"{title}: settled", seconds, figures["settledSeconds"], "s")
            yield Goal(name, f"{title}: writes", 0, figures["requests"]["writes"])
    if upgrade := phases.get("upgrade"):
        changed = upgrade["changedTemplates"]
        yield Goal(name, "start after an older operator: changed pod templates", 0, changed)
