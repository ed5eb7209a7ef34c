"""Output of set-up steps: a line for each step, its time, and the remedy if it fails."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# Debian's `su` leaves them out: debootstrap, modprobe, ip and iptables are there.
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def with_sbin(path: str) -> str:
    """Return a PATH with the folders of administration, after the others where it lacks them."""
    folders = path.split(":") if path else []
    return ":".join([*folders, *(folder for folder in _SBIN if folder not in folders)])


os.environ["PATH"] = with_sbin(os.environ.get("PATH") or os.defpath)


class StepError(Exception):
    """A step failed; `remedy` says what the person at the keyboard can do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print `==> title`, and how long the block took."""
    say(f"==> {title}")
    start = time.monotonic()
    yield
    say(f"    done in {time.monotonic() - start:.1f} s")


def say(line: str) -> None:
    print(line, flush=True)


def run(
    command: Sequence[str | Path],
    *,
    remedy: str,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Run a command and return its output; on failure raise StepError with the output's end."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(env) if env is not None else None,
        cwd=cwd,
    )
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            file.write(done.stdout)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-20:])
        words = " ".join(str(part) for part in command)
        raise StepError(f"`{words}` ended with {done.returncode}:\n{tail}", remedy)
    return done.stdout


@contextmanager
def reported() -> Iterator[None]:
    """Turn StepError into a message with its remedy and exit status 1."""
    try:
        yield
    except StepError as failure:
        print(f"FAILED: {failure}\n  What to do: {failure.remedy}", file=sys.stderr, flush=True)
        raise SystemExit(1) from failure
