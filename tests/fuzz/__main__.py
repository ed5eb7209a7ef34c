"""`python -m tests.fuzz`: fuzz all targets, or some, or run one input again."""

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from tests.fuzz.runner import ROOT, Result, fuzz
from tests.fuzz.targets import MODULES, PLANTED
from tests.fuzz.worker import Job

OUTPUT = ROOT / "build" / "fuzz"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="of all targets (600)")
    parser.add_argument("--inputs", type=int, default=0, help="mutations of each target instead")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at once")
    parser.add_argument(
        "--target", action="append", choices=[*MODULES, *PLANTED], help="one of them (all)"
    )
    parser.add_argument("--reproduce", default="", metavar="FILE", help="run this input alone")
    parser.add_argument("--no-coverage", action="store_true", help="do without atheris")
    return parser.parse_args()


def main() -> int:
    """Fuzz, and print what was found; 1 where anything was."""
    arguments = _arguments()
    names = arguments.target or [*MODULES]
    # `--reproduce` measures the code as it is, without the instructions that count branches.
    plain = arguments.no_coverage or bool(arguments.reproduce or arguments.inputs)
    coverage = not plain and importlib.util.find_spec("atheris") is not None
    if not plain and not coverage:
        print("atheris is not installed: inputs are chosen without looking at coverage")
    jobs = [
        Job(
            target=name,
            folder=str(OUTPUT / name),
            seed=arguments.seed,
            seconds=arguments.seconds * arguments.jobs / len(names),
            inputs=arguments.inputs,
            coverage=coverage,
            replay=str(Path(arguments.reproduce).resolve()) if arguments.reproduce else "",
        )
        for name in names
    ]
    results = fuzz(jobs, arguments.jobs)
    for result in results:
        _print(result)
    return 1 if any(result.findings for result in results) else 0


def _print(result: Result) -> None:
    print(result)
    for finding in result.findings:
        print(f"    {finding}")
    if result.findings:
        folder = (OUTPUT / result.target).relative_to(ROOT)
        print(f"    inputs: {folder}/; again: make fuzz TARGET={result.target} FILE={folder}/...")


if __name__ == "__main__":
    sys.exit(main())
