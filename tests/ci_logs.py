"""Reads a log as GitHub Actions, Azure Pipelines, GitLab and TeamCity do, and tells which commands
they would carry out.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Command(NamedTuple):
    """A command, and the line of the log that it is in."""

    system: str
    name: str
    line: str


# The commands that GitHub's runner has registered.
_GITHUB = frozenset(
    [
        "set-env",
        "set-output",
        "save-state",
        "add-path",
        "add-mask",
        "add-matcher",
        "remove-matcher",
        "debug",
        "warning",
        "error",
        "notice",
        "group",
        "endgroup",
        "echo",
        "stop-commands",
        "internal-set-repo-path",
    ]
)
_OLD_GITHUB = re.compile(r"##\[(?P<info>[^\]]*)\]")
_AZURE = re.compile(r"##vso\[(?P<info>[^\]]*)\]", re.IGNORECASE)
_AZURE_FORMAT = re.compile(r"##\[(?P<info>\w+)\]", re.IGNORECASE)
_GITLAB = re.compile(r"section_(?P<info>start|end):[0-9]+:[\w.-]+")
_TEAMCITY = re.compile(r"##teamcity\[(?P<info>[^\]\s]*)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def commands(log: str) -> list[Command]:
    """The commands of all systems. Colours count as white space before a line's first word."""
    found = []
    for line in re.split(r"\r\n|\n|\r", log):
        plain = _COLOURS.sub("", line)
        found += [Command("github", name, line) for name in _github(plain)]
        for system, pattern in (
            ("github, old form", _OLD_GITHUB),
            ("azure", _AZURE),
            ("azure, format", _AZURE_FORMAT),
            ("gitlab", _GITLAB),
            ("teamcity", _TEAMCITY),
        ):
            found += [Command(system, match["info"], line) for match in pattern.finditer(plain)]
    return found


def _github(line: str) -> list[str]:
    """The command of a line: between its first ``::`` and the next, up to a space."""
    text = line.lstrip()
    end = text.find("::", 2)
    if not text.startswith("::") or end < 0:
        return []
    name = text[2:end].split(" ")[0]
    return [name] if name.lower() in _GITHUB else []


def raw_controls(log: str) -> list[str]:
    """Escape sequences other than colours, and carriage returns: they move what is shown."""
    return re.findall(
        r"\x1b(?!\[[0-9;]*m)|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]", log
    )
