"""The errors of a command, as one shallow tree.

The last sentence of a message is the next step for the user. A DAG file that cannot be parsed is a
result, never an exception.
"""

from __future__ import annotations

import re

# A value in quotes, or without a space, with more characters is cut in the middle.
_LONGEST_VALUE = 200
_LONGEST_MESSAGE = 2_000
_KEPT_START, _KEPT_END = 130, 60
_MANY = f"{{{_LONGEST_VALUE},}}"
_LONG_VALUE = re.compile(
    rf"(?<!\w)'(?:[^'\\]|\\.){_MANY}'(?!\w)"
    rf'|(?<!\w)"(?:[^"\\]|\\.){_MANY}"(?!\w)'
    rf"|\S{_MANY}",
    re.DOTALL,
)


class DagprofError(Exception):
    """A command failed. ``exit_code`` is the exit code of the command line.

    The message is one line. Long values in it are cut, because a value can have a megabyte.
    """

    exit_code = 3

    def __init__(self, message: str) -> None:
        super().__init__(shortened(_on_one_line(message)))


def shortened(message: str) -> str:
    """The message, with values of at most about 200 characters and a total of 2,000 characters.

    A cut keeps the start and the end. The end of a path names the file, and the end of a message
    names the next step.
    """
    text = _LONG_VALUE.sub(_cut_value, message)
    if len(text) <= _LONGEST_MESSAGE:
        return text
    half = _LONGEST_MESSAGE // 2
    return f"{text[:half]} … {text[-half:]}"


def _on_one_line(message: str) -> str:
    return " ".join(part.strip() for part in re.split(r"[\r\n]+", message)).strip()


def _cut_value(match: re.Match[str]) -> str:
    value = match[0]
    return f"{value[:_KEPT_START]}…{value[-_KEPT_END:]}"


class UsageError(DagprofError):
    """The request is invalid: a path, an option or a configuration value."""

    exit_code = 2


class RunFileError(UsageError):
    """A stored Run cannot be read: missing, damaged, or written by a newer dagprof."""


class MeasurementError(DagprofError):
    """Nothing could be measured: the target interpreter has no Airflow, or no file gave a parse
    time.
    """


class OutputError(UsageError):
    """A result could not be written to the requested place."""
