"""Tables and plots of one run or several.

`python -m benchmarks.controller.report docs/benchmarks/controller-*.json --plot FILE.svg` prints
the table of all, and writes the plot.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Run = Mapping[str, Any]


def table(runs: Sequence[Run]) -> str:
    """Return Markdown: a row a figure, a column a run; goals are those of N = 1,000."""
    runs = sorted(runs, key=lambda run: int(run["n"]))
    head = ["measure", "goal", *(f"N = {run['n']:,}" for run in runs)]
    rows = [[name, goal, *(_cell(show, run) for run in runs)] for name, goal, show in _ROWS]
    lines = [head, ["---"] * 2 + ["---:"] * len(runs), *rows, _machine_row(runs)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _machine_row(runs: Sequence[Run]) -> list[str]:
    loads = [f"{run['loadAverageBefore']} / {run.get('loadAverageAfter', '')}" for run in runs]
    return ["load average before / after", "", *loads]


def _cell(show: Callable[[Mapping[str, Any]], str], run: Run) -> str:
    try:
        return show(run["phases"])
    except KeyError:
        return ""


def _first_edit(phases: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{name}: {f['p50Ms']:.0f} / {f['p99Ms']:.0f} / {f['slowestMs']:.0f}"
        for name, f in phases["edits"].items()
    )


def _control_plane(phases: Mapping[str, Any]) -> float:
    used = phases["burst"]["cpuSecondsOf"]
    names = ("kube-apiserver", "etcd", "kube-controller", "kube-scheduler", "kwok")
    return sum(float(used.get(name, 0)) for name in names)


def _restart(phases: Mapping[str, Any]) -> str:
    requests = phases["restart"]["requests"]
    pages = phases["restart"]["firstPages"]
    return f"{requests['writes']} / {requests['reads']} in {sum(pages.values())} lists"


_ROWS: list[tuple[str, str, Callable[[Mapping[str, Any]], str]]] = [
    ("custom resources accepted (load)", "", lambda p: f"{p['burst']['createdSeconds']:.1f} s"),
    ("burst: all children present", "<= 20 s", lambda p: f"{p['burst']['childrenSeconds']:.1f} s"),
    ("burst: all statuses Ready", "<= 45 s", lambda p: f"{p['burst']['readySeconds']:.1f} s"),
    ("burst: objects a second", "", lambda p: f"{p['burst']['objectsPerSecond']:.0f}"),
    ("burst: operator CPU an object", "", lambda p: f"{p['burst']['cpuMsPerObject']:.1f} ms"),
    ("burst: writes an object", "<= 7", lambda p: f"{p['burst']['writesPerObject']:.2f}"),
    ("burst: reads an object", "0", lambda p: f"{p['burst']['readsPerObject']:.2f}"),
    ("burst: passes an object", "", lambda p: f"{p['burst']['passesPerObject']:.1f}"),
    ("burst: peak RSS", "", lambda p: f"{p['burst']['usage']['peak_mb']:.0f} MB"),
    ("burst: CPU of the control plane", "", lambda p: f"{_control_plane(p):.0f} s"),
    (
        "burst: CPU of other programs on the machine",
        "0",
        lambda p: f"{p['burst']['cpuSecondsOf']['others']:.0f} s",
    ),
    ("edit to children: p50 / p99 / slowest, ms", "40 / 80", _first_edit),
    ("idle: writes", "0", lambda p: f"{p['idle']['requests']['writes']}"),
    ("idle: reads", "0", lambda p: f"{p['idle']['requests']['reads']}"),
    ("idle: CPU", "< 1 %", lambda p: f"{p['idle']['cpuPercent']:.2f} %"),
    ("idle: RSS", "< 150 MB", lambda p: f"{p['idle']['usage']['rss_mb']:.0f} MB"),
    ("soak: events of others", "", lambda p: f"{p['soak']['events']:,}"),
    ("soak: writes", "0", lambda p: f"{p['soak']['requests']['writes']}"),
    (
        "soak: RSS before, after each fifth",
        "flat",
        lambda p: ", ".join(f"{mb:.0f}" for mb in p["soak"]["rssMb"]) + " MB",
    ),
    ("restart: queue idle", "<= 8 s", lambda p: f"{p['restart']['idleSeconds']:.1f} s"),
    ("restart: writes / reads", "0 / 1 list a kind", _restart),
    (
        "restart with other defaults: writes",
        "0",
        lambda p: f"{p['defaults']['requests']['writes']}",
    ),
    ("delete: custom resources gone", "", lambda p: f"{p['delete']['goneSeconds']:.1f} s"),
    ("delete: children gone", "", lambda p: f"{p['delete']['cleanSeconds']:.1f} s"),
    ("delete: children left", "0", lambda p: f"{p['delete']['left']}"),
]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 720, 320, 56, 44, 16, 150
_COLORS = ("#1b6ca8", "#d1495b", "#3d8f5f", "#8f5fb8", "#b07d2b", "#444444")


def curves(runs: Sequence[Run]) -> str:
    """Return an SVG: share of objects with all children (solid) and Ready (dashed), by time."""
    runs = sorted((r for r in runs if "burst" in r["phases"]), key=lambda run: int(run["n"]))
    longest = max((run["phases"]["burst"]["curve"][-1][0] for run in runs), default=1.0)
    drawn = [_axes(longest)]
    for color, (place, run) in zip(_COLORS, enumerate(runs), strict=False):
        points = run["phases"]["burst"]["curve"]
        for column, dash in ((1, ""), (2, ' stroke-dasharray="5 4"')):
            line = " ".join(f"{_x(p[0], longest):.1f},{_y(p[column]):.1f}" for p in points)
            drawn.append(f'<polyline points="{line}" fill="none" stroke="{color}"{dash}/>')
        y = _TOP + 14 + place * 18
        label = f"{run['operator']}, {run['n']:,}"
        drawn.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{y}" fill="{color}">{label}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="12" stroke-width="1.6">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white" stroke="none"/>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _x(seconds: float, longest: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / longest


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share


def _axes(longest: float) -> str:
    charts = []
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        charts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        charts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tenth}0 %</text>')
    tick = next(t for t in (1, 2, 5, 10, 20, 50, 100, 200, 1000) if longest / t <= 10)
    for second in range(0, int(longest) + 1, tick):
        x, y = _x(second, longest), _HEIGHT - _BOTTOM
        charts.append(f'<path d="M{x:.1f} {y}v5" stroke="#888"/>')
        charts.append(f'<text x="{x:.1f}" y="{y + 18}" text-anchor="middle">{second}</text>')
    words = "seconds; solid: all children present, dashed: Ready"
    charts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{words}</text>')
    return "\n".join(charts).replace(">00 %", ">0 %")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    runs = [json.loads(path.read_text()) for path in given.runs]
    print(table(runs))
    if given.plot:
        given.plot.write_text(curves(runs))


if __name__ == "__main__":
    main()
