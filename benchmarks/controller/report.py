"""The table of a run, its goals, and the figures behind the missed ones.

`python -m benchmarks.controller.report FILE` prints them of a result that was written before.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.controller.arithmetic import ratio
from benchmarks.controller.bare_client import VARIANTS
from benchmarks.controller.goals import Goal, bare_children, goals
from benchmarks.controller.machine import CONTROL_PLANE

Phases = Mapping[str, Any]


def table(result: Mapping[str, Any]) -> str:
    """Return Markdown: a row a figure, a column a subject or variant of the bare client."""
    entries: Sequence[Mapping[str, Any]] = result["subjects"]
    rows = [
        [f"N = {result['n']:,}", *titles(result)],
        ["---", *["---:"] * len(entries)],
        *(_ratios(entries, variant) for variant in VARIANTS),
        *([name, *(_cell(show, entry["phases"]) for entry in entries)] for name, show in _ROWS),
    ]
    filled = [row for row in rows if any(row[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in filled)


def titles(result: Mapping[str, Any]) -> list[str]:
    """Return a title for each entry; the bare client's names its subject if there are several."""
    entries: Sequence[Mapping[str, Any]] = result["subjects"]
    several = len({entry["of"] for entry in entries}) > 1
    return [
        f"{entry['name']}, as {entry['of']}" if several and "bare" in entry else entry["name"]
        for entry in entries
    ]


def summary(result: Mapping[str, Any]) -> str:
    """Return machine and versions, the table, the goals that were missed, and failures."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    loads = f"{result['loadAverageBefore']} to {result['loadAverageAfter']}"
    reached = goals(result)
    missed = [goal for goal in reached if not goal.reached]
    return "\n".join(
        [
            f"{result['date']}, {result['machine']}, {versions}, load average {loads}",
            f"Environment: {result['environment']}",
            "",
            table(result),
            "",
            f"Goals reached: {len(reached) - len(missed)} of {len(reached)}",
            *(f"MISSED  {goal}{_detail(goal, result)}" for goal in missed),
            *(f"FAILED  {e['name']}: {e['failed']}" for e in result["subjects"] if "failed" in e),
        ]
    )


def _detail(goal: Goal, result: Mapping[str, Any]) -> str:
    """Return what was written, where a goal of writes is missed."""
    phase = {
        "writes a custom resource": "burst",
        "idle: writes": "idle",
        "restart: writes": "restart",
        "restart with other defaults: writes": "defaults",
        "start after an older operator: writes": "upgrade",
    }.get(goal.name)
    if phase is None:
        return ""
    entry = next(entry for entry in result["subjects"] if entry["name"] == goal.subject)
    return f" ({entry['phases'][phase]['requests']['writesBy']})"


def _ratios(entries: Sequence[Mapping[str, Any]], variant: str) -> list[str]:
    cells = []
    for entry in entries:
        own = entry["phases"].get("burst", {}).get("childrenSeconds")
        base = bare_children(entries, entry["of"]).get(variant)
        times = ratio(own, base)
        cells.append("" if times is None else f"{times:.2f}")
    return [f"its children to those of the bare client by {variant}", *cells]


def _cell(show: Callable[[Phases], str], phases: Phases) -> str:
    try:
        return show(phases)
    except KeyError:
        return ""


def _edits(phases: Phases) -> str:
    return "; ".join(
        f"{name}: {f['p50Ms']:.0f} / {f['p99Ms']:.0f} / {f['slowestMs']:.0f}"
        for name, f in phases["edits"].items()
    )


def _control_plane(phases: Phases) -> float:
    used = phases["burst"]["cpuSecondsOf"]
    return sum(float(used.get(name, 0)) for name in CONTROL_PLANE)


def _start(phase: str) -> Callable[[Phases], str]:
    def show(phases: Phases) -> str:
        requests = phases[phase]["requests"]
        pages = sum(phases[phase]["firstPages"].values())
        return f"{requests['writes']} / {requests['reads']} in {pages} lists"

    return show


def _growth(phases: Phases, key: str, exponent: str) -> str:
    growth = phases["growth"]
    times = " to ".join(f"{seconds:.1f}" for seconds in growth[key])
    return f"{times} s, {growth[exponent]:.2f}"


_ROWS: list[tuple[str, Callable[[Phases], str]]] = [
    ("burst: writes of the load", lambda p: f"{p['burst']['sentSeconds']:.1f} s"),
    ("burst: all children present", lambda p: f"{p['burst']['childrenSeconds']:.1f} s"),
    ("burst: all workloads ready", lambda p: f"{p['burst']['workloadsReadySeconds']:.1f} s"),
    ("burst: all statuses Ready", lambda p: f"{p['burst']['readySeconds']:.1f} s"),
    ("burst: queue idle", lambda p: f"{p['burst']['idleSeconds']:.1f} s"),
    ("burst: CPU of its process, an object", lambda p: f"{p['burst']['cpuMsPerObject']:.1f} ms"),
    ("burst: writes an object", lambda p: f"{p['burst']['writesPerObject']:.2f}"),
    ("burst: reads an object", lambda p: f"{p['burst']['readsPerObject']:.2f}"),
    ("burst: passes an object", lambda p: f"{p['burst']['passesPerObject']:.1f}"),
    ("burst: peak RSS", lambda p: f"{p['burst']['usage']['peak_mb']:.0f} MB"),
    ("burst: CPU of the control plane", lambda p: f"{_control_plane(p):.1f} s"),
    (
        "burst: CPU of other programs on the machine",
        lambda p: f"{p['burst']['cpuSecondsOf']['others']:.1f} s",
    ),
    ("edit to children: p50 / p99 / slowest, ms", _edits),
    ("idle: writes / reads", lambda p: "{writes} / {reads}".format(**p["idle"]["requests"])),
    ("idle: CPU", lambda p: f"{p['idle']['cpuPercent']:.2f} %"),
    ("idle: RSS", lambda p: f"{p['idle']['usage']['rss_mb']:.0f} MB"),
    ("restart: settled", lambda p: f"{p['restart']['settledSeconds']:.1f} s"),
    ("restart: writes / reads", _start("restart")),
    ("restart with other defaults: writes / reads", _start("defaults")),
    ("after an older operator: settled", lambda p: f"{p['upgrade']['settledSeconds']:.1f} s"),
    ("after an older operator: writes / reads", _start("upgrade")),
    (
        "after an older operator: changed pod templates",
        lambda p: "{changedTemplates} of {templates}".format(**p["upgrade"]),
    ),
    (
        "after an older operator: its burst's children",
        lambda p: f"{p['upgrade']['burstBefore']['childrenSeconds']:.1f} s",
    ),
    ("soak: events of others", lambda p: f"{p['soak']['events']:,}"),
    ("soak: writes", lambda p: f"{p['soak']['requests']['writes']}"),
    (
        "soak: RSS before, after each fifth",
        lambda p: ", ".join(f"{mb:.0f}" for mb in p["soak"]["rssMb"]) + " MB",
    ),
    ("delete: custom resources gone", lambda p: f"{p['delete']['goneSeconds']:.1f} s"),
    ("delete: children gone", lambda p: f"{p['delete']['cleanSeconds']:.1f} s"),
    ("delete: children left", lambda p: f"{p['delete']['left']}"),
    (
        "growth, N to 3N on an API server alone: children, exponent",
        lambda p: _growth(p, "childrenSeconds", "exponent"),
    ),
    (
        "the bare client's growth: children, exponent",
        lambda p: _growth(p, "bareChildrenSeconds", "bareExponent"),
    ),
]

if __name__ == "__main__":
    print(summary(json.loads(Path(sys.argv[1]).read_text())))
