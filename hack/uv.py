"""The uv of requirements/uv.txt, installed in the cache: `python3 hack/uv.py` prints its path.

The first thing that a fresh machine runs: standard library only, any Python from 3.9 on. Pip
checks the digests of the lock.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements" / "uv.txt"


def uv() -> Path:
    """Return the path of uv, installed first when it is missing."""
    from hack.cache import cache_root

    folder = cache_root() / f"uv-{_version()}"
    binary = folder / "bin" / "uv"
    if not binary.exists():
        _install(folder)
    return binary


def _version() -> str:
    (pinned,) = re.findall(r"^uv==(\S+)", LOCK.read_text("utf-8"), re.MULTILINE)
    return str(pinned)


def _install(folder: Path) -> None:
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    print(f"==> installing uv in {folder}", file=sys.stderr, flush=True)
    _ensure_venv()
    try:
        _run(sys.executable, "-m", "venv", str(partial))
        _fill(partial / "bin" / "python", LOCK)
        partial.rename(folder)
    except OSError:
        if not (folder / "bin" / "uv").exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fill(python: Path, lock: Path) -> None:
    """Install a lock with this Python's pip; SystemExit where a digest is another one."""
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--only-binary=:all:", "--require-hashes", "--requirement", str(lock))


def _ensure_venv() -> None:
    """Install venv if it is missing: Debian splits venv and ensurepip from python3."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit("Python's venv module is missing (Debian: apt-get install python3-venv)")
    print("==> installing python3-venv (apt)", file=sys.stderr, flush=True)
    _run("apt-get", "-o", "DPkg::Lock::Timeout=300", "update", "-qq")
    package = f"python3.{sys.version_info.minor}-venv"
    _run("apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-qq", package)


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    if done.returncode != 0:
        words = " ".join(command)
        sys.exit(f"FAILED: `{words}`\n{done.stdout}\n  What to do: run it by hand and repair that")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    print(uv())
