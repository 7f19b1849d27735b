"""YAML of a repository, with the line of each key, and bounded: aliases can make gigabytes of a
few lines.
"""

from __future__ import annotations

import yaml

from dagprof.project.files.lined import Lined, LinedList
from dagprof.project.values import Unreadable

_MOST_NODES = 100_000
# The same events, from C where it is built in.
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = ("int", "float", "bool")
# Of these PyYAML makes bytes, sets and pairs, which JSON has not.
_OTHER = ("binary", "set", "omap", "pairs")


class _TypedLoader(yaml.SafeLoader):
    """Scalars are what YAML takes them for, but for dates, which stay text."""


class _Loader(_TypedLoader):
    """Scalars stay the text that was written, but for null: ``8080`` and ``true`` are texts in
    an environment.
    """


def _mapping(loader: _TypedLoader, node: yaml.Node) -> Lined:
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable("it contains an invalid mapping")
    loader.flatten_mapping(node)
    found = Lined()
    found.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        key = key if isinstance(key, str) else str(key)
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = key_node.start_mark.line + 1
    return found


def _sequence(loader: _TypedLoader, node: yaml.SequenceNode) -> LinedList:
    found = LinedList(loader.construct_object(item, deep=True) for item in node.value)
    found.lines = [item.start_mark.line + 1 for item in node.value]
    return found


def _tagged(loader: _TypedLoader, suffix: str, node: yaml.Node) -> object:
    """What has a tag of its own, such as ``!override``, counts as the plain value below it."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node)
    return _sequence(loader, node) if isinstance(node, yaml.SequenceNode) else node.value


def _plain(loader: _TypedLoader, node: yaml.Node) -> object:
    return _tagged(loader, "", node)


def _number(loader: _TypedLoader, node: yaml.ScalarNode) -> object:
    """A number or truth value; what its tag calls one and is none, or is too long to be written
    down, stays text.
    """
    try:
        found = yaml.SafeLoader.yaml_constructors[node.tag](loader, node)
        str(found)
    except (ValueError, KeyError, IndexError, OverflowError):
        return node.value
    return found


for kind in _PLAIN:
    _TypedLoader.add_constructor(f"tag:yaml.org,2002:{kind}", _number)
    _Loader.add_constructor(f"tag:yaml.org,2002:{kind}", lambda loader, node: node.value)
for each in (_TypedLoader, _Loader):
    each.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: node.value)
    for kind in _OTHER:
        each.add_constructor(f"tag:yaml.org,2002:{kind}", _plain)
    each.add_constructor("tag:yaml.org,2002:map", _mapping)
    each.add_constructor("tag:yaml.org,2002:seq", _sequence)
    each.add_multi_constructor("", _tagged)


def load(text: str, *, is_typed: bool = False) -> object:
    """The first document; mappings are ``Lined`` and lists ``LinedList``, all else is text or None,
    with ``is_typed`` numbers too.

    :raises Unreadable: it is not YAML, nested too deeply, or its aliases stand for too much.
    """
    try:
        _check_size(text)
        loader = (_TypedLoader if is_typed else _Loader)(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise Unreadable(f"it is not valid YAML ({_reason(error)})") from None
    except RecursionError:
        raise Unreadable("its YAML is nested too deeply") from None


def _reason(error: yaml.YAMLError) -> str:
    """Where the fault is and which, without any text of the file: that may be a secret."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return "it contains characters that YAML does not allow"
    problem = (
        str(getattr(error, "problem", "") or "")
        .partition("'")[0]
        .partition('"')[0]
        .strip()
        .removeprefix("but ")
    )
    return f"line {mark.line + 1}: {problem}" if problem else f"line {mark.line + 1}"


def _check_size(text: str) -> None:
    """Count the nodes that the document has when each alias is replaced by what it stands for."""
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
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = total - before
        if total > _MOST_NODES:
            raise Unreadable(f"its YAML expands to more than {_MOST_NODES:,} values")
