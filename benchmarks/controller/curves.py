"""A plot of a run: the share of custom resources with all children, and Ready, by time."""

from collections.abc import Mapping
from typing import Any

from benchmarks.controller.report import titles

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 820, 320, 56, 44, 16, 250
_COLORS = ("#1b6ca8", "#d1495b", "#3d8f5f", "#8f5fb8", "#b07d2b", "#444444")


def curves(result: Mapping[str, Any]) -> str:
    """Return an SVG: children (solid) and Ready (dashed) of each entry of a result."""
    titled = zip(titles(result), result["subjects"], strict=True)
    bursts = [(t, entry["phases"]["burst"]) for t, entry in titled if "burst" in entry["phases"]]
    longest = max((burst["curve"][-1][0] for _, burst in bursts), default=1.0)
    drawn = [_axes(longest)]
    for color, (place, (title, burst)) in zip(_COLORS, enumerate(bursts), strict=False):
        points = burst["curve"]
        for column, dash in ((1, ""), (2, ' stroke-dasharray="5 4"')):
            line = " ".join(f"{_x(p[0], longest):.1f},{_y(p[column]):.1f}" for p in points)
            drawn.append(f'<polyline points="{line}" fill="none" stroke="{color}"{dash}/>')
        x, y = _WIDTH - _RIGHT + 8, _TOP + 14 + place * 18
        drawn.append(f'<text x="{x}" y="{y}" fill="{color}">{title}</text>')
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
        charts.append(
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tenth * 10} %</text>'
        )
    tick = next(t for t in (1, 2, 5, 10, 20, 50, 100, 200, 1000) if longest / t <= 10)
    for second in range(0, int(longest) + 1, tick):
        x, y = _x(second, longest), _HEIGHT - _BOTTOM
        charts.append(f'<path d="M{x:.1f} {y}v5" stroke="#888"/>')
        charts.append(f'<text x="{x:.1f}" y="{y + 18}" text-anchor="middle">{second}</text>')
    words = "seconds; solid: all children present, dashed: Ready"
    charts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{words}</text>')
    return "\n".join(charts)
