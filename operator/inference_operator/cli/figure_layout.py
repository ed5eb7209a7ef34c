"""Layout of a figure's panels that is the same each time it is computed."""

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

_DIGITS = 4


def settle(figure: Figure, panels: Iterable[Axes]) -> None:
    """Keep the panels where the constrained layout puts them, rounded.

    Its solver may differ in the last digit from call to call, and names in an SVG are made of all
    digits: equal figures would give different files.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in panels:
        box = axes.get_position().bounds
        axes.set_position([round(each, _DIGITS) for each in box])
