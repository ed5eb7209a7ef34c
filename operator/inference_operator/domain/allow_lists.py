"""Lists of the names that specs may use: images, service accounts, priority classes, tolerations,
sources, Gateways, hostnames. `manifests/admission` has the same rules in CEL; tests hold the two to
the same answers."""

import re
from dataclasses import dataclass

from inference_operator.api.source_uri import SourceUri
from inference_operator.api.workload import Toleration, TolerationOperator

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_PORT = r":[1-9][0-9]{0,4}"
HOST = rf"{_LABEL}(\.{_LABEL})*({_PORT})?"
"""A host name or IPv4 address in lower case, with or without a port."""

# Container runtimes distinguish a registry from the first part of a Docker Hub name like this.
_REGISTRY = rf"(localhost|{_LABEL}(\.{_LABEL})+|{_LABEL}(\.{_LABEL})*{_PORT})"
_PART = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*"
_REPOSITORY = rf"{_REGISTRY}(/{_PART})+"
_TAG = r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
IMAGE = rf"{_REPOSITORY}(:{_TAG})?(@{_DIGEST})?"
"""A whole image reference: registry, repository, and a tag, a digest, both or neither."""

_DNS_NAME = rf"{_LABEL}(\.{_LABEL})*"
_TAINT_KEY = r"([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_TAINT_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
# Stands for the namespace of the resource.
_NAMESPACE = "$namespace"
_PLACEHOLDER = r"\$namespace"
_HOST_PART = rf"({_LABEL}|{_PLACEHOLDER})"
_EFFECT = r"NoSchedule|PreferNoSchedule|NoExecute"

# Schemes whose sources are named by a bucket or a claim; `*` names all of the scheme.
_BUCKETS = ("s3", "gs", "pvc")
_HOSTED = ("https", "oci")
_DEFAULT_PORT = ":443"


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a list's entries."""

    pattern: str
    expected: str

    def fits(self, entry: str) -> bool:
        """Return whether an entry has the form."""
        return _matches(self.pattern, entry)


FORMS = {
    "allowed_images": Form(
        rf"{IMAGE}|{_REGISTRY}(/{_PART})*/\*",
        "REGISTRY/REPOSITORY, REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@sha256:DIGEST or"
        " REGISTRY/PATH/*, with the registry's host (Docker's is docker.io) in lower case",
    ),
    "allowed_service_accounts": Form(_DNS_NAME, "the name of a ServiceAccount"),
    "allowed_priority_classes": Form(_DNS_NAME, "the name of a PriorityClass"),
    "allowed_tolerations": Form(
        rf"\*|{_TAINT_KEY}(={_TAINT_VALUE})?(:({_EFFECT}))?",
        "KEY, KEY:EFFECT, KEY=VALUE or KEY=VALUE:EFFECT of a taint, or * for every taint",
    ),
    "allowed_source_hosts": Form(
        rf"(\*\.)?(?!.*{_DEFAULT_PORT}$){HOST}|(s3|gs|pvc)://(\*|[A-Za-z0-9][-A-Za-z0-9._]*)",
        "HOST, HOST:PORT or *.DOMAIN in lower case and without :443, or s3://BUCKET, gs://BUCKET"
        " or pvc://CLAIM, each with * for all",
    ),
    "allowed_gateways": Form(
        rf"({_LABEL}|{_PLACEHOLDER})/(\*|{_DNS_NAME})",
        "NAMESPACE/NAME or NAMESPACE/* of Gateways, with $namespace for the resource's own",
    ),
    "allowed_hostnames": Form(
        rf"(\*\.)?{_HOST_PART}(\.{_HOST_PART})*",
        "HOSTNAME or *.DOMAIN in lower case, with $namespace for the resource's own in place of a"
        " label",
    ),
}
"""By the name of the setting."""


def entries(text: str) -> tuple[str, ...]:
    """Return the entries of a written list, which commas separate."""
    return tuple(entry for part in text.split(",") if (entry := part.strip()))


@dataclass(frozen=True, slots=True)
class AllowLists:
    """The names that specs may use. An empty list allows everything."""

    images: tuple[str, ...] = ()
    service_accounts: tuple[str, ...] = ()
    priority_classes: tuple[str, ...] = ()
    tolerations: tuple[str, ...] = ()
    source_hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    hostnames: tuple[str, ...] = ()

    @property
    def restricts_pods(self) -> bool:
        """Return whether there is a list of what pods may have; records may be older than it."""
        return self != AllowLists(gateways=self.gateways, hostnames=self.hostnames)


def allows_image(allowed: tuple[str, ...], image: str) -> bool:
    """Return whether a list of images has the image. An image without its registry's host is in no
    list: the puller decides its meaning."""
    if not _matches(IMAGE, image):
        return False
    tagged, _, digest = image.partition("@")
    folder, slash, last = tagged.rpartition("/")
    name = f"{folder}{slash}{last.partition(':')[0]}"
    # A digest decides what is pulled, regardless of the tag beside it.
    exact = {image, name, f"{name}@{digest}"}
    return any(
        entry in exact or (entry.endswith("/*") and name.startswith(entry[:-1]))
        for entry in allowed
    )


def allows_toleration(allowed: tuple[str, ...], toleration: Toleration) -> bool:
    """Return whether a list of taints has everything that the toleration accepts."""
    if "*" in allowed:
        return True
    key = toleration.key or ""
    if not key:
        # Every taint, which only `*` allows.
        return False
    names = [key]
    if toleration.operator != TolerationOperator.EXISTS:
        names.append(f"{key}={toleration.value or ''}")
    if toleration.effect is not None:
        names += [f"{name}:{toleration.effect}" for name in names]
    return any(name in allowed for name in names)


def taints_of(toleration: Toleration) -> str:
    """Return the taints that a toleration accepts, in the form of a list's entries."""
    value = ""
    if toleration.operator != TolerationOperator.EXISTS:
        value = f"={toleration.value or ''}"
    effect = f":{toleration.effect}" if toleration.effect else ""
    return f"{toleration.key or '*'}{value}{effect}"


def allows_source(allowed: tuple[str, ...], uri: str) -> bool:
    """Return whether a list of hosts has the host of the uri. Models of the registry are always
    allowed: a setting of the operator names the registry."""
    source = SourceUri.of(uri)
    scheme, authority = source.scheme, source.authority
    if source.is_in_registry:
        return True
    if scheme in _BUCKETS:
        return f"{scheme}://{authority}" in allowed or f"{scheme}://*" in allowed
    # Not lower() before: it would turn other letters into ASCII.
    if scheme not in _HOSTED or not _matches("[-A-Za-z0-9.:]+", authority):
        return False
    host = authority.lower()
    if not _matches(HOST, host):
        return False
    host = host.removesuffix(_DEFAULT_PORT)
    return any(_host_fits(entry, host) for entry in allowed)


def allows_gateway(allowed: tuple[str, ...], place: str, namespace: str) -> bool:
    """Return whether a list has the Gateway `NAMESPACE/NAME` for a resource in `namespace`.

    >>> allows_gateway(("gateways/*", "$namespace/own"), "trading/own", "trading")
    True
    >>> allows_gateway(("$namespace/own",), "trading/own", "credit")
    False
    """
    entries_here = [entry.replace(_NAMESPACE, namespace) for entry in allowed]
    return any(
        entry == place or (entry.endswith("/*") and place.startswith(entry[:-1]))
        for entry in entries_here
    )


def allows_hostname(allowed: tuple[str, ...], hostname: str, namespace: str) -> bool:
    """Return whether a list has the hostname for a resource in `namespace`. `*.DOMAIN` also allows
    wildcards below the domain, and not the domain itself.

    >>> allows_hostname(("*.$namespace.example.com",), "fx.trading.example.com", "trading")
    True
    >>> allows_hostname(("*.$namespace.example.com",), "*.example.com", "trading")
    False
    """
    return any(_host_fits(entry.replace(_NAMESPACE, namespace), hostname) for entry in allowed)


def _host_fits(entry: str, host: str) -> bool:
    return entry == host or (entry.startswith("*.") and host.endswith(entry[1:]))
