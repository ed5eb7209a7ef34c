"""A Git repository on this machine's disk, and the commits of people who use GitOps."""

import json
import os
import subprocess
from collections.abc import Mapping
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
        texts = {f"models/{name}.json": json.dumps(body, indent=1) for name, body in bodies.items()}
        self.write(message, texts)

    def write(self, message: str, texts: Mapping[str, str]) -> None:
        """Commit these texts, by their paths."""
        for path, text in texts.items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)

    def revert(self) -> None:
        """Undo the last commit by a new one."""
        self._git("revert", "--no-edit", "HEAD")

    def head(self) -> str:
        """Return the last commit."""
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        environment = {**os.environ, **_PEOPLE}
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
