"""A check that the links of an unpacked archive stay inside it."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from inference_operator.api.quoting import quoted
from inference_operator.api.reasons import Reason
from inference_operator.load.failure import LoadError

MAX_DEPTH = 100
MAX_NAME = 2048
_MAX_FOLLOWED = 40  # Linux gives up on a path after as many links.
_MAX_STEPS = 200_000


def refused(why: str) -> LoadError:
    return LoadError(Reason.ARTIFACT_INVALID, f"the archive is refused: {why}")


def shown(name: str) -> str:
    """Return the name in quotes, cut so that a sentence can hold it."""
    return quoted(name, "'")


def check_links(root: Path) -> None:
    """Raise LoadError for the first link below `root` that leads out of it.

    An archive's only folder may become the version's folder. A link from it to a neighbour was
    inside before, and then is not.
    """
    way = Way(root)
    for link in _links_below(root):
        way.check(link)


def _links_below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink():
                yield path


class Way:
    """A walk along links, step by step: `realpath` recurses for each link, without a bound."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._steps = 0

    def check(self, link: Path) -> None:
        """Raise LoadError where the link leads out, or through too many links."""
        name = link.relative_to(self._root)
        if (why := self._fault(name)) is not None:
            to = shown(str(link.readlink()))
            raise refused(f"its link {shown(str(name))} leads to {to}, {why}")

    def _fault(self, link: Path) -> str | None:
        place: list[str] = []
        pending = list(reversed(link.parts))
        followed = 0
        while pending:
            self._count()
            part = pending.pop()
            if part == "..":
                if not place:
                    return "outside of it: pack the archive without this link"
                place.pop()
                continue
            place.append(part)
            if len(place) > MAX_DEPTH:
                return f"more than {MAX_DEPTH} folders deep: pack the file itself"
            target = self._target(place)
            if target is None:
                continue
            followed += 1
            if target.is_absolute():
                return "outside of it: pack the archive without this link"
            if followed > _MAX_FOLLOWED:
                return f"through more than {_MAX_FOLLOWED} links: pack the file itself"
            place.pop()
            pending.extend(reversed(target.parts))
        return None

    def _target(self, place: list[str]) -> PurePosixPath | None:
        try:
            return PurePosixPath(os.readlink(os.path.join(self._root, *place)))  # noqa: PTH115, PTH118
        except OSError:
            return None  # a file, a folder, or nothing

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise refused(
                f"following its links takes more than {_MAX_STEPS:,} steps: pack files instead of"
                " links"
            )
