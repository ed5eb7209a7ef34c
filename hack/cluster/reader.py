"""What `kubectl get -o json` prints, read over one kept connection: a process a read costs 60 ms.

Only plain reads of a cluster whose kubeconfig embeds a client certificate, as ours do. For anything
else, and for every answer that is not a success, the answer is None: ask kubectl.
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
        """Of all objects in a namespace; of all there are where it is empty."""
        scope = f"/namespaces/{namespace}" if self.is_namespaced and namespace else ""
        return f"{self.root}{scope}/{self.plural}"


@dataclass(frozen=True, slots=True)
class _Read:
    """The words after `kubectl get`, understood."""

    kinds: tuple[str, ...]
    name: str = ""
    namespace: str = "default"
    query: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """Reads of one cluster; safe to be used by several threads."""

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
        """The object, or the List of them; None where kubectl is to be asked."""
        read = _understood(words)
        if read is None:
            return None
        kinds = [self._kind(name) for name in read.kinds]
        if any(kind is None for kind in kinds):
            return None
        known = [kind for kind in kinds if kind is not None]
        if read.name:
            found = self._ask(f"{known[0].path(read.namespace)}/{read.name}")
            return _shown(found) if found else None
        items: list[Any] = []
        for kind in known:
            answer = self._ask(kind.path(read.namespace), read.query)
            if answer is None:
                return None
            said = {"apiVersion": kind.api_version, "kind": kind.kind}
            items += [{**said, **_shown(item)} for item in answer["items"]]
        return {"apiVersion": "v1", "kind": "List", "items": items}

    def _kind(self, name: str) -> _Kind | None:
        with self._lock:
            if name not in self._kinds:
                # It may be of a CRD that came later.
                self._kinds = self._discovered()
            return self._kinds.get(name)

    def _discovered(self) -> dict[str, _Kind]:
        found: dict[str, _Kind] = {}
        for path in ("/api", "/apis"):
            answer = self._ask(path, accept=_DISCOVERY) or {"items": []}
            for group in answer["items"]:
                # The first version is the preferred one; the first group with a name has it.
                for name, kind in _kinds_of(group, path).items():
                    found.setdefault(name, kind)
        return found

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


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """The object as kubectl prints it: without who set which field."""
    body["metadata"].pop("managedFields", None)
    return body


def _kinds_of(group: Mapping[str, Any], path: str) -> dict[str, _Kind]:
    """Kinds of a group's preferred version, by each name that kubectl takes."""
    name = group["metadata"].get("name", "")
    version = group["versions"][0]
    api_version = f"{name}/{version['version']}" if name else str(version["version"])
    found: dict[str, _Kind] = {}
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
            found.setdefault(alias, kind)
    return found


def _understood(words: Sequence[str]) -> _Read | None:
    """None where a word is not among those that are read here.

    >>> _understood(["pod", "web", "-n", "shop"])
    _Read(kinds=('pod',), name='web', namespace='shop', query={})
    >>> _understood(["pods", "--watch"]) is None
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
    """TLS with the embedded certificates; KeyError where they are not embedded."""
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    pair = [base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")]
    # The library reads a key from a file only; this one is ours alone and gone at once.
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\n".join(pair))
        file.flush()
        context.load_cert_chain(file.name)
    return context
