"""A kind of the API server, and the paths of its objects."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class ApiResource:
    """A kind, as the API server's URLs name it."""

    api_version: str
    plural: str
    kind: str
    namespaced: bool = True

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """Return the URL's path of an object, of all objects in a namespace, or of all objects.
        Raises ValueError for a name that leads elsewhere: an empty one, `.` and `..`."""
        root = "/api/" if "/" not in self.api_version else "/apis/"
        parts = [root + self.api_version]
        if namespace:
            parts += ["namespaces", segment(namespace)]
        parts.append(self.plural)
        if name is not None:
            parts.append(segment(name))
        return "/".join(parts)


def segment(name: str) -> str:
    """Return the name as one segment of a URL's path; raise ValueError if it cannot be one."""
    if name in ("", ".", ".."):
        raise ValueError(f"found the name {name!r}, expected the name of an object")
    return quote(name, safe="")
