"""Secrets that are made up when a test needs them, so that no file holds what a scanner for
secrets would report.
"""

from __future__ import annotations

import random
import re
import string
from typing import NamedTuple

_LETTERS = {
    "alnum": string.ascii_letters + string.digits,
    "base64": string.ascii_letters + string.digits + "+/",
    "caps": string.ascii_uppercase + string.digits,
    "digits": string.digits,
    "hex": "0123456789abcdef",
}
_PLACE = re.compile(r"<(alnum|base64|caps|digits|hex) ([0-9]+)>")
# A part of a secret that is shorter may stand anywhere by chance.
_SHORTEST = 4


class Planted(NamedTuple):
    """A text and the secrets in it."""

    text: str
    secrets: tuple[str, ...]


def planted(template: str, seed: object) -> Planted:
    """The template with secrets in place of ``<alnum 36>`` and the like."""
    chance = random.Random(f"{seed} {template}")
    made: list[str] = []

    def one(match: re.Match[str]) -> str:
        letters, length = _LETTERS[match[1]], int(match[2])
        made.append("".join(chance.choice(letters) for _ in range(length)))
        return made[-1]

    text = _PLACE.sub(one, template)
    return Planted(text, tuple(secret for secret in made if len(secret) >= _SHORTEST))
