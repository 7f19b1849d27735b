"""What can go wrong with a command, as one shallow tree.

Every message is one sentence that names the way out. A DAG file that cannot be parsed is a result, never an exception.
"""

from __future__ import annotations


class DagprofError(Exception):
    """A command cannot do what was asked. ``exit_code`` is what the command line returns for it."""

    exit_code = 3


class UsageError(DagprofError):
    """The request itself is at fault: a path, an option or a configuration value."""

    exit_code = 2


class RunFileError(UsageError):
    """A stored Run cannot be read: missing, damaged, or written by a newer dagprof."""


class MeasurementError(DagprofError):
    """Nothing could be measured: no Airflow in the target interpreter, or no file gave a parse time."""


class OutputError(UsageError):
    """A result could not be written where it was asked for."""
