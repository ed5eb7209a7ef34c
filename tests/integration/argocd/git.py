"""A Git repository on this machine's disk, and the commits of people who use GitOps."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

_PEOPLE = {
    "GIT_AUTHOR_NAME": "dev",
    "GIT_AUTHOR_EMAIL": "dev@example.com",
    "GIT_COMMITTER_NAME": "dev",
    "GIT_COMMITTER_EMAIL": "dev@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


class Repository:
    """A new repository with the branch `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = f"file://{folder}"
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")

    def commit(self, message: str, **bodies: Any) -> None:
        """Commit these manifests: the name of an argument is the file's, below `models`."""
        place = self.folder / "models"
        place.mkdir(exist_ok=True)
        for name, body in bodies.items():
            (place / f"{name}.json").write_text(json.dumps(body, indent=1))
        self._commit(message)

    def add(self, source: Path, place: str) -> None:
        """Copy a folder, and commit it."""
        shutil.copytree(source, self.folder / place)
        self._commit(f"Add {place}")

    def revert(self) -> None:
        """Undo the last commit by a new one."""
        self._git("revert", "--no-edit", "HEAD")

    def _commit(self, message: str) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)

    def _git(self, *words: str) -> None:
        environment = {**os.environ, **_PEOPLE}
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
