"""Processes that outlive us: started in the cluster's cgroup and namespaces, known by pid files."""

import json
import shlex
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from hack.cluster import cgroups
from hack.console import StepError

# Each joins the cgroups before it becomes the program: `cgroups.kill` finds it and its children.
_LAUNCH = """
setsid sh -c 'for file in $ENTRANCES; do echo $$ > "$file"; done; unset ENTRANCES; exec "$@"' \
  sh "$@" >> "$0" 2>&1 < /dev/null &
echo $!
"""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ANCHOR_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Record:
    """A pid alone may be somebody else's by now: with start time and boot it is not."""

    pid: int
    started: str
    boot: str


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of one cluster: pid files in `run`, output in `logs`."""

    run: Path
    logs: Path
    cgroup: str

    def start(self, name: str, command: list[str], *, within: str | None = None) -> None:
        """Start a program, in the namespaces of the anchor `within` where one is named."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        prefix = self.enter(within) if within else []
        launched = subprocess.run(
            ["sh", "-c", _LAUNCH, str(self.log(name)), *prefix, *command],
            env={
                "PATH": _PATH,
                "HOME": "/root",
                "ENTRANCES": " ".join(map(str, cgroups.entrances(self.cgroup))),
            },
            check=True,
            capture_output=True,
            text=True,
        )
        pid = int(launched.stdout)
        record = _Record(pid, _start_time(pid) or "", boot_id())
        (self.run / f"{name}.json").write_text(json.dumps(asdict(record)))

    def anchor(self, name: str, pause: Path, *kinds: str) -> None:
        """Start a process that only holds new namespaces (`--net`, `--mount`)."""
        self.start(name, ["unshare", *kinds, "--", str(pause)])
        deadline = time.monotonic() + _ANCHOR_SECONDS
        while not self._became(name, pause):
            if time.monotonic() > deadline or not self.alive(name):
                shown = self.log(name).read_text(errors="replace")
                raise StepError(f"cannot create namespaces: {shown}", "Run it as root.")
            time.sleep(0.01)

    def enter(self, anchor: str) -> list[str]:
        """Return the command prefix that enters an anchor's namespaces."""
        pid = self.pid(anchor)
        if pid is None:
            raise StepError(f"{anchor} is not running", "Run `python -m hack.cluster up` again.")
        kinds = [] if anchor == "hub" else ["--mount"]
        return ["nsenter", f"--target={pid}", "--net", *kinds, "--"]

    def shell(self, anchor: str, script: str) -> str:
        """Run a shell script in an anchor's namespaces."""
        command = [*self.enter(anchor), "sh", "-euc", script]
        done = subprocess.run(command, capture_output=True, text=True, env={"PATH": _PATH})
        if done.returncode != 0:
            raise StepError(
                f"in {anchor}, `{shlex.join(command)}`: {done.stderr.strip()}",
                "Run `python -m hack.cluster down`, then `up`.",
            )
        return done.stdout

    def pid(self, name: str) -> int | None:
        """Return its pid while it lives; a stale file, or one of an earlier boot, means dead."""
        try:
            record = _Record(**json.loads((self.run / f"{name}.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None
        same = record.boot == boot_id() and record.started == _start_time(record.pid)
        return record.pid if same else None

    def alive(self, name: str) -> bool:
        return self.pid(name) is not None

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def tail(self, name: str, lines: int = 15) -> str:
        try:
            return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _became(self, name: str, program: Path) -> bool:
        try:
            return Path(f"/proc/{self.pid(name)}/exe").readlink() == program.resolve()
        except OSError:
            return False


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _start_time(pid: int) -> str | None:
    """Return the process's start in clock ticks since boot; None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
