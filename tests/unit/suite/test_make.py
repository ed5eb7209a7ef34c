"""What the Makefile gives to the commands that it runs."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def environment_of_commands(**given: str) -> set[str]:
    """Return the names of variables that a command of the Makefile sees."""
    words = ["make", "--silent", "--eval=shown: ; @env", "shown"]
    done = subprocess.run(
        words, cwd=ROOT, env={**os.environ, **given}, text=True, capture_output=True, check=True
    )
    return {line.partition("=")[0] for line in done.stdout.splitlines()}


def test_bytecode_is_kept_whatever_the_caller_says() -> None:
    seen = environment_of_commands(PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    assert "PYTHONUNBUFFERED" in seen
    assert "PYTHONDONTWRITEBYTECODE" not in seen


def docker_of(folder: Path, script: str) -> dict[str, str]:
    """Return an environment in which `docker` is this script."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize("target", ["docker-build", "docker-up", "docker-down"])
@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 1", "Docker with its plugin Compose is missing"),
        ('test "$1" != info', "No Docker daemon answers"),
    ],
)
def test_without_docker_it_says_what_is_missing_and_does_nothing(
    tmp_path: Path, target: str, script: str, problem: str
) -> None:
    environment = docker_of(tmp_path, script)
    done = subprocess.run(
        ["make", "--silent", target], cwd=ROOT, env=environment, text=True, capture_output=True
    )
    assert done.returncode == 2
    assert problem in done.stdout
    assert "use make stack-up" in done.stdout


@pytest.mark.parametrize(
    ("target", "called"), [("docker-build", "compose build"), ("docker-down", "compose down")]
)
def test_with_docker_it_calls_compose(tmp_path: Path, target: str, called: str) -> None:
    environment = docker_of(tmp_path, f'echo "$@" >>{tmp_path}/calls')
    subprocess.run(["make", "--silent", target], cwd=ROOT, env=environment, check=True)
    assert (tmp_path / "calls").read_text().splitlines() == ["compose version", "info", called]
