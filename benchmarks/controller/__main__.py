"""`python -m benchmarks.controller --n 1000`: operators with N custom resources, beside a bare
client.

etcd, API server and controller manager run on this machine; a watcher declares pods Ready. Figures
come from the benchmark's own watches, from the API server's audit log, and from /proc.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.controller import hot_functions, options, subject
from benchmarks.controller.curves import curves
from benchmarks.controller.environment import Environment
from benchmarks.controller.report import summary
from benchmarks.controller.run import measure
from hack.console import reported, say
from hack.product import ROOT


def main() -> None:
    with reported():
        chosen, names, pods = options.parse()
        subjects = [subject.load(name) for name in names]
        result = measure(subjects, chosen, Environment(pods=pods))
    say("\n" + summary(result))
    if chosen.profile:
        _show_profiles(chosen.profile)
    if chosen.output:
        _write(chosen.output, result)
    if any("failed" in entry for entry in result["subjects"]):
        raise SystemExit(1)


def _show_profiles(profile: Path) -> None:
    """Print the most expensive functions of each life that was profiled."""
    for file in sorted(profile.parent.glob(f"{profile.stem}*{profile.suffix}")):
        say(f"\nProfile {file}\n\n{hot_functions.table(file.read_text(), ROOT)}")


def _write(output: Path, result: dict[str, Any]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=1) + "\n")
    output.with_suffix(".svg").write_text(curves(result))
    say(f"\nWritten: {output}")


if __name__ == "__main__":
    main()
