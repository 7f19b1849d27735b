"""Shares, durations and counts as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dagprof.errors import UsageError

_MOST = 1_000_000_000
_MOST_SHARDS = 10_000
# Characters of a wrong value that a message shows.
_LONGEST = 40


def parse_share(text: str) -> float:
    """``20%`` as 0.2.

    :raises UsageError: anything else.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if match is None:
        raise UsageError(f"{_shown(text)} is not a percentage. Write a percentage such as 20%.")
    return _finite(match[1], text) / 100


def parse_duration_ms(text: str) -> float:
    """``50ms`` or ``1.5s`` as milliseconds.

    :raises UsageError: anything else.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s)\s*", text)
    if match is None:
        raise UsageError(
            f"{_shown(text)} is not a duration. Write a duration in milliseconds or seconds, such"
            " as 50ms or 1.5s."
        )
    return _finite(match[1], text) * (1000 if match[2] == "s" else 1)


def parse_latency(text: str) -> tuple[str, float]:
    """``20ms`` as an empty name and milliseconds, ``vault=80ms`` as a name and milliseconds.

    :raises UsageError: anything else.
    """
    name, mark, rest = text.rpartition("=")
    name = name.strip()
    if mark and not name:
        raise UsageError(
            f"{_shown(text)} lacks a name before `=`. Write a name and a duration, such as"
            " vault=80ms."
        )
    return name, parse_duration_ms(rest)


def parse_shard(text: str) -> tuple[int, int]:
    """``3/8`` as the number of a shard and the number of shards.

    :raises UsageError: anything else.
    """
    match = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]) <= _MOST_SHARDS:
        raise UsageError(
            f"{_shown(text)} is not a shard. Write the number of the shard and the number of"
            f" shards, such as 3/8. There can be at most {_MOST_SHARDS:,} shards."
        )
    return int(match[1]), int(match[2])


def parse_price(text: str) -> tuple[float, str]:
    """``0.05`` and ``0.05 USD`` as an amount and a currency, which may be empty.

    :raises UsageError: anything else.
    """
    match = re.fullmatch(
        r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(?: ?([^\W\d_]{1,3}|\$|€|£|¥))?", text.strip()
    )
    if match is None:
        raise UsageError(
            f"{_shown(text)} is not a price. Write an amount with an optional currency, such as"
            " 0.05 USD."
        )
    return float(match[1]), match[2] or ""


def _finite(digits: str, text: str) -> float:
    number = float(digits)
    if number > _MOST:
        raise UsageError(f"{_shown(text)} is too large. The largest allowed number is {_MOST:,}.")
    return number


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def span(low_ms: float, high_ms: float) -> str:
    """``100 to 400 ms``; from one second on, ``2.7 to 6.1 s``."""
    if high_ms >= 1000:
        return f"{low_ms / 1000:.1f} to {high_ms / 1000:.1f} s"
    return f"{low_ms:.0f} to {high_ms:.0f} ms"


def count(number: int, noun: str) -> str:
    """``1 file``, ``3 files``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def duration(ms: float) -> str:
    """Milliseconds as text for people: ``3.2 ms``, ``812 ms``, ``4.13 s``, ``2 min 05 s``."""
    if ms >= 120_000:
        minutes, seconds = divmod(round(ms / 1000), 60)
        return f"{minutes} min {seconds:02d} s"
    if ms >= 1000:
        return f"{ms / 1000:.2f} s"
    return f"{ms:.1f} ms" if ms < 10 else f"{ms:.0f} ms"


def enumerated(words: Sequence[str]) -> str:
    """Words as a list for people: ``a``, ``a and b``, ``a, b and c``. Empty for no words."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
