"""Reader of YAML that another party wrote, with limits that are checked while events arrive.

A few hundred bytes of aliases stand for gigabytes, and a thousand levels end the process. A long
`0x...` becomes a number that cannot be printed. So size, depth, nodes, numbers and repetitions by
aliases are counted as the text is read, before any value is built.

The scanner is PyYAML's own in Python: libyaml's composer, written in C, overflows the stack.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from inference_operator.api.quoting import beginning

# Digits of a number, a date or a time; a sha256 without quotes may consist of digits only.
NUMBER_LENGTH = 64
_NUMBERS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp"))
_MERGE = "tag:yaml.org,2002:merge"
_SYNTAX_SHOWN = 400
# Errors of PyYAML's constructors for `!!int ''`, `!!bool x`, `2031-99-99` and so on.
_NO_VALUE = (ValueError, ArithmeticError, LookupError, AttributeError, TypeError)


class YamlRefusedError(ValueError):
    """YAML that cannot be read, or exceeds a limit; the message contains the reason."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line

    def at(self, place: str) -> str:
        """Return the sentence with the file, and the line if there is one."""
        where = place if self.line is None else f"{place}, line {self.line}"
        return f"{where}: {self}"


@dataclass(frozen=True, slots=True)
class YamlLimits:
    """Limits of a YAML text."""

    size: int
    """Characters."""

    depth: int
    """Levels of maps and lists, including those that aliases repeat."""

    nodes: int
    """Maps, lists, keys and values, as written."""

    repeated: int = 0
    """Nodes and characters that aliases repeat, each alias counted in full. 0: anchors, aliases and
    merge keys are refused."""


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a text, and the line of its beginning."""

    line: int
    value: Any


def parse_yaml(text: str, limits: YamlLimits) -> Any:
    """Return the value of the only document, None for an empty text; raise YamlRefusedError
    otherwise."""
    documents = parse_yaml_documents(text, "the text", limits)
    only = next(documents, None)
    if (second := next(documents, None)) is not None:
        raise YamlRefusedError("found a second document, expected 1", second.line)
    return only.value if only else None


def parse_yaml_documents(
    text: str, name: str, limits: YamlLimits, loader_type: "type[BoundedLoader] | None" = None
) -> Iterator[YamlDocument]:
    """Yield each document as it is read; raise YamlRefusedError at the first bad one. Messages
    about syntax call the text `name`. Absent `loader_type`: values as PyYAML reads them."""
    if len(text) > limits.size:
        raise YamlRefusedError(
            f"found more than {limits.size:,} characters, expected at most {limits.size:,}"
        )
    try:
        loader = (loader_type or BoundedLoader)(text, name, limits)
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield YamlDocument(node.start_mark.line + 1, _value(loader, node))
    except yaml.YAMLError as error:
        summary = beginning(str(error), _SYNTAX_SHOWN)
        raise YamlRefusedError(f"cannot be read as YAML: {summary}") from None


def _value(loader: "BoundedLoader", node: yaml.Node) -> Any:
    try:
        return loader.construct_document(node)
    except (yaml.YAMLError, YamlRefusedError):
        raise
    except _NO_VALUE as error:
        message = beginning(f"{type(error).__name__}: {error}")
        raise YamlRefusedError(
            f"cannot be read as YAML: a value that does not fit its type ({message})"
        ) from None


@dataclass(frozen=True, slots=True)
class _Extent:
    """Size of an anchored node, with everything below it."""

    weight: int
    height: int


class BoundedLoader(yaml.SafeLoader):
    """Loader that counts while it composes, and refuses repeated keys: YAML silently keeps the
    last."""

    def __init__(self, text: str, name: str, limits: YamlLimits) -> None:
        # PyYAML reads the whole text here, and refuses characters that YAML does not have.
        super().__init__(text)
        self.name = name
        self._limits = limits
        self._depth = self._deepest = 0
        self._nodes = self._weight = self._repeated = self._tags = 0
        # By anchor; a map or list that has not ended yet has none.
        self._extents: dict[str, _Extent] = {}

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 (PyYAML's name)
        # The scanner reads up to a line ahead, and takes time quadratic in the open brackets.
        self._check_depth(self.flow_level + 1, self.line + 1)
        super().fetch_flow_collection_start(TokenClass)

    def compose_document(self) -> yaml.Node | None:
        self._extents.clear()
        return super().compose_document()

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self._count_alias(str(event.anchor), line)
            return super().compose_node(parent, index)
        # A %TAG line makes long tags of a few characters, each with a text of its own.
        self._tags += len(event.tag or "")
        if self._tags > self._limits.size:
            raise YamlRefusedError(
                f"found tags of more than {self._limits.size:,} characters together, expected"
                f" at most {self._limits.size:,}",
                line,
            )
        anchor = event.anchor
        if anchor is not None:
            self._check_allowed(f"the anchor &{beginning(anchor)}", line)
        weight, depth, deepest = self._weight, self._depth, self._deepest
        self._count_node(event, line)
        node = super().compose_node(parent, index)
        self._depth = depth
        if anchor is not None:
            self._extents[anchor] = _Extent(self._weight - weight, self._deepest - depth)
        self._deepest = max(deepest, self._deepest)
        return node

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        if node.tag in _NUMBERS and len(node.value) > NUMBER_LENGTH:
            raise YamlRefusedError(
                f"found a number or date of {len(node.value):,} characters, expected at most"
                f" {NUMBER_LENGTH}: put it in quotes if it is text",
                node.start_mark.line + 1,
            )
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        first: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.tag == _MERGE:
                # Two of them lose nothing.
                self._check_allowed("the merge key <<", line)
            elif isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in first:
                    raise YamlRefusedError(_repeated(key, first[key.tag, key.value]), line)
                first[key.tag, key.value] = line
        return node

    def _count_node(self, event: Any, line: int) -> None:
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise YamlRefusedError(
                f"found more than {self._limits.nodes:,} keys and values, expected at most"
                f" {self._limits.nodes:,}",
                line,
            )
        if isinstance(event, yaml.ScalarEvent):
            self._weight += 1 + len(event.value)
        else:
            self._weight += 1
            self._depth += 1
            self._check_depth(self._depth, line)
        # Until this node ends, the deepest level below it and no other: that gives its height.
        self._deepest = self._depth

    def _count_alias(self, anchor: str, line: int) -> None:
        self._check_allowed(f"the alias *{beginning(anchor)}", line)
        extent = self._extents.get(anchor)
        if extent is None:
            if anchor in self.anchors:
                raise YamlRefusedError(
                    f"found the alias *{beginning(anchor)} inside the value that it repeats,"
                    " expected none there: write the value out",
                    line,
                )
            return  # PyYAML reports that there is no such anchor.
        self._weight += extent.weight
        self._repeated += extent.weight
        if self._repeated > self._limits.repeated:
            raise YamlRefusedError(
                f"found aliases that repeat more than {self._limits.repeated:,} keys, values and"
                f" characters, expected at most {self._limits.repeated:,}: write the values out",
                line,
            )
        deepest = self._depth + extent.height
        self._check_depth(deepest, line)
        self._deepest = max(self._deepest, deepest)

    def _check_depth(self, depth: int, line: int) -> None:
        if depth > self._limits.depth:
            raise YamlRefusedError(
                f"found more than {self._limits.depth} levels of nesting, expected at most"
                f" {self._limits.depth}",
                line,
            )

    def _check_allowed(self, syntax: str, line: int) -> None:
        if not self._limits.repeated:
            raise YamlRefusedError(
                f"found {syntax}, expected YAML without anchors, aliases and merge keys: write the"
                " value out",
                line,
            )


def _repeated(key: yaml.ScalarNode, first: int) -> str:
    forgotten = ", or put `---` between two manifests" if key.start_mark.column == 0 else ""
    return (
        f"found the key {beginning(key.value)} a second time, the first is on line {first};"
        f" expected it once: remove one of the two{forgotten}"
    )
