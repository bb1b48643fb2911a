"""A conversation as other programs keep it, made one that Lapis keeps: a tree without oddities.

Nodes that say nothing are left out and what hangs on them moves up; circles are cut; an answer that
was written in several steps, with the work of tools between them, becomes one message. Nothing
recurses, so that no depth is too deep. Pure, any thread.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from desktop.domain.carried import CarriedMessage
from desktop.domain.chat import Role
from desktop.domain.text import Text
from desktop.services.foreign_values import Unreadable, joined

MOST_MESSAGES: Final = 100_000
_ANSWERING: Final = (Role.ASSISTANT, Role.TOOL)


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the other program's tree; `message` None for one that is not shown.

    `children`, where they are kept, say in which order the siblings came.
    """

    key: str
    parent: str | None
    message: CarriedMessage | None
    children: Sequence[str] = ()


def _one(steps: Sequence[CarriedMessage], key: str, parent: str | None) -> CarriedMessage:
    """Return the steps of an answer, or a question alone, as one message."""
    first, last = steps[0], steps[-1]
    role = Role.ASSISTANT if first.role is Role.TOOL else first.role
    if len(steps) == 1:
        return replace(first, key=key, parent=parent, role=role)
    thought = sum(step.thinking_seconds or 0.0 for step in steps)
    return CarriedMessage(
        key=key,
        parent=parent,
        role=role,
        content=joined(*(step.content for step in steps)),
        reasoning=joined(*(step.reasoning for step in steps)),
        state=last.state,
        model=next((step.model for step in steps if step.model), ""),
        usage=next((step.usage for step in reversed(steps) if step.usage), None),
        created=next((step.created for step in steps if step.created), 0.0),
        attachments=tuple(file for step in steps for file in step.attachments),
        tool_calls=tuple(call for step in steps for call in step.tool_calls),
        thinking_seconds=thought or None,
    )


def line_of(messages: Iterable[CarriedMessage]) -> tuple[tuple[CarriedMessage, ...], str]:
    """Return messages that follow each other as a tree without branches, and the key of its end."""
    nodes = [
        Node(str(place), str(place - 1) if place else None, message)
        for place, message in enumerate(messages)
    ]
    return tree_of(nodes, nodes[-1].key if nodes else "")


def tree_of(nodes: Sequence[Node], current: str) -> tuple[tuple[CarriedMessage, ...], str]:
    """Return the messages, parents before their children, and the key of the active end.

    `current` names the node that the other program shows last; without it the newest branch is
    taken. Raises Unreadable for more than 100,000 nodes.
    """
    if len(nodes) > MOST_MESSAGES:
        raise Unreadable(Text("The chat is too long."))
    by_key: dict[str, Node] = {}
    for node in nodes:
        by_key.setdefault(node.key, node)
    parents = _parents(by_key)
    children = _children(by_key, parents)
    # The steps of each message, by the key of the first.
    grown: dict[str, list[CarriedMessage]] = {}
    # Of each node the message it became part of, or that of its nearest ancestor.
    inside: dict[str, str | None] = {}
    above: dict[str, str | None] = {}
    # Whether the way down to a node, from the message above it, has no fork.
    straight: dict[str, bool] = {}
    kept_below = _kept_below(by_key, parents, children)
    for key in _preorder(by_key, parents, children):
        parent = parents[key]
        over = None if parent is None else inside[parent]
        only = parent is not None and straight[parent] and kept_below[parent] == 1
        message = by_key[key].message
        straight[key] = only
        if message is None or not _says_something(message):
            inside[key] = over
            continue
        straight[key] = True
        goes_on = only and message.role in _ANSWERING
        if over is not None and goes_on and grown[over][0].role in _ANSWERING:
            grown[over].append(message)
            inside[key] = over
            continue
        grown[key] = [message]
        above[key] = over
        inside[key] = key
    return _numbered(grown, above, _end(current, inside, children, by_key))


def _says_something(message: CarriedMessage) -> bool:
    return bool(
        message.content.strip()
        or message.reasoning.strip()
        or message.attachments
        or message.tool_calls
        or message.thinking_seconds
    )


def _parents(by_key: dict[str, Node]) -> dict[str, str | None]:
    """Return of each node the parent it really has; circles are cut at one of their nodes."""
    claimed: dict[str, str] = {}
    for node in by_key.values():
        for child in node.children:
            claimed.setdefault(child, node.key)
    parents: dict[str, str | None] = {}
    for node in by_key.values():
        named = node.parent if node.parent in by_key else claimed.get(node.key)
        parents[node.key] = named
    sure: set[str] = set()
    for start in by_key:
        path: list[str] = []
        seen: set[str] = set()
        key: str | None = start
        while key is not None and key not in sure and key not in seen:
            path.append(key)
            seen.add(key)
            key = parents[key]
        if key is not None and key in seen:
            parents[key] = None
        sure.update(path)
    return parents


def _children(by_key: dict[str, Node], parents: dict[str, str | None]) -> dict[str, list[str]]:
    """Return the children of each node, those it lists itself first and in that order."""
    children: dict[str, list[str]] = {key: [] for key in by_key}
    listed: set[str] = set()
    for node in by_key.values():
        for child in node.children:
            if child not in listed and child in by_key and parents[child] == node.key:
                listed.add(child)
                children[node.key].append(child)
    for key, parent in parents.items():
        if parent is not None and key not in listed:
            children[parent].append(key)
    return children


def _preorder(
    by_key: dict[str, Node], parents: dict[str, str | None], children: dict[str, list[str]]
) -> Iterable[str]:
    waiting = [key for key in reversed(list(by_key)) if parents[key] is None]
    while waiting:
        key = waiting.pop()
        yield key
        waiting.extend(reversed(children[key]))


def _kept_below(
    by_key: dict[str, Node], parents: dict[str, str | None], children: dict[str, list[str]]
) -> dict[str, int]:
    """Return how many children of each node lead to something that is kept."""
    leads: set[str] = set()
    counts: dict[str, int] = dict.fromkeys(by_key, 0)
    for key in reversed(list(_preorder(by_key, parents, children))):
        message = by_key[key].message
        if counts[key] or (message is not None and _says_something(message)):
            leads.add(key)
            parent = parents[key]
            if parent is not None:
                counts[parent] += 1
    return counts


def _end(
    current: str,
    inside: dict[str, str | None],
    children: dict[str, list[str]],
    by_key: dict[str, Node],
) -> str | None:
    """Return the message at which the active branch ends."""
    if inside.get(current) is not None:
        return inside[current]
    # The newest branch: that of the last message which is shown, down to its end.
    last = next((key for key in reversed(list(by_key)) if inside.get(key) is not None), None)
    while last is not None:
        below = [key for key in children[last] if inside.get(key) is not None]
        if not below:
            return inside[last]
        last = below[-1]
    return None


def _numbered(
    grown: dict[str, list[CarriedMessage]], above: dict[str, str | None], end: str | None
) -> tuple[tuple[CarriedMessage, ...], str]:
    """Return the messages under short keys of our own."""
    keys = {key: str(place) for place, key in enumerate(grown, 1)}
    messages = []
    for key, steps in grown.items():
        over = above[key]
        messages.append(_one(steps, keys[key], None if over is None else keys[over]))
    return tuple(messages), "" if end is None else keys[end]
