"""Reads YAML of a repository with the line of each key. The size is limited, because aliases can
turn a few lines into gigabytes.
"""

from __future__ import annotations

import yaml

from dagprof.project.files.lined import Lined, LinedList
from dagprof.project.values import Unreadable

_MOST_NODES = 100_000
# PyYAML's composer and constructors are recursive, in C too.
_DEEPEST = 100
# The C loader gives the same values ten times as fast, if PyYAML has it.
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = ("int", "float", "bool")
# PyYAML turns these tags into bytes, sets and pairs, which JSON lacks.
_OTHER = ("binary", "set", "omap", "pairs")


class _TypedLoader(_FAST):  # type: ignore[misc, valid-type]
    """Converts scalars as YAML does, except dates, which stay text."""


class _Loader(_TypedLoader):
    """Keeps scalars as text, except null: in an environment, ``8080`` and ``true`` are texts."""


def _mapping(loader: _TypedLoader, node: yaml.Node) -> Lined:
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable("the file contains an invalid mapping")
    loader.flatten_mapping(node)
    found = Lined()
    found.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        key = key if isinstance(key, str) else str(key)
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = key_node.start_mark.line + 1
    return found


def _sequence(loader: _TypedLoader, node: yaml.Node) -> LinedList:
    if not isinstance(node, yaml.SequenceNode):
        raise Unreadable("the file contains an invalid list")
    found = LinedList(loader.construct_object(item, deep=True) for item in node.value)
    found.lines = [item.start_mark.line + 1 for item in node.value]
    return found


def _tagged(loader: _TypedLoader, suffix: str, node: yaml.Node) -> object:
    """A value with a tag of its own, such as ``!override``, counts as the plain value."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node)
    return _sequence(loader, node) if isinstance(node, yaml.SequenceNode) else node.value


def _plain(loader: _TypedLoader, node: yaml.Node) -> object:
    return _tagged(loader, "", node)


def _number(loader: _TypedLoader, node: yaml.ScalarNode) -> object:
    """A number or truth value. A scalar stays text if it does not match its tag, or if it is too
    long to print.
    """
    try:
        found = yaml.SafeLoader.yaml_constructors[node.tag](loader, node)
        str(found)
    except (ValueError, KeyError, IndexError, OverflowError, yaml.YAMLError):
        return _plain(loader, node)
    return found


for kind in _PLAIN:
    _TypedLoader.add_constructor(f"tag:yaml.org,2002:{kind}", _number)
    _Loader.add_constructor(f"tag:yaml.org,2002:{kind}", _plain)
for each in (_TypedLoader, _Loader):
    each.add_constructor("tag:yaml.org,2002:timestamp", _plain)
    for kind in _OTHER:
        each.add_constructor(f"tag:yaml.org,2002:{kind}", _plain)
    each.add_constructor("tag:yaml.org,2002:map", _mapping)
    each.add_constructor("tag:yaml.org,2002:seq", _sequence)
    each.add_multi_constructor("", _tagged)


def load(text: str, *, is_typed: bool = False) -> object:
    """The first document. Mappings are ``Lined`` and lists ``LinedList``; all other values are text
    or None, and with ``is_typed`` also numbers.

    :raises Unreadable: the text is not YAML, is nested too deeply, or its aliases expand to too
        much.
    """
    try:
        _check_size(text)
        loader = (_TypedLoader if is_typed else _Loader)(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise Unreadable(f"the file is not valid YAML ({_reason(error)})") from None
    except RecursionError:
        raise Unreadable("the YAML is nested too deeply") from None


def _reason(error: yaml.YAMLError) -> str:
    """The place and the kind of an error, without any text of the file, which may be a secret."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return "the file contains characters that YAML does not allow"
    problem = (
        str(getattr(error, "problem", "") or "")
        .partition("'")[0]
        .partition('"')[0]
        .strip()
        .removeprefix("but ")
    )
    return f"line {mark.line + 1}: {problem}" if problem else f"line {mark.line + 1}"


def _check_size(text: str) -> None:
    """Count the nodes of the document with each alias replaced by its value."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=_FAST):
        if isinstance(event, yaml.AliasEvent):
            total += sizes.get(
                str(event.anchor),
                _MOST_NODES if any(a == event.anchor for a, _ in open_nodes) else 1,
            )
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, total))
            total += 1
            if len(open_nodes) > _DEEPEST:
                raise Unreadable("the YAML is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = total - before
        if total > _MOST_NODES:
            raise Unreadable(f"the YAML expands to more than {_MOST_NODES:,} values")
