"""A run of the set-up and a sample of the tests in a bare Debian 12: `make fresh-check`.

The root file system has only the packages that README.md asks of a fresh machine. A program that
the commands find on this machine by luck is missing there. Builds come from this machine's cache.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.console import StepError, reported, run, say, step
from hack.images import buildah, debian, host, store
from hack.images.catalog import BASE
from hack.product import ROOT

# The packages that README.md ("Try it") asks of a fresh machine.
PACKAGES = ("make", "python3")
_LOG = ROOT / "build" / "fresh-check.log"
_LIMIT_SECONDS = 600
_SOURCES = "/src"
_EMPTY_CACHE = "/var/tmp/empty-cache"
_NOT_COPIED = (".git", ".venv", "build", "__pycache__", ".*_cache", ".hypothesis")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Variables that name package sources, proxies and certificates. The trials get no others.
_INHERITED = re.compile(r"(?i)(https?|all|no)_proxy|GOPROXY|GONOSUMDB|GOSUMDB|SSL_CERT_(FILE|DIR)")
_SAMPLE = (
    "tests/images",
    "tests/integration/api/test_components.py",
    "tests/integration/api/test_agreement.py",
    "tests/integration/adapters",
    "tests/integration/builtin/test_weighted_average.py",
    "tests/integration/load/test_oci.py",
    "tests/integration/load/test_s3.py",
    "tests/integration/model_builders/test_drawings_by_graphviz.py",
)
# The first group that is set has the name of what is missing.
_MISSING = re.compile(
    r"No such file or directory: '([^']+)'"
    r"|(?:^|[:\s])([\w.+-]+): (?:command )?not found"
    r"|make(?:\[\d+\])?: ([\w./+-]+): No such file or directory"
    r"|failed to execute ([\w./+-]+): No such file"
    r"|exec: \"([\w./+-]+)\": executable file not found"
    r"|error while loading shared libraries: ([\w.+-]+):"
    r"|No module named '([\w.]+)'",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Trial:
    """A shell command that runs in the bare root."""

    title: str
    command: str
    in_empty_cache: bool = False


def _python(code: str) -> str:
    """Return the shell command that runs this code in the project's environment."""
    return f'.venv/bin/python -c "{code}"'


TRIALS = (
    Trial("set-up of `make setup`", "make setup"),
    Trial("`make check`", "make check"),
    Trial("set-up of `make demo` and `make test`", "make prepare"),
    Trial(
        "installation of Go, and a program built with it",
        _python("from hack.cluster import binaries; binaries.ensure(binaries.PAUSE)"),
        in_empty_cache=True,
    ),
    Trial(
        "build of the base of all images",
        _python("from hack.images.catalog import build; build('base')"),
        in_empty_cache=True,
    ),
    Trial(
        "tests of API server, images and Triton",
        f".venv/bin/python -m pytest -q --numprocesses 2 {' '.join(_SAMPLE)}",
    ),
)


def main() -> None:
    began = time.monotonic()
    with reported(), _bare_root() as root:
        _LOG.parent.mkdir(exist_ok=True)
        _LOG.write_text("")
        for trial in TRIALS:
            with step(trial.title):
                _try(root, trial, _LIMIT_SECONDS - (time.monotonic() - began))
        say(f"nothing is missing on a fresh machine ({time.monotonic() - began:.0f} s)")


def missing(output: str) -> list[str]:
    """Return the programs, libraries, modules and files that the output reports as missing.

    >>> missing("FileNotFoundError: [Errno 2] No such file or directory: 'modprobe'")
    ['modprobe']
    >>> missing("sh: 1: git: not found")
    ['git']
    """
    names = (next(filter(None, match.groups())) for match in _MISSING.finditer(output))
    return list(dict.fromkeys(names))


def _try(root: Path, trial: Trial, seconds: float) -> None:
    environment = _environment()
    if trial.in_empty_cache:
        environment["INFERENCE_OPERATOR_CACHE"] = _EMPTY_CACHE
    output, status = _run(_command_in(root, trial.command), environment, max(seconds, 1))
    with _LOG.open("a") as log:
        log.write(f"$ {trial.command}\n{output}\n")
    if status == 0:
        return
    tail = "\n".join(output.splitlines()[-25:])
    names = ", ".join(missing(output)) or "no name found: see the log"
    raise StepError(
        f"in a bare Debian 12, {trial.title} ended with {status}:\n{tail}\nMissing: {names}",
        f"Let the code that needs it install it (hack/apt.py); all output is in {_LOG}.",
    )


def _run(command: Sequence[str], environment: dict[str, str], seconds: float) -> tuple[str, int]:
    """Run the command and return its output and exit status, which is 124 if time runs out."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            return f"{output}\nnot done within {_LIMIT_SECONDS} s", 124
        return output, process.returncode


@contextmanager
def _bare_root() -> Iterator[Path]:
    """Make a root file system with the sources, and remove it afterwards."""
    if os.geteuid() != 0:
        raise StepError("a root file system needs mounts", "Run it as root.")
    buildah.install()
    folder = cache_root() / "fresh"
    key = key_of(BASE.context.parent / "debian.py", *PACKAGES)
    archive = store.published(folder / f"debian-{key}.tar", _debian)
    for left in folder.glob(".root-*"):  # left by a check that was killed
        shutil.rmtree(left)
    place = Path(tempfile.mkdtemp(dir=folder, prefix=".root-"))
    try:
        with step(f"a bare Debian 12 with {', '.join(PACKAGES)}"):
            run(["tar", "-C", place, "-xf", archive], remedy="Check that the disk is not full.")
            target = place / _SOURCES.lstrip("/")
            shutil.copytree(
                ROOT, target, ignore=shutil.ignore_patterns(*_NOT_COPIED), symlinks=True
            )
            _copy_certificates(place)
        yield place
    finally:
        # The mounts ended with the processes of the trial that made them.
        shutil.rmtree(place)


def _copy_certificates(root: Path) -> None:
    """Copy the certificates that this machine trusts.

    Debian's package ca-certificates can rewrite the copies, but not read-only mounts.
    """
    for folder in (host.TRUST, Path("/usr/local/share/ca-certificates")):
        if folder.is_dir():
            inside = Path(f"{root}{folder}")
            shutil.copytree(folder, inside, symlinks=True, dirs_exist_ok=True)


def _debian(archive: Path) -> None:
    rootfs = archive.with_suffix(".rootfs")
    debian.debootstrap(rootfs, PACKAGES)
    run(["tar", "-C", rootfs, "-cf", archive, "."], remedy="Check that the disk is not full.")
    shutil.rmtree(rootfs)


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    return {**inherited, "PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8"}


def _command_in(root: Path, command: str) -> list[str]:
    """Return the command that runs it in the root; its mounts and processes end with it."""
    lines = [f"mount --bind {root} {root}", f"mount -t proc proc {root}/proc"]
    lines += [f"mount --rbind /dev {root}/dev", f"mount -t tmpfs tmpfs {root}/dev/shm"]
    for source, target, option in _mounts(root):
        inside = Path(f"{root}{target}")
        make = f"mkdir -p {inside}" if source.is_dir() else f"touch {inside}"
        lines += [make, f"mount --bind {option} {source} {inside}"]
    lines.append(f'exec chroot {root} sh -c "cd {_SOURCES} && exec sh -c \\"\\$0\\"" "$0"')
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return [*isolated, "sh", "-euc", "\n".join(lines), command]


def _mounts(root: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield (path here, path in the root, option) of each mount.

    Package sources and name resolution are read-only; the caches of builds are not.
    """
    for mount in host.mounts(root.with_name(f"{root.name}-host")):
        if mount.source != host.TRUST:
            yield mount.source, mount.target, "-o ro"
    for entry in cache_root().iterdir():
        # The trial installs uv itself, and must not see the roots of other checks.
        if entry.is_dir() and not entry.name.startswith((".", "uv-", "fresh")):
            yield entry, f"/root/.cache/inference-operator/{entry.name}", ""
    uv_cache = Path(os.environ.get("UV_CACHE_DIR") or Path.home() / ".cache" / "uv")
    uv_cache.mkdir(parents=True, exist_ok=True)
    yield uv_cache, "/root/.cache/uv", ""


if __name__ == "__main__":
    main()
