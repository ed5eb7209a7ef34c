"""Golden files: what is expected, read in review and rewritten by `pytest --update-golden`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Golden:
    """Expected texts below one folder."""

    folder: Path
    update: bool = False

    def check(self, name: str, actual: str) -> None:
        """Compare the text with the file, or write it."""
        path = self.folder / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(actual, "utf-8")
        expected = path.read_text("utf-8") if path.exists() else ""
        assert actual == expected, f"{name} differs; if that is meant, run pytest --update-golden"
