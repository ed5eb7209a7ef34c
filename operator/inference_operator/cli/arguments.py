"""What commands that ask before anything is applied are given, and what they fail for."""

import argparse
import sys

from inference_operator.api.quoting import one_line
from inference_operator.planning.plan import Plan


def add_input(parser: argparse.ArgumentParser, kinds: str, also: str = "") -> None:
    """Add `-f` and `--live`, for which `kubectl get` prints these kinds."""
    parser.add_argument(
        "-f",
        "--filename",
        required=True,
        action="append",
        metavar="FILE",
        help="manifests: a file, a folder (its .json, .yaml and .yml files), or - for stdin;"
        " may be given several times",
    )
    parser.add_argument(
        "--live",
        action="append",
        default=[],
        metavar="FILE",
        help=f"what is in the cluster now: the output of `kubectl get {kinds} -o yaml`{also}",
    )


def refusals(plan: Plan) -> tuple[str, ...]:
    """Why a manifest cannot be served, or not reached by clients; empty where it is fine so far."""
    if plan.invalid is not None:
        return tuple(map(str, plan.invalid.problems))
    if plan.unit is None and plan.unresolved is not None and plan.unresolved.is_definite:
        return (plan.unresolved.message,)
    return plan.blocked


def unknown(plan: Plan) -> tuple[str, ...]:
    """Why nothing is made of a manifest yet that may be fine all the same."""
    if plan.unit is not None or plan.unresolved is None or refusals(plan):
        return ()
    return (f"not known yet: {plan.unresolved.message}",)


def say(subject: object, sentence: object) -> None:
    """On stderr, where pipes do not swallow it."""
    print(one_line(f"{subject}: {sentence}"), file=sys.stderr)
