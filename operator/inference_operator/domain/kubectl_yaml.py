"""YAML as kubectl reads it: a reader of manifests, and the only writer of them.

The reader gives the values that `kubectl apply` would send. It refuses scalars without quotes that
other readers of YAML, and most people, take for something else: `name: Y` is true for kubectl.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from inference_operator.api.quoting import beginning, quoted
from inference_operator.domain.bounded_yaml import (
    BoundedLoader,
    YamlDocument,
    YamlLimits,
    YamlRefusedError,
    parse_yaml_documents,
)
from inference_operator.domain.kubectl_scalars import NUMBER, is_rounded, is_text, scalar

_TAG = "tag:yaml.org,2002:"
_PLAIN = f"{_TAG}str"
_KINDS = {bool: f"{_TAG}bool", int: f"{_TAG}int", float: f"{_TAG}float", type(None): f"{_TAG}null"}


def parse_manifests(
    text: str,
    name: str,
    limits: YamlLimits,
    *,
    as_printed: bool = False,
    misread: list[YamlRefusedError] | None = None,
) -> Iterator[YamlDocument]:
    """Yield each document with kubectl's values; raise YamlRefusedError at the first bad one.

    `as_printed` is for what kubectl printed, which quotes each text that needs it: no scalar is
    refused then. With a list `misread`, scalars that kubectl misreads are added to it, and are read
    as the texts that they look like.
    """
    if as_printed:
        return parse_yaml_documents(text, name, limits, _KubectlLoader)

    class Loader(_CarefulLoader):
        collected = misread

    return parse_yaml_documents(text, name, limits, Loader)


def write_manifests(
    manifests: Iterable[Any],
    *,
    explicit_start: bool = False,
    allow_unicode: bool = False,
    width: int = 80,
) -> str:
    """Return YAML that kubectl, PyYAML and readers of YAML 1.2 read alike."""

    def text(unicode: bool) -> str:
        options: dict[str, Any] = {"allow_unicode": unicode, "width": width}
        options |= {"explicit_start": explicit_start, "sort_keys": False}
        return str(yaml.dump_all(bodies, Dumper=_Dumper, **options))

    bodies = list(manifests)
    written = text(allow_unicode)
    # A terminal would obey marks of direction, which YAML writes as letters.
    return written if all(map(str.isprintable, written.split("\n"))) else text(False)


class _KubectlLoader(BoundedLoader):
    """A loader with the scalars, tags and separators of kubectl."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        return _KINDS.get(type(scalar(value)), _PLAIN) if value != "<<" else f"{_TAG}merge"

    def compose_document(self) -> yaml.Node | None:
        start: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line = start.start_mark.line + 1
        if start.version or start.tags:
            raise YamlRefusedError(
                "found a line that begins with %, expected manifests without directives, which"
                " kubectl does not read: remove it",
                line,
            )
        node = super().compose_document()
        if (
            start.explicit
            and node is not None
            and node.start_mark.line + 1 == line
            and _is_far(node)
        ):
            raise YamlRefusedError(
                "found a value behind ---, expected a new line, since kubectl refuses it: write the"
                " value on the next line",
                line,
            )
        return node

    def construct_kubectl(self, node: yaml.ScalarNode) -> Any:
        value = scalar(node.value)
        if isinstance(value, float) and not math.isfinite(value):
            raise YamlRefusedError(
                f"found {beginning(node.value)} without quotes, expected a number that JSON has:"
                " put it in quotes if it is text",
                node.start_mark.line + 1,
            )
        if node.tag == f"{_TAG}float" and isinstance(value, int) and not isinstance(value, bool):
            return value
        if _KINDS.get(type(value)) != node.tag:
            raise YamlRefusedError(
                f"found {quoted(node.value)} with the tag !!{node.tag.removeprefix(_TAG)}, expected"
                " a value of that type: remove the tag",
                node.start_mark.line + 1,
            )
        return value

    def construct_other(self, node: yaml.Node) -> Any:
        raise YamlRefusedError(
            f"found the tag {beginning(node.tag.replace(_TAG, '!!'))}, expected a value without"
            " tags: remove it",
            node.start_mark.line + 1,
        )


def _is_far(node: yaml.Node) -> bool:
    """Return whether a node has text; an empty document has a place too."""
    return not isinstance(node, yaml.ScalarNode) or bool(node.value)


def _add_constructors(loader: Any) -> None:
    for tag in _KINDS.values():
        loader.add_constructor(tag, loader.construct_kubectl)
    for name in ("binary", "timestamp", "set", "omap", "pairs"):
        loader.add_constructor(f"{_TAG}{name}", loader.construct_other)
    loader.add_constructor(f"{_TAG}merge", loader.construct_yaml_str)
    loader.add_constructor(None, loader.construct_other)


_add_constructors(_KubectlLoader)


class _CarefulLoader(_KubectlLoader):
    """A loader of what people write, which refuses scalars that are not what they look like."""

    collected: list[YamlRefusedError] | None = None
    """Refusals of scalars, if reading goes on."""

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if event.implicit[0]:
            try:
                _check_scalar(event.value, event.start_mark.line + 1)
            except YamlRefusedError as error:
                if self.collected is None:
                    raise
                self.collected.append(error)
                event.implicit = (False, True)  # as if it had quotes
        return super().compose_scalar_node(anchor)


def _check_scalar(text: str, line: int) -> None:
    """Refuse a scalar without quotes that kubectl reads as another value than PyYAML, or rounds."""
    if is_rounded(text):
        raise YamlRefusedError(
            f"found {beginning(text)} without quotes, expected a number of at most 64 bits, since"
            f' kubectl rounds it: write "{beginning(text)}" if it is text, such as a digest',
            line,
        )
    value = scalar(text)
    if not isinstance(value, str) and _pyyaml_tag(text) == _PLAIN:
        meaning = str(value).lower()
        raise YamlRefusedError(
            f"found {beginning(text)} without quotes, expected quotes, since kubectl reads it as"
            f' {meaning}: write "{beginning(text)}" if it is text, else {meaning}',
            line,
        )


def _pyyaml_tag(text: str) -> str:
    return str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)))


_RESOLVER: Any = yaml.resolver.Resolver()


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, quotes where a reader needs them, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    # A revision such as 12345e6789 is text to kubectl, but a number to readers of YAML 1.2.
    if style is None and value and (NUMBER.fullmatch(value) or not is_text(value)):
        style = "'"
    return dumper.represent_scalar(_PLAIN, value, style=style)


_Dumper.add_representer(str, _text)
