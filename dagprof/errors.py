"""The errors of a command, as one shallow tree.

Every message is one sentence that ends with the next step. A DAG file that cannot be parsed is a
result, never an exception.
"""

from __future__ import annotations


class DagprofError(Exception):
    """A command failed. ``exit_code`` is the exit code of the command line."""

    exit_code = 3


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
