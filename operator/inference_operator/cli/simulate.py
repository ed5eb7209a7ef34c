"""`inference-operator simulate`: the operator's own decisions on simulated time."""

from typing import Any

from inference_operator.cli.scaling_simulation import command as scaling
from inference_operator.cli.simulation import command as rollout


def add_parser(subparsers: Any) -> None:
    """Add `simulate rollout` and `simulate scaling`."""
    parser = subparsers.add_parser(
        "simulate", help="play a rollout, or the scaling of pods, on simulated time"
    )
    kinds = parser.add_subparsers(dest="simulated", required=True, metavar="WHAT")
    rollout.add_parser(kinds)
    scaling.add_parser(kinds)
