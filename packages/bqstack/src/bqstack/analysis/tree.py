"""One view of the analyser's two kinds of trees: parsed (AST...) and resolved.

Both arrive as protocol buffers in which a node's inherited fields sit in a chain of
`parent` messages and a choice of node types in `Any...` wrappers; here a node has a kind,
fields and children.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from bqstack.unchecked import FieldValue

_NODE_PREFIXES = ("AST", "Resolved", "Any")


class Node:
    """A node; `kind` is its class in Google's source, such as ASTIfStatement."""

    __slots__ = ("_message", "_nodes", "kind")

    def __init__(self, message: Message) -> None:
        while message.DESCRIPTOR.name.startswith("Any"):
            choice = message.WhichOneof("node")
            if choice is None:
                break
            message = getattr(message, choice)
        self._message = message
        self._nodes: list[Node] | None = None
        self.kind: str = message.DESCRIPTOR.name.removesuffix("Proto")

    def __repr__(self) -> str:
        return f"Node({self.kind})"

    def get(self, name: str) -> FieldValue:
        """A field: a Node, a list, a plain value, or None when absent."""
        fields = _fields(self._message.DESCRIPTOR)
        if name not in fields:
            raise AttributeError(f"{self.kind} has no field {name}")
        holder = self._holder(fields[name][0])
        if holder is None:
            return [] if fields[name][1].is_repeated else None
        return _value(holder, fields[name][1])

    def has(self, name: str) -> bool:
        """True when the node type has such a field."""
        return name in _fields(self._message.DESCRIPTOR)

    def children(self) -> Iterator[Node]:
        """Nodes directly below this one."""
        for depth, descriptor in _fields(self._message.DESCRIPTOR).values():
            if not _is_node(descriptor):
                continue
            holder = self._holder(depth)
            if holder is None:
                continue
            value = _value(holder, descriptor)
            if isinstance(value, list):
                yield from value
            elif value is not None:
                yield value

    def nodes(self) -> list[Node]:
        """This node and all below it; kept, because many rules look through one statement."""
        if self._nodes is None:
            found, waiting = [], [self]
            while waiting:
                node = waiting.pop()
                found.append(node)
                waiting.extend(reversed(list(node.children())))
            self._nodes = found
        return self._nodes

    def find(self, *kinds: str) -> Iterator[Node]:
        """Nodes of these kinds, this one included."""
        return (node for node in self.nodes() if node.kind in kinds)

    @property
    def span(self) -> tuple[int, int]:
        """First byte and first byte behind, in the analysed text; every parsed node has one.

        Raises ValueError for a resolved node without one.
        """
        span = self.span_if_any
        if span is None:
            raise ValueError(f"{self.kind} has no place in the text")
        return span

    @property
    def span_if_any(self) -> tuple[int, int] | None:
        """The span, or None for a resolved node that no piece of the text stands for."""
        place = self.get("parse_location_range")
        return (place.start, place.end) if place is not None else None

    def _holder(self, depth: int) -> Message | None:
        message: Any = self._message  # which fields it has, only its descriptor says
        for _ in range(depth):
            if not message.HasField("parent"):
                return None
            message = message.parent
        return cast("Message", message)


def _value(holder: Message, descriptor: FieldDescriptor) -> Any:
    value = getattr(holder, descriptor.name)
    if descriptor.is_repeated:
        return [Node(item) for item in value] if _is_node(descriptor) else list(value)
    if descriptor.message_type is None:
        return value
    if not holder.HasField(descriptor.name):
        return None
    return Node(value) if _is_node(descriptor) else value


@cache
def _fields(descriptor: Descriptor) -> dict[str, tuple[int, FieldDescriptor]]:
    """Fields by name with the number of `parent` steps to the message that holds them."""
    found: dict[str, tuple[int, FieldDescriptor]] = {}
    depth = 0
    level: Descriptor | None = descriptor
    while level is not None:
        for field in level.fields:
            if field.name != "parent":
                found.setdefault(field.name, (depth, field))
        parent = level.fields_by_name.get("parent")
        level = parent.message_type if parent else None
        depth += 1
    return found


@cache
def _is_node(descriptor: FieldDescriptor) -> bool:
    kind = descriptor.message_type
    if kind is None or kind.name == "ResolvedColumnProto":
        return False
    return kind.name.startswith(_NODE_PREFIXES)
