"""What the Makefile gives to the commands that it runs."""

import os
import subprocess
from pathlib import Path

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
