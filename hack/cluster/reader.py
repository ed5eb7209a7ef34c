"""A reader of objects over one kept connection; a kubectl process for each read costs 60 ms.

`Reader.get` returns what `kubectl get -o json` prints. For any but a plain read, and for any answer
but a success, it returns None, and the caller asks kubectl. The kubeconfig must embed a client
certificate, as ours do.
"""

import base64
import json
import ssl
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import yaml

_SECONDS = 10.0
_OPTIONS = {"-n": "namespace", "--namespace": "namespace", "-l": "labelSelector"}
_OPTIONS |= {"--selector": "labelSelector", "--field-selector": "fieldSelector"}
_ALL = ("-A", "--all-namespaces")
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind as the API server's discovery names it."""

    root: str
    plural: str
    kind: str
    api_version: str
    is_namespaced: bool

    def path(self, namespace: str) -> str:
        """Return the path of the objects in a namespace, or in all of them if it is empty."""
        scope = f"/namespaces/{namespace}" if self.is_namespaced and namespace else ""
        return f"{self.root}{scope}/{self.plural}"


@dataclass(frozen=True, slots=True)
class _Read:
    """The words after `kubectl get`, parsed."""

    kinds: tuple[str, ...]
    name: str = ""
    namespace: str = "default"
    query: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """A reader of one cluster, which several threads may use at the same time."""

    def __init__(self, kubeconfig: Path) -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        (cluster,), (user,), (context,) = (content[n] for n in ("clusters", "users", "contexts"))
        if context["context"].get("namespace"):
            raise ValueError(f"{kubeconfig} names a namespace of its own")
        self._server = str(cluster["cluster"]["server"])
        tls = _context(cluster["cluster"], user["user"])
        self._pool = urllib3.PoolManager(ssl_context=tls, maxsize=4, retries=False)
        self._kinds: dict[str, _Kind] = {}
        self._lock = threading.Lock()

    def get(self, words: Sequence[str]) -> Any:
        """Return the object, or the List of objects; None if the caller must ask kubectl."""
        read = _parse(words)
        if read is None:
            return None
        kinds = [self._kind(name) for name in read.kinds]
        if any(kind is None for kind in kinds):
            return None
        served = [kind for kind in kinds if kind is not None]
        if read.name:
            body = self._ask(f"{served[0].path(read.namespace)}/{read.name}")
            return _without_managed_fields(body) if body else None
        items: list[Any] = []
        for kind in served:
            answer = self._ask(kind.path(read.namespace), read.query)
            if answer is None:
                return None
            type_meta = {"apiVersion": kind.api_version, "kind": kind.kind}
            items += [{**type_meta, **_without_managed_fields(item)} for item in answer["items"]]
        return {"apiVersion": "v1", "kind": "List", "items": items}

    def _kind(self, name: str) -> _Kind | None:
        with self._lock:
            if name not in self._kinds:
                # The kind may come from a CRD that was created later.
                self._kinds = self._discover()
            return self._kinds.get(name)

    def _discover(self) -> dict[str, _Kind]:
        kinds: dict[str, _Kind] = {}
        for path in ("/api", "/apis"):
            answer = self._ask(path, accept=_DISCOVERY) or {"items": []}
            for group in answer["items"]:
                # If several groups have a kind of one name, kubectl takes the first group's.
                for name, kind in _kinds_of(group, path).items():
                    kinds.setdefault(name, kind)
        return kinds

    def _ask(
        self, path: str, query: Mapping[str, str] | None = None, accept: str = "application/json"
    ) -> Any:
        try:
            answer = self._pool.request(
                "GET",
                f"{self._server}{path}",
                fields=dict(query or {}),
                headers={"Accept": accept, "User-Agent": "hack-reader"},
                timeout=_SECONDS,
            )
        except urllib3.exceptions.HTTPError:
            return None
        return json.loads(answer.data) if answer.status == 200 else None


def _without_managed_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Remove the record of who set which field, as kubectl does, and return the object."""
    body["metadata"].pop("managedFields", None)
    return body


def _kinds_of(group: Mapping[str, Any], path: str) -> dict[str, _Kind]:
    """Return the kinds of a group's preferred version, by each name that kubectl accepts."""
    name = group["metadata"].get("name", "")
    # The preferred version comes first.
    version = group["versions"][0]
    api_version = f"{name}/{version['version']}" if name else str(version["version"])
    kinds: dict[str, _Kind] = {}
    for each in version.get("resources", ()):
        kind = _Kind(
            root=f"{path}/{api_version}",
            plural=each["resource"],
            kind=each["responseKind"]["kind"],
            api_version=api_version,
            is_namespaced=each["scope"] == "Namespaced",
        )
        singular = each.get("singularResource") or kind.kind.lower()
        for alias in (kind.plural, singular, *each.get("shortNames", ())):
            kinds.setdefault(alias, kind)
    return kinds


def _parse(words: Sequence[str]) -> _Read | None:
    """Return the parsed read, or None if it has words that the reader does not support.

    >>> _parse(["pod", "web", "-n", "shop"])
    _Read(kinds=('pod',), name='web', namespace='shop', query={})
    >>> _parse(["pods", "--watch"]) is None
    True
    """
    named: list[str] = []
    namespace, query = "default", {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if word in _ALL:
            namespace = ""
        elif option in _OPTIONS and (equals or rest):
            value = value if equals else rest.pop(0)
            if _OPTIONS[option] == "namespace":
                namespace = value
            else:
                query[_OPTIONS[option]] = value
        elif word.startswith("-"):
            return None
        else:
            named.append(word)
    if len(named) == 1 and "/" in named[0]:
        named = named[0].split("/")
    if not 1 <= len(named) <= 2 or any("/" in name for name in named):
        return None
    kinds = tuple(named[0].lower().split(","))
    name = named[1] if len(named) == 2 else ""
    return None if name and (len(kinds) > 1 or query) else _Read(kinds, name, namespace, query)


def _context(cluster: Mapping[str, str], user: Mapping[str, str]) -> ssl.SSLContext:
    """Return TLS with the embedded certificates; raise KeyError if they are not embedded."""
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    pair = [base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")]
    # The library reads a key only from a file. Only we can read this one, and it goes at once.
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\n".join(pair))
        file.flush()
        context.load_cert_chain(file.name)
    return context
