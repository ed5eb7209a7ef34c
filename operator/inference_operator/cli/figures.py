"""Figures of simulations: their style, their legends, and equal files for equal plays."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE: Any = {
    # Texts stay texts, and equal plays give equal files.
    "svg.fonttype": "none",
    "svg.hashsalt": "inference-operator",
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
}
_DIGITS = 4


def legend(axes: Axes) -> None:
    """Explain the lines beside the panel, where they hide nothing."""
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)


def save(figure: Figure, panels: Iterable[Axes], path: Path) -> None:
    """Write the picture; the ending of the path is its format.

    Raises:
        OSError: if the file cannot be written.
    """
    _settle(figure, panels)
    format_ = path.suffix.lower().removeprefix(".")
    metadata = {"Date": None} if format_ == "svg" else {"Software": None}
    figure.savefig(path, format=format_, dpi=110, metadata=metadata)


def _settle(figure: Figure, panels: Iterable[Axes]) -> None:
    """Keep the panels where the constrained layout puts them, rounded.

    Its solver may differ in the last digit from call to call, and names in an SVG are made of all
    digits: equal figures would give different files.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in panels:
        left, bottom, width, height = axes.get_position().bounds
        axes.set_position(
            (
                round(left, _DIGITS),
                round(bottom, _DIGITS),
                round(width, _DIGITS),
                round(height, _DIGITS),
            )
        )
