"""Makes malformed documents of valid ones: of values that JSON can hold, and of text."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

Json = Any


class Raw(str):
    """Text that stands in a document as it is: a number that no float holds, deep nesting."""

    __slots__ = ()


class Pairs(list[tuple[str, Json]]):
    """An object in which a key may occur twice."""


DEEP = (50, 210, 990, 1_500, 20_000)
NUMBERS: tuple[Json, ...] = (
    *(0, 1, -1, -2, -3, 2, 3, 7, 200, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, 10**16, -(10**16)),
    *(10**16 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30),
    *(0.0, -0.0, 0.5, -0.5, 1e-9, 1e16, 1e17, 1e300, 1.7976931348623157e308, 5e-324),
    *map(Raw, ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 400, "1" * 5_000)),
    *map(Raw, ("1.", "01", "+1", "0x10", "1e", "-")),
)
TEXTS: tuple[Json, ...] = (
    *("", " ", "x", "a.b", "..", "/", "../../../etc/passwd", "/dev/zero", "/dev/stdin", "nul\0nul"),
    *("\x1b[31m", "\r\n", "\u2028", "\u202e", "::error::", "${A}", "{{ 1 }}", "<script>", "'", '"'),
    *("a" * 300, "b" * 70_000, "(" * 500, "-pwd" * 2_000, "\U0001f600", "naïve", "2026-01-01"),
    *map(Raw, ('"\\ud800"', '"\\udcff\\ud83d"', '"\\x"', '"\\u12"', '"', "'single'", '"\\u0000"')),
)
OTHERS: tuple[Json, ...] = (
    *(None, True, False, [], {}, [None], [[]], {"": None}, [1, "2", 3.0, None], {"a": {"b": []}}),
    *map(Raw, ("nul", "undefined", "[,]", "{,}", "[1", "}", "]", "/* x */ 1", "True")),
)


def written(value: Json) -> str:
    """The document as text; not always JSON."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, (dict, Pairs)):
        pairs = value if isinstance(value, Pairs) else value.items()
        return f"{{{', '.join(f'{written(key)}: {written(item)}' for key, item in pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return json.dumps(value)


def mutated(document: Json, chance: random.Random, most: int = 4) -> Json:
    """A copy with one to ``most`` mutations."""
    root = [copy.deepcopy(document)]
    for _ in range(chance.choice([1, 1, 1, *range(2, most + 1)])):
        holder, key = _spot(root, chance)
        chance.choices(_OPERATIONS, _WEIGHTS)[0](root, holder, key, chance)
    return root[0]


def broken(text: bytes, chance: random.Random) -> bytes:
    """The text with bytes cut, turned, doubled or put in."""
    for _ in range(chance.choice([1, 1, 2, 4])):
        text = chance.choice(_BREAKS)(text, chance)
    return text


def _spot(root: list[Json], chance: random.Random) -> tuple[Json, Any]:
    """A container and a key of it. Most values are deep inside."""
    holder: Json = root
    key: Any = 0
    while chance.random() < 0.95:
        inner = holder[key]
        if not isinstance(inner, (dict, list)) or not inner or isinstance(inner, Pairs):
            break
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        weights = [6 if isinstance(inner[each], (dict, list)) else 1 for each in keys]
        holder, key = inner, chance.choices(keys, weights)[0]
    return holder, key


def _replace(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    """Another value of any kind."""
    values = chance.choice([NUMBERS, TEXTS, OTHERS])
    holder[key] = copy.deepcopy(chance.choice(values))


def _tweak(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    """A value of the same kind, which often has the right form."""
    value = holder[key]
    if isinstance(value, bool):
        holder[key] = not value
    elif isinstance(value, (int, float)) and abs(value) < 1e300:
        holder[key] = chance.choice(
            [value + 1, value - 1, -value, 2 * value, chance.randrange(-3, 12), value / 3, 0, -1]
        )
    elif isinstance(value, str) and not isinstance(value, Raw):
        cut = chance.randrange(len(value) + 1)
        part = chance.choice(TEXTS)
        holder[key] = chance.choice([value[:cut], value[cut:], value + value, str(part)])
    else:
        _replace(root, holder, key, chance)


def _whole(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    """Another whole number, as positions are."""
    if isinstance(holder[key], int):
        holder[key] = chance.choice([-3, -2, -1, 0, 1, 2, 3, 4, 5, 9, 99, 10**6])
    else:
        _tweak(root, holder, key, chance)


def _drop(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    if holder is not root:
        del holder[key]


def _double(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    """An item twice or often; a key twice."""
    value = holder[key]
    if holder is root:
        holder[key] = [value, value]
    elif isinstance(holder, list):
        times = chance.choice([1, 1, 2, 9, 60])
        holder[key:key] = [copy.deepcopy(value) for _ in range(times)]
    else:
        holder[f"{key}_"] = value
        holder[key] = Pairs(
            [(str(key), copy.deepcopy(value)), (str(key), value)]
            if not isinstance(value, dict)
            else [*value.items(), *value.items()]
        )


def _swap(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    """The value of another place."""
    other, place = _spot(root, chance)
    holder[key] = copy.deepcopy(other[place])


def _shuffle(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    if isinstance(holder[key], list):
        chance.shuffle(holder[key])
    else:
        _tweak(root, holder, key, chance)


def _empty(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    holder[key] = type(holder[key])() if isinstance(holder[key], (list, dict, str)) else None


def _nest(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    """The value in many lists or objects."""
    times, inner = chance.choice(DEEP), written(holder[key])
    begin, end = chance.choice([("[", "]"), ('{"a": ', "}"), ('{"children": [', "]}")])
    holder[key] = Raw(begin * times + inner + end * times)


def _rename(root: list[Json], holder: Json, key: Any, chance: random.Random) -> None:
    if isinstance(holder, dict):
        holder[chance.choice([f"{key}s", str(key)[:-1], "", "\udcff", "x" * 5_000])] = holder.pop(
            key
        )
    else:
        _shuffle(root, holder, key, chance)


Operation = Callable[[list[Json], Json, Any, random.Random], None]
_OPERATIONS: Sequence[Operation] = (
    *(_replace, _tweak, _whole, _drop, _double, _swap, _shuffle, _empty, _nest, _rename),
)
_WEIGHTS = (6, 30, 30, 6, 6, 8, 4, 6, 0.5, 1)


def _cut(text: bytes, chance: random.Random) -> bytes:
    return text[: chance.randrange(len(text) + 1)]


def _without(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.choice([1, 2, 10, 100]) :]


def _turned(text: bytes, chance: random.Random) -> bytes:
    if not text:
        return text
    found = bytearray(text)
    for _ in range(chance.choice([1, 1, 3, 10])):
        found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
    return bytes(found)


def _repeated(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    piece = text[at : at + chance.choice([1, 5, 40, 400])]
    return text[:at] + piece * chance.choice([2, 3, 10, 300]) + text[at:]


def _with_bytes(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    pieces = (b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\t", b"\x1b", b"\n" * 99)
    return text[:at] + chance.choice(pieces) + text[at:]


def _digits(text: bytes, chance: random.Random) -> bytes:
    places = [place for place, byte in enumerate(text) if 48 <= byte < 58]
    if not places:
        return text
    at = chance.choice(places)
    other = chance.choice([b"9" * 30, b"-1", b"1e999", b"0.0000001", b"9" * 5_000, b"00", b"."])
    return text[:at] + other + text[at + 1 :]


_BREAKS: Sequence[Callable[[bytes, random.Random], bytes]] = (
    *(_cut, _without, _turned, _repeated, _with_bytes, _digits),
)
