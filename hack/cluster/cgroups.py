"""The cluster's own cgroups, in every hierarchy (version 1, 2 and mixed), and who lives in them."""

import contextlib
import os
import signal
import time
from pathlib import Path

from hack.console import StepError

_KILL_SECONDS = 30


def create(path: str) -> None:
    for hierarchy in _hierarchies():
        folder = hierarchy
        for part in Path(path).parts:
            parent, folder = folder, folder / part
            _delegate(parent)
            folder.mkdir(exist_ok=True)
            _inherit_cpuset(parent, folder)


def entrances(path: str) -> list[Path]:
    """Return the files into which a process writes its pid to join."""
    return [hierarchy / path / "cgroup.procs" for hierarchy in _hierarchies()]


def kill(path: str) -> None:
    """Send SIGKILL to all processes in the cgroup and below, until none is left."""
    deadline = time.monotonic() + _KILL_SECONDS
    while members := _members(path):
        if time.monotonic() > deadline:
            raise StepError(
                f"processes {sorted(members)} of cgroup {path} do not end",
                "Look at their state in /proc/PID/stack; a reboot ends them.",
            )
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def remove(path: str) -> None:
    """Remove the emptied cgroup with all below it, and its parent when that is empty too."""
    for hierarchy in _hierarchies():
        folder = hierarchy / path
        for child in sorted(_folders(folder), key=lambda each: len(each.parts), reverse=True):
            _rmdir(child)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


def exists(path: str) -> bool:
    return any((hierarchy / path).exists() for hierarchy in _hierarchies())


def _members(path: str) -> set[int]:
    pids: set[int] = set()
    for hierarchy in _hierarchies():
        for folder in _folders(hierarchy / path):
            with contextlib.suppress(OSError):
                pids |= {int(pid) for pid in (folder / "cgroup.procs").read_text().split()}
    return {pid for pid in pids if not _gone(pid)}


def _gone(pid: int) -> bool:
    """Return whether the process is dead, or only waits for its parent's wait()."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def _rmdir(folder: Path) -> None:
    # A cgroup stays busy for moments after its last process was killed.
    for _ in range(100):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise StepError(f"cgroup {folder} stays busy", f"See the processes in {folder}/cgroup.procs.")


def folders(group: str) -> list[Path]:
    """Return the group's folder in each hierarchy that has it."""
    return [path for top in _hierarchies() if (path := top / group).is_dir()]


def _folders(top: Path) -> list[Path]:
    return [Path(root) for root, _, _ in os.walk(top)]


def _hierarchies() -> list[Path]:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    hierarchies = [Path(mount[1]) for mount in mounts if mount[2] in {"cgroup", "cgroup2"}]
    if not hierarchies:
        raise StepError("cgroup file system: not mounted", "Mount cgroup2 on /sys/fs/cgroup.")
    return list(dict.fromkeys(hierarchies))


def _delegate(folder: Path) -> None:
    """Give the children of `folder` its controllers (version 2)."""
    controllers = folder / "cgroup.controllers"
    if not controllers.exists():
        return
    for controller in controllers.read_text().split():
        # Some controllers refuse (cpu where real-time processes run): the kubelet does without.
        with contextlib.suppress(OSError):
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def _inherit_cpuset(parent: Path, folder: Path) -> None:
    """Fill a new cpuset, which is empty: no process may join an empty one (version 1)."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        ours = folder / name
        is_version_1 = not (folder / "cgroup.controllers").exists()
        if is_version_1 and ours.exists() and not ours.read_text().strip():
            ours.write_text((parent / name).read_text())
